#!/usr/bin/env bash
# The errors that forestci gives to the scores of a weighted forest are built from events that its trees didn't draw.
#
# Guessed: a forest trained with weights gets errors as one without does, or a refusal.
# What happens: since scikit-learn 1.9 the weights decide which events a tree draws. forestci 0.9 knows of the new
# argument and passes None for it, so that it draws other events than the trees did: the two lists of draws
# have nothing to do with each other, with weights that are all 1 as well. There is no warning. What is left of the
# variances is less than half on average, and more of them are negative; the right ones follow if the true draws, which
# scikit-learn keeps in estimators_samples_, are handed over as inbag.
# Why it matters: events of simulation have weights. The errors of their scores come out too small to be believed, and
# a forest looks surer of its events than it is.
#
# Versions: forestci==0.9, scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> no weights: draws are the trees' own: True, correlation 1.00; mean variance too small by half or more: False
#> weights of 1: draws are the trees' own: False, correlation 0.00; mean variance too small by half or more: True
#> weights of 0 to 9: draws are the trees' own: False, correlation 0.00; mean variance too small by half or more: True
#> weights of 1, true draws as inbag: as large as without weights to a factor of two: True
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: forestci==0.9 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import forestci
import numpy as np
from sklearn.ensemble import RandomForestClassifier

rng = np.random.default_rng(0)
events = 1000
features = rng.normal(size=(events, 5))
signal = (features[:, 0] + 0.5 * features[:, 1] + rng.normal(size=events) > 0).astype(int)
unseen = rng.normal(size=(1000, 5))
found = {}
for name, weights in (("no weights", None), ("weights of 1", np.ones(events)), ("weights of 0 to 9", np.clip(rng.exponential(1.0, events), 0.0, 9.0))):
    forest = RandomForestClassifier(500, min_samples_leaf=10, random_state=1).fit(features, signal, sample_weight=weights)
    guessed = forestci.calc_inbag(events, forest)
    true = np.stack([np.bincount(drawn, minlength=events) for drawn in forest.estimators_samples_], axis=1)
    mean = np.mean(forestci.random_forest_error(forest, features.shape, unseen, calibrate=False))
    found[name] = np.mean(forestci.random_forest_error(forest, features.shape, unseen, inbag=true, calibrate=False))
    print(f"{name}: draws are the trees' own: {bool((guessed == true).all())}, correlation {abs(np.corrcoef(guessed.ravel(), true.ravel())[0, 1]):.2f};", f"mean variance too small by half or more: {bool(mean < 0.5 * found[name])}")
ratio = found["weights of 1"] / found["no weights"]
print(f"weights of 1, true draws as inbag: as large as without weights to a factor of two: {bool(0.5 < ratio < 2)}")
END
cat seen
diff expected seen || { echo "forestci-errors-of-weighted-forests-are-another-forests: the behaviour has changed" >&2; exit 1; }
