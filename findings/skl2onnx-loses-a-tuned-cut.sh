#!/usr/bin/env bash
# A cut that scikit-learn tuned is back at 0.5 in ONNX.
#
# Guessed: TunedThresholdClassifierCV selects the same events once exported by skl2onnx, or can't be exported.
# What happens: its labels in ONNX are those of a cut at 0.5. The tuned one was 0.22: instead of 82 % of the signal
# 47 % is selected, and a quarter of all events change. No warning. FixedThresholdClassifier can't be exported.
# Why it matters: the cut for the best significance or a given background is what the class is for, and the exported
# model decides by label. Export model.estimator_ and apply best_threshold_ to its probabilities.
#
# Versions: skl2onnx==1.20.0, onnx==1.23.2, onnxruntime==1.32.0, protobuf==6.33.6, scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> no cut of its own: selects 47 % of the signal, in ONNX 47 % of the signal; 0.0 % of the events change
#> a fixed cut of 0.22: MissingShapeCalculator
#> a tuned cut: selects 82 % of the signal, in ONNX 47 % of the signal; 23.6 % of the events change
#> the tuned cut is 0.22
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
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from skl2onnx.common.data_types import FloatTensorType
from skl2onnx.common.exceptions import MissingShapeCalculator

random = np.random.default_rng(0)
features = random.normal(0.0, 1.0, (4000, 3)).astype(np.float32)
signal = (features[:, 0] + 0.5 * features[:, 1] + random.normal(0.0, 1.0, 4000) > 1.0).astype(int)
tuned = TunedThresholdClassifierCV(LogisticRegression(), scoring="balanced_accuracy", cv=3, random_state=0)
for name, model in (
    ("no cut of its own", LogisticRegression()),
    ("a fixed cut of 0.22", FixedThresholdClassifier(LogisticRegression(), threshold=0.22)),
    ("a tuned cut", tuned),
):
    here = model.fit(features, signal).predict(features)
    try:
        exported = skl2onnx.to_onnx(model, initial_types=[("x", FloatTensorType([None, 3]))], options={"zipmap": False})
    except MissingShapeCalculator as error:
        print(f"{name}: {type(error).__name__}")
        continue
    session = onnxruntime.InferenceSession(exported.SerializeToString(), providers=["CPUExecutionProvider"])
    there = session.run(None, {"x": features})[0]
    kept = [f"{100 * labels[signal == 1].mean():.0f} % of the signal" for labels in (here, there)]
    print(f"{name}: selects {kept[0]}, in ONNX {kept[1]}; {100 * np.mean(here != there):.1f} % of the events change")
print(f"the tuned cut is {tuned.best_threshold_:.2f}")
END
cat seen
diff expected seen || { echo "skl2onnx-loses-a-tuned-cut: the behaviour has changed" >&2; exit 1; }
