#!/usr/bin/env bash
# To take a known background off a weighted histogram adds the background's square to the variance.
#
# Guessed: a number or an array has no error, so h - background changes the contents and leaves the variances.
# What happens: the number is taken for one entry of that weight: the variance grows by its square, for minus
# as for plus. 100 +- 10 events less 90 expected ones are 10 +- 91. A factor is treated as guessed: it scales
# the error.
# Why it matters: Weight is the storage for simulation and for scaled data. Data less a fitted curve is how a
# bump is shown; all its significance is gone, and nothing says why. Change h.view().value instead.
#
# Versions: boost-histogram==1.8.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> h: 100 +- 10.0, 400 +- 20.0
#> h + 90: 190 +- 90.6, 490 +- 92.2
#> h - 90: 10 +- 90.6, 310 +- 92.2
#> h - background: 10 +- 90.6, 10 +- 390.5
#> h -= background: 10 +- 90.6, 10 +- 390.5
#> h * 2: 200 +- 20.0, 800 +- 40.0
#> by hand: 10 +- 10.0, 10 +- 20.0
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: boost-histogram==1.8.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import boost_histogram as bh
import numpy as np

h = bh.Histogram(bh.axis.Regular(2, 0, 2), storage=bh.storage.Weight()).fill([0.5] * 100 + [1.5] * 400)
background = np.array([90.0, 390.0])
by_hand = h.copy()
by_hand.view().value -= background
in_place = h.copy()
in_place -= background
for name, result in (
    ("h", h),
    ("h + 90", h + 90),
    ("h - 90", h - 90),
    ("h - background", h - background),
    ("h -= background", in_place),
    ("h * 2", h * 2),
    ("by hand", by_hand),
):
    print(f"{name}: " + ", ".join(f"{v:.0f} +- {e:.1f}" for v, e in zip(result.values(), result.variances() ** 0.5)))
END
cat seen
diff expected seen || { echo "boost-histogram-minus-a-number-adds-its-square-to-the-variance: the behaviour has changed" >&2; exit 1; }
