#!/usr/bin/env bash
# With weights, corner.quantile takes NaN for the largest value.
#
# Guessed: a quantile of values with a NaN among them is NaN, as NumPy's, with weights as without.
# What happens: so it is without weights. With weights of 1 the NaN is sorted to the end and counts as an
# event there: the median of 1, 2, 3 and NaN is 2.5. Only a quantile that reaches the end is NaN. No warning.
# Why it matters: the median and the 16 % and 84 % points of a sample are read off corner's plots and this
# function. A mass that failed in a few weighted events shifts them all upwards, and nothing shows it.
#
# Versions: corner==2.3.0, numpy==2.4.6, matplotlib==3.11.2
# Seen on 2026-11-27 (the script compares with these lines):
#> 1, 2, 3: no weights [1.32, 2.0, 2.68], weights of 1 [1.32, 2.0, 2.68]
#> and NaN: no weights [nan, nan, nan], weights of 1 [1.48, 2.5, nan]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: corner==2.3.0 numpy==2.4.6 matplotlib==3.11.2

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import corner
import numpy as np

for name, values in (("1, 2, 3", [1.0, 2.0, 3.0]), ("and NaN", [1.0, 2.0, 3.0, np.nan])):
    points = [0.16, 0.5, 0.84]
    plain = [round(float(value), 2) for value in corner.quantile(values, points)]
    weighted = [round(float(value), 2) for value in corner.quantile(values, points, weights=np.ones(len(values)))]
    print(f"{name}: no weights {plain}, weights of 1 {weighted}")
END
cat seen
diff expected seen || { echo "corner-weights-hide-nan: the behaviour has changed" >&2; exit 1; }
