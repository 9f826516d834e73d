#!/usr/bin/env bash
# The one-sigma error of an empty bin is 1.15 in quickstats where the interval it names has 1.84.
#
# Guessed: poisson_interval gives central (Garwood) intervals: 0 to 1.84 for an empty bin, as mplhep and
# ROOT's histograms have it.
# What happens: for bins with events it does. For an empty one all of the 32 % is put above, so the bar ends at 1.15.
# The docstring says that the coverage is guaranteed to be at least the nominal one, 68 %; for a mean of 1.3
# it is 58 %. A mix of one-sided and two-sided intervals that depends on the data has that price.
# Why it matters: data in the tail of a mass are mostly empty bins. Bars that are 40 % too short make a model with
# 1.5 events per bin look wrong, and enter the package's Neyman chi2 as well.
#
# Versions: quickstats==0.8.5.6, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> 0 seen: 0.00 to 1.15, central interval 0.00 to 1.84
#> 1 seen: 0.17 to 3.30, central interval 0.17 to 3.30
#> 2 seen: 0.71 to 4.64, central interval 0.71 to 4.64
#> 10 seen: 6.89 to 14.27, central interval 6.89 to 14.27
#> mean 0.5: covered in 91 %, by central intervals in 91 %
#> mean 1: covered in 92 %, by central intervals in 92 %
#> mean 1.2: covered in 58 %, by central intervals in 88 %
#> mean 1.3: covered in 58 %, by central intervals in 86 %
#> mean 1.36: covered in 59 %, by central intervals in 84 %
#> mean 1.6: covered in 72 %, by central intervals in 92 %
#> mean 3: covered in 87 %, by central intervals in 87 %
#> 2 sigma, 0 seen: up to 3.09, central interval up to 3.78
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: quickstats==0.8.5.6 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
from quickstats.maths.statistics import poisson_interval
from scipy.stats import chi2, norm, poisson

seen = np.arange(0, 60)
tail = norm.sf(1)
central = (np.where(seen > 0, chi2.ppf(tail, 2 * seen) / 2, 0), chi2.isf(tail, 2 * seen + 2) / 2)
given = poisson_interval(seen, offset=False)
for n in (0, 1, 2, 10):
    print(f"{n} seen: {given[0][n]:.2f} to {given[1][n]:.2f}, central interval {central[0][n]:.2f} to {central[1][n]:.2f}")


def coverage(interval, mean):
    """Return how often the interval of what is seen has the mean in it."""
    return poisson.pmf(seen, mean)[(interval[0] <= mean) & (mean <= interval[1])].sum()


for mean in (0.5, 1.0, 1.2, 1.3, 1.36, 1.6, 3.0):
    print(f"mean {mean:g}: covered in {100 * coverage(given, mean):.0f} %, by central intervals "
          f"in {100 * coverage(central, mean):.0f} %")
lower, upper = poisson_interval(np.array([0]), nsigma=2)
print(f"2 sigma, 0 seen: up to {upper[0]:.2f}, central interval up to {chi2.isf(norm.sf(2), 2) / 2:.2f}")
END
cat seen
diff expected seen || { echo "quickstats-errors-of-empty-bins-are-too-short: the behaviour has changed" >&2; exit 1; }
