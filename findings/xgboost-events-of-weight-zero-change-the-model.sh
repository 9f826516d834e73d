#!/usr/bin/env bash
# Events of weight zero change XGBoost's default model, and the one that is called exact; not the approximate.
#
# Guessed: XGBoost's thresholds come from quantiles of weighted events, so that an event of weight 0 has no
# part in them, whichever tree_method builds the trees. (For LightGBM, CatBoost and scikit-learn, which bin
# without weights, a change was expected.)
# What happens: "approx" is the same to the last digit. "hist", the default, changes single scores by a third,
# once there are thousands of such events, but then always to the same model, however they are distributed.
# "exact" puts its thresholds halfway between neighbours, and those of weight 0 are neighbours, too. The
# AUC stays.
# Why it matters: weights of 0 are how events are left out of a fold, a class or a systematic variation. What
# was trained so is not the model of the events alone: leave the rows out if scores are compared one by one.
#
# Versions: xgboost-cpu==3.2.0, scikit-learn==1.9.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> 3000 events of weight 0, hist: scores change by at most 0.4, AUC 0.812 -> 0.813
#> 3000 events of weight 0, approx: scores change by at most 0, AUC 0.811 -> 0.811
#> 3000 events of weight 0, exact: scores change by at most 0.3, AUC 0.814 -> 0.813
#> 30000 events of weight 0, hist: scores change by at most 0.4, AUC 0.812 -> 0.813
#> 30000 events of weight 0, approx: scores change by at most 0, AUC 0.811 -> 0.811
#> 30000 events of weight 0, exact: scores change by at most 0.3, AUC 0.814 -> 0.813
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: xgboost-cpu==3.2.0 scikit-learn==1.9.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from sklearn.metrics import roc_auc_score
from xgboost import XGBClassifier

random = np.random.default_rng(0)


def events(n):
    features = random.normal(size=(n, 3))
    return features, (features[:, 0] + random.normal(size=n) > 0).astype(int)


(features, labels), (test, test_labels) = events(3000), events(5000)
for many in (3000, 30_000):
    noise, noise_labels = random.normal(0, 5, (many, 3)), random.integers(0, 2, many)
    for method in ("hist", "approx", "exact"):
        scores = []
        for some in (0, many):
            model = XGBClassifier(n_estimators=20, n_jobs=1, tree_method=method)
            model.fit(
                np.concatenate([features, noise[:some]]),
                np.concatenate([labels, noise_labels[:some]]),
                sample_weight=np.concatenate([np.ones(len(features)), np.zeros(some)]),
            )
            scores.append(model.predict_proba(test)[:, 1])
        print(f"{many} events of weight 0, {method}: scores change by at most {abs(scores[1] - scores[0]).max():.1g}, "
              f"AUC {roc_auc_score(test_labels, scores[0]):.3f} -> {roc_auc_score(test_labels, scores[1]):.3f}")
END
cat seen
diff expected seen || { echo "xgboost-events-of-weight-zero-change-the-model: the behaviour has changed" >&2; exit 1; }
