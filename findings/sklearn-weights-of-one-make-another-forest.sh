#!/usr/bin/env bash
# A random forest with weights of 1 is another forest than one without weights: scores differ by more than 0.1.
#
# Guessed: with the same random_state the two are the same forest; no weights are described as equal weights.
# What happens: since scikit-learn 1.9 a forest and a BaggingClassifier draw events by their weights, in another way
# than without any, so that other events are drawn from the same seed. ExtraTreesClassifier and
# boosted trees, which draw none by default, are the same to the last digit. Of two forests with weights of 1 and of 2
# the draws are the same again.
# Why it matters: "no weights" and "all weights 1" are taken for one thing when a study with weights is compared to one
# without. What is seen then is another seed, not the weights.
#
# Versions: scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> RandomForestClassifier: none and 1 the same: False, differ by more than 0.1: True; 1 and 2 the same: True
#> BaggingClassifier: none and 1 the same: False, differ by more than 0.1: True; 1 and 2 the same: True
#> ExtraTreesClassifier: none and 1 the same: True, differ by more than 0.1: False; 1 and 2 the same: True
#> HistGradientBoostingClassifier: none and 1 the same: True, differ by more than 0.1: False; 1 and 2 the same: False
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
from sklearn.ensemble import BaggingClassifier, ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier

rng = np.random.default_rng(0)
features, unseen = rng.normal(size=(3000, 5)), rng.normal(size=(1000, 5))
signal = (features[:, 0] + rng.normal(size=3000) > 0).astype(int)
for kind in (RandomForestClassifier, BaggingClassifier, ExtraTreesClassifier, HistGradientBoostingClassifier):
    scores = [kind(random_state=0).fit(features, signal, sample_weight=given).predict_proba(unseen)[:, 1] for given in (None, np.ones(3000), np.full(3000, 2.0))]
    differ = np.abs(scores[1] - scores[0])
    print(f"{kind.__name__}: none and 1 the same: {bool((differ == 0).all())}, differ by more than 0.1: {bool(differ.max() > 0.1)}; 1 and 2 the same: {bool((scores[1] == scores[2]).all())}")
END
cat seen
diff expected seen || { echo "sklearn-weights-of-one-make-another-forest: the behaviour has changed" >&2; exit 1; }
