#!/usr/bin/env bash
# A random forest of scikit-learn, taken over by YDF, lets each tree vote instead of giving its probability.
#
# Guessed: ydf.from_sklearn makes a model with the same scores, as it does of a forest for regression.
# What happens: scikit-learn's forests take the mean of the fractions of signal in the leaves; YDF's copy rounds each
# to 0 or 1 first. For trees grown to the end that is the same; with a depth of 4 scores are off by up to 0.3, up to
# 8 % of the events change sides at 0.5, and a single tree knows 0 and 1 only. No warning.
# Why it matters: forests of limited depth are what overtrained ones are replaced by, and YDF serves them fast and
# in C++. The scores keep their range and look plausible. Take over the forest as a regression of 0 and 1.
#
# Versions: ydf==0.16.1, scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> RandomForestRegressor, depth 4: off by up to 0.00, 0.0 % change sides
#>   scikit-learn: ROC-AUC 0.838, log-loss 0.50
#>   YDF: ROC-AUC 0.838, log-loss 0.50
#> RandomForestClassifier, depth None: off by up to 0.00, 0.0 % change sides
#>   scikit-learn: ROC-AUC 0.811, log-loss 0.55
#>   YDF: ROC-AUC 0.811, log-loss 0.55
#> RandomForestClassifier, depth 4: off by up to 0.28, 1.5 % change sides
#>   scikit-learn: ROC-AUC 0.830, log-loss 0.53
#>   YDF: ROC-AUC 0.811, log-loss 0.63
#> ExtraTreesClassifier, depth 4: off by up to 0.30, 8.0 % change sides
#>   scikit-learn: ROC-AUC 0.840, log-loss 0.59
#>   YDF: ROC-AUC 0.824, log-loss 0.53
#> DecisionTreeClassifier, depth 4: off by up to 0.47, 0.0 % change sides
#>   scikit-learn: ROC-AUC 0.828, log-loss 0.51
#>   YDF: ROC-AUC 0.746, log-loss 1.74
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: ydf==0.16.1 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
import ydf
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.tree import DecisionTreeClassifier

ydf.verbose(0)
random = np.random.default_rng(0)
features = random.normal(0.0, 1.0, (6000, 3)).astype(np.float32)
signal = (features[:, 0] + 0.5 * features[:, 1] + random.normal(0.0, 1.0, 6000) > 0).astype(int)
train, test = slice(0, 3000), slice(3000, 6000)
for model in (
    RandomForestRegressor(50, max_depth=4, random_state=0),
    RandomForestClassifier(50, random_state=0),
    RandomForestClassifier(50, max_depth=4, random_state=0),
    ExtraTreesClassifier(50, max_depth=4, random_state=0),
    DecisionTreeClassifier(max_depth=4, random_state=0),
):
    model.fit(features[train], signal[train])
    here = getattr(model, "predict_proba", model.predict)(features[test]).reshape(3000, -1)[:, -1]
    converted = ydf.from_sklearn(model, feature_name="x")
    there = np.asarray(converted.predict({"x": features[test]})).reshape(3000, -1)[:, -1]
    here, there = (np.clip(scores, 0.001, 0.999).round(5) for scores in (here, there))
    print(f"{type(model).__name__}, depth {model.max_depth}: off by up to {np.abs(there - here).max():.2f}, "
          f"{100 * np.mean((there > 0.5) != (here > 0.5)):.1f} % change sides")
    print(f"  scikit-learn: ROC-AUC {roc_auc_score(signal[test], here):.3f}, log-loss {log_loss(signal[test], here):.2f}")
    print(f"  YDF: ROC-AUC {roc_auc_score(signal[test], there):.3f}, log-loss {log_loss(signal[test], there):.2f}")
END
cat seen
diff expected seen || { echo "ydf-turns-probabilities-of-forests-into-votes: the behaviour has changed" >&2; exit 1; }
