#!/usr/bin/env bash
# A random forest of LightGBM, exported to ONNX by onnxmltools, gives no score above 0.01.
#
# Guessed: converted models give the scores of LightGBM to float32, as boosted trees do, or conversion raises.
# What happens: of a forest (boosting_type="rf") LightGBM takes the mean of the trees; in ONNX they are added up, put
# through the sigmoid, and the result divided by 100, for 5 trees or 100. Scores of 0.13 to 0.84 become 0.00 to
# 0.01; with 100 trees most are at one end or the other, so their order is gone as well. No error or warning.
# Why it matters: models are exported to run in the trigger or in C++ of an experiment, where a cut at 0.5 then
# selects no event. Compare a few hundred scores after each export.
#
# Versions: lightgbm==4.7.0, onnxmltools==1.16.0, skl2onnx==1.20.0, onnx==1.23.2, onnxruntime==1.32.0, protobuf==6.33.6, scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> gbdt, 20 trees
#>   LightGBM: scores 0.086 to 0.915, ROC-AUC 0.902
#>   ONNX: scores 0.086 to 0.915, ROC-AUC 0.902
#> rf, 5 trees
#>   LightGBM: scores 0.134 to 0.864, ROC-AUC 0.880
#>   ONNX: scores 0.000 to 0.010, ROC-AUC 0.880
#> rf, 20 trees
#>   LightGBM: scores 0.129 to 0.864, ROC-AUC 0.885
#>   ONNX: scores 0.000 to 0.010, ROC-AUC 0.863
#> rf, 100 trees
#>   LightGBM: scores 0.133 to 0.862, ROC-AUC 0.886
#>   ONNX: scores 0.000 to 0.010, ROC-AUC 0.819
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: lightgbm==4.7.0 onnxmltools==1.16.0 skl2onnx==1.20.0 onnx==1.23.2 onnxruntime==1.32.0 protobuf==6.33.6 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import lightgbm
import numpy as np
import onnxmltools
import onnxruntime
from onnxmltools.convert.common.data_types import FloatTensorType
from sklearn.metrics import roc_auc_score

random = np.random.default_rng(0)
features = random.normal(0.0, 1.0, (3000, 3)).astype(np.float32)
signal = (features[:, 0] + 0.5 * features[:, 1] + random.normal(0.0, 1.0, 3000) > 0).astype(int)
for kind, trees in (("gbdt", 20), ("rf", 5), ("rf", 20), ("rf", 100)):
    model = lightgbm.LGBMClassifier(n_estimators=trees, boosting_type=kind, bagging_freq=1, bagging_fraction=0.6,
                                    random_state=0, n_jobs=1, verbose=-1).fit(features, signal)
    exported = onnxmltools.convert_lightgbm(model, initial_types=[("x", FloatTensorType([None, 3]))], zipmap=False)
    session = onnxruntime.InferenceSession(exported.SerializeToString(), providers=["CPUExecutionProvider"])
    here, there = model.predict_proba(features)[:, 1], session.run(None, {"x": features})[1][:, 1]
    print(f"{kind}, {trees} trees")
    for name, scores in (("LightGBM", here), ("ONNX", there)):
        print(f"  {name}: scores {scores.min():.3f} to {scores.max():.3f}, ROC-AUC {roc_auc_score(signal, scores):.3f}")
END
cat seen
diff expected seen || { echo "onnxmltools-adds-up-a-lightgbm-forest: the behaviour has changed" >&2; exit 1; }
