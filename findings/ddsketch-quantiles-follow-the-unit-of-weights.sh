#!/usr/bin/env bash
# ddsketch's quantiles follow the unit of the weights: of masses around 125 all are -1 if the weights sum up to 0.2.
#
# Guessed: weights times 0.001 change no quantile; the median and the 99 % quantile are within 0.5 % of their rank.
# What happens: the rank looked for is q times (sum of weights - 1), as if one event weighed 1. For weights that sum up
# to 10 the 99 % quantile is 137 where 148 is right, the one of 90 %; for 2 the median is 118; below 1 the rank is
# negative and each quantile is -1, a value that no event has. No warning. `add` takes any weight above zero, and its
# docstring does not tell what unit it should have.
# Why it matters: events weighted to a cross section and a luminosity have small weights, and of a signal process the sum
# is a few events or less. Sketches are there for streams whose quantiles nobody checks against a sort.
#
# Versions: ddsketch==3.0.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> NumPy: 102, 125, 138, 148
#> weights x 1, sum 9.93e+03: 102, 125, 138, 148
#> weights x 0.01, sum 99.3: 102, 125, 137, 145
#> weights x 0.001, sum 9.93: 101, 124, 134, 137
#> weights x 0.0002, sum 1.99: 99, 118, 124, 125
#> weights x 2e-05, sum 0.199: -1, -1, -1, -1
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: ddsketch==3.0.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
from ddsketch import DDSketch

rng = np.random.default_rng(0)
mass = rng.normal(125.0, 10.0, 10_000)
weight = rng.exponential(1.0, len(mass))


def percentiles(values, weights):
    sketch = DDSketch(relative_accuracy=0.001)
    for value, w in zip(values.tolist(), weights.tolist()):
        sketch.add(value, w)
    return ", ".join(f"{sketch.get_quantile_value(q):.0f}" for q in (0.01, 0.5, 0.9, 0.99))


print("NumPy:", ", ".join(f"{x:.0f}" for x in np.quantile(mass, (0.01, 0.5, 0.9, 0.99), weights=weight, method="inverted_cdf")))
for scale in (1, 0.01, 0.001, 0.0002, 0.00002):
    print(f"weights x {scale:g}, sum {(weight * scale).sum():.3g}: {percentiles(mass, weight * scale)}")
END
cat seen
diff expected seen || { echo "ddsketch-quantiles-follow-the-unit-of-weights: the behaviour has changed" >&2; exit 1; }
