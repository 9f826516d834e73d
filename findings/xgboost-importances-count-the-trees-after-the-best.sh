#!/usr/bin/env bash
# The feature importances of an XGBoost classifier stopped early are those of all its trees, not of the ones it uses.
#
# Guessed: feature_importances_ is of the same trees as predict_proba and apply(), those up to the best round.
# What happens: it is of all that were trained. Two classifiers with the same scores, one stopped after 7 trees
# with a patience of 50 and one made of 7 trees, have other importances: a feature of pure noise gets 0.17
# instead of 0.08, as the trees after the best one learn little else. LightGBM keeps only the best trees.
# Why it matters: features are chosen and shown by importance, and a longer patience should change neither. Take
# get_score() of model.get_booster()[: model.best_iteration + 1].
#
# Versions: xgboost-cpu==3.2.0, scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> patience 3: importances 0.65, 0.25, 0.10
#>   trained with the 7 best trees alone: 0.69, 0.23, 0.08, same scores: True
#>   cut by hand: 0.69, 0.23, 0.08; shape of apply() (3000, 7)
#> patience 20: importances 0.58, 0.27, 0.15
#>   trained with the 7 best trees alone: 0.69, 0.23, 0.08, same scores: True
#>   cut by hand: 0.69, 0.23, 0.08; shape of apply() (3000, 7)
#> patience 50: importances 0.54, 0.29, 0.17
#>   trained with the 7 best trees alone: 0.69, 0.23, 0.08, same scores: True
#>   cut by hand: 0.69, 0.23, 0.08; shape of apply() (3000, 7)
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: xgboost-cpu==3.2.0 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
import xgboost

random = np.random.default_rng(0)
features = random.normal(0.0, 1.0, (3000, 3)).astype(np.float32)  # the last one is noise
signal = (features[:, 0] + 0.5 * features[:, 1] + random.normal(0.0, 1.0, 3000) > 0).astype(int)
train, stop = slice(0, 1000), slice(1000, 2000)


def shown(importances):
    return ", ".join(f"{importance:.2f}" for importance in importances)


for patience in (3, 20, 50):
    model = xgboost.XGBClassifier(n_estimators=500, early_stopping_rounds=patience, n_jobs=1)
    model.fit(features[train], signal[train], eval_set=[(features[stop], signal[stop])], verbose=False)
    best = model.best_iteration + 1
    again = xgboost.XGBClassifier(n_estimators=best, n_jobs=1).fit(features[train], signal[train])
    same = np.array_equal(model.predict_proba(features), again.predict_proba(features))
    print(f"patience {patience}: importances {shown(model.feature_importances_)}")
    print(f"  trained with the {best} best trees alone: {shown(again.feature_importances_)}, same scores: {same}")
    kept = model.get_booster()[:best].get_score(importance_type="gain")
    gains = np.array([kept[f"f{feature}"] for feature in range(3)])
    print(f"  cut by hand: {shown(gains / gains.sum())}; shape of apply() {model.apply(features).shape}")
END
cat seen
diff expected seen || { echo "xgboost-importances-count-the-trees-after-the-best: the behaviour has changed" >&2; exit 1; }
