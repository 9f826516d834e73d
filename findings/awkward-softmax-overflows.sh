#!/usr/bin/env bash
# ak.softmax gives NaN for scores that any other softmax takes.
#
# Guessed: it subtracts the largest score first, as SciPy's and PyTorch's do, so that no exponential
# overflows.
# What happens: exp() of the scores as they are. Beyond 709 (float64) or 88 (float32) everything is NaN;
# below -745 or -103, too, since 0/0 is left. NumPy warns of an overflow.
# Why it matters: attention or jet assignment over the ragged objects of an event uses it on logits, or on
# pT-like scores in GeV, where 100 is nothing special.
#
# Versions: awkward==2.14.0, numpy==2.4.6, scipy==1.17.1
# Seen on 2026-11-27 (the script compares with these lines):
#> [1.0, 2.0] float32 [0.269 0.731] SciPy: [0.269 0.731]
#> [1.0, 2.0] float64 [0.269 0.731] SciPy: [0.269 0.731]
#> [100.0, 101.0] float32 [nan nan] SciPy: [0.269 0.731]
#> [100.0, 101.0] float64 [0.269 0.731] SciPy: [0.269 0.731]
#> [-200.0, -201.0] float32 [nan nan] SciPy: [0.731 0.269]
#> [-200.0, -201.0] float64 [0.731 0.269] SciPy: [0.731 0.269]
#> [1000.0, 1001.0] float32 [nan nan] SciPy: [0.269 0.731]
#> [1000.0, 1001.0] float64 [nan nan] SciPy: [0.269 0.731]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: awkward==2.14.0 numpy==2.4.6 scipy==1.17.1

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import awkward as ak
import numpy as np
from scipy.special import softmax

for scores in ([1.0, 2.0], [100.0, 101.0], [-200.0, -201.0], [1000.0, 1001.0]):
    for kind in (np.float32, np.float64):
        array = ak.values_astype(ak.Array([scores]), kind)
        print(scores, kind.__name__, np.round(ak.softmax(array, axis=-1)[0].to_numpy(), 3),
              "SciPy:", np.round(softmax(np.array(scores, kind)), 3))
END
cat seen
diff expected seen || { echo "awkward-softmax-overflows: the behaviour has changed" >&2; exit 1; }
