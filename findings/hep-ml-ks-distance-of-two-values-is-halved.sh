#!/usr/bin/env bash
# The Kolmogorov-Smirnov distance of hep_ml is halved for a feature of two values.
#
# Guessed: with weights of 1 ks_2samp_weighted gives the distance of scipy's ks_2samp, tied values or not.
# What happens: only where values differ. It compares the two cumulative distributions halfway up each
# step, and a step of tied values is high. For two values the distance is half of what it should be: 0.5
# for samples that have no value in common. With three values the loss depends on the shares.
# The docstring says "almost the same as ks2samp from scipy.stats".
# Why it matters: b-tags and jet counts have few values. This distance is the usual check of a reweighting:
# those features look twice as well reweighted as the others.
#
# Versions: hep_ml==0.8.0, pandas==3.1.1, scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> pT, all values differ: hep_ml 0.047, scipy 0.048
#> tagged 50 % and 70 %: hep_ml 0.100, scipy 0.200
#> tagged never and always: hep_ml 0.500, scipy 1.000
#> b-tag, shares 5:2:3 and 3:6:1: hep_ml 0.100, scipy 0.200
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: hep_ml==0.8.0 pandas==3.1.1 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from hep_ml.metrics_utils import ks_2samp_weighted
from scipy.stats import ks_2samp

random = np.random.default_rng(0)
tags = np.array([0.0, 1.086, 2.173])
pairs = {
    "pT, all values differ": (random.exponential(size=4000), random.exponential(1.2, size=4000)),
    "tagged 50 % and 70 %": (np.repeat([0.0, 1.0], [2000, 2000]), np.repeat([0.0, 1.0], [1200, 2800])),
    "tagged never and always": (np.zeros(4000), np.ones(4000)),
    "b-tag, shares 5:2:3 and 3:6:1": (np.repeat(tags, [2000, 800, 1200]), np.repeat(tags, [1200, 2400, 400])),
}
for name, (first, second) in pairs.items():
    ones = np.ones(4000)
    print(f"{name}: hep_ml {ks_2samp_weighted(first, second, ones, ones):.3f}, scipy {ks_2samp(first, second).statistic:.3f}")
END
cat seen
diff expected seen || { echo "hep-ml-ks-distance-of-two-values-is-halved: the behaviour has changed" >&2; exit 1; }
