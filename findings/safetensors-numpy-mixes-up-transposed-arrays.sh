#!/usr/bin/env bash
# safetensors saves a transposed or strided NumPy array with its numbers in the wrong places.
#
# Guessed: safetensors.numpy makes the array contiguous first, as numpy.save does, or refuses it, as
# safetensors.torch does ("You are trying to save a non contiguous tensor").
# What happens: shape and type are saved, and with them the memory as it lies: the numbers come back in
# another order, and for every second row or one column others come back. No error and no warning.
# np.ascontiguousarray before save helps.
# Why it matters: a matrix of weights out of PyTorch is transposed (.T) for most other libraries, and columns
# of features are a slice of an array of events. The file is valid and the model loads.
#
# Versions: safetensors==0.8.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> as made: [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]] -> [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
#> transposed: [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]] -> [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
#> Fortran order: [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]] -> [[0.0, 3.0, 1.0], [4.0, 2.0, 5.0]]
#> last column: [2.0, 5.0] -> [2.0, 3.0]
#> every second: [0.0, 2.0, 4.0] -> [0.0, 1.0, 2.0]
#> transposed, made contiguous: [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]] -> [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: safetensors==0.8.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from safetensors.numpy import load, save

events = np.arange(6, dtype=np.float32).reshape(2, 3)
for name, array in (
    ("as made", events),
    ("transposed", events.T),
    ("Fortran order", np.asfortranarray(events)),
    ("last column", events[:, 2]),
    ("every second", np.arange(6, dtype=np.float32)[::2]),
    ("transposed, made contiguous", np.ascontiguousarray(events.T)),
):
    back = load(save({"events": array}))["events"]
    print(f"{name}: {array.tolist()} -> {back.tolist()}")
END
cat seen
diff expected seen || { echo "safetensors-numpy-mixes-up-transposed-arrays: the behaviour has changed" >&2; exit 1; }
