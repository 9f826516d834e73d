#!/usr/bin/env bash
# OpenVINO gives an event with NaN in it a plausible score: its ReLU makes 0 of NaN.
#
# Guessed: NaN in a feature ends as NaN in the score, as in ONNX Runtime on the same file and in NumPy.
# What happens: on a CPU OpenVINO's Relu, Celu, Max, Min and Clip make 0 of NaN and HardSigmoid 1, so a network with
# such activations has finite scores for every event, whatever was missing: one whose features are all NaN is
# scored as one whose first layer was silent. Exp makes infinity of it. With SiLU (x times a sigmoid), Tanh, Elu
# and Gelu NaN stays NaN. ONNX Runtime keeps NaN in all of them.
# Why it matters: NaN in the score is how one learns that a feature was not filled (no second jet, a failed fit,
# a column read wrongly). Served by OpenVINO such events pass as background or signal. Check for NaN beforehand.
#
# Versions: openvino==2026.4.1, onnx==1.23.2, onnxruntime==1.32.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> Relu of NaN: OpenVINO 0.0, ONNX Runtime nan
#> Celu of NaN: OpenVINO 0.0, ONNX Runtime nan
#> Elu of NaN: OpenVINO nan, ONNX Runtime nan
#> Tanh of NaN: OpenVINO nan, ONNX Runtime nan
#> Exp of NaN: OpenVINO inf, ONNX Runtime nan
#> HardSigmoid of NaN: OpenVINO 1.0, ONNX Runtime nan
#> Max(NaN, 2): OpenVINO 2.0, ONNX Runtime nan
#> Min(NaN, 2): OpenVINO 2.0, ONNX Runtime nan
#> Clip(NaN, 1, 6): OpenVINO 1.0, ONNX Runtime nan
#> network, whole events: OpenVINO 0.583 0.450 0.400, ONNX Runtime 0.583 0.450 0.400
#> network, one feature NaN: OpenVINO 0.500 0.500 0.500, ONNX Runtime nan nan nan
#> network, all features NaN: OpenVINO 0.500 0.500 0.500, ONNX Runtime nan nan nan
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: openvino==2026.4.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import helper, numpy_helper


def scores(nodes, x, columns=3, **constants):
    """What OpenVINO and ONNX Runtime make of x, whose result is called y, with the same file."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, list(x.shape))],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [len(x), columns])],
        [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, "model.onnx")
    compiled = openvino.Core().compile_model("model.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    return np.ravel(compiled([x])[0]), np.ravel(session.run(None, {"x": x})[0])


nan = np.full((1, 3), np.nan, np.float32)
for name in ("Relu", "Celu", "Elu", "Tanh", "Exp", "HardSigmoid"):
    ours, other = scores([helper.make_node(name, ["x"], ["y"])], nan)
    print(f"{name} of NaN: OpenVINO {ours[0]}, ONNX Runtime {other[0]}")
for name, title, numbers in (("Max", "Max(NaN, 2)", [2.0]), ("Min", "Min(NaN, 2)", [2.0]), ("Clip", "Clip(NaN, 1, 6)", [1.0, 6.0])):
    constants = {f"number{i}": number for i, number in enumerate(numbers)}
    ours, other = scores([helper.make_node(name, ["x", *constants], ["y"])], nan, **constants)
    print(f"{title}: OpenVINO {ours[0]}, ONNX Runtime {other[0]}")

random = np.random.default_rng(0)
network = [
    helper.make_node("Gemm", ["x", "w1", "b1"], ["h"]),
    helper.make_node("Relu", ["h"], ["a"]),
    helper.make_node("Gemm", ["a", "w2", "b2"], ["logit"]),
    helper.make_node("Sigmoid", ["logit"], ["y"]),
]
weights = {
    "w1": random.normal(0.0, 0.5, (4, 16)), "b1": np.zeros(16),
    "w2": random.normal(0.0, 0.25, (16, 1)), "b2": np.zeros(1),
}
whole = random.normal(0.0, 1.0, (3, 4)).astype(np.float32)
one, every = whole.copy(), np.full_like(whole, np.nan)
one[:, 2] = np.nan
for title, events in (("whole events", whole), ("one feature NaN", one), ("all features NaN", every)):
    ours, other = (" ".join(f"{score:.3f}" for score in each) for each in scores(network, events, 1, **weights))
    print(f"network, {title}: OpenVINO {ours}, ONNX Runtime {other}")
END
cat seen
diff expected seen || { echo "openvino-takes-nan-for-zero: the behaviour has changed" >&2; exit 1; }
