#!/usr/bin/env bash
# With weights the specificity of imbalanced-learn can be 12, or 1 for whatever classifier.
#
# Guessed: specificity_score(..., sample_weight=w) is the share of the background's weights that is rejected, the same
# as scikit-learn's recall of the background, whatever unit the weights have.
# What happens: the rejected background is found as what is left of the number of events, weights notwithstanding,
# after sums of weights are subtracted. Weights around 10 make 4.37 of 0.76, weights around 0.001 (a cross
# section over a number of events) make 1.00 of it; a classifier that takes signal for background and
# background for signal has 11.77 and 1.00. In classification_report_imbalanced the geometric mean and the index
# that are computed from it go wrong too. geometric_mean_score by itself is right.
# Why it matters: one minus the specificity is the background that a selection lets through.
#
# Versions: imbalanced-learn==0.14.2, scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> without weights: 0.76, recall of the background 0.76
#> weights of 1: 0.76, recall of the background 0.76, geometric mean 0.76
#> weights of 1, all upside down: 0.24, recall of the background 0.24, geometric mean 0.24
#> weights of 0.5 to 1.5: 0.76, recall of the background 0.76, geometric mean 0.76
#> weights of 0.5 to 1.5, all upside down: 0.24, recall of the background 0.24, geometric mean 0.24
#> weights of 5 to 15: 4.37, recall of the background 0.76, geometric mean 0.76
#> weights of 5 to 15, all upside down: 11.77, recall of the background 0.24, geometric mean 0.24
#> weights of 0.0005 to 0.0015: 1.00, recall of the background 0.76, geometric mean 0.76
#> weights of 0.0005 to 0.0015, all upside down: 1.00, recall of the background 0.24, geometric mean 0.24
#> in the report, weights of 5 to 15: {'rec': 0.77, 'spe': 4.37, 'geo': 1.83, 'iba': 2.15}
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: imbalanced-learn==0.14.2 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from imblearn.metrics import classification_report_imbalanced, geometric_mean_score, specificity_score
from sklearn.metrics import recall_score

random = np.random.default_rng(0)
signal = (random.random(4000) < 0.16).astype(int)
chosen = (random.normal(1.5 * signal, 1.0) > 0.75).astype(int)
spread = random.uniform(0.5, 1.5, 4000)
print(f"without weights: {specificity_score(signal, chosen):.2f}, "
      f"recall of the background {recall_score(signal, chosen, pos_label=0):.2f}")
for title, weights in (
    ("1", np.ones(4000)), ("0.5 to 1.5", spread), ("5 to 15", 10.0 * spread), ("0.0005 to 0.0015", 0.001 * spread)
):
    for name, choice in (("", chosen), (", all upside down", 1 - chosen)):
        print(f"weights of {title}{name}: {specificity_score(signal, choice, sample_weight=weights):.2f}, recall of the background "
              f"{recall_score(signal, choice, pos_label=0, sample_weight=weights):.2f}, geometric mean "
              f"{geometric_mean_score(signal, choice, sample_weight=weights):.2f}")
report = classification_report_imbalanced(signal, chosen, sample_weight=10.0 * spread, output_dict=True)
print("in the report, weights of 5 to 15:", {key: round(float(report["1"][key]), 2) for key in ("rec", "spe", "geo", "iba")})
END
cat seen
diff expected seen || { echo "imbalanced-learn-weighted-specificity-exceeds-one: the behaviour has changed" >&2; exit 1; }
