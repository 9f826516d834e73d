#!/usr/bin/env bash
# coffea's Weights.add turns the arrays of a variation into ratios, in the caller's own memory.
#
# Guessed: weights.add("trigger", nominal, up, down) reads its arguments.
# What happens: up and down are divided by the nominal weight in place. The same arrays given to a second
# Weights, for the next region or channel, are divided once more, and its variations are wrong; the first is
# right. The nominal array stays as it was. An integer array raises instead of that.
# Why it matters: scale factors are looked up once an event and handed to a Weights for each region. Signal
# and control region then get different systematic variations, without a warning.
#
# Versions: coffea==2026.9.0, awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> before: nominal [0.5, 0.8], up [0.6, 1.0], down [0.4, 0.7]
#> signal region, triggerUp: [0.6, 1.0]
#> signal region, triggerDown: [0.4, 0.7]
#> control region, triggerUp: [1.2, 1.25]
#> control region, triggerDown: [0.8, 0.875]
#> after: nominal [0.5, 0.8], up [2.4, 1.5625], down [1.6, 1.0937]
#> an integer array: UFuncTypeError
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: coffea==2026.9.0 awkward==2.14.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from coffea.analysis_tools import Weights

nominal, up, down = np.array([0.5, 0.8]), np.array([0.6, 1.0]), np.array([0.4, 0.7])
print(f"before: nominal {nominal.tolist()}, up {up.tolist()}, down {down.tolist()}")
for region in ("signal region", "control region"):
    weights = Weights(2)
    weights.add("trigger", nominal, up, down)
    for variation in ("triggerUp", "triggerDown"):
        print(f"{region}, {variation}:", weights.weight(variation).round(4).tolist())
print(f"after: nominal {nominal.tolist()}, up {up.round(4).tolist()}, down {down.round(4).tolist()}")
try:
    Weights(2).add("count", np.array([2.0, 1.0]), np.array([3, 2]))
    print("an integer array: no error")
except TypeError as error:
    print(f"an integer array: {type(error).__name__}")
END
cat seen
diff expected seen || { echo "coffea-weights-change-the-arrays-they-are-given: the behaviour has changed" >&2; exit 1; }
