#!/usr/bin/env bash
# dask_histogram.histogram does not count what lies on the last edge; numpy.histogram and dask.array's do.
#
# Guessed: these functions, named and called as NumPy's, treat the last bin as NumPy's do, with both edges.
# What happens: the last bin is half-open, and what is on its upper edge is in no bin, since the histogram behind it is
# Boost's. Of numbers of jets from 0 to 4 in four bins the events with 4 are lost, 6 % of all; with bins given as
# edges, with weights and in two dimensions too. boost_histogram.numpy, for the same histograms, counts them.
# Why it matters: whole numbers, b-tags and scores of exactly 1 lie on edges, and a check of a distributed analysis
# against NumPy is a matter of a few percent there.
#
# Versions: dask-histogram==2026.2.0, dask==2025.3.1, boost-histogram==1.8.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> numpy: 10000
#> boost_histogram.numpy: 10000
#> dask.array: 10000
#> dask_histogram: 9381
#> dask_histogram, edges: 9381
#> dask_histogram, weights: 9381
#> two dimensions: numpy 10000, boost_histogram.numpy 10000, dask_histogram 9381
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: dask-histogram==2026.2.0 dask==2025.3.1 boost-histogram==1.8.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import boost_histogram
import dask.array
import dask_histogram
import numpy as np

jets = np.random.default_rng(0).binomial(4, 0.5, 10000).astype(float)  # 0 to 4
lazy = dask.array.from_array(jets, chunks=3000)
ones = dask.array.ones(10000, chunks=3000)
print("numpy:", np.histogram(jets, bins=4, range=(0, 4))[0].sum())
print("boost_histogram.numpy:", boost_histogram.numpy.histogram(jets, bins=4, range=(0, 4))[0].sum())
print("dask.array:", dask.array.histogram(lazy, bins=4, range=(0, 4))[0].sum().compute())
for name, options in (
    ("", {"bins": 4, "range": (0, 4)}),
    (", edges", {"bins": np.arange(5.0)}),
    (", weights", {"bins": 4, "range": (0, 4), "weights": ones}),
):
    print(f"dask_histogram{name}: {dask_histogram.histogram(lazy, **options)[0].sum().compute():.0f}")
square = {"bins": (4, 4), "range": ((0, 4), (0, 4))}
print(f"two dimensions: numpy {np.histogram2d(jets, jets, **square)[0].sum():.0f}, "
      f"boost_histogram.numpy {boost_histogram.numpy.histogram2d(jets, jets, **square)[0].sum():.0f}, "
      f"dask_histogram {dask_histogram.histogram2d(lazy, lazy, **square)[0].sum().compute():.0f}")
END
cat seen
diff expected seen || { echo "dask-histogram-leaves-out-the-last-edge: the behaviour has changed" >&2; exit 1; }
