#!/usr/bin/env bash
# scale_pos_weight is not the same as weights of that size: LightGBM starts from the unweighted share of
# signal.
#
# Guessed: scale_pos_weight=7 gives the model that weights of 7 for the signal give, in each library.
# What happens: in CatBoost it does, to the last digit. LightGBM weights the gradients but not the score it
# starts from: after one tree the mean score is 0.54 instead of 0.87, and after ten it has not caught up.
# XGBoost's first score lies between. The ranking hardly changes, the scores do.
# Why it matters: signal is scaled up against the background so that a cut at 0.5 means something. With few
# trees, a small learning rate or early stopping that means another thing in each library.
#
# Versions: lightgbm==4.7.0, xgboost-cpu==3.2.0, catboost==1.2.10, scikit-learn==1.9.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> LGBMClassifier, 1 trees: mean score 0.54 by the scale, 0.87 by weights
#> LGBMClassifier, 10 trees: mean score 0.71 by the scale, 0.84 by weights
#> LGBMClassifier, 200 trees: mean score 0.79 by the scale, 0.79 by weights
#> XGBClassifier, 1 trees: mean score 0.82 by the scale, 0.86 by weights
#> XGBClassifier, 10 trees: mean score 0.82 by the scale, 0.82 by weights
#> XGBClassifier, 200 trees: mean score 0.77 by the scale, 0.77 by weights
#> CatBoostClassifier, 1 trees: mean score 0.67 by the scale, 0.67 by weights
#> CatBoostClassifier, 10 trees: mean score 0.82 by the scale, 0.82 by weights
#> CatBoostClassifier, 200 trees: mean score 0.80 by the scale, 0.80 by weights
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: lightgbm==4.7.0 xgboost-cpu==3.2.0 catboost==1.2.10 scikit-learn==1.9.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier
from xgboost import XGBClassifier

random = np.random.default_rng(1)
labels = random.integers(0, 2, 4000)
features = random.normal(size=(4000, 3)) + 0.7 * labels[:, None]
weights = np.where(labels == 1, 7.0, 1.0)
for kind, options in (
    (LGBMClassifier, {"verbose": -1, "num_leaves": 4, "n_jobs": 1}),
    (XGBClassifier, {"max_depth": 2, "n_jobs": 1}),
    (CatBoostClassifier, {"verbose": 0, "depth": 2, "allow_writing_files": False, "thread_count": 1}),
):
    for trees in (1, 10, 200):
        scaled = kind(n_estimators=trees, scale_pos_weight=7.0, **options).fit(features, labels)
        weighted = kind(n_estimators=trees, **options).fit(features, labels, sample_weight=weights)
        means = [float(model.predict_proba(features)[:, 1].mean()) for model in (scaled, weighted)]
        print(f"{kind.__name__}, {trees} trees: mean score {means[0]:.2f} by the scale, {means[1]:.2f} by weights")
END
cat seen
diff expected seen || { echo "lightgbm-scale-pos-weight-leaves-the-first-score: the behaviour has changed" >&2; exit 1; }
