#!/usr/bin/env bash
# shapiq explains the score that an event with NaN would have if NaN went to the right at every cut.
#
# Guessed: the Shapley values of a tree model that was trained with NaN add up to its score, or shapiq refuses.
# What happens: without NaN they do to all digits. In events with NaN each cut on it goes right, where LightGBM and
# scikit-learn learnt a side for each cut: the sums miss the score by up to 2.1 in log-odds, or by 0.4 in
# probability, and are the scores of 1e9 in NaN's place (to 0.01). No warning.
# Why it matters: the masses and jets that an event lacks are often NaN, and the explanation of such an event is
# that of another score, with effects of the wrong sign. Compare the sum with the score for events with NaN.
# (shapiq 1.4.1 is the last for Python 3.11; it can't read XGBoost's trees under pandas 3.)
#
# Versions: shapiq==1.4.1, lightgbm==4.7.0, scikit-learn==1.9.1, pandas==3.1.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> LightGBM
#>   without NaN: largest difference 0.000
#>   with NaN: largest difference 2.1 in events with NaN, 0.000 in others; more than 0.01 in 58% of those with NaN
#>   with NaN, and scores for 1e9 in its place: largest difference 0.000
#> random forest
#>   without NaN: largest difference 0.000
#>   with NaN: largest difference 0.4 in events with NaN, 0.000 in others; more than 0.01 in 81% of those with NaN
#>   with NaN, and scores for 1e9 in its place: largest difference 0.009
#> extra trees
#>   without NaN: largest difference 0.000
#>   with NaN: largest difference 0.4 in events with NaN, 0.000 in others; more than 0.01 in 90% of those with NaN
#>   with NaN, and scores for 1e9 in its place: largest difference 0.000
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: shapiq==1.4.1 lightgbm==4.7.0 scikit-learn==1.9.1 pandas==3.1.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import lightgbm as lgb
import numpy as np
import shapiq
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

rng = np.random.default_rng(1)
full = rng.normal(size=(4000, 4))
label = (full[:, 0] + 0.5 * full[:, 1] + rng.normal(size=4000) > 0).astype(int)
holes = np.where(rng.random(full.shape) < 0.2, np.nan, full)
models = {
    "LightGBM": lgb.LGBMClassifier(n_estimators=20, num_leaves=8, verbosity=-1, n_jobs=1),
    "random forest": RandomForestClassifier(10, max_depth=4, random_state=1),
    "extra trees": ExtraTreesClassifier(10, max_depth=4, random_state=1),
}


def score(model, events):
    """Return what Shapley values should add up to."""
    if isinstance(model, lgb.LGBMClassifier):
        return model.predict(events, raw_score=True)
    return model.predict_proba(events)[:, 1]


def off(model, events, scores):
    """Return by how much Shapley values miss the scores of the first 100 events."""
    explainer = shapiq.TreeExplainer(model=model, index="SV", max_order=1, class_index=1)
    sums = [sum(explainer.explain(event).dict_values.values()) for event in events[:100]]
    return np.abs(np.array(sums) - scores[:100])


for name, model in models.items():
    print(name)
    miss = off(model.fit(full, label), full, score(model, full))
    print(f"  without NaN: largest difference {miss.max():.3f}")
    miss = off(model.fit(holes, label), holes, score(model, holes))
    some = np.isnan(holes[:100]).any(axis=1)
    print(f"  with NaN: largest difference {miss.max():.1f} in events with NaN, {miss[~some].max():.3f} in others;"
          f" more than 0.01 in {np.mean(miss[some] > 0.01):.0%} of those with NaN")
    miss = off(model, holes, score(model, np.nan_to_num(holes, nan=1e9)))
    print(f"  with NaN, and scores for 1e9 in its place: largest difference {miss.max():.3f}")
END
cat seen
diff expected seen || { echo "shapiq-sends-nan-to-the-right: the behaviour has changed" >&2; exit 1; }
