#!/usr/bin/env bash
# The RMS of any of Pythia's histograms is 0, and so is the error of its mean.
#
# Guessed: getXRMS() is the spread of what was filled: 2.16 for the numbers 1, 2 and 6, and 10 for a peak of
# that width. By default it is computed from the values themselves and not from the bins, so it should be the
# better number.
# What happens: the default is 0 for whatever was filled, and getXMeanErr() with it. getXRMN(4) is 0, too,
# and getXRMN(3), which is to be about the mean, grows with the mean. The mean itself is right, and with the
# argument False (from the middles of the bins) so is all the rest.
# Why it matters: the resolution of a mass peak, and the error of its place, are what one books such a
# histogram for while Pythia generates. A width of 0 comes without a warning.
#
# Versions: pythia8mc==8.317.2
# Seen on 2026-11-27 (the script compares with these lines):
#> 1, 2, 6: mean 3.00, spread 2.16
#>   from values: mean 3.00 +- 0.00, RMS 0.00, getXRMN(3) 3.8, getXRMN(4) 0.0
#>   from bins: mean 2.99 +- 1.25, RMS 2.17, getXRMN(3) 1.8, getXRMN(4) 2.4
#> peak at 125, width 10: mean 125.18, spread 10.03
#>   from values: mean 125.18 +- 0.00, RMS 0.00, getXRMN(3) 157.7, getXRMN(4) 0.0
#>   from bins: mean 125.18 +- 0.22, RMS 10.03, getXRMN(3) -4.7, getXRMN(4) 13.0
#> peak at 0, width 1: mean 0.00, spread 0.98
#>   from values: mean 0.00 +- 0.00, RMS 0.00, getXRMN(3) 0.0, getXRMN(4) 0.0
#>   from bins: mean 0.00 +- 0.02, RMS 0.98, getXRMN(3) 0.4, getXRMN(4) 1.3
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: pythia8mc==8.317.2

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import random

import pythia8mc

random.seed(1)
for name, values in (
    ("1, 2, 6", [1.0, 2.0, 6.0]),
    ("peak at 125, width 10", [random.gauss(125, 10) for _ in range(2000)]),
    ("peak at 0, width 1", [random.gauss(0, 1) for _ in range(2000)]),
):
    mean = sum(values) / len(values)
    spread = (sum((x - mean) ** 2 for x in values) / len(values)) ** 0.5
    histogram = pythia8mc.Hist(name, 1000, mean - 10 * spread, mean + 10 * spread)
    for x in values:
        histogram.fill(x)
    print(f"{name}: mean {mean:.2f}, spread {spread:.2f}")
    for kind, unbinned in (("values", True), ("bins", False)):
        print(f"  from {kind}: mean {histogram.getXMean(unbinned):.2f} +- {histogram.getXMeanErr(unbinned):.2f}, "
              f"RMS {histogram.getXRMS(unbinned):.2f}, getXRMN(3) {histogram.getXRMN(3, unbinned):.1f}, "
              f"getXRMN(4) {histogram.getXRMN(4, unbinned):.1f}")
END
cat seen
diff expected seen || { echo "pythia8mc-histogram-has-no-spread: the behaviour has changed" >&2; exit 1; }
