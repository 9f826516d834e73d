#!/usr/bin/env bash
# class_weight="balanced" balances numbers of events in some classifiers of scikit-learn and sums of weights in others.
#
# Guessed: as each of their references says, by the same formula: classes are balanced by the numbers of
# events, and the result multiplied with sample_weight.
# What happens: so a decision tree and HistGradientBoostingClassifier do it: 5000 signal events of weight 0.02
# against 5000 of weight 1 are balanced already, and without a feature the probability of signal is 0.02.
# Logistic regression and forests balance the sums of weights: 0.50. With a feature the first two find no
# signal at all, the others 47 to 68 % of it. A forest isn't what its trees are.
# Why it matters: with weights scaled to the luminosity "balanced" is meant to put a weak signal on one footing
# with the background, and models are compared at one cut. Balance the weights by hand and pass them alone.
#
# Versions: scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> signal is 50 % of the events and 2 % of the weights
#> LogisticRegression: probability without a feature 0.50, signal found with one 59 %
#> LogisticRegressionCV: probability without a feature 0.50, signal found with one 59 %
#> RandomForestClassifier: probability without a feature 0.50, signal found with one 68 %
#> ExtraTreesClassifier: probability without a feature 0.50, signal found with one 47 %
#> DecisionTreeClassifier: probability without a feature 0.02, signal found with one 0 %
#> HistGradientBoostingClassifier: probability without a feature 0.02, signal found with one 0 %
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.tree import DecisionTreeClassifier

random = np.random.default_rng(0)
signal = np.repeat([1, 0], 5000)
feature = random.normal(0.5 * signal, 1.0)[:, None]
weights = np.where(signal == 1, 0.02, 1.0)  # yields of 100 and 5000
print(f"signal is 50 % of the events and {100 * weights[signal == 1].sum() / weights.sum():.0f} % of the weights")
nothing = np.zeros((len(signal), 1))
for model in (
    LogisticRegression(class_weight="balanced"),
    LogisticRegressionCV(class_weight="balanced", cv=3),
    RandomForestClassifier(20, class_weight="balanced", max_depth=3, random_state=0),
    ExtraTreesClassifier(20, class_weight="balanced", max_depth=3, random_state=0),
    DecisionTreeClassifier(class_weight="balanced", max_depth=3, random_state=0),
    HistGradientBoostingClassifier(class_weight="balanced", max_depth=3),
):
    knowing_nothing = model.fit(nothing, signal, sample_weight=weights).predict_proba(nothing[:1])[0, 1]
    found = model.fit(feature, signal, sample_weight=weights).predict(feature)
    print(f"{type(model).__name__}: probability without a feature {knowing_nothing:.2f}, "
          f"signal found with one {100 * found[signal == 1].mean():.0f} %")
END
cat seen
diff expected seen || { echo "sklearn-balanced-counts-events-or-weights: the behaviour has changed" >&2; exit 1; }
