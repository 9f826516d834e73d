#!/usr/bin/env bash
# The sum of a long float32 list stops growing at 16,777,216.
#
# Guessed: ak.sum adds float32 pairwise or in double precision, as NumPy and Arrow do: 20 million ones are
# 20 million.
# What happens: that is so for the flat array. Of the very same numbers in a list, ak.sum(axis=1) makes
# 16777216 = 2**24: it adds one after the other in float32, and 2**24 + 1 is 2**24 again. Long before
# that, small terms lose digits.
# Why it matters: features and event weights are float32. The sum of weights of a file, chunk or class,
# kept as one list each, comes out too small without a warning, and so does every cross-section made from
# it.
#
# Versions: awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> NumPy            20000000
#> flat, axis=None  20000000
#> lists, axis=None 20000000
#> lists, axis=1    16777216 1 * float32
#> as float64       20000000
#> weights: 19994.6, as a list 19985.7
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: awkward==2.14.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import awkward as ak
import numpy as np

ones = np.ones(20_000_000, np.float32)
lists = ak.unflatten(ones, [len(ones)])
print("NumPy           ", int(np.sum(ones)))
print("flat, axis=None ", int(ak.sum(ak.Array(ones))))
print("lists, axis=None", int(ak.sum(lists)))
print("lists, axis=1   ", int(ak.sum(lists, axis=1)[0]), ak.sum(lists, axis=1).type)
print("as float64      ", int(ak.sum(ak.values_astype(lists, np.float64), axis=1)[0]))

weights = np.random.default_rng(0).exponential(0.01, 2_000_000).astype(np.float32)
lists = ak.unflatten(weights, [len(weights)])
print(f"weights: {weights.sum(dtype=float):.1f}, as a list {ak.sum(lists, axis=1)[0]:.1f}")
END
cat seen
diff expected seen || { echo "awkward-float32-list-sums-stop-at-16777216: the behaviour has changed" >&2; exit 1; }
