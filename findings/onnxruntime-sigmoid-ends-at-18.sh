#!/usr/bin/env bash
# ONNX Runtime's sigmoid is 0 below -18, so the score of a sure background event is 0 and its logarithm -inf.
#
# Guessed: a network exported from PyTorch has PyTorch's numbers in ONNX Runtime, to the rounding of float32; its
# log-sigmoid too.
# What happens: the sigmoid of -20 is 0, where float32 holds 2.06e-9 and far smaller numbers; at -17 it is twice what it
# should be, at -15 17 % too large. float64 is right to -36 or so. The same formula written out as 1 / (1 + exp(-x)),
# Softplus and the softmax of (x, 0) are right. PyTorch's export writes a log-sigmoid as Log of Sigmoid, so it is -inf
# there.
# Why it matters: searches cut where one background event in 10^8 is left, and take likelihood ratios, log(s / (1 - s))
# of scores. Down there scores are a few steps, then 0. Export the network without its sigmoid.
#
# Versions: onnxruntime==1.32.0, onnx==1.23.2, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> logit: -5 -10 -15 -17 -18.5 -20 -40 -80
#> exact: 6.69e-03 4.54e-05 3.06e-07 4.14e-08 9.24e-09 2.06e-09 4.25e-18 1.80e-35
#> Sigmoid, float32: 6.69e-03 4.54e-05 3.58e-07 8.94e-08 0.00e+00 0.00e+00 0.00e+00 0.00e+00
#> Sigmoid, float64: 6.69e-03 4.54e-05 3.06e-07 4.14e-08 9.24e-09 2.06e-09 0.00e+00 0.00e+00
#> 1 / (1 + exp(-x)), float32: 6.69e-03 4.54e-05 3.06e-07 4.14e-08 9.24e-09 2.06e-09 4.25e-18 1.80e-35
#> Softmax of (x, 0), float32: 6.69e-03 4.54e-05 3.06e-07 4.14e-08 9.24e-09 2.06e-09 4.25e-18 1.80e-35
#> Log of Sigmoid, float32: -5.007 -10 -14.84 -16.23 -inf -inf -inf -inf
#> -Softplus(-x), float32: -5.007 -10 -15 -17 -18.5 -20 -40 -80
#> different scores of 100,001 logits from -19 to -16: fewer than 20
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def run(steps, x, kind=TensorProto.FLOAT):
    constants = {"one": 1, "row": [1, 0]}
    graph = helper.make_graph(
        [helper.make_node(name, given.split(), [made]) for name, given, made in steps],
        "graph",
        [helper.make_tensor_value_info("x", kind, [None, 1])],
        [helper.make_tensor_value_info("y", kind, None)],
        [numpy_helper.from_array(np.array(value, x.dtype), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0][:, 0]


x = np.array([[-5.0], [-10.0], [-15.0], [-17.0], [-18.5], [-20.0], [-40.0], [-80.0]], np.float32)
sigmoid = [("Sigmoid", "x", "y")]
formula = [("Neg", "x", "a"), ("Exp", "a", "b"), ("Add", "b one", "c"), ("Reciprocal", "c", "y")]
softmax = [("Mul", "x row", "a"), ("Softmax", "a", "y")]
logarithm = [("Sigmoid", "x", "a"), ("Log", "a", "y")]
softplus = [("Neg", "x", "a"), ("Softplus", "a", "b"), ("Neg", "b", "y")]


def show(numbers, form=".2e"):
    return " ".join(format(float(number), form) for number in numbers)


print("logit:", show(x[:, 0], ".4g"))
print("exact:", show(1 / (1 + np.exp(-x[:, 0].astype(np.float64)))))
print("Sigmoid, float32:", show(run(sigmoid, x)))
print("Sigmoid, float64:", show(run(sigmoid, x.astype(np.float64), TensorProto.DOUBLE)))
print("1 / (1 + exp(-x)), float32:", show(run(formula, x)))
print("Softmax of (x, 0), float32:", show(run(softmax, x)))
print("Log of Sigmoid, float32:", show(run(logarithm, x), ".4g"))
print("-Softplus(-x), float32:", show(run(softplus, x), ".4g"))
scores = run(sigmoid, np.linspace(-19, -16, 100_001, dtype=np.float32)[:, None])
print("different scores of 100,001 logits from -19 to -16:", "fewer than 20" if len(np.unique(scores)) < 20 else "many")
END
cat seen
diff expected seen || { echo "onnxruntime-sigmoid-ends-at-18: the behaviour has changed" >&2; exit 1; }
