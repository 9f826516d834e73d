#!/usr/bin/env bash
# In ftag the working point of 5 million weighted events is off by up to 3 percentage points, by the unit of the weights.
#
# Guessed: the cut of the 70 % working point passes 70 % of the signal, if all events weigh 1 and if all weigh 0.01.
# What happens: the weights are summed up one by one in float32 where their sum is below a million, and in float64
# above. Each step is rounded, and for equal weights always the same way: 0.01 becomes 0.0078 or 0.0156. The cut
# of 50 % passes 46.8 % for weights of 0.01 and 51.0 % for 0.1. The median of numbers between 0 and 1 is 0.532.
# Why it matters: simulated events have weights below one, often a single one per sample, so a larger sample is
# worse. Cuts, efficiencies and rejections in puma come from here. Scale the weights so that their sum exceeds a million.
#
# Versions: atlas-ftag-tools==0.3.6, numpy==2.3.5, scipy==1.17.1
# Seen on 2026-11-28 (the script compares with these lines):
#> 5,000,000 signal events of one weight; signal that passes the cut of a working point
#> weights of 1: 50% 50.0 %, 70% 70.0 %, 85% 85.0 %
#> weights of 0.5: 50% 50.0 %, 70% 70.0 %, 85% 85.0 %
#> weights of 0.1: 50% 51.0 %, 70% 71.4 %, 85% 85.8 %
#> weights of 0.01: 50% 46.8 %, 70% 68.2 %, 85% 84.2 %
#> weights of 0.001: 50% 50.1 %, 70% 70.2 %, 85% 85.3 %
#> median of 0..1 with weights of 0.01: 0.532
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: atlas-ftag-tools==0.3.6 numpy==2.3.5 scipy==1.17.1

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import logging

import numpy as np
from ftag.utils import calculate_efficiency
from ftag.utils.metrics import weighted_percentile

logging.disable(logging.CRITICAL)
events = 5_000_000
signal = (np.arange(events) + 0.5) / events
print("5,000,000 signal events of one weight; signal that passes the cut of a working point")
for weight in (1.0, 0.5, 0.1, 0.01, 0.001):
    weights = np.full(events, weight)
    found = []
    for target in (0.5, 0.7, 0.85):
        cut = calculate_efficiency(signal, signal[::1000], target, return_cuts=True, sig_weights=weights)[1]
        found.append(f"{target:.0%} {100 * (signal > cut).mean():.1f} %")
    print(f"weights of {weight:g}: " + ", ".join(found))
print("median of 0..1 with weights of 0.01:", f"{weighted_percentile(signal, 0.5, np.full(events, 0.01)):.3f}")
END
cat seen
diff expected seen || { echo "ftag-working-point-follows-the-unit-of-weights: the behaviour has changed" >&2; exit 1; }
