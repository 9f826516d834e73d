#!/usr/bin/env bash
# histogrammar counts an event on the last edge twice if it comes in an array, and once if it comes alone.
#
# Guessed: the sum of all bins and flow bins is the sum of weights, and both ways of filling agree.
# What happens: the last edge belongs to the overflow. Filled by `fill.numpy` such an event is in the overflow and in
# the last bin as well, with its full weight, so bins and flow bins hold more than was filled.
# Why it matters: scores of 1.0 are common in float32, and selections by "< edge" keep no value there while
# histograms of a whole range from the smallest to the largest always do. Contents depend on how a partition
# was filled. Set the range a little wider than the values.
#
# Versions: histogrammar==1.1.2, numpy==2.4.6, pandas==3.1.1
# Seen on 2026-11-28 (the script compares with these lines):
#> scores 0, 0.5 and 1, of weight 1
#>   as an array: bins [1.0, 0.0, 1.0, 1.0], under, over, NaN [0.0, 1.0, 0.0], together 4
#>   one by one: bins [1.0, 0.0, 1.0, 0.0], under, over, NaN [0.0, 1.0, 0.0], together 3
#> 10 sure scores of 1 and 10 of 0.6, of weight 0.5; 2 beyond and a NaN
#>   as an array: bins [0.0, 0.0, 5.0, 5.0], under, over, NaN [0.0, 6.0, 0.5], together 16.5
#>   one by one: bins [0.0, 0.0, 5.0, 0.0], under, over, NaN [0.0, 6.0, 0.5], together 11.5
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: histogrammar==1.1.2 numpy==2.4.6 pandas==3.1.1

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import histogrammar as hg
import numpy as np


def show(name, h):
    """Print where events are."""
    flows = [float(flow.entries) for flow in (h.underflow, h.overflow, h.nanflow)]
    total = h.bin_entries().sum() + sum(flows)
    print(f"  {name}: bins {h.bin_entries().tolist()}, under, over, NaN {flows}, together {total:g}")


def fill(values, weights):
    """Print both ways of filling four bins from 0 to 1."""
    many = hg.Bin(4, 0.0, 1.0, lambda x: x)
    many.fill.numpy(values, weights=weights)
    one = hg.Bin(4, 0.0, 1.0, lambda x: x)
    for value, weight in zip(values, weights):
        one.fill(value, weight)
    show("as an array", many)
    show("one by one", one)


print("scores 0, 0.5 and 1, of weight 1")
fill(np.array([0.0, 0.5, 1.0]), np.ones(3))
print("10 sure scores of 1 and 10 of 0.6, of weight 0.5; 2 beyond and a NaN")
fill(np.array([1.0] * 10 + [0.6] * 10 + [1.5, 1.5, np.nan]), np.full(23, 0.5))
END
cat seen
diff expected seen || { echo "histogrammar-counts-the-last-edge-twice: the behaviour has changed" >&2; exit 1; }
