#!/usr/bin/env bash
# A puma histogram that is filled in batches counts the weights of NaN, and at once it doesn't.
#
# Guessed: Histogram(first) and then update(second) give the histogram of all, whether or not there are NaN among them.
# What happens: NaN is left out of a normalised histogram (with a note in the log), and its sum is that of the other
# events. But to combine two batches each gets the sum of all its weights, those of NaN too. A batch of 100 events and
# 900 of NaN weighs as much as one of 1000 events: a bin of 0.09 becomes 0.5. Without normalising (norm=False) it's right.
# Why it matters: norm=True is the default, and update is there for samples that don't fit into the memory. The mass of
# a missing jet is NaN, more often in some files than in others. Take NaN out before, or fill with norm=False.
#
# Versions: puma-hep==0.5.6, atlas-ftag-tools==0.3.6, numpy==2.3.5
# Seen on 2026-11-28 (the script compares with these lines):
#> no NaN
#>   at once:    0.091 +- 0.009, 0.909 +- 0.029
#>   in batches: 0.091 +- 0.009, 0.909 +- 0.029
#> 900 of NaN in the first batch
#>   at once:    0.091 +- 0.009, 0.909 +- 0.029
#>   in batches: 0.500 +- 0.050, 0.500 +- 0.016
#> 900 of NaN in the second batch
#>   at once:    0.091 +- 0.009, 0.909 +- 0.029
#>   in batches: 0.500 +- 0.050, 0.500 +- 0.016
#> 450 of NaN in each
#>   at once:    0.091 +- 0.009, 0.909 +- 0.029
#>   in batches: 0.275 +- 0.028, 0.725 +- 0.023
#> not normalised, in batches: 100.000 +- 10.000, 1000.000 +- 31.623
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: --no-binary atlasify puma-hep==0.5.6 atlas-ftag-tools==0.3.6 numpy==2.3.5

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import logging

import numpy as np
from puma import Histogram

logging.disable(logging.CRITICAL)
edges = np.array([0.0, 1.0, 2.0])


def shown(histogram):
    """Return contents and their errors."""
    return ", ".join(f"{x:.3f} +- {e:.3f}" for x, e in zip(histogram.hist, histogram.unc))


nan = np.nan
first = np.repeat([0.5, nan], [100, 900])
second = np.repeat([1.5], [1000])
for name, batches in (
    ("no NaN", [np.repeat([0.5], [100]), second]),
    ("900 of NaN in the first batch", [first, second]),
    ("900 of NaN in the second batch", [second, first]),
    ("450 of NaN in each", [np.repeat([0.5, nan], [100, 450]), np.repeat([1.5, nan], [1000, 450])]),
):
    histogram = Histogram(batches[0], bins=edges)
    histogram.update(batches[1])
    print(name)
    print("  at once:   ", shown(Histogram(np.concatenate(batches), bins=edges)))
    print("  in batches:", shown(histogram))
counts = Histogram(first, bins=edges, norm=False)
counts.update(second)
print("not normalised, in batches:", shown(counts))
END
cat seen
diff expected seen || { echo "puma-batches-with-nan-weigh-too-much: the behaviour has changed" >&2; exit 1; }
