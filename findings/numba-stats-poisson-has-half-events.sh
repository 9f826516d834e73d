#!/usr/bin/env bash
# numba-stats' Poisson distribution has probabilities for half an event, and its p-values of 11.7 events are halved.
#
# Guessed: as SciPy's, which it is said to be: no probability between whole numbers, and the chance of at most
# 2.5 events is that of at most 2.
# What happens: floats are taken as they are, by the formula with a gamma function: 2.5 events are more likely
# than 2 or 3, the chances of 0, 0.5, 1 ... add up to 2, and the chance of at most 2.5 is halfway to 3. That of
# more than 11.7, where 2 or 5 are expected, comes out 4 or 2 times too small.
# Why it matters: sums of weights and Asimov data are not whole, and a p-value of them is taken without a
# second look. Used as a likelihood of such data the formula is the usual one; for a p-value round down first.
#
# Versions: numba-stats==1.14.0, numba==0.68.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> pmf at 2 ... 3 of 3 expected: [0.224, 0.231, 0.234, 0.231, 0.224], SciPy [0.224, 0.0, 0.0, 0.0, 0.224]
#> cdf at 2 ... 3 of 3 expected: [0.423, 0.482, 0.54, 0.595, 0.647], SciPy [0.423, 0.423, 0.423, 0.423, 0.647]
#> more than 11.7 of 2 expected: 3.7e-07, SciPy 1.4e-06
#> more than 11.7 of 5 expected: 0.0027, SciPy 0.0055
#> pmf summed over 0, 0.5, 1 ...: 1.986, SciPy 1.000
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
from numba_stats import poisson

counts = np.array([2.0, 2.25, 2.5, 2.75, 3.0])
for name in ("pmf", "cdf"):
    ours, theirs = getattr(poisson, name)(counts, 3.0), getattr(scipy.stats.poisson, name)(counts, 3.0)
    print(f"{name} at 2 ... 3 of 3 expected: {np.round(ours, 3).tolist()}, SciPy {np.round(theirs, 3).tolist()}")

observed = np.float64(11.7)  # a sum of weights
for background in (2.0, 5.0):
    ours, theirs = (1 - module.cdf(np.array([observed]), background)[0] for module in (poisson, scipy.stats.poisson))
    print(f"more than {observed} of {background:g} expected: {ours:.2g}, SciPy {theirs:.2g}")
half = np.arange(0.0, 60.0, 0.5)
ours, theirs = poisson.pmf(half, 3.0).sum(), scipy.stats.poisson.pmf(half, 3.0).sum()
print(f"pmf summed over 0, 0.5, 1 ...: {ours:.3f}, SciPy {theirs:.3f}")
END
cat seen
diff expected seen || { echo "numba-stats-poisson-has-half-events: the behaviour has changed" >&2; exit 1; }
