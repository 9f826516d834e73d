#!/usr/bin/env bash
# The Brier score of permetrics is twice the usual one, with one probability an event as well.
#
# Guessed: for labels of 0 and 1 and one probability an event the mean of (score - label) squared, as in
# scikit-learn: 0.25 for a coin.
# What happens: 0.5 for a coin and 2 at worst: the scores of both classes are summed, as Brier did for many
# classes. Cross-entropy and ROC-AUC of the same object are those of scikit-learn, and its page names no
# formula. torchmetrics and scikit-learn give the half.
# Why it matters: papers on calibrated taggers quote Brier scores of a few hundredths. Compared across
# packages, one model looks twice as badly calibrated.
#
# Versions: permetrics==2.1.0, scikit-learn==1.9.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> model: Brier 0.393, scikit-learn's 0.197
#> coin: Brier 0.500, scikit-learn's 0.250
#> always wrong: Brier 2.000, scikit-learn's 1.000
#> cross-entropy 0.574, scikit-learn's 0.574
#> ROC-AUC 0.766, scikit-learn's 0.766
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: permetrics==2.1.0 scikit-learn==1.9.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from permetrics import ClassificationMetric
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

random = np.random.default_rng(0)
labels = random.integers(0, 2, 2000)
scores = 1 / (1 + np.exp(-random.normal(size=2000) - labels + 0.5))
for name, values in (("model", scores), ("coin", np.full(2000, 0.5)), ("always wrong", 1.0 - labels)):
    metric = ClassificationMetric(labels, values)
    print(f"{name}: Brier {metric.brier_score_loss():.3f}, scikit-learn's {brier_score_loss(labels, values):.3f}")
metric = ClassificationMetric(labels, scores)
print(f"cross-entropy {metric.crossentropy_loss():.3f}, scikit-learn's {log_loss(labels, scores):.3f}")
print(f"ROC-AUC {metric.roc_auc_score():.3f}, scikit-learn's {roc_auc_score(labels, scores):.3f}")
END
cat seen
diff expected seen || { echo "permetrics-binary-brier-score-is-doubled: the behaviour has changed" >&2; exit 1; }
