#!/usr/bin/env bash
# A NaN in a feature that had none in training: XGBoost takes it for +infinity, CatBoost for -infinity,
# LightGBM for 0.
#
# Guessed: XGBoost sends it left, as for the smallest value (its "default direction" before it has learnt
# one).
# What happens: right at every split, without a warning, like the largest value. Each library has a rule
# of its own: CatBoost's is the opposite, LightGBM's a value in the middle, scikit-learn's the child that
# had more events in training.
# Why it matters: a model is trained on events with all four jets and used on events where one is missing.
# Here the feature is a signal's pT: the same event is surely signal for one library, surely background
# for the next.
#
# Versions: xgboost-cpu==3.2.0, lightgbm==4.7.0, catboost==1.2.10, scikit-learn==1.9.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> XGBClassifier: mean score 1.0, as for ['+infinity']
#> LGBMClassifier: mean score 0.5, as for ['0']
#> CatBoostClassifier: mean score 0.1, as for ['-infinity']
#> HistGradientBoostingClassifier: mean score 0.4, as for no value
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: xgboost-cpu==3.2.0 lightgbm==4.7.0 catboost==1.2.10 scikit-learn==1.9.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from xgboost import XGBClassifier

random = np.random.default_rng(0)
features = random.normal(size=(2000, 4))
labels = (features[:, 0] + random.normal(size=2000) > 0).astype(int)
probes = {"0": 0.0, "-infinity": -1e9, "+infinity": 1e9}
for model in (
    XGBClassifier(n_estimators=20, n_jobs=1),
    LGBMClassifier(n_estimators=20, n_jobs=1, verbose=-1),
    CatBoostClassifier(iterations=20, thread_count=1, verbose=0, allow_writing_files=False),
    HistGradientBoostingClassifier(max_iter=20),
):
    model.fit(features, labels)

    def score(value):
        return model.predict_proba(np.column_stack([np.full(2000, value), features[:, 1:]]))[:, 1]

    same = [name for name, value in probes.items() if (score(np.nan) == score(value)).all()]
    print(f"{type(model).__name__}: mean score {score(np.nan).mean():.1f}, as for {same or 'no value'}")
END
cat seen
diff expected seen || { echo "xgboost-takes-unseen-nan-for-infinity: the behaviour has changed" >&2; exit 1; }
