#!/usr/bin/env bash
# Trees that learnt from NaN, converted by Hummingbird, score such events otherwise, and each strategy in a way of its own.
#
# Guessed: trees of LightGBM, XGBoost and scikit-learn, which decide for each cut where NaN goes, decide so in PyTorch
# too, or the conversion refuses.
# What happens: events without NaN keep their scores. Of those with NaN nearly all get others, off by up to 0.97:
# NaN goes one way at every cut, and with the strategy "gemm", which finds features by a product of matrices, one
# NaN makes NaN of the whole event. The strategy is by default chosen from the depth of the trees, so the same
# event has another answer from deeper trees. No warning is given. (base_score=0.5 here, as without it XGBoost's
# scores are shifted anyway.)
# Why it matters: an event without a second jet has NaN for it, and that is the reason to take such trees. A model
# checked on whole events is right, and the rest is served wrongly.
#
# Versions (Python 3.11 or 3.12): hummingbird-ml==0.4.12, torch==2.13.0, lightgbm==4.7.0, xgboost-cpu==3.2.0, onnx==1.16.1, scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> LightGBM, gemm: off by up to 0.00 without NaN, 0.84 with NaN, 100% of these events
#> LightGBM, tree_trav: off by up to 0.00 without NaN, 0.52 with NaN, 92% of these events
#> LightGBM, perf_tree_trav: off by up to 0.00 without NaN, 0.52 with NaN, 92% of these events
#> LightGBM, chosen by default: off by up to 0.52; the three differ by up to 0.81
#> XGBoost, gemm: off by up to 0.00 without NaN, 0.97 with NaN, 100% of these events
#> XGBoost, tree_trav: off by up to 0.00 without NaN, 0.91 with NaN, 100% of these events
#> XGBoost, perf_tree_trav: off by up to 0.00 without NaN, 0.91 with NaN, 100% of these events
#> XGBoost, chosen by default: off by up to 0.91; the three differ by up to 0.98
#> HistGradientBoosting, gemm: off by up to 0.00 without NaN, 0.84 with NaN, 100% of these events
#> HistGradientBoosting, tree_trav: off by up to 0.00 without NaN, 0.54 with NaN, 96% of these events
#> HistGradientBoosting, perf_tree_trav: off by up to 0.00 without NaN, 0.54 with NaN, 96% of these events
#> HistGradientBoosting, chosen by default: off by up to 0.54; the three differ by up to 0.83
#> RandomForest, gemm: off by up to 0.00 without NaN, 0.57 with NaN, 100% of these events
#> RandomForest, tree_trav: off by up to 0.00 without NaN, 0.42 with NaN, 97% of these events
#> RandomForest, perf_tree_trav: off by up to 0.00 without NaN, 0.42 with NaN, 97% of these events
#> RandomForest, chosen by default: off by up to 0.42; the three differ by up to 0.53
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: hummingbird-ml==0.4.12 torch==2.13.0 lightgbm==4.7.0 xgboost-cpu==3.2.0 onnx==1.16.1 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import lightgbm
import numpy as np
import xgboost
from hummingbird.ml import convert
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

random = np.random.default_rng(0)
features = random.normal(0.0, 1.0, (6000, 4)).astype(np.float32)
signal = (features[:, 0] + features[:, 1] * features[:, 2] + random.normal(0.0, 1.0, 6000) > 0).astype(int)
features[random.random(features.shape) < 0.1] = np.nan
train, test = slice(0, 3000), slice(3000, 6000)
absent = np.isnan(features[test]).any(axis=1)
for name, model in (
    ("LightGBM", lightgbm.LGBMClassifier(n_estimators=30, num_leaves=8, n_jobs=1, verbose=-1)),
    ("XGBoost", xgboost.XGBClassifier(n_estimators=30, max_depth=4, base_score=0.5, n_jobs=1)),
    ("HistGradientBoosting", HistGradientBoostingClassifier(max_iter=30, max_depth=4, random_state=0)),
    ("RandomForest", RandomForestClassifier(30, max_depth=4, random_state=0)),
):
    model.fit(features[train], signal[train])
    right = model.predict_proba(features[test])[:, 1]
    answers = []
    for strategy in ("gemm", "tree_trav", "perf_tree_trav"):
        converted = convert(model, "pytorch", features[:10], extra_config={"tree_implementation": strategy})
        answers.append(converted.predict_proba(features[test])[:, 1])
        off = np.abs(answers[-1] - right)
        print(f"{name}, {strategy}: off by up to {off[~absent].max():.2f} without NaN, {off[absent].max():.2f} with NaN, "
              f"{(off[absent] > 0.001).mean():.0%} of these events")
    default = convert(model, "pytorch", features[:10]).predict_proba(features[test])[:, 1]
    print(f"{name}, chosen by default: off by up to {np.abs(default - right).max():.2f}; "
          f"the three differ by up to {np.ptp(answers, axis=0).max():.2f}")
END
cat seen
diff expected seen || { echo "hummingbird-sends-nan-another-way: the behaviour has changed" >&2; exit 1; }
