#!/usr/bin/env bash
# Exported to ONNX, the mean of an event's jets by scatter_reduce is its last jet.
#
# Guessed: torch.onnx.export writes scatter_reduce(..., "mean") so that ONNX Runtime gives the same, or raises, as it
# does for index_reduce; ONNX has no mean among the reductions of ScatterElements.
# What happens: it writes ScatterElements without a reduction. Each jet overwrites the one before, and the last one of
# each event is left, with include_self or without; an event without jets is right. The other four reductions are right.
# The export's own check (verify=True) logs a difference and goes on; without it nothing is said.
# Why it matters: this is how graph and set networks average over the jets or particles of an event. The exported
# network runs, with plausible scores that depend on the order of the particles.
#
# Versions: torch==2.13.0, onnx==1.23.2, onnxscript==0.7.2, onnxruntime==1.32.0, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> mean, include_self=False: torch [53.3, 75.0, 0.0, -20.0], ONNX [50.0, 60.0, 0.0, -20.0]
#> mean, include_self=True: torch [40.0, 50.0, 0.0, -10.0], ONNX [50.0, 60.0, 0.0, -20.0]
#> sum, include_self=False: torch [160.0, 150.0, 0.0, -20.0], ONNX [160.0, 150.0, 0.0, -20.0]
#> sum, include_self=True: torch [160.0, 150.0, 0.0, -20.0], ONNX [160.0, 150.0, 0.0, -20.0]
#> amax, include_self=False: torch [80.0, 90.0, 0.0, -20.0], ONNX [80.0, 90.0, 0.0, -20.0]
#> amax, include_self=True: torch [80.0, 90.0, 0.0, 0.0], ONNX [80.0, 90.0, 0.0, 0.0]
#> amin, include_self=False: torch [30.0, 60.0, 0.0, -20.0], ONNX [30.0, 60.0, 0.0, -20.0]
#> amin, include_self=True: torch [0.0, 0.0, 0.0, -20.0], ONNX [0.0, 0.0, 0.0, -20.0]
#> prod, include_self=False: torch [120000.0, 5400.0, 0.0, -20.0], ONNX [120000.0, 5400.0, 0.0, -20.0]
#> prod, include_self=True: torch [0.0, 0.0, 0.0, -0.0], ONNX [0.0, 0.0, 0.0, -0.0]
#> index_reduce, mean: ConversionError
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

logging.disable(logging.CRITICAL)


class Events(torch.nn.Module):
    def __init__(self, reduction, include_self):
        super().__init__()
        self.how = {"reduce": reduction, "include_self": include_self}

    def forward(self, pt, event):
        return pt.new_zeros(4).scatter_reduce(0, event, pt, **self.how)


class Indexed(torch.nn.Module):
    def forward(self, pt, event):
        return pt.new_zeros(4).index_reduce(0, event, pt, "mean", include_self=False)


pt, event = torch.tensor([30.0, 80, 50, 90, 60, -20]), torch.tensor([0, 0, 0, 1, 1, 3])
for reduction in ("mean", "sum", "amax", "amin", "prod"):
    for include_self in (False, True):
        model = Events(reduction, include_self)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            number = {0: torch.export.Dim("jets")}
            program = torch.onnx.export(model, (pt, event), dynamo=True, dynamic_shapes=(number, number))
        program.save("model.onnx")
        session = onnxruntime.InferenceSession("model.onnx")
        names = [given.name for given in session.get_inputs()]
        (found,) = session.run(None, dict(zip(names, (pt.numpy(), event.numpy()))))
        print(f"{reduction}, include_self={include_self}: torch {[round(x, 1) for x in model(pt, event).tolist()]}, ONNX {found.tolist()}")
try:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        torch.onnx.export(Indexed(), (pt, event), dynamo=True)
    print("index_reduce is exported")
except Exception as error:
    print("index_reduce, mean:", type(error).__name__)
END
cat seen
diff expected seen || { echo "torch-onnx-mean-of-jets-is-the-last-jet: the behaviour has changed" >&2; exit 1; }
