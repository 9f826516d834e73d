#!/usr/bin/env bash
# numba-stats' normal distribution has no tail beyond 8.3 sigma, and one cut off out there is infinite.
#
# Guessed: numba_stats is SciPy's distributions made fast; both agree to about the last digits.
# What happens: the integral to -7 sigma agrees to a millionth, to -8 to 2%, and to -9 is 0 instead of 1e-19
# (it is 1 + erf, where the 1 swallows the rest). A normal distribution within 9 to 10 sigma is divided by
# that 0: infinite density, and NaN for its integral.
# Why it matters: it is made for fits of a falling background or a peak in a window. A minimiser that starts
# with a narrow peak away from the window, or tries one on its way, gets infinity from there on where SciPy
# has a slope to come back by. The p-value of an excess of 9 sigma is 0.
#
# Versions: numba-stats==1.14.0, numba==0.68.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> integral to -3: 0.00135, SciPy 0.00135
#> integral to -7: 1.28e-12, SciPy 1.28e-12
#> integral to -8: 6.11e-16, SciPy 6.22e-16
#> integral to -9: 0, SciPy 1.13e-19
#> cut off to 3 ... 4, at 3.1: pdf 2.48, SciPy 2.48; cdf 0.29, SciPy 0.29
#> cut off to 7 ... 8, at 7.1: pdf 3.53, SciPy 3.53; cdf 0.51, SciPy 0.51
#> cut off to 8 ... 9, at 8.1: pdf 3.39, SciPy 3.63; cdf 0.67, SciPy 0.56
#> cut off to 9 ... 10, at 9.1: pdf inf, SciPy 3.69; cdf nan, SciPy 0.60
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: numba-stats==1.14.0 numba==0.68.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
import scipy.stats
from numba_stats import norm, truncnorm

for sigma in (3.0, 7.0, 8.0, 9.0):
    ours, theirs = norm.cdf(np.array([-sigma]), 0.0, 1.0)[0], scipy.stats.norm.cdf(-sigma)
    print(f"integral to -{sigma:.0f}: {ours:.3g}, SciPy {theirs:.3g}")
for low in (3.0, 7.0, 8.0, 9.0):
    x = np.array([low + 0.1])
    pdf, cdf = truncnorm.pdf(x, low, low + 1, 0.0, 1.0)[0], truncnorm.cdf(x, low, low + 1, 0.0, 1.0)[0]
    exact = scipy.stats.truncnorm(low, low + 1)
    print(f"cut off to {low:.0f} ... {low + 1:.0f}, at {low + 0.1}: pdf {pdf:.2f}, SciPy {exact.pdf(x)[0]:.2f}; "
          f"cdf {cdf:.2f}, SciPy {exact.cdf(x)[0]:.2f}")
END
cat seen
diff expected seen || { echo "numba-stats-normal-tail-ends-at-eight-sigma: the behaviour has changed" >&2; exit 1; }
