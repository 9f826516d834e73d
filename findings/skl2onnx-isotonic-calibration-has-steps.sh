#!/usr/bin/env bash
# In ONNX an isotonic calibration takes the nearest point instead of the line between two.
#
# Guessed: probabilities of `CalibratedClassifierCV(method="isotonic")` agree with scikit-learn's to 0.001.
# What happens: scikit-learn interpolates linearly between the points of the isotonic fit. The ONNX graph takes the value
# of the point whose score is nearest. Calibrated with few events, thousands of different probabilities become a few dozen,
# off by more than 0.04. Sigmoid calibration is right. Differences have been reported (onnx/sklearn-onnx, issues 200 and
# 1151).
# Why it matters: scores tie, so ROC-AUC, cuts at a given efficiency and equal-population bins differ from those that were
# tuned in Python.
#
# Versions: skl2onnx==1.20.0, onnx==1.23.2, onnxruntime==1.32.0, scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> sigmoid, 200 events: off by more than 0.00001: False, than 0.005: False, than 0.04: False; more than 100 different values: True in scikit-learn, True in ONNX
#> isotonic, 200 events: off by more than 0.00001: True, than 0.005: True, than 0.04: True; more than 100 different values: True in scikit-learn, False in ONNX
#> isotonic, 1000 events: off by more than 0.00001: True, than 0.005: True, than 0.04: True; more than 100 different values: True in scikit-learn, True in ONNX
#> isotonic, 30000 events: off by more than 0.00001: True, than 0.005: True, than 0.04: False; more than 100 different values: True in scikit-learn, True in ONNX
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: skl2onnx==1.20.0 onnx==1.23.2 onnxruntime==1.32.0 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression

rng = np.random.default_rng(0)
events = rng.normal(size=(60_000, 3)).astype("float32")
labels = (events.sum(axis=1) + rng.normal(size=len(events)) > 0).astype(int)
test = events[30_000:]
for method, number in (("sigmoid", 200), ("isotonic", 200), ("isotonic", 1000), ("isotonic", 30_000)):
    model = CalibratedClassifierCV(LogisticRegression(), method=method).fit(events[:number], labels[:number])
    saved = to_onnx(model, events[:1], options={"zipmap": False}).SerializeToString()
    session = onnxruntime.InferenceSession(saved, providers=["CPUExecutionProvider"])
    own = model.predict_proba(test)[:, 1]
    seen = session.run(None, {session.get_inputs()[0].name: test})[1][:, 1]
    off = np.abs(seen - own)
    print(f"{method}, {number} events: off by more than 0.00001: {off.max() > 0.00001}, than 0.005: {off.max() > 0.005}, "
          f"than 0.04: {off.max() > 0.04}; more than 100 different values: "
          f"{len(np.unique(own)) > 100} in scikit-learn, {len(np.unique(seen)) > 100} in ONNX")
END
cat seen
diff expected seen || { echo "skl2onnx-isotonic-calibration-has-steps: the behaviour has changed" >&2; exit 1; }
