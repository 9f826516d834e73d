#!/usr/bin/env bash
# ak.sort puts NaN first, in ascending and in descending order.
#
# Guessed: NaN comes last, as with NumPy, pandas, Polars and Arrow.
# What happens: NaN is first whichever way one sorts, and argsort does the same.
# Why it matters: "the leading two jets" is `jets[ak.argsort(jets.pt, ascending=False)][:, :2]`. With a
# jet of unknown pT in the event, that one leads.
#
# Versions: awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> ascending [[nan, 30.0, 50.0], [nan, 20.0], [nan, 20.0]] [[1, 0, 2], [0, 1], [1, 0]]
#> descending [[nan, 50.0, 30.0], [nan, 20.0], [nan, 20.0]] [[1, 2, 0], [0, 1], [1, 0]]
#> NumPy [30.0, 50.0, nan]
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

pt = ak.Array([[30.0, np.nan, 50.0], [np.nan, 20.0], [20.0, np.nan]])
for ascending in (True, False):
    print("ascending" if ascending else "descending", ak.sort(pt, axis=1, ascending=ascending).tolist(),
          ak.argsort(pt, axis=1, ascending=ascending).tolist())
print("NumPy", np.sort([30.0, np.nan, 50.0]).tolist())
END
cat seen
diff expected seen || { echo "awkward-sort-puts-nan-first-both-ways: the behaviour has changed" >&2; exit 1; }
