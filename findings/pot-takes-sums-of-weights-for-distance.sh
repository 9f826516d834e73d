#!/usr/bin/env bash
# POT's Wasserstein distance in one dimension grows with the sums of weights, and is nonsense if the two sums differ.
#
# Guessed: wasserstein_1d divides each sample's weights by their sum, as scipy.stats.wasserstein_distance does, or
# raises, as POT's emd2 and emd2_1d do if the sums differ.
# What happens: it takes weights as they are. With weights of 10 the distance is ten times as large, and with two sums,
# say of the events of a simulation and of data, it is a number that has nothing to do with the distance: of a sample
# from itself it is not 0. sliced_wasserstein_distance and max_sliced_wasserstein_distance do the same.
# Why it matters: these distances compare simulated with real or generated events, whose weights add up to cross
# sections or yields. A generator seems better or worse by the unit of its weights. Divide by the sums first.
#
# Versions: POT==0.9.7.post1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> SciPy, whatever the sums: 0.453
#> sums of weights (1, 1): wasserstein_1d 0.453, of a sample from itself 0.000, sliced 0.44, emd2_1d 0.453
#> sums of weights (10, 10): wasserstein_1d 4.535, of a sample from itself 0.000, sliced 1.38, emd2_1d 4.535
#> sums of weights (1, 2): wasserstein_1d 2.217, of a sample from itself 3.054, sliced 2.75, emd2_1d AssertionError
#> sums of weights (2, 1): wasserstein_1d 3.427, of a sample from itself 3.054, sliced 2.50, emd2_1d AssertionError
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: POT==0.9.7.post1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import ot
from scipy.stats import wasserstein_distance

random = np.random.default_rng(0)
first, second = random.normal(size=400), random.normal(0.5, 1, size=600)
weights, others = random.uniform(size=400), random.uniform(size=600)
weights, others = weights / weights.sum(), others / others.sum()
print(f"SciPy, whatever the sums: {wasserstein_distance(first, second, 3 * weights, 7 * others):.3f}")
for sums in ((1, 1), (10, 10), (1, 2), (2, 1)):
    a, b = sums[0] * weights, sums[1] * others
    line = f"sums of weights {sums}: wasserstein_1d {ot.wasserstein_1d(first, second, a, b):.3f}"
    line += f", of a sample from itself {ot.wasserstein_1d(first, first, sums[0] * weights, sums[1] * weights):.3f}"
    plane = np.c_[first, first], np.c_[second, second]
    line += f", sliced {ot.sliced_wasserstein_distance(*plane, a, b, seed=0):.2f}"
    try:
        line += f", emd2_1d {ot.emd2_1d(first, second, a, b, metric='euclidean'):.3f}"
    except AssertionError as error:
        line += f", emd2_1d {type(error).__name__}"
    print(line)
END
cat seen
diff expected seen || { echo "pot-takes-sums-of-weights-for-distance: the behaviour has changed" >&2; exit 1; }
