#!/usr/bin/env bash
# numexpr adds float32 one by one: the sum of 20 million weights of 1 is 16,777,216.
#
# Guessed: the sum of 2e7 ones in float32 is 2e7, as in NumPy, pandas, pyarrow, Polars and DuckDB; the least and largest
# of numbers with a NaN among them are NaN.
# What happens: sum() keeps its running total in float32 and stops growing at 2^24. Weights of 0.001 come to 32,768 long
# before. Whole numbers are summed in 64 bits and float64 in float64. min() and max() pass over NaN, while maximum(x, y)
# and minimum(x, y) hand it on.
# Why it matters: cuts and yields are written as expressions, "sum(weight * (pt > 30))", and HIGGS and most ntuples hold
# float32. A yield of a large simulated sample comes out too small, and nothing tells.
#
# Versions: numexpr==2.14.2, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> 40,000,000 weights of 1.0 in float32: numexpr 16777216, NumPy 40000000
#> 40,000,000 weights of 1.0 in float64: numexpr 40000000, NumPy 40000000
#> 40,000,000 weights of 0.1 in float32: numexpr 2097152, NumPy 4000000
#> 40,000,000 weights of 0.1 in float64: numexpr 4000000, NumPy 4000000
#> 40,000,000 weights of 0.001 in float32: numexpr 32768, NumPy 40000
#> 40,000,000 weights of 0.001 in float64: numexpr 40000, NumPy 40000
#> sum(w * (pt > 30)): 16777216
#> sum(where(pt > 30, 1, 0)): 20000000
#> min, max of NaN, 3, 1: 1.0 3.0 NumPy: nan nan
#> maximum(x, 2): [nan  3.  2.]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: numexpr==2.14.2 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numexpr
import numpy as np

for weight in (1.0, 0.1, 0.001):
    for kind in (np.float32, np.float64):
        w = np.full(40_000_000, weight, kind)
        print(
            f"40,000,000 weights of {weight} in {kind.__name__}: "
            f"numexpr {float(numexpr.evaluate('sum(w)')):.0f}, NumPy {float(w.sum()):.0f}"
        )
w = np.ones(40_000_000, np.float32)
pt = np.tile(np.array([20, 40], np.float32), 20_000_000)
print("sum(w * (pt > 30)):", int(numexpr.evaluate("sum(w * (pt > 30))")))
print("sum(where(pt > 30, 1, 0)):", int(numexpr.evaluate("sum(where(pt > 30, 1, 0))")))
x = np.array([np.nan, 3.0, 1.0])
print("min, max of NaN, 3, 1:", numexpr.evaluate("min(x)"), numexpr.evaluate("max(x)"), "NumPy:", np.min(x), np.max(x))
print("maximum(x, 2):", numexpr.evaluate("maximum(x, 2)"))
END
cat seen
diff expected seen || { echo "numexpr-float32-sums-stop-at-16777216: the behaviour has changed" >&2; exit 1; }
