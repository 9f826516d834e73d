#!/usr/bin/env bash
# treelite scores an XGBoost model with the trees after the best one, which XGBClassifier leaves out.
#
# Guessed: the scores of a classifier stopped early are the same in treelite, as they are in ONNX.
# What happens: predict_proba uses the trees up to the best round; treelite, given the classifier's booster or its
# file, takes all that were trained. Scores differ by up to 0.14 with a patience of 3 rounds, by up to 0.49 with 50,
# where the log-loss is 0.544 instead of 0.504. So does Booster.predict, as its reference says. onnxmltools
# stops at the best round. The file holds the number of that round, and XGBClassifier reads it back.
# Why it matters: early stopping is how boosted trees are trained, and treelite how they are served fast. What is
# put to use is the overtrained model. Export model.get_booster()[: model.best_iteration + 1].
#
# Versions: treelite==4.8.1, xgboost-cpu==3.2.0, onnxmltools==1.16.0, skl2onnx==1.20.0, onnx==1.23.2, onnxruntime==1.32.0, protobuf==6.33.6, scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> patience 3: 8 of 11 trees are the best
#>   XGBClassifier: off by up to 0.00, log-loss 0.504
#>   XGBClassifier, saved and loaded: off by up to 0.00, log-loss 0.504
#>   ONNX: off by up to 0.00, log-loss 0.504
#>   Booster: off by up to 0.14, log-loss 0.502
#>   treelite: off by up to 0.14, log-loss 0.502
#>   treelite, from the file: off by up to 0.14, log-loss 0.502
#>   treelite, cut by hand: off by up to 0.00, log-loss 0.504
#> patience 50: 8 of 58 trees are the best
#>   XGBClassifier: off by up to 0.00, log-loss 0.504
#>   XGBClassifier, saved and loaded: off by up to 0.00, log-loss 0.504
#>   ONNX: off by up to 0.00, log-loss 0.504
#>   Booster: off by up to 0.49, log-loss 0.544
#>   treelite: off by up to 0.49, log-loss 0.544
#>   treelite, from the file: off by up to 0.49, log-loss 0.544
#>   treelite, cut by hand: off by up to 0.00, log-loss 0.504
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: treelite==4.8.1 xgboost-cpu==3.2.0 onnxmltools==1.16.0 skl2onnx==1.20.0 onnx==1.23.2 onnxruntime==1.32.0 protobuf==6.33.6 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import onnxmltools
import onnxruntime
import treelite
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from sklearn.metrics import log_loss

random = np.random.default_rng(0)
features = random.normal(0.0, 1.0, (6000, 3)).astype(np.float32)
signal = (features[:, 0] + 0.5 * features[:, 1] + random.normal(0.0, 1.0, 6000) > 0).astype(int)
train, stop, test = slice(0, 2000), slice(2000, 4000), slice(4000, 6000)
for patience in (3, 50):
    model = xgboost.XGBClassifier(n_estimators=500, early_stopping_rounds=patience, n_jobs=1)
    model.fit(features[train], signal[train], eval_set=[(features[stop], signal[stop])], verbose=False)
    model.save_model("model.json")
    loaded = xgboost.XGBClassifier()
    loaded.load_model("model.json")
    exported = onnxmltools.convert_xgboost(model, initial_types=[("x", FloatTensorType([None, 3]))])
    session = onnxruntime.InferenceSession(exported.SerializeToString(), providers=["CPUExecutionProvider"])
    booster = model.get_booster()
    print(f"patience {patience}: {model.best_iteration + 1} of {booster.num_boosted_rounds()} trees are the best")
    from_booster = treelite.frontend.from_xgboost(booster)
    from_file = treelite.frontend.load_xgboost_model("model.json")
    cut = treelite.frontend.from_xgboost(booster[: model.best_iteration + 1])
    here = model.predict_proba(features[test])[:, 1]
    for name, scores in (
        ("XGBClassifier", here),
        ("XGBClassifier, saved and loaded", loaded.predict_proba(features[test])[:, 1]),
        ("ONNX", np.array([each[1] for each in session.run(None, {"x": features[test]})[1]])),
        ("Booster", booster.predict(xgboost.DMatrix(features[test]))),
        ("treelite", treelite.gtil.predict(from_booster, features[test])),
        ("treelite, from the file", treelite.gtil.predict(from_file, features[test])),
        ("treelite, cut by hand", treelite.gtil.predict(cut, features[test])),
    ):
        scores = np.asarray(scores).reshape(-1)
        print(f"  {name}: off by up to {np.abs(scores - here).max():.2f}, log-loss {log_loss(signal[test], scores):.3f}")
END
cat seen
diff expected seen || { echo "treelite-scores-with-the-trees-after-the-best: the behaviour has changed" >&2; exit 1; }
