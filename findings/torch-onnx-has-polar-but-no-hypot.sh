#!/usr/bin/env bash
# torch.onnx exports torch.polar and torch.atan2, but not torch.hypot.
#
# Guessed: hypot exports like atan2 beside it: it is the square root of two squares, and has been in PyTorch
# since 1.7. (What was thought likely to fail was polar, whose result is complex.)
# What happens: hypot (and copysign) end in a ConversionError, because no ONNX function is known for a part of them; atan2, polar,
# vector_norm and the written-out root export, and give what PyTorch gives.
# Why it matters: momenta in x and y are turned into a transverse momentum and an azimuth by hypot and atan2,
# in every model that adds objects of an event. The remedy is (x * x + y * y).sqrt(), or vector_norm.
#
# Versions: torch==2.13.0, onnx==1.23.2, onnxscript==0.7.2, onnxruntime==1.32.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> atan2 as PyTorch
#> polar as PyTorch
#> vector_norm as PyTorch
#> root of squares as PyTorch
#> hypot ConversionError: No ONNX function found for prims.hypot
#> copysign ConversionError: No ONNX function found for prims.signbit
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: torch==2.13.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 numpy==2.4.6

cd "$work"
cat > export.py <<'END'
import logging
import re
import sys

import numpy as np
import onnxruntime
import torch

logging.disable(logging.CRITICAL)
OPERATIONS = {
    "atan2": torch.atan2,
    "polar": lambda x, y: torch.view_as_real(torch.polar(x, y)),
    "vector_norm": lambda x, y: torch.linalg.vector_norm(torch.stack([x, y]), dim=0),
    "root of squares": lambda x, y: (x * x + y * y).sqrt(),
    "hypot": torch.hypot,
    "copysign": torch.copysign,
}


class Model(torch.nn.Module):
    def __init__(self, operation):
        super().__init__()
        self.operation = operation

    def forward(self, x, y):
        return self.operation(x, y)


x, y = torch.tensor([30.0, -4.0, 0.5]), torch.tensor([40.0, 3.0, -1.2])
for name, operation in OPERATIONS.items():
    try:
        program = torch.onnx.export(Model(operation), (x, y), dynamo=True, verbose=False)
    except torch.onnx.errors.OnnxExporterError as error:
        causes = ""
        while error is not None:
            causes, kind, error = causes + str(error), type(error).__name__, error.__cause__
        missing = re.search(r"No ONNX function found for <OpOverload\(op='(\w+)[.](\w+)', overload='(\w+)'\)", causes)
        space, op, overload = missing.groups()
        found = f"{space}.{op}" + ("" if overload == "default" else f".{overload}")
        print(name, f"ConversionError: No ONNX function found for {found}")
        continue
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    inputs = dict(zip((each.name for each in session.get_inputs()), (x.numpy(), y.numpy())))
    (got,) = session.run(None, inputs)
    print(name, "as PyTorch" if np.allclose(got, operation(x, y).numpy()) else f"other than PyTorch: {got}")
END
OMP_NUM_THREADS=1 venv/bin/python -W ignore export.py 2> errors | grep -v '^\[torch.onnx\]' > seen || { cat errors >&2; exit 1; }
cat seen
diff expected seen || { echo "torch-onnx-has-polar-but-no-hypot: the behaviour has changed" >&2; exit 1; }
