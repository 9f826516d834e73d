#!/usr/bin/env bash
# An event at the upper end of numba-stats' cut-off distributions has density 0, and no fit survives it.
#
# Guessed: an exponential or normal distribution cut off to low ... high has both ends in it, as SciPy's.
# What happens: the lower end is in, the upper is not: density 0, logarithm -inf. The uniform distribution of
# the same package has both. If the range is taken from the data, the largest event alone makes the likelihood
# infinite: iminuit stays where it was started and calls the fit invalid, while SciPy's density gives
# 29.8 +- 0.6.
# Why it matters: falling backgrounds in a window are what truncexpon is for; the window is the data's own, or
# scores and masses are clipped to it, as they are before a histogram is filled. Make the window a bit wider.
#
# Versions: numba-stats==1.14.0, numba==0.68.1, iminuit==2.33.0, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> cut off to 1 ... 2, density at 1, 1.5, 2:
#>   exponential: [1.582, 0.96, 0.0], SciPy [1.582, 0.96, 0.582]
#>   normal: [1.169, 1.031, 0.0], SciPy [1.169, 1.031, 0.709]
#>   uniform: [1.0, 1.0, 1.0], SciPy [1.0, 1.0, 1.0]
#> fit of a falling background from the smallest to the largest of 5000 masses, slope 30:
#>   numba_stats: slope 25.0 +- 0.0, valid False
#>   SciPy: slope 29.8 +- 0.6, valid True
#>   numba_stats, a bit wider: slope 29.8 +- 0.6, valid True
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: numba-stats==1.14.0 numba==0.68.1 iminuit==2.33.0 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
import scipy.stats
from iminuit import Minuit, cost
from numba_stats import truncexpon, truncnorm, uniform

ends = np.array([1.0, 1.5, 2.0])
print("cut off to 1 ... 2, density at 1, 1.5, 2:")
for name, ours, theirs in (
    ("exponential", truncexpon.pdf(ends, 1.0, 2.0, 1.0, 1.0), scipy.stats.truncexpon(1.0, 1.0, 1.0).pdf(ends)),
    ("normal", truncnorm.pdf(ends, 1.0, 2.0, 1.0, 1.0), scipy.stats.truncnorm(0.0, 1.0, 1.0, 1.0).pdf(ends)),
    ("uniform", uniform.pdf(ends, 1.0, 1.0), scipy.stats.uniform(1.0, 1.0).pdf(ends)),
):
    print(f"  {name}: {np.round(ours, 3).tolist()}, SciPy {np.round(theirs, 3).tolist()}")

random = np.random.default_rng(0)
mass = 100.0 + random.exponential(30.0, 20_000)
mass = mass[mass < 180.0][:5000]
low, high = mass.min(), mass.max()
print("fit of a falling background from the smallest to the largest of 5000 masses, slope 30:")
for name, log_density in (
    ("numba_stats", lambda x, slope: truncexpon.logpdf(x, low, high, low, slope)),
    ("SciPy", lambda x, slope: scipy.stats.truncexpon.logpdf(x, (high - low) / slope, low, slope)),
    ("numba_stats, a bit wider", lambda x, slope: truncexpon.logpdf(x, low, np.nextafter(high, 1e9), low, slope)),
):
    fit = Minuit(cost.UnbinnedNLL(mass, log_density, log=True), slope=25.0)
    fit.limits["slope"] = (1.0, None)
    fit.migrad()
    print(f"  {name}: slope {fit.values['slope']:.1f} +- {fit.errors['slope']:.1f}, valid {fit.valid}")
END
cat seen
diff expected seen || { echo "numba-stats-gives-the-largest-event-no-density: the behaviour has changed" >&2; exit 1; }
