#!/usr/bin/env bash
# A network that scales its own inputs in MeV has other scores once OpenVINO has saved it.
#
# Guessed: save_model, which halves the file by default, moves the scores of a network with its own scaler for MeV by
# less than 0.001.
# What happens: save_model writes constants as half precision (compress_to_fp16=True), those of the scaler too. If few of
# them are beyond its largest number, 65,504, they become 65,504: of the means (91,200, 0.1, 1.2) the first, ten of its
# spreads off. Compiled in single precision, the network read back from the file has other scores, by 0.18 on
# average; saved without compressing it is right. Nothing is said. A constant of 0.00000002, as of a multiplication by
# 1 / spread, becomes 0. Means that are all beyond it, or badly rounded below it, are kept in single precision.
# Why it matters: a standardising layer inside the network is the usual safe way to deploy it, and ATLAS's ntuples
# hold MeV beside angles. The check of the converted model before it is saved sees nothing.
#
# Versions: openvino==2026.4.1, onnx==1.23.2, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> 91.2 GeV, two angles: not saved 0.000 (at most 0.00), saved 0.000 (at most 0.00), saved, not compressed 0.000 (at most 0.00)
#> 91,200 MeV, two angles: not saved 0.000 (at most 0.00), saved 0.179 (at most 0.92), saved, not compressed 0.000 (at most 0.00)
#> 172,500 MeV, two angles: not saved 0.000 (at most 0.00), saved 0.170 (at most 0.93), saved, not compressed 0.000 (at most 0.00)
#> 40,000 +- 80,000 MeV, two angles: not saved 0.000 (at most 0.00), saved 0.017 (at most 0.30), saved, not compressed 0.000 (at most 0.00)
#> three of 91,200 MeV: not saved 0.000 (at most 0.00), saved 0.000 (at most 0.00), saved, not compressed 0.000 (at most 0.00)
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: openvino==2026.4.1 onnx==1.23.2 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import onnx
import openvino
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)
weights = {
    "first": random.normal(size=(3, 16)).astype(np.float32),
    "bias": random.normal(size=16).astype(np.float32),
    "last": random.normal(size=(16, 1)).astype(np.float32),
}


def score(name, mean, spread):
    mean, spread = np.float32(mean), np.float32(spread)
    steps = [("Sub", "x mean", "c"), ("Div", "c spread", "z"), ("MatMul", "z first", "h"), ("Add", "h bias", "b")]
    steps += [("Tanh", "b", "a"), ("MatMul", "a last", "o"), ("Sigmoid", "o", "y")]
    constants = weights | {"mean": mean, "spread": spread}
    graph = helper.make_graph(
        [helper.make_node(kind, given.split(), [made]) for kind, given, made in steps],
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), "network.onnx")
    x = mean + spread * random.normal(size=(1000, 3)).astype(np.float32)
    hidden = np.tanh((x - mean) / spread @ weights["first"] + weights["bias"])
    exact = 1 / (1 + np.exp(-hidden @ weights["last"]))
    network = openvino.Core().read_model("network.onnx")
    openvino.save_model(network, "default.xml")
    openvino.save_model(network, "single.xml", compress_to_fp16=False)
    off = {}
    for title, source in (("not saved", "network.onnx"), ("saved", "default.xml"), ("saved, not compressed", "single.xml")):
        model = openvino.Core().compile_model(source, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        off[title] = np.abs(list(model([x]).values())[0] - exact)
    print(name + ":", ", ".join(f"{key} {value.mean():.3f} (at most {value.max():.2f})" for key, value in off.items()))


score("91.2 GeV, two angles", [91.2, 0.1, 1.2], [2.5, 1.1, 1.8])
score("91,200 MeV, two angles", [91_200, 0.1, 1.2], [2_500, 1.1, 1.8])
score("172,500 MeV, two angles", [172_500, 0.1, 1.2], [20_000, 1.1, 1.8])
score("40,000 +- 80,000 MeV, two angles", [40_000, 0.1, 1.2], [80_000, 1.1, 1.8])
score("three of 91,200 MeV", [91_200] * 3, [2_500] * 3)
END
cat seen
diff expected seen || { echo "openvino-saved-network-has-other-scores: the behaviour has changed" >&2; exit 1; }
