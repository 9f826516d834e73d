#!/usr/bin/env bash
# The linear discriminant of two classes has other probabilities once exported to ONNX by skl2onnx.
#
# Guessed: LinearDiscriminantAnalysis gives the same probabilities to float32, as logistic regression does.
# What happens: for three classes it does. For two, as for signal and background, all probabilities are off, by up
# to 0.15, and driven towards 0 and 1: the log-loss is 0.448 instead of 0.389. The order of the events
# and the labels are kept, so a ROC curve shows nothing. No warning.
# Why it matters: it is Fisher's discriminant, the field's oldest, still trained for a trigger or a cross-check, and
# cuts are set on its probability.
#
# Versions: skl2onnx==1.20.0, onnx==1.23.2, onnxruntime==1.32.0, protobuf==6.33.6, scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> logistic regression, two classes: off by up to 0.00, from 0.000 to 0.986, in ONNX 0.000 to 0.986
#>   log-loss 0.388, in ONNX 0.388
#> Fisher's discriminant, three classes: off by up to 0.00, from 0.000 to 0.963, in ONNX 0.000 to 0.963
#>   log-loss 0.797, in ONNX 0.797
#> Fisher's discriminant, two classes: off by up to 0.15, from 0.001 to 0.979, in ONNX 0.000 to 1.000
#>   log-loss 0.389, in ONNX 0.448
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: skl2onnx==1.20.0 onnx==1.23.2 onnxruntime==1.32.0 protobuf==6.33.6 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import onnxruntime
import skl2onnx
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from skl2onnx.common.data_types import FloatTensorType

random = np.random.default_rng(0)
features = random.normal(0.0, 1.0, (4000, 3)).astype(np.float32)
likeness = features[:, 0] + 0.5 * features[:, 1] + random.normal(0.0, 1.0, 4000)
signal, process = (likeness > 1.0).astype(int), np.digitize(likeness, [-0.5, 1.0])
for name, model, target in (
    ("logistic regression, two classes", LogisticRegression(), signal),
    ("Fisher's discriminant, three classes", LinearDiscriminantAnalysis(), process),
    ("Fisher's discriminant, two classes", LinearDiscriminantAnalysis(), signal),
):
    here = model.fit(features, target).predict_proba(features)
    exported = skl2onnx.to_onnx(model, initial_types=[("x", FloatTensorType([None, 3]))], options={"zipmap": False})
    session = onnxruntime.InferenceSession(exported.SerializeToString(), providers=["CPUExecutionProvider"])
    there = session.run(None, {"x": features})[1]
    print(f"{name}: off by up to {np.abs(there - here).max():.2f}, from {here[:, -1].min():.3f} to {here[:, -1].max():.3f}, "
          f"in ONNX {there[:, -1].min():.3f} to {there[:, -1].max():.3f}")
    print(f"  log-loss {log_loss(target, here):.3f}, in ONNX {log_loss(target, there):.3f}")
END
cat seen
diff expected seen || { echo "skl2onnx-fisher-discriminant-has-other-probabilities: the behaviour has changed" >&2; exit 1; }
