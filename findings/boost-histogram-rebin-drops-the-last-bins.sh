#!/usr/bin/env bash
# h[::rebin(3)] of 16 bins drops the last bin and its events from the range.
#
# Guessed: a factor that does not divide the number of bins raises, as groups of bins do that are not all bins.
# What happens: the bins that are left over go into the overflow, and the axis ends earlier: 150 of 160 events
# are left, with a factor of 9 it is 90. On an axis without overflow they are in no bin any more. No warning.
# hist does the same, with rebin and with h[::3j].
# Why it matters: what is left over is the upper end of a mass or momentum, where the signal of a heavy Higgs
# lies, and sums, fits and limits leave overflow out. The reference of the C++ library says so; the help of
# rebin only at an inner method. Compare h.sum() before and after, or give groups or edges.
#
# Versions: boost-histogram==1.8.1, hist==2.12.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> with overflow: 16 bins to 180, sum 160
#>   rebin(2): 8 bins to 180, sum 160, with flow 160
#>   rebin(3): 5 bins to 175, sum 150, with flow 160
#>   rebin(5): 3 bins to 175, sum 150, with flow 160
#>   rebin(6): 2 bins to 160, sum 120, with flow 160
#>   rebin(9): 1 bins to 145, sum 90, with flow 160
#>   rebin(groups=[3, 3, 3, 3, 3]): The sum of the groups (15): ValueError
#> without overflow: 16 bins to 180, sum 160
#>   rebin(2): 8 bins to 180, sum 160, with flow 160
#>   rebin(3): 5 bins to 175, sum 150, with flow 150
#>   rebin(5): 3 bins to 175, sum 150, with flow 150
#>   rebin(6): 2 bins to 160, sum 120, with flow 120
#>   rebin(9): 1 bins to 145, sum 90, with flow 90
#>   rebin(groups=[3, 3, 3, 3, 3]): The sum of the groups (15): ValueError
#> hist, weights of 0.1: sum 16.0, h[::3j] 15.0
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: boost-histogram==1.8.1 hist==2.12.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import boost_histogram as bh
import numpy as np
from hist import Hist

mass = np.arange(100, 180, 0.5)
for overflow in (True, False):
    h = bh.Histogram(bh.axis.Regular(16, 100, 180, overflow=overflow)).fill(mass)
    print(f"{'with' if overflow else 'without'} overflow: 16 bins to 180, sum {h.sum():.0f}")
    for factor in (2, 3, 5, 6, 9):
        coarse = h[:: bh.rebin(factor)]
        bins, end = len(coarse.axes[0]), coarse.axes[0].edges[-1]
        print(f"  rebin({factor}): {bins} bins to {end:.0f}, sum {coarse.sum():.0f}, with flow {coarse.sum(flow=True):.0f}")
    try:
        h[:: bh.rebin(groups=[3, 3, 3, 3, 3])]
    except ValueError as error:
        print(f"  rebin(groups=[3, 3, 3, 3, 3]): {str(error).split(' must')[0]}: ValueError")
h = Hist.new.Reg(16, 100, 180, name="mass").Weight().fill(mass, weight=0.1)
print(f"hist, weights of 0.1: sum {h.sum().value:.1f}, h[::3j] {h[::3j].sum().value:.1f}")
END
cat seen
diff expected seen || { echo "boost-histogram-rebin-drops-the-last-bins: the behaviour has changed" >&2; exit 1; }
