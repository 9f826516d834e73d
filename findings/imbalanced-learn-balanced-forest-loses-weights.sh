#!/usr/bin/env bash
# imbalanced-learn's BalancedRandomForestClassifier gives signal that weighs 0.02 the scores of signal that weighs 1.
#
# Guessed: where signal events weigh 0.02 each the scores are lower than elsewhere, as in scikit-learn's forest.
# What happens: the class draws events of each class at random, whatever they weigh, and by default (bootstrap=False,
# though its description says True) grows every tree until its leaves hold one class. The share of signal in such a
# leaf is 0 or 1 whatever the weights are, so they only decide where cuts go, and the mean score is no lower where
# signal weighs next to nothing. With min_samples_leaf=20 or bootstrap=True weights act. scikit-learn's own
# RandomForestClassifier uses them by default; its ExtraTreesClassifier, which draws nothing either, does not.
# Why it matters: rare signal is what this class is for, and signal from simulation comes in processes whose weights
# differ by orders of magnitude. The weights are taken without a warning and have hardly an effect.
#
# Versions: imbalanced-learn==0.14.2, scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> BalancedRandomForestClassifier: without weights 0.34 and 0.34; signal of one half weighs 0.02: 0.36 there, 0.34 elsewhere
#> BalancedRandomForestClassifier, min_samples_leaf=20: without weights 0.37 and 0.38; signal of one half weighs 0.02: 0.09 there, 0.37 elsewhere
#> BalancedRandomForestClassifier, bootstrap=True: without weights 0.35 and 0.35; signal of one half weighs 0.02: 0.07 there, 0.35 elsewhere
#> RandomForestClassifier: without weights 0.21 and 0.21; signal of one half weighs 0.02: 0.03 there, 0.21 elsewhere
#> ExtraTreesClassifier: without weights 0.22 and 0.21; signal of one half weighs 0.02: 0.22 there, 0.21 elsewhere
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: imbalanced-learn==0.14.2 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
from imblearn.ensemble import BalancedRandomForestClassifier
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

rng = np.random.default_rng(0)
features, unseen = rng.normal(size=(4000, 4)), rng.normal(size=(2000, 4))
signal = (features[:, 0] + rng.normal(size=4000) > 1.2).astype(int)
weights = np.where((signal == 1) & (features[:, 1] > 0), 0.02, 1.0)
half = unseen[:, 1] > 0
for kind, options in (
    (BalancedRandomForestClassifier, {}),
    (BalancedRandomForestClassifier, {"min_samples_leaf": 20}),
    (BalancedRandomForestClassifier, {"bootstrap": True}),
    (RandomForestClassifier, {}),
    (ExtraTreesClassifier, {}),
):
    means = []
    for given in (None, weights):
        score = kind(n_estimators=50, random_state=0, **options).fit(features, signal, sample_weight=given).predict_proba(unseen)[:, 1]
        means += [f"{score[half].mean():.2f}", f"{score[~half].mean():.2f}"]
    name = ", ".join([kind.__name__] + [f"{option}={value}" for option, value in options.items()])
    print(f"{name}: without weights {means[0]} and {means[1]}; signal of one half weighs 0.02: {means[2]} there, {means[3]} elsewhere")
END
cat seen
diff expected seen || { echo "imbalanced-learn-balanced-forest-loses-weights: the behaviour has changed" >&2; exit 1; }
