#!/usr/bin/env bash
# An event of nominal weight 0 has the weight 0 in every variation of coffea's Weights, whatever was given.
#
# Guessed: add("trigger", nominal, weightUp=up) stores up, so weight("triggerUp") is up times the other
# weights.
# What happens: up is stored as a ratio to the nominal weight. Where that is 0 the variation comes back as 0,
# whether it was given outright or as a shift. If only up is given and is 0 there as well, the mirrored
# "triggerDown" is NaN, and so is the bin of a histogram it falls into.
# Why it matters: scale factors are clipped to 0 at nominal, for pile-up and for the thresholds of a trigger,
# just where the variation is largest. The uncertainty loses these events, or all of their bin.
#
# Versions: coffea==2026.9.0, awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> up and down: nominal [10.0, 5.0, 0.0, 0.0], up given as [12.0, 9.0, 4.0, 0.0]
#>   triggerUp: [12.0, 9.0, 0.0, 0.0]
#>   triggerDown: [8.0, 1.0, 0.0, 0.0]
#> shifts: nominal [10.0, 5.0, 0.0, 0.0], up given as [12.0, 9.0, 4.0, 0.0]
#>   triggerUp: [12.0, 9.0, 0.0, 0.0]
#>   triggerDown: [8.0, 1.0, 0.0, 0.0]
#> up alone: nominal [10.0, 5.0, 0.0, 0.0], up given as [12.0, 9.0, 4.0, 0.0]
#>   triggerUp: [12.0, 9.0, 0.0, 0.0]
#>   triggerDown: [8.333, 2.778, 0.0, nan]
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

nominal = np.array([1.0, 0.5, 0.0, 0.0])
up = np.array([1.2, 0.9, 0.4, 0.0])
down = np.array([0.8, 0.1, 0.0, 0.0])
for name, options in (
    ("up and down", {"weightUp": up.copy(), "weightDown": down.copy()}),
    ("shifts", {"weightUp": up - nominal, "weightDown": nominal - down, "shift": True}),
    ("up alone", {"weightUp": up.copy()}),
):
    weights = Weights(4)
    weights.add("generator", np.full(4, 10.0))
    weights.add("trigger", nominal, **options)
    print(f"{name}: nominal {weights.weight().tolist()}, up given as {(10 * up).tolist()}")
    for variation in ("triggerUp", "triggerDown"):
        print(f"  {variation}:", [float(round(weight, 3)) for weight in weights.weight(variation)])
END
cat seen
diff expected seen || { echo "coffea-weight-of-zero-has-no-variation: the behaviour has changed" >&2; exit 1; }
