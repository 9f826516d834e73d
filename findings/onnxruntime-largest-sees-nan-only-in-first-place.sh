#!/usr/bin/env bash
# In ONNX Runtime the largest of an event's jets is NaN if the first jet is, and passes over NaN if another is.
#
# Guessed: ReduceMax, ReduceMin and ArgMax, which PyTorch's export writes for amax, amin and argmax, give NaN and its
# place for an event with a NaN in it, as PyTorch and NumPy do.
# What happens: NaN in the first place gives NaN, in most other places the largest of the rest; with more than eight
# numbers a few further places count, by the width of the processor's registers. ArgMax points to the largest of the
# rest, or to a NaN in the first place. MaxPool passes over NaN in most places too. Max of two arrays and ReduceSum give
# NaN wherever it is.
# Why it matters: a jet that failed has a momentum of NaN. Pooling by the largest value, as networks on jets do, drops it
# in ONNX Runtime and not in PyTorch, or keeps it: the score then depends on the order of the jets.
#
# Versions: onnxruntime==1.32.0, onnx==1.23.2, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> 3 jets, NaN in place 0, 1, ...
#>   NumPy: max [nan nan nan] argmax [0 1 2]
#>   ReduceMax [nan 30. 20.] ReduceMin [nan 10. 10.]
#>   ArgMax [0 2 1]
#>   MaxPool [30. 30. 20.]
#>   ReduceSum [nan nan nan] Max(x, 0) [nan nan nan]
#> 4 jets, NaN in place 0, 1, ...
#>   NumPy: max [nan nan nan nan] argmax [0 1 2 3]
#>   ReduceMax [nan 30. 40. 30.] ReduceMin [nan 10. 10. 10.]
#>   ArgMax [0 3 3 2]
#>   MaxPool [40. 40. 40. nan]
#>   ReduceSum [nan nan nan nan] Max(x, 0) [nan nan nan nan]
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


def run(kind, x, more="", **settings):
    graph = helper.make_graph(
        [helper.make_node(kind, ["x", *more.split()], ["y"], **settings)],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(x.shape))],
        [helper.make_tensor_value_info("y", TensorProto.INT64 if kind == "ArgMax" else TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.array([1]), "axis"), numpy_helper.from_array(np.zeros_like(x), "zero")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


for count in (3, 4):
    jets = np.tile(np.arange(10, 10 * count + 1, 10, dtype=np.float32), (count, 1))
    np.fill_diagonal(jets, np.nan)  # event i has a NaN in place i
    print(f"{count} jets, NaN in place 0, 1, ...")
    print("  NumPy: max", jets.max(axis=1), "argmax", jets.argmax(axis=1))
    print("  ReduceMax", run("ReduceMax", jets, "axis", keepdims=0), "ReduceMin", run("ReduceMin", jets, "axis", keepdims=0))
    print("  ArgMax", run("ArgMax", jets, axis=1, keepdims=0))
    print("  MaxPool", run("MaxPool", jets[:, None], kernel_shape=[count])[:, 0, 0])
    print("  ReduceSum", run("ReduceSum", jets, "axis", keepdims=0), "Max(x, 0)", run("Max", jets, "zero")[np.diag_indices(count)])
END
cat seen
diff expected seen || { echo "onnxruntime-largest-sees-nan-only-in-first-place: the behaviour has changed" >&2; exit 1; }
