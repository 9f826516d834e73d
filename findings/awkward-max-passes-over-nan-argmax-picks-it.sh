#!/usr/bin/env bash
# ak.max of a list with a NaN passes over it, ak.argmax picks it, and the maximum of all is NaN.
#
# Guessed: NaN propagates everywhere, as in NumPy.
# What happens: it depends on the axis and on the function. Along axis=1 the maximum of [nan, 1, 3] is 3
# while argmax says entry 0, the NaN (one that does not come first it passes over, too); a list of nothing
# but NaN has the maximum -inf (and the minimum inf); with axis=None the answer is NaN.
# Why it matters: NaN often marks a missing object. "The hardest jet's pT" (max) and "the hardest jet"
# (argmax) are then two different jets, and an event without any measured jet gets -inf, which no NaN
# check finds.
#
# Versions: awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> max    [3.0, 1.0, -inf] of all: nan
#> min    [1.0, 1.0, inf] of all: nan
#> argmax [0, 0, 0]
#> at it  [nan, 1.0, nan]
#> NumPy  [nan, nan, nan]
#> nanmax [3.0, 1.0, None]
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

pt = ak.Array([[np.nan, 1.0, 3.0], [1.0, np.nan], [np.nan]])
print("max   ", ak.max(pt, axis=1).tolist(), "of all:", ak.max(pt))
print("min   ", ak.min(pt, axis=1).tolist(), "of all:", ak.min(pt))
print("argmax", ak.argmax(pt, axis=1).tolist())
print("at it ", [float(event[i]) for event, i in zip(pt, ak.argmax(pt, axis=1))])
print("NumPy ", [float(np.max(event)) for event in pt.tolist()])
print("nanmax", ak.nanmax(pt, axis=1).tolist())
END
cat seen
diff expected seen || { echo "awkward-max-passes-over-nan-argmax-picks-it: the behaviour has changed" >&2; exit 1; }
