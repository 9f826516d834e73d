#!/usr/bin/env bash
# DeLong's test in MLstatkit finds a model different from itself, with p = 0.
#
# Guessed: z = 0 and p = 1, or NaN, for two equal columns of scores.
# What happens: the variance of the difference is zero, so it turns to a bootstrap, whose p is 0 as well: "no
# difference, certainly significant". The same for scores that differ but rank the events alike, such as
# probabilities and their logits. With the scores of two events swapped p is 1.
# Why it matters: a network and its calibrated or quantised copy, or two seeds of a model that loaded the same
# weights, are reported as different beyond doubt, next to equal AUCs.
#
# Versions: MLstatkit==0.1.91, numpy==2.4.6, scipy==1.17.1, scikit-learn==1.9.1, pandas==3.1.1
# Seen on 2026-11-27 (the script compares with these lines):
#> itself: AUC 0.7901 and 0.7901, z 0.00, p 0.000, by bootstrap
#> calibrated: AUC 0.7901 and 0.7901, z 0.00, p 0.000, by bootstrap
#> two events swapped: AUC 0.7901 and 0.7901, z 0.00, p 1.000, by delong
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: MLstatkit==0.1.91 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 pandas==3.1.1

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from MLstatkit import Delong_test

random = np.random.default_rng(0)
labels = random.integers(0, 2, 1000)
logits = random.normal(size=1000) + labels
scores = 1 / (1 + np.exp(-logits))
calibrated = 1 / (1 + np.exp(-0.8 * logits - 0.1))
swapped = scores.copy()
swapped[[0, 1]] = swapped[[1, 0]]
for name, other in (("itself", scores), ("calibrated", calibrated), ("two events swapped", swapped)):
    z, p, _, _, auc, other_auc, info = Delong_test(labels, scores, other)
    print(f"{name}: AUC {auc:.4f} and {other_auc:.4f}, z {z:.2f}, p {p:.3f}, by {info['method']}")
END
cat seen
diff expected seen || { echo "mlstatkit-a-model-differs-from-itself: the behaviour has changed" >&2; exit 1; }
