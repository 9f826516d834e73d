#!/usr/bin/env bash
# Quantized by ONNX Runtime, an event's score depends on the other events of its batch.
#
# Guessed: quantize_dynamic, made for networks like this, moves scores by less than 0.05, each event's by itself.
# What happens: the step of the 8-bit activations is found anew for each batch, from its largest and smallest number over
# all events and features. An event scored by itself is right to 0.01; the same event in a batch with one event
# of a transverse momentum of 5 TeV moves by more than 0.1, and so do all others, in a network that standardises
# its inputs itself. With the standardisation folded into the first weights, features in GeV and a
# b-tag share one step, and scores move by more than 0.2 in any batch with a hard event.
# Why it matters: scores, limits and a trigger's decision are not reproducible, and change with the size and order of
# the batches. quantize_static has steps that are fixed beforehand.
#
# Versions: onnxruntime==1.32.0, onnx==1.23.2, scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> standardises, floats, the same events off by up to: one by one below 0.03, 200 at once below 0.03, and one of 5 TeV below 0.03
#> standardises, quantized, the same events off by up to: one by one below 0.03, 200 at once below 0.03, and one of 5 TeV below 0.2
#> folded, floats, the same events off by up to: one by one below 0.03, 200 at once below 0.03, and one of 5 TeV below 0.03
#> folded, quantized, the same events off by up to: one by one below 0.2, 200 at once below 0.2, and one of 5 TeV above 0.2
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: onnxruntime==1.32.0 onnx==1.23.2 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic
from sklearn.neural_network import MLPClassifier

random = np.random.default_rng(0)
signal = random.integers(0, 2, 20000)
features = np.stack([
    random.exponential(50.0, 20000) * (1.0 + 0.5 * signal),  # transverse momentum in GeV
    random.normal(0.0, 1.5, 20000) * (1.0 - 0.3 * signal),  # pseudorapidity
    random.choice([0.0, 1.0865, 2.173], 20000) * (signal | random.integers(0, 2, 20000)),  # b-tag
    random.normal(90.0, 20.0, 20000) + 20.0 * signal,  # mass in GeV
], axis=1).astype(np.float32)
hard = np.array([[5000.0, 0.1, 0.0, 110.0]], np.float32)
mean, spread = features.mean(axis=0), features.std(axis=0)
model = MLPClassifier((32, 32), max_iter=15, random_state=0).fit((features - mean) / spread, signal)
weights, biases = model.coefs_, model.intercepts_


def write(name, nodes, first, bias):
    constants = {"mean": mean, "spread": spread, "w0": first, "b0": bias,
                 "w1": weights[1], "b1": biases[1], "w2": weights[2], "b2": biases[2]}
    used = {each for node in nodes for each in node.input}
    graph = helper.make_graph(
        nodes, "graph",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["events", 4])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["events", 1])],
        [numpy_helper.from_array(np.asarray(v, np.float32), k) for k, v in constants.items() if k in used],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), name)


def layers(x):
    node = helper.make_node
    return [
        node("MatMul", [x, "w0"], ["m0"]), node("Add", ["m0", "b0"], ["h0"]), node("Relu", ["h0"], ["a0"]),
        node("MatMul", ["a0", "w1"], ["m1"]), node("Add", ["m1", "b1"], ["h1"]), node("Relu", ["h1"], ["a1"]),
        node("MatMul", ["a1", "w2"], ["m2"]), node("Add", ["m2", "b2"], ["h2"]), node("Sigmoid", ["h2"], ["y"]),
    ]


def word(size):
    return next((f"below {limit}" for limit in (0.03, 0.1, 0.2) if size < limit), "above 0.2")


standardise = [helper.make_node("Sub", ["x", "mean"], ["centred"]), helper.make_node("Div", ["centred", "spread"], ["z"])]
write("standardises.onnx", [*standardise, *layers("z")], weights[0], biases[0])
write("folded.onnx", layers("x"), weights[0] / spread[:, None], biases[0] - (mean / spread) @ weights[0])
events = features[:200]
for name in ("standardises", "folded"):
    quantize_dynamic(f"{name}.onnx", "quantized.onnx")
    for title, path in (("floats", f"{name}.onnx"), ("quantized", "quantized.onnx")):
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        scores = {
            "one by one": np.concatenate([session.run(None, {"x": event[None]})[0] for event in events]),
            "200 at once": session.run(None, {"x": events})[0],
            "and one of 5 TeV": session.run(None, {"x": np.concatenate([events, hard])})[0][:200],
        }
        if title == "floats":
            right = scores["one by one"]
        print(f"{name}, {title}, the same events off by up to:",
              ", ".join(f"{how} {word(np.abs(found - right).max())}" for how, found in scores.items()))
END
cat seen
diff expected seen || { echo "onnxruntime-quantized-scores-depend-on-the-batch: the behaviour has changed" >&2; exit 1; }
