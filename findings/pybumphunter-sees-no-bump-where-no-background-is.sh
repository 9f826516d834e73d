#!/usr/bin/env bash
# Eight events where no background is expected are no bump for BumpHunter; with 0.01 expected they are one.
#
# Guessed: an excess over an expectation of nothing is the largest there is, or is refused.
# What happens: a window in which the background is empty gets a local p-value of 1, without a warning, and the scan goes
# on to the largest fluctuation elsewhere: a global p-value of tens of percent. With 0.01 events expected in
# each of those bins the same eight events are the bump, and no pseudo-experiment is like them.
# Why it matters: the tail of a mass spectrum, where one looks for the unknown, is where simulated events
# run out. Put an upper limit on the expectation into empty bins.
#
# Versions: pyBumpHunter==0.5.1, scipy==1.17.1, matplotlib==3.11.2, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> nothing: global p-value 0.47, bump from bin 4 to 7, 2486 events seen and 2384.96 expected
#> 8 events, 0 expected: global p-value 0.47, bump from bin 4 to 7, 2486 events seen and 2384.96 expected
#> 8 events, 0.01 expected: global p-value 0.00, bump from bin 33 to 34, 8 events seen and 0.02 expected
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: pyBumpHunter==0.5.1 scipy==1.17.1 matplotlib==3.11.2 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import contextlib
import io

import numpy as np
from pyBumpHunter import BumpHunter1D

random = np.random.default_rng(0)
mass = np.arange(40) + 0.5
smooth = 10000.0 / 8.0 * np.exp(-mass / 8.0)
data = random.poisson(smooth)
data[30:] = 0
for title, observed, expected in (("nothing", 0, 0.0), ("8 events, 0 expected", 8, 0.0), ("8 events, 0.01 expected", 8, 0.01)):
    background = np.where(mass > 30.0, expected, smooth)
    data[34] = observed
    hunter = BumpHunter1D(rang=[0, 40], bins=40, width_min=2, width_max=6, npe=300, nworker=1, seed=1)
    with contextlib.redirect_stdout(io.StringIO()):
        hunter.bump_scan(data.copy(), background, is_hist=True)
    first, width = int(hunter.min_loc_ar[0]), int(hunter.min_width_ar[0])
    print(f"{title}: global p-value {hunter.global_Pval:.2f}, bump from bin {first} to {first + width - 1}, "
          f"{data[first:first + width].sum()} events seen and {background[first:first + width].sum():.2f} expected")
END
cat seen
diff expected seen || { echo "pybumphunter-sees-no-bump-where-no-background-is: the behaviour has changed" >&2; exit 1; }
