#!/usr/bin/env bash
# LightGBM and scikit-learn's boosted trees train on negative weights and become surer than they can be.
#
# Guessed: LightGBM refuses negative weights, as XGBoost and CatBoost do; scikit-learn takes them, and the
# trees are a little worse.
# What happens: LightGBM takes them, too. With a tenth of the events at -1 both are as good as without. With
# three tenths, single events get scores below 1e-20 although the classes overlap everywhere, and the cross-
# entropy on other events is above that of a coin (0.69): where the weights of a leaf nearly cancel, its value
# is a quotient of two small numbers. A min_child_weight of 50 (or a reg_lambda of 10) brings LightGBM back to
# 0.60.
# Why it matters: simulation at next-to-leading order has such weights, for up to a third of the events. Two
# of the libraries say so; with the other two one has to know.
#
# Versions: xgboost-cpu==3.2.0, lightgbm==4.7.0, catboost==1.2.10, scikit-learn==1.9.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> 0% negative, XGBClassifier: AUC 0.75, cross-entropy 0.60, least score above 0.001
#> 0% negative, CatBoostClassifier: AUC 0.76, cross-entropy 0.59, least score above 0.001
#> 0% negative, LGBMClassifier: AUC 0.76, cross-entropy 0.59, least score above 0.001
#> 0% negative, HistGradientBoostingClassifier: AUC 0.76, cross-entropy 0.59, least score above 0.001
#> 10% negative, XGBClassifier: XGBoostError
#> 10% negative, CatBoostClassifier: CatBoostError
#> 10% negative, LGBMClassifier: AUC 0.76, cross-entropy 0.59, least score above 0.001
#> 10% negative, HistGradientBoostingClassifier: AUC 0.75, cross-entropy 0.59, least score above 0.001
#> 30% negative, XGBClassifier: XGBoostError
#> 30% negative, CatBoostClassifier: CatBoostError
#> 30% negative, LGBMClassifier: AUC 0.71, cross-entropy 0.78, least score below 1e-20
#> 30% negative, HistGradientBoostingClassifier: AUC 0.71, cross-entropy 1.17, least score below 1e-20
#> the same with min_child_weight=50: AUC 0.74, cross-entropy 0.60
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
from sklearn.metrics import roc_auc_score
from xgboost import XGBClassifier

random = np.random.default_rng(0)


def events(n):
    labels = random.integers(0, 2, n)
    return random.normal(size=(n, 2)) + 0.7 * labels[:, None], labels


(features, labels), (test, test_labels) = events(20_000), events(20_000)
for part in (0, 0.1, 0.3):
    weights = np.where(random.random(len(labels)) < part, -1.0, 1.0)
    for model in (
        XGBClassifier(n_estimators=50, n_jobs=1),
        CatBoostClassifier(iterations=50, thread_count=1, verbose=0, allow_writing_files=False),
        LGBMClassifier(n_estimators=50, n_jobs=1, verbose=-1),
        HistGradientBoostingClassifier(max_iter=50, early_stopping=False),
    ):
        try:
            scores = model.fit(features, labels, sample_weight=weights).predict_proba(test)[:, 1]
        except Exception as error:
            result = f"{type(error).__name__}"
        else:
            losses = -np.log(np.clip(np.where(test_labels == 1, scores, 1 - scores), 1e-15, 1))
            size = "above 0.001" if scores.min() > 1e-3 else "below 1e-20" if scores.min() < 1e-20 else "between"
            result = f"AUC {roc_auc_score(test_labels, scores):.2f}, cross-entropy {losses.mean():.2f}, least score {size}"
        print(f"{part:.0%} negative, {type(model).__name__}: {result}")
model = LGBMClassifier(n_estimators=50, n_jobs=1, verbose=-1, min_child_weight=50)
scores = model.fit(features, labels, sample_weight=weights).predict_proba(test)[:, 1]
losses = -np.log(np.where(test_labels == 1, scores, 1 - scores))
print(f"the same with min_child_weight=50: AUC {roc_auc_score(test_labels, scores):.2f}, cross-entropy {losses.mean():.2f}")
END
cat seen
diff expected seen || { echo "lightgbm-takes-negative-weights: the behaviour has changed" >&2; exit 1; }
