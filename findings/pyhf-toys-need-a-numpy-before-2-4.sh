#!/usr/bin/env bash
# pyhf's toy-based test of a hypothesis stops with a TypeError under NumPy 2.4.
#
# Guessed: the newest pyhf (0.7.6) works with the NumPy that pip installs beside it; asymptotic tests do.
# What happens: with calctype="toybased" all toys are thrown and fitted, and then np.percentile is called
# with `interpolation`, an argument that NumPy 2.4 no longer has. With NumPy 2.3 the same call works.
# Why it matters: toys are what one takes where few events are expected and the asymptotic formulas do not
# hold, as after a tight cut on a classifier. The error comes at the end, after the hours of fitting, so
# pin NumPy before.
#
# Versions: pyhf==0.7.6, numpy==2.4.6, scipy==1.17.1
# Seen on 2026-11-27 (the script compares with these lines):
#> asymptotic 0.59
#> toys: TypeError: percentile() got an unexpected keyword argument 'interpolation'
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: pyhf==0.7.6 numpy==2.4.6 scipy==1.17.1

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
import pyhf

model = pyhf.simplemodels.uncorrelated_background([5.0, 5.0], [50.0, 60.0], [5.0, 6.0])
data = [55.0, 62.0] + model.config.auxdata
np.random.seed(0)
print("asymptotic", round(float(pyhf.infer.hypotest(1.0, data, model)), 2))
try:
    limits = pyhf.infer.hypotest(
        1.0, data, model, calctype="toybased", ntoys=20, track_progress=False, return_expected_set=True
    )
    print("toys: a result and", len(limits[1]), "expected values")
except TypeError as error:
    print("toys: TypeError:", error)
END
cat seen
diff expected seen || { echo "pyhf-toys-need-a-numpy-before-2-4: the behaviour has changed" >&2; exit 1; }
