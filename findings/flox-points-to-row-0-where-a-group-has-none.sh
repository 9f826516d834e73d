#!/usr/bin/env bash
# flox's argmax of a group without rows is row 0, which belongs to another group.
#
# Guessed: -1, NaN or a missing value, as the maximum of such a group is NaN; of a group of NaN a row of that group.
# What happens: the row given for an expected group that does not occur, or of which all is NaN, is 0, for argmax,
# argmin, nanargmax and nanargmin, without a warning. For a group with a NaN among its numbers, argmax is 0 too,
# which need not be one of its rows; NumPy's is that of the NaN. With fill_value=-1 the first two are -1, the last
# stays 0. The maximum of each of these groups is NaN.
# Why it matters: the leading jet of each event out of a flat table of jets is this call. Events without a jet, or
# with a jet that failed, get the leading jet of the first event.
#
# Versions: flox==0.11.2, numpy-groupies==0.16.0, pandas==3.1.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> events: [4 5 6 7 9] of the jets: [7 7 4 4 5 5 9 9 9]
#> max: [90. nan nan 80. nan]
#> argmax: [3 0 0 1 0] of events [4 7 7 7 7]
#> nanmax: [90. nan nan 80. 70.]
#> nanargmax: [3 0 0 1 8] of events [4 7 7 7 9]
#> min: [50. nan nan 30. nan]
#> argmin: [2 0 0 0 0] of events [4 7 7 7 7]
#> nanargmin: [2 0 0 0 6] of events [4 7 7 7 9]
#> argmax, fill_value=-1: [ 3 -1 -1  1  0]
#> NumPy's row of the largest in event 9: 7
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: flox==0.11.2 numpy-groupies==0.16.0 pandas==3.1.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from flox.core import groupby_reduce

nan = np.nan
event = np.array([7, 7, 4, 4, 5, 5, 9, 9, 9])
pt = np.array([30.0, 80.0, 50.0, 90.0, nan, nan, 60.0, nan, 70.0])
events = np.array([4, 5, 6, 7, 9])  # event 6 has no jet
print("events:", events, "of the jets:", event)
for name in ("max", "argmax", "nanmax", "nanargmax", "min", "argmin", "nanargmin"):
    found = groupby_reduce(pt, event, func=name, expected_groups=events)[0]
    print(f"{name}:", found, *(("of events", event[found]) if "arg" in name else ()))
print("argmax, fill_value=-1:", groupby_reduce(pt, event, func="argmax", expected_groups=events, fill_value=-1)[0])
print("NumPy's row of the largest in event 9:", 6 + np.argmax(pt[6:]))
END
cat seen
diff expected seen || { echo "flox-points-to-row-0-where-a-group-has-none: the behaviour has changed" >&2; exit 1; }
