#!/usr/bin/env bash
# A LightGBM model that takes zeros for missing takes them for numbers in treelite and ONNX.
#
# Guessed: a model trained with zero_as_missing=True gives the same scores once exported, or the export raises.
# What happens: LightGBM sends an event with a zero to the side it learnt for missing values; the exported
# model compares the zero with the cut, without a warning. Scores are off by up to 0.18, and 5 % of the events
# change sides at 0.5, with zeros in a third of the events. m2cgen raises. In LightGBM's own file the zeros stay
# missing.
# Why it matters: tables of events have a zero for the second lepton or third jet that isn't there, which is what
# the setting is for. Write NaN in such places, which all of them export.
#
# Versions: lightgbm==4.7.0, onnxmltools==1.16.0, skl2onnx==1.20.0, onnx==1.23.2, onnxruntime==1.32.0, protobuf==6.33.6, treelite==4.8.1, m2cgen==0.10.0, scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> zeros are numbers
#>   onnxmltools: largest difference of a score 0.00, 0.0 % on the other side of 0.5
#>   m2cgen: largest difference of a score 0.00, 0.0 % on the other side of 0.5
#>   treelite: largest difference of a score 0.00, 0.0 % on the other side of 0.5
#> zeros are missing
#>   onnxmltools: largest difference of a score 0.18, 5.0 % on the other side of 0.5
#>   m2cgen: ValueError
#>   treelite: largest difference of a score 0.18, 5.0 % on the other side of 0.5
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: lightgbm==4.7.0 onnxmltools==1.16.0 skl2onnx==1.20.0 onnx==1.23.2 onnxruntime==1.32.0 protobuf==6.33.6 treelite==4.8.1 m2cgen==0.10.0 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import lightgbm
import m2cgen
import numpy as np
import onnxmltools
import onnxruntime
import treelite
from onnxmltools.convert.common.data_types import FloatTensorType

random = np.random.default_rng(0)
features = random.normal(0.0, 1.0, (3000, 3)).astype(np.float32)
features[:, 1] *= random.uniform(0.0, 1.0, 3000) > 0.3  # 0 where there is no second lepton
signal = (features[:, 0] + 0.5 * features[:, 1] + random.normal(0.0, 1.0, 3000) > 0).astype(int)


def by_onnxmltools(model):
    exported = onnxmltools.convert_lightgbm(model, initial_types=[("x", FloatTensorType([None, 3]))], zipmap=False)
    session = onnxruntime.InferenceSession(exported.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": features})[1][:, 1]


def by_m2cgen(model):
    module = {}
    exec(m2cgen.export_to_python(model), module)
    return np.array([module["score"](event.tolist())[1] for event in features])


def by_treelite(model):
    exported = treelite.frontend.from_lightgbm(model.booster_)
    return treelite.gtil.predict(exported, features.astype(np.float64)).reshape(-1)


for zero in (False, True):
    model = lightgbm.LGBMClassifier(n_estimators=20, zero_as_missing=zero, n_jobs=1, verbose=-1).fit(features, signal)
    here = model.predict_proba(features)[:, 1]
    print("zeros are missing" if zero else "zeros are numbers")
    for name, export in (("onnxmltools", by_onnxmltools), ("m2cgen", by_m2cgen), ("treelite", by_treelite)):
        try:
            there = export(model)
        except ValueError as error:
            print(f"  {name}: {type(error).__name__}")
            continue
        print(f"  {name}: largest difference of a score {np.abs(there - here).max():.2f}, "
              f"{100 * np.mean((there > 0.5) != (here > 0.5)):.1f} % on the other side of 0.5")
END
cat seen
diff expected seen || { echo "lightgbm-zeros-taken-for-missing-are-numbers-once-exported: the behaviour has changed" >&2; exit 1; }
