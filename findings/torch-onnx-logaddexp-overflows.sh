#!/usr/bin/env bash
# Exported to ONNX, torch.logaddexp is infinite where PyTorch's is finite; log-sigmoid and log_ndtr too.
#
# Guessed: torch.onnx.export writes logaddexp, logsigmoid and special.log_ndtr, which are there not to overflow, so that
# ONNX Runtime gives PyTorch's numbers to float32's rounding.
# What happens: logaddexp becomes the logarithm of the sum of two exponentials, infinite from 89 on and -inf below -104;
# log-sigmoid becomes the logarithm of the sigmoid, -inf below -18 in ONNX Runtime; log_ndtr is -inf or NaN far out.
# logsumexp, logcumsumexp, softplus and log_softmax are right. Nothing is said unless the export is asked to compare
# (verify=True), which logs it.
# Why it matters: log-likelihoods of mixtures and of many measurements are added so, and lie far from 0. Of -300 and -301
# the sum is lost, where logsumexp of the two stacked keeps it.
#
# Versions: torch==2.13.0, onnx==1.23.2, onnxscript==0.7.2, onnxruntime==1.32.0, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> x: 1 50 90 300 -20 -50 -90 -300
#> logaddexp(x, x - 1), torch: 1.3 50.3 90.3 300.3 -19.7 -49.7 -89.7 -299.7
#> logaddexp(x, x - 1), ONNX: 1.3 50.3 inf inf -19.7 -49.7 -89.7 -inf
#> logsumexp of (x, x - 1), torch: 1.3 50.3 90.3 300.3 -19.7 -49.7 -89.7 -299.7
#> logsumexp of (x, x - 1), ONNX: 1.3 50.3 90.3 300.3 -19.7 -49.7 -89.7 -299.7
#> logcumsumexp of (x, x - 1), torch: 1.3 50.3 90.3 300.3 -19.7 -49.7 -89.7 -299.7
#> logcumsumexp of (x, x - 1), ONNX: 1.3 50.3 90.3 300.3 -19.7 -49.7 -89.7 -299.7
#> logsigmoid(x), torch: -0.3 0 0 0 -20 -50 -90 -300
#> logsigmoid(x), ONNX: -0.3 0 0 0 -inf -inf -inf -inf
#> -softplus(-x), torch: -0.3 0 0 0 -20 -50 -90 -300
#> -softplus(-x), ONNX: -0.3 0 0 0 -20 -50 -90 -300
#> log_softmax of (x, 0), torch: -0.3 0 0 0 -20 -50 -90 -300
#> log_softmax of (x, 0), ONNX: -0.3 0 0 0 -20 -50 -90 -300
#> log_ndtr(x / 10), torch: -0.6 0 0 0 -3.8 -15.1 -43.6 -454.3
#> log_ndtr(x / 10), ONNX: -0.6 0 0 0 -3.8 -15 -inf nan
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: torch==2.13.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import contextlib
import io
import logging

import onnxruntime
import torch
import torch.nn.functional as F

logging.disable(logging.CRITICAL)
OPERATIONS = {
    "logaddexp(x, x - 1)": lambda x: torch.logaddexp(x, x - 1),
    "logsumexp of (x, x - 1)": lambda x: torch.logsumexp(torch.stack([x, x - 1]), 0),
    "logcumsumexp of (x, x - 1)": lambda x: torch.logcumsumexp(torch.stack([x, x - 1]), 0)[1],
    "logsigmoid(x)": F.logsigmoid,
    "-softplus(-x)": lambda x: -F.softplus(-x),
    "log_softmax of (x, 0)": lambda x: F.log_softmax(torch.stack([x, 0 * x]), 0)[0],
    "log_ndtr(x / 10)": lambda x: torch.special.log_ndtr(x / 10),
}


class Model(torch.nn.Module):
    def __init__(self, operation):
        super().__init__()
        self.operation = operation

    def forward(self, x):
        return self.operation(x)


x = torch.tensor([1.0, 50, 90, 300, -20, -50, -90, -300])
print("x:", *(f"{value:.6g}" for value in x.tolist()))
for name, operation in OPERATIONS.items():
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        program = torch.onnx.export(Model(operation), (x,), dynamo=True)
    program.save("model.onnx")
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    for title, values in (("torch", operation(x)), ("ONNX", torch.tensor(found))):
        print(f"{name}, {title}:", *(f"{round(value, 1) + 0.0:g}" for value in values.tolist()))
END
cat seen
diff expected seen || { echo "torch-onnx-logaddexp-overflows: the behaviour has changed" >&2; exit 1; }
