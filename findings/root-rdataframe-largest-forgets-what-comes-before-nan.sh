#!/usr/bin/env bash
# RDataFrame's largest of 3, NaN, 1, 2 is 2: Max and Min start again behind each NaN.
#
# Guessed: Max and Min of a column with NaN pass over NaN, or are NaN, wherever it is.
# What happens: they depend on the place of the last NaN. What comes before it is forgotten: the largest of 3, NaN, 1
# and 2 is 2, and the smallest of 1, NaN, 3 and 2 is 2. With NaN in the last row both are NaN; with NaN in the first,
# both are right. Mean, Sum and StdDev are NaN always, and Stats has the right ends: 1 and 3. The documentation of Max
# and Min does not speak of NaN.
# Why it matters: a number that some event has looks right. Ranges of histograms and cuts are taken from Max and Min,
# and masses of pairs of jets that aren't there are NaN.
#
# Versions: root==0.1a12, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> [nan, 3, 1, 2]: Max 3, Min 1; Stats 3, 1
#> [3, nan, 1, 2]: Max 2, Min 1; Stats 3, 1
#> [1, nan, 3, 2]: Max 3, Min 2; Stats 3, 1
#> [3, 1, nan, 2]: Max 2, Min 2; Stats 3, 1
#> [3, 1, 2, nan]: Max nan, Min nan; Stats 3, 1
#> 100,000 masses, NaN in the third row from the end: Max 52.1, is 1171.2
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: root==0.1a12 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import ROOT

nan = float("nan")
for values in ([nan, 3, 1, 2], [3, nan, 1, 2], [1, nan, 3, 2], [3, 1, nan, 2], [3, 1, 2, nan]):
    frame = ROOT.RDF.FromNumpy({"mass": np.array(values, dtype=float)})
    largest, smallest, stats = frame.Max("mass"), frame.Min("mass"), frame.Stats("mass")
    print(f"{values}: Max {largest.GetValue():g}, Min {smallest.GetValue():g}; Stats {stats.GetMax():g}, {stats.GetMin():g}")
rng = np.random.default_rng(0)
mass = rng.exponential(100.0, 100_000)
mass[-3] = nan
frame = ROOT.RDF.FromNumpy({"mass": mass})
print(f"100,000 masses, NaN in the third row from the end: Max {frame.Max('mass').GetValue():.1f}, is {np.nanmax(mass):.1f}")
END
cat seen
diff expected seen || { echo "root-rdataframe-largest-forgets-what-comes-before-nan: the behaviour has changed" >&2; exit 1; }
