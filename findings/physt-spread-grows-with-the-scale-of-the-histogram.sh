#!/usr/bin/env bash
# physt: the standard deviation of a histogram changes when the histogram is scaled.
#
# Guessed: `h * 2` and `h.normalize()` have the mean and the spread of h.
# What happens: `h + h` has them, but scaling by k multiplies the sum of weights and of weights times x by k and
# that of weights times x^2 by k^2. The spread of 10 GeV is 126 GeV after doubling, and NaN after halving or
# normalizing. Contents, errors and the mean are right.
# Why it matters: histograms are scaled to a luminosity or to 1 before shapes are compared, and
# `statistics.std` is then the width of another distribution. Read it before scaling.
#
# Versions: physt==0.11.0, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> h: sum 9.758, mean 124.97, std 9.90 (of the bins 10.03)
#> h + h: sum 19.516, mean 124.97, std 9.90 (of the bins 10.03)
#> h * 2: sum 19.516, mean 124.97, std 125.75 (of the bins 10.03)
#> h * 1000: sum 9758.027, mean 124.97, std 3962.15 (of the bins 10.03)
#> h / 2: sum 4.879, mean 124.97, std nan (of the bins 10.03)
#> h.normalize(): sum 1.000, mean 124.97, std nan (of the bins 10.03)
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: physt==0.11.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
import physt

mass = np.random.default_rng(1).normal(125, 10, 10_000)
weight = np.random.default_rng(2).exponential(0.001, 10_000)
h = physt.h1(mass, bins="fixed_width", bin_width=5, weights=weight)


def show(name, g):
    """Print the statistics of a histogram, and the spread worked out from its bins."""
    s = g.statistics
    centre = np.average(g.bin_centers, weights=g.frequencies)
    spread = np.sqrt(np.average((g.bin_centers - centre) ** 2, weights=g.frequencies))
    print(f"{name}: sum {g.total:.3f}, mean {s.mean:.2f}, std {s.std:.2f} (of the bins {spread:.2f})")


show("h", h)
show("h + h", h + h)
show("h * 2", h * 2)
show("h * 1000", h * 1000)
show("h / 2", h / 2)
show("h.normalize()", h.normalize())
END
cat seen
diff expected seen || { echo "physt-spread-grows-with-the-scale-of-the-histogram: the behaviour has changed" >&2; exit 1; }
