#!/usr/bin/env bash
# In ragged the numbers 1 and 2 have the mean 1 and the standard deviation 0.
#
# Guessed: mean, var and std of lists of whole numbers are those of NumPy.
# What happens: each step is cut to a whole number: the mean of [3, 4, 4] is 3, the variance of [30, 41] is 30 and
# not 30.25, and std, a float, is the root of that. A mean of tags is True as soon as one is. The text of mean says
# that it returns the type of its input (the standard leaves whole numbers open), that of std says nothing of
# whole numbers. As floats all is right. No warning.
# Why it matters: numbers of jets, hits and tags per event are whole, and ragged reads them so from plain lists. A
# spread of 0 or 0.5 makes a weight 1 / spread^2 infinite or not; a share of tags becomes "any". Use astype first.
#
# Versions: ragged==0.3.0, numpy==2.4.6, awkward==2.14.0
# Seen on 2026-11-28 (the script compares with these lines):
#> whole numbers
#>   mean of each list [1, 3, 35], of one at a time [1.0, 3.0, 35.0]
#>   var of each list [0, 0, 30], of one at a time [0.0, 0.0, 30.0]
#>   std of each list [0.0, 0.0, 5.477], of one at a time [0.0, 0.0, 5.477]
#> floats
#>   mean of each list [1.5, 3.667, 35.5], of one at a time [1.5, 3.667, 35.5]
#>   var of each list [0.25, 0.222, 30.25], of one at a time [0.25, 0.222, 30.25]
#>   std of each list [0.5, 0.471, 5.5], of one at a time [0.5, 0.471, 5.5]
#> share of tags [True, True]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: ragged==0.3.0 numpy==2.4.6 awkward==2.14.0

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import ragged

whole = ragged.array([[1, 2], [3, 4, 4], [30, 41]])
real = ragged.astype(whole, "float64")
for name, x in (("whole numbers", whole), ("floats", real)):
    print(name)
    for what in ("mean", "var", "std"):
        each = getattr(ragged, what)(x, axis=-1).tolist()
        alone = [float(getattr(ragged, what)(x[i])) for i in range(3)]
        print(f"  {what} of each list {[round(v, 3) for v in each]}, of one at a time {[round(v, 3) for v in alone]}")
print("share of tags", ragged.mean(ragged.array([[True, False, False], [False, True]]), axis=-1).tolist())
END
cat seen
diff expected seen || { echo "ragged-spread-of-one-and-two-jets-is-zero: the behaviour has changed" >&2; exit 1; }
