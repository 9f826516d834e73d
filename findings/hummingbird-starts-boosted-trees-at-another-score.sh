#!/usr/bin/env bash
# Converted by Hummingbird, XGBoost's default classifier has shifted scores, and so have scikit-learn's exponential trees.
#
# Guessed: a converted classifier has the probabilities of the original to 1e-5.
# What happens: the first score that XGBoost fits since version 2 (or base_score) is left out: trees start from 0, a
# probability of a half. With 18 % signal the mean score is 0.33 instead of 0.18, and twice as many events are above
# 0.5; with base_score=0.5 all agrees. Of scikit-learn's GradientBoostingClassifier(loss="exponential") the factor of 2
# before the last step is lost. Categories of HistGradientBoostingClassifier are compared with a cut. LightGBM, the
# default loss and numbers agree. Nothing is said.
# Why it matters: for XGBoost the order of the events is kept, so the ROC-AUC does not tell, while each cut that was tuned
# selects other events, and each probability is another.
#
# Versions (Python 3.11 or 3.12): hummingbird-ml==0.4.12, torch==2.13.0, lightgbm==4.7.0, xgboost-cpu==3.2.0, onnx==1.16.1, scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> signal: 18%
#> LightGBM: mean score 0.18, converted 0.18, off by up to 0.00, above 0.5 407 and 407 events, rank correlation 1.00
#> XGBoost: mean score 0.18, converted 0.33, off by up to 0.35, above 0.5 412 and 898 events, rank correlation 1.00
#> XGBoost, slow: mean score 0.19, converted 0.47, off by up to 0.35, above 0.5 0 and 885 events, rank correlation 1.00
#> XGBoost, base_score=0.5: mean score 0.18, converted 0.18, off by up to 0.00, above 0.5 421 and 421 events, rank correlation 1.00
#> GradientBoosting: mean score 0.19, converted 0.19, off by up to 0.00, above 0.5 217 and 217 events, rank correlation 1.00
#> GradientBoosting, exponential: mean score 0.16, converted 0.16, off by up to 0.31, above 0.5 186 and 14 events, rank correlation 1.00
#> HistGradientBoosting: mean score 0.19, converted 0.19, off by up to 0.00, above 0.5 397 and 397 events, rank correlation 1.00
#> HistGradientBoosting, categories: mean score 0.18, converted 0.17, off by up to 0.92, above 0.5 437 and 270 events, rank correlation -0.25
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: hummingbird-ml==0.4.12 torch==2.13.0 lightgbm==4.7.0 xgboost-cpu==3.2.0 onnx==1.16.1 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import lightgbm
import numpy as np
import xgboost
from hummingbird.ml import convert
from scipy.stats import spearmanr
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier

random = np.random.default_rng(0)
features = random.normal(0.0, 1.0, (6000, 4)).astype(np.float32)
features[:, 3] = random.integers(0, 6, 6000)  # a trigger
chance = np.array([0.0, 2.0, -1.0, 1.0, -2.0, 0.5])[features[:, 3].astype(int)]
signal = (features[:, 0] + features[:, 1] * features[:, 2] + chance + random.normal(0.0, 1.0, 6000) > 2).astype(int)
train, test = slice(0, 3000), slice(3000, 6000)
print(f"signal: {signal.mean():.0%}")
for name, model in (
    ("LightGBM", lightgbm.LGBMClassifier(n_estimators=30, n_jobs=1, verbose=-1)),
    ("XGBoost", xgboost.XGBClassifier(n_estimators=30, max_depth=4, n_jobs=1)),
    ("XGBoost, slow", xgboost.XGBClassifier(n_estimators=30, max_depth=4, learning_rate=0.02, n_jobs=1)),
    ("XGBoost, base_score=0.5", xgboost.XGBClassifier(n_estimators=30, max_depth=4, base_score=0.5, n_jobs=1)),
    ("GradientBoosting", GradientBoostingClassifier(n_estimators=30, random_state=0)),
    ("GradientBoosting, exponential", GradientBoostingClassifier(n_estimators=30, loss="exponential", random_state=0)),
    ("HistGradientBoosting", HistGradientBoostingClassifier(max_iter=30, random_state=0)),
    ("HistGradientBoosting, categories", HistGradientBoostingClassifier(max_iter=30, categorical_features=[3], random_state=0)),
):
    model.fit(features[train], signal[train])
    right = model.predict_proba(features[test])[:, 1]
    converted = convert(model, "pytorch", features[:10]).predict_proba(features[test])[:, 1]
    print(f"{name}: mean score {right.mean():.2f}, converted {converted.mean():.2f}, off by up to {np.abs(converted - right).max():.2f}, "
          f"above 0.5 {(right > 0.5).sum()} and {(converted > 0.5).sum()} events, rank correlation {spearmanr(converted, right).statistic:.2f}")
END
cat seen
diff expected seen || { echo "hummingbird-starts-boosted-trees-at-another-score: the behaviour has changed" >&2; exit 1; }
