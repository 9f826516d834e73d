#!/usr/bin/env bash
# SHAP values of HistGradientBoostingClassifier with a categorical feature add up to other scores, by default.
#
# Guessed: TreeExplainer, which knows this classifier, either explains its splits by category or refuses, as it
# does for XGBoost's with background events.
# What happens: categories are compared as if with a cut. Values and base value add up to a number that is off by
# more than the scores spread, and the order of the events is another; nothing is said, since TreeExplainer's check
# compares with its own copy of the trees. The same feature taken as a number is explained right.
# shap 0.54.1, which needs Python 3.12, does the same.
# Why it matters: lepton flavour, jet multiplicity and trigger are categories, and which features a selection
# leans on is read from these values.
#
# Versions: shap==0.51.0, scikit-learn==1.9.1, scipy==1.17.1, numba==0.68.1, pandas==3.1.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> a number: scores spread by 2.6, sums are off by up to 0.0, rank correlation 1.00, share of the trigger 0.55
#> a number, with background events: scores spread by 2.6, sums are off by up to 0.0, rank correlation 1.00, share of the trigger 0.54
#> a category: scores spread by 2.9, sums are off by up to 10.2, rank correlation 0.09, share of the trigger 0.06
#> a category, with background events: scores spread by 2.9, sums are off by up to 10.2, rank correlation 0.09, share of the trigger 0.04
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: shap==0.51.0 scikit-learn==1.9.1 scipy==1.17.1 numba==0.68.1 pandas==3.1.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import shap
from scipy.stats import spearmanr
from sklearn.ensemble import HistGradientBoostingClassifier

random = np.random.default_rng(0)
features = random.normal(0.0, 1.0, (6000, 3))
features[:, 2] = random.integers(0, 6, 6000)  # a trigger
chance = np.array([0.0, 2.0, -1.0, 1.0, -2.0, 0.5])[features[:, 2].astype(int)]
signal = (features[:, 0] + chance + random.normal(0.0, 1.0, 6000) > 0).astype(int)
train, test = slice(0, 4000), slice(4000, 6000)
for name, categories in (("a number", None), ("a category", [2])):
    model = HistGradientBoostingClassifier(max_iter=50, categorical_features=categories, random_state=0)
    model.fit(features[train], signal[train])
    raw = model.decision_function(features[test])
    for title, background in (("", ()), (", with background events", (features[:100],))):
        explained = shap.TreeExplainer(model, *background)(features[test])
        sums = explained.values.sum(axis=1) + explained.base_values
        importances = np.abs(explained.values).mean(axis=0)
        print(f"{name}{title}: scores spread by {raw.std():.1f}, sums are off by up to {np.abs(sums - raw).max() + 0.0:.1f}, "
              f"rank correlation {spearmanr(sums, raw).statistic:.2f}, share of the trigger {importances[2] / importances.sum():.2f}")
END
cat seen
diff expected seen || { echo "shap-adds-up-wrongly-for-categories-of-scikit-learn: the behaviour has changed" >&2; exit 1; }
