#!/usr/bin/env bash
# onnxmltools exports what LightGBM and XGBoost add up, and for some settings not what they make of it at the end.
#
# Guessed: the scores in ONNX are the same to float32, or a setting that is not known raises, as some do.
# What happens: the plain models agree. But LightGBM's sigmoid=2 is taken for 1; objective="multiclassova", a sigmoid
# for each process, becomes a softmax over all; with reg_sqrt=True the root of an energy is given for the
# energy; and of XGBoost's reg:logistic, for targets between 0 and 1, the sigmoid is missing, so fractions run
# from -2 to 3. No warning.
# Why it matters: one score against each process and labels that are fractions are common here, and a trigger or a
# C++ framework runs what was exported. treelite gives the right ones.
#
# Versions: onnxmltools==1.16.0, skl2onnx==1.20.0, onnx==1.23.2, onnxruntime==1.32.0, protobuf==6.33.6, lightgbm==4.7.0, xgboost-cpu==3.2.0, scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> LightGBM, signal or background: off by up to 0.00; from 0.08 to 0.91, in ONNX 0.08 to 0.91
#> LightGBM, sigmoid=2: off by up to 0.15; from 0.08 to 0.91, in ONNX 0.23 to 0.76
#> LightGBM, three processes: off by up to 0.00; from 0.03 to 0.91, in ONNX 0.03 to 0.91
#> LightGBM, objective=multiclassova: off by up to 0.21; from 0.04 to 0.90, in ONNX 0.01 to 0.98
#> LightGBM, energy: off by up to 0.00; from 0.56 to 2.51, in ONNX 0.56 to 2.51
#> LightGBM, energy, reg_sqrt=True: off by up to 0.85; from 0.51 to 2.40, in ONNX 0.71 to 1.55
#> XGBoost, energy: off by up to 0.00; from 0.33 to 3.65, in ONNX 0.33 to 3.65
#> XGBoost, fraction of signal, reg:logistic: off by up to 2.38; from 0.07 to 0.94, in ONNX -2.08 to 3.33
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: onnxmltools==1.16.0 skl2onnx==1.20.0 onnx==1.23.2 onnxruntime==1.32.0 protobuf==6.33.6 lightgbm==4.7.0 xgboost-cpu==3.2.0 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import lightgbm
import numpy as np
import onnxmltools
import onnxruntime
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

random = np.random.default_rng(0)
features = random.normal(0.0, 1.0, (3000, 3)).astype(np.float32)
likeness = features[:, 0] + 0.5 * features[:, 1] + random.normal(0.0, 1.0, 3000)
signal, process = (likeness > 0.3).astype(int), np.digitize(likeness, [-0.5, 1.0])
energy, fraction = np.exp(0.3 * likeness), 1 / (1 + np.exp(-likeness))
light, xg = {"n_estimators": 20, "n_jobs": 1, "verbose": -1}, {"n_estimators": 20, "n_jobs": 1}

for name, model, target in (
    ("LightGBM, signal or background", lightgbm.LGBMClassifier(**light), signal),
    ("LightGBM, sigmoid=2", lightgbm.LGBMClassifier(**light, sigmoid=2.0), signal),
    ("LightGBM, three processes", lightgbm.LGBMClassifier(**light), process),
    ("LightGBM, objective=multiclassova", lightgbm.LGBMClassifier(**light, objective="multiclassova"), process),
    ("LightGBM, energy", lightgbm.LGBMRegressor(**light), energy),
    ("LightGBM, energy, reg_sqrt=True", lightgbm.LGBMRegressor(**light, reg_sqrt=True), energy),
    ("XGBoost, energy", xgboost.XGBRegressor(**xg), energy),
    ("XGBoost, fraction of signal, reg:logistic", xgboost.XGBRegressor(**xg, objective="reg:logistic"), fraction),
):
    model.fit(features, target)
    here = getattr(model, "predict_proba", model.predict)(features).reshape(3000, -1)[:, -1]
    types = [("x", FloatTensorType([None, 3]))]
    if name.startswith("XGBoost"):
        exported = onnxmltools.convert_xgboost(model, initial_types=types)
    else:
        exported = onnxmltools.convert_lightgbm(model, initial_types=types, zipmap=False)
    session = onnxruntime.InferenceSession(exported.SerializeToString(), providers=["CPUExecutionProvider"])
    there = session.run(None, {"x": features})[-1].reshape(3000, -1)[:, -1]
    print(f"{name}: off by up to {np.abs(there - here).max():.2f}; "
          f"from {here.min():.2f} to {here.max():.2f}, in ONNX {there.min():.2f} to {there.max():.2f}")
END
cat seen
diff expected seen || { echo "onnxmltools-leaves-out-the-last-step-of-some-scores: the behaviour has changed" >&2; exit 1; }
