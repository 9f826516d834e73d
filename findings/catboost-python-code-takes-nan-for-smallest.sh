#!/usr/bin/env bash
# A CatBoost model that takes NaN for the largest value takes it for the smallest once saved as Python code.
#
# Guessed: all formats that save_model writes give the scores of the model, NaN included.
# What happens: with nan_mode="Max" the model itself, its own files and ONNX put NaN above all cuts. The Python
# code compares NaN with each cut, which is false, and so goes down as for the smallest value: all events with
# NaN get other scores, off by up to 0.7. With the default, "Min", that is right by chance. No warning.
# Why it matters: code without a dependency is what a model is handed over as. Use the default nan_mode, or write
# a number beyond all others for NaN.
#
# Versions: catboost==1.2.10, onnxruntime==1.32.0, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> nan_mode Min
#>   cbm: off by up to 0.00, 0 % with NaN and 0 % without are off
#>   json: off by up to 0.00, 0 % with NaN and 0 % without are off
#>   onnx: off by up to 0.00, 0 % with NaN and 0 % without are off
#>   python: off by up to 0.00, 0 % with NaN and 0 % without are off
#> nan_mode Max
#>   cbm: off by up to 0.00, 0 % with NaN and 0 % without are off
#>   json: off by up to 0.00, 0 % with NaN and 0 % without are off
#>   onnx: off by up to 0.00, 0 % with NaN and 0 % without are off
#>   python: off by up to 0.71, 100 % with NaN and 0 % without are off
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: catboost==1.2.10 onnxruntime==1.32.0 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import onnxruntime
from catboost import CatBoostClassifier

random = np.random.default_rng(0)
mass = random.normal(0.0, 1.0, (3000, 3)).astype(np.float32)
signal = (mass[:, 0] + mass[:, 1] + random.normal(0.0, 1.0, 3000) > 0).astype(int)
missing = random.uniform(0.0, 1.0, 3000) < 0.2
mass[missing, 1] = np.nan
for mode in ("Min", "Max"):
    model = CatBoostClassifier(iterations=30, nan_mode=mode, thread_count=1, verbose=0, allow_writing_files=False)
    here = model.fit(mass, signal).predict_proba(mass)[:, 1]
    for kind in ("cbm", "json", "onnx", "python"):
        model.save_model(f"model.{kind}", format=kind)
    scores = {kind: CatBoostClassifier().load_model(f"model.{kind}", format=kind).predict_proba(mass)[:, 1]
              for kind in ("cbm", "json")}
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    scores["onnx"] = np.array([each[1] for each in session.run(None, {"features": mass})[1]])
    code = {}
    exec(open("model.python").read(), code)
    raw = np.array([code["apply_catboost_model"](event.tolist()) for event in mass])
    scores["python"] = 1 / (1 + np.exp(-raw))
    print(f"nan_mode {mode}")
    for kind, there in scores.items():
        off = np.abs(there - here)
        with_nan, without = (100 * np.mean(off[events] > 1e-4) for events in (missing, ~missing))
        print(f"  {kind}: off by up to {off.max():.2f}, {with_nan:.0f} % with NaN and {without:.0f} % without are off")
END
cat seen
diff expected seen || { echo "catboost-python-code-takes-nan-for-smallest: the behaviour has changed" >&2; exit 1; }
