#!/usr/bin/env bash
# Events of weight zero move the weighted medians and quantiles of wquantiles and weightedstats.
#
# Guessed: an event of weight zero counts for nothing, as if it had been left out.
# What happens: both packages draw a line from one event to the next or take the middle of two, whatever
# the next one weighs. With one event of weight zero at 1000 the 90 % quantile of 1, 2, 3 becomes 402;
# the median of 1 and 4 becomes 3 or 3.5 with 2 and 3 at weight zero between them. NumPy's
# quantile(weights=...) leaves such events out.
# Why it matters: a cut is often applied by setting weights to zero, and a trigger or tagging efficiency
# map has zeros. The event that was cut away is still in the median, and the farther out it lies the more
# it moves a quantile.
#
# Versions: wquantiles==0.6, weightedstats==0.4.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> median of 1, 4: wquantiles 2.5, weightedstats 2.5
#> with 2, 3 at weight zero: wquantiles 3.0, weightedstats 3.5
#> 90 % quantile of 1, 2, 3: wquantiles 3.0, numpy 3.0
#> with 1000 at weight zero: wquantiles 401.8, numpy 3.0
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: wquantiles==0.6 weightedstats==0.4.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
import weightedstats
import wquantiles

for name, values, weights in (
    ("median of 1, 4", [1.0, 4.0], [1.0, 1.0]),
    ("with 2, 3 at weight zero", [1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 0.0, 1.0]),
):
    one = wquantiles.median(np.array(values), np.array(weights))
    print(f"{name}: wquantiles {one:.1f}, weightedstats {weightedstats.weighted_median(values, weights=weights):.1f}")
for name, values, weights in (
    ("90 % quantile of 1, 2, 3", [1.0, 2.0, 3.0], [1.0, 1.0, 1.0]),
    ("with 1000 at weight zero", [1.0, 2.0, 3.0, 1000.0], [1.0, 1.0, 1.0, 0.0]),
):
    one = wquantiles.quantile(np.array(values), np.array(weights), 0.9)
    other = np.quantile(values, 0.9, weights=weights, method="inverted_cdf")
    print(f"{name}: wquantiles {one:.1f}, numpy {other:.1f}")
END
cat seen
diff expected seen || { echo "wquantiles-events-of-weight-zero-move-the-median: the behaviour has changed" >&2; exit 1; }
