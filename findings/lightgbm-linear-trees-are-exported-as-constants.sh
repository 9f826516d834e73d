#!/usr/bin/env bash
# Of LightGBM's linear trees onnxmltools and m2cgen export the constants and leave out the slopes.
#
# Guessed: a model with linear_tree=True gives the same scores once exported, or the export raises.
# What happens: each leaf holds a line in the features; what is exported is the number a leaf of a common tree
# would hold. Scores are off by up to 0.21, and 3.4 % of the events change sides at a cut of 0.5. No warning.
# treelite raises.
# Why it matters: linear trees are LightGBM's means for smooth dependences such as that on a momentum, and the
# exported model runs where no one compares it any more. The scores look plausible.
#
# Versions: lightgbm==4.7.0, onnxmltools==1.16.0, skl2onnx==1.20.0, onnx==1.23.2, onnxruntime==1.32.0, protobuf==6.33.6, scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6, m2cgen==0.10.0, treelite==4.8.1
# Seen on 2026-11-27 (the script compares with these lines):
#> trees of constants
#>   onnxmltools: largest difference of a score 0.00, 0.0 % on the other side of 0.5
#>   m2cgen: largest difference of a score 0.00, 0.0 % on the other side of 0.5
#>   treelite: largest difference of a score 0.00, 0.0 % on the other side of 0.5
#> linear trees
#>   onnxmltools: largest difference of a score 0.21, 3.4 % on the other side of 0.5
#>   m2cgen: largest difference of a score 0.21, 3.4 % on the other side of 0.5
#>   treelite: TreeliteError
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: lightgbm==4.7.0 onnxmltools==1.16.0 skl2onnx==1.20.0 onnx==1.23.2 onnxruntime==1.32.0 protobuf==6.33.6 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6 m2cgen==0.10.0 treelite==4.8.1

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


for linear in (False, True):
    model = lightgbm.LGBMClassifier(n_estimators=20, linear_tree=linear, n_jobs=1, verbose=-1).fit(features, signal)
    here = model.predict_proba(features)[:, 1]
    print("linear trees" if linear else "trees of constants")
    for name, export in (("onnxmltools", by_onnxmltools), ("m2cgen", by_m2cgen), ("treelite", by_treelite)):
        try:
            there = export(model)
        except treelite.TreeliteError as error:
            print(f"  {name}: {type(error).__name__}")
            continue
        print(f"  {name}: largest difference of a score {np.abs(there - here).max():.2f}, "
              f"{100 * np.mean((there > 0.5) != (here > 0.5)):.1f} % on the other side of 0.5")
END
cat seen
diff expected seen || { echo "lightgbm-linear-trees-are-exported-as-constants: the behaviour has changed" >&2; exit 1; }
