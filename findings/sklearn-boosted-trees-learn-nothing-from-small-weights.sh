#!/usr/bin/env bash
# HistGradientBoostingClassifier learns nothing if the weights are small.
#
# Guessed: a common factor of all weights changes nothing: scikit-learn asks for 20 events a leaf, not for a
# weight, and its l2_regularization is 0. XGBoost and LightGBM do ask for a weight (min_child_weight).
# What happens: with 1e-6 an event it gives all events one score, without a warning: a split also needs a sum
# of hessians of 1e-3, a constant that is no parameter. XGBoost stops at 1e-3 already, LightGBM at 1e-6, and
# CatBoost alone learns the same.
# Why it matters: weights that sum to one are the usual normalisation, 1e-6 an event for a million. The ROC-
# AUC of 0.5 looks like a hopeless selection.
#
# Versions: scikit-learn==1.9.1, lightgbm==4.7.0, xgboost-cpu==3.2.0, catboost==1.2.10, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> HistGradientBoostingClassifier, weights of 1: learned
#> HistGradientBoostingClassifier, weights of 0.001: learned
#> HistGradientBoostingClassifier, weights of 1e-06: 1 score(s) for all events
#> LGBMClassifier, weights of 1: learned
#> LGBMClassifier, weights of 0.001: learned
#> LGBMClassifier, weights of 1e-06: 1 score(s) for all events
#> XGBClassifier, weights of 1: learned
#> XGBClassifier, weights of 0.001: 1 score(s) for all events
#> XGBClassifier, weights of 1e-06: 1 score(s) for all events
#> CatBoostClassifier, weights of 1: learned
#> CatBoostClassifier, weights of 0.001: learned
#> CatBoostClassifier, weights of 1e-06: learned
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: scikit-learn==1.9.1 lightgbm==4.7.0 xgboost-cpu==3.2.0 catboost==1.2.10 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from xgboost import XGBClassifier

random = np.random.default_rng(1)
labels = random.integers(0, 2, 4000)
features = random.normal(size=(4000, 3)) + 0.7 * labels[:, None]
for make in (
    lambda: HistGradientBoostingClassifier(max_iter=20, early_stopping=False),
    lambda: LGBMClassifier(n_estimators=20, n_jobs=1, verbose=-1),
    lambda: XGBClassifier(n_estimators=20, n_jobs=1),
    lambda: CatBoostClassifier(n_estimators=20, thread_count=1, verbose=0, allow_writing_files=False),
):
    for weight in (1.0, 1e-3, 1e-6):
        scores = make().fit(features, labels, sample_weight=np.full(4000, weight)).predict_proba(features)[:, 1]
        learned = roc_auc_score(labels, scores) > 0.8
        result = "learned" if learned else f"{len(np.unique(scores))} score(s) for all events"
        print(f"{type(make()).__name__}, weights of {weight:g}: {result}")
END
cat seen
diff expected seen || { echo "sklearn-boosted-trees-learn-nothing-from-small-weights: the behaviour has changed" >&2; exit 1; }
