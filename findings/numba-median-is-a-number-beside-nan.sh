#!/usr/bin/env bash
# In jitted code the median of jets with a NaN among them is mostly a number.
#
# Guessed: as in NumPy the median is NaN wherever a value is NaN.
# What happens: `np.median` compares and swaps values until the middle one is found. NaN is neither smaller nor larger, so
# it ends up anywhere: the median of 1, 2, 3, NaN is 2.5, that of 3, NaN, 1, 2 is NaN. `np.percentile(x, 50)` and
# `np.max` of the same list are NaN, as in NumPy. The order of the jets decides.
# Why it matters: a per-event median in a compiled loop has plausible values for most events with a NaN, and the NaN that
# would have told of it are few. Use `np.nanmedian`, or `np.percentile(x, 50)` to see NaN.
#
# Versions: numba==0.68.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> 1, 2, 3, 4: NumPy's median 2.5; Numba's 2.5, 50th percentile 2.5, largest 4
#> 1, 2, 3, nan: NumPy's median nan; Numba's 2.5, 50th percentile nan, largest nan
#> nan, 1, 2, 3: NumPy's median nan; Numba's 2.5, 50th percentile nan, largest nan
#> 3, nan, 1, 2: NumPy's median nan; Numba's nan, 50th percentile nan, largest nan
#> lists of 3, one of them NaN: the median is a number in 67 %
#> lists of 4, one of them NaN: the median is a number in 42 %
#> lists of 5, one of them NaN: the median is a number in 70 %
#> lists of 6, one of them NaN: the median is a number in 68 %
#> lists of 10, one of them NaN: the median is a number in 80 %
#> lists of 30, one of them NaN: the median is a number in 93 %
#> lists of 100, one of them NaN: the median is a number in 98 %
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: numba==0.68.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numba
import numpy as np


@numba.njit
def jitted(values):
    return np.median(values), np.percentile(values, 50), np.max(values)


def show(values):
    median, percentile, largest = jitted(values)
    print(f"{', '.join(f'{x:g}' for x in values)}: NumPy's median {np.median(values):g}; Numba's {median:g}, 50th percentile {percentile:g}, "
          f"largest {largest:g}")


nan = np.nan
show(np.array([1, 2, 3, 4.0]))
show(np.array([1, 2, 3, nan]))
show(np.array([nan, 1, 2, 3]))
show(np.array([3, nan, 1, 2]))
rng = np.random.default_rng(0)
for size in (3, 4, 5, 6, 10, 30, 100):
    hidden = 0
    for _ in range(10_000):
        values = rng.exponential(50, size)
        values[rng.integers(size)] = nan
        hidden += not np.isnan(jitted(values)[0])
    print(f"lists of {size}, one of them NaN: the median is a number in {hidden / 100:.0f} %")
END
cat seen
diff expected seen || { echo "numba-median-is-a-number-beside-nan: the behaviour has changed" >&2; exit 1; }
