#!/usr/bin/env bash
# numpy_groupies makes 300 of a spread of 1, or NaN, as soon as numba is installed.
#
# Guessed: aggregate(groups, x, func="std") gives what x[groups == k].std() does, and numba only makes it faster.
# What happens: where numba can be imported, aggregate becomes its version, which takes the mean square and
# the squared mean apart from each other, in the type of x. Of masses near 172,500 MeV in float32 that spread
# by 1 the spread is then 300, of numbers near 1000 it is off by a tenth or more; in float64 that of times in
# seconds since 1970 is 46, or NaN where the variance comes out negative. The version without numba is right in
# float32 and float64.
# Why it matters: groups are events, runs or bins, and quantities in MeV and times are such numbers. Installing another
# package that brings numba along, as shap does, changes the results. Call aggregate_np, or subtract first.
#
# Versions: numpy-groupies==0.16.0, numba==0.68.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> without numba, masses in GeV, float32: right
#> without numba, hundreds of GeV, float32: right
#> without numba, masses in MeV, float32: right
#> without numba, masses in MeV, float64: right
#> without numba, seconds since 1970, float64: right
#> with numba, masses in GeV, float32: right
#> with numba, hundreds of GeV, float32: off by 5 % or more
#> with numba, masses in MeV, float32: off by a factor of 10 or more, or NaN
#> with numba, masses in MeV, float64: right
#> with numba, seconds since 1970, float64: off by a factor of 10 or more, or NaN
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: numpy-groupies==0.16.0 numpy==2.4.6

cd "$work"
cat > spread.py <<'END'
import sys

import numpy as np
import numpy_groupies

random = np.random.default_rng(0)
groups = np.repeat(np.arange(3), 1000)
for title, centre, kind in (
    ("masses in GeV, float32", 172.5, np.float32),
    ("hundreds of GeV, float32", 1000.0, np.float32),
    ("masses in MeV, float32", 172500.0, np.float32),
    ("masses in MeV, float64", 172500.0, np.float64),
    ("seconds since 1970, float64", 1795000000.0, np.float64),
):
    x = (centre + random.normal(0.0, 1.0, 3000)).astype(kind)
    right = np.array([x[groups == k].astype(float).std() for k in range(3)])
    off = np.abs(numpy_groupies.aggregate(groups, x, func="std") / right - 1.0)
    off = np.where(np.isfinite(off), off, np.inf)  # a negative variance has a spread of NaN
    word = "right" if off.max() < 0.03 else "off by 5 % or more" if off.max() < 1.0 else "off by a factor of 10 or more, or NaN"
    print(f"{sys.argv[1]}, {title}: {word}")
END
OMP_NUM_THREADS=1 venv/bin/python -W ignore spread.py "without numba" > seen
venv/bin/pip install -qq --only-binary :all: numba==0.68.1 numpy==2.4.6
OMP_NUM_THREADS=1 venv/bin/python -W ignore spread.py "with numba" >> seen
cat seen
diff expected seen || { echo "numpy-groupies-spread-grows-once-numba-is-there: the behaviour has changed" >&2; exit 1; }
