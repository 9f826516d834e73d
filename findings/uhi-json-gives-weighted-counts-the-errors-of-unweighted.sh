#!/usr/bin/env bash
# A histogram whose errors are unknown comes back from uhi's JSON with errors, and wrong ones.
#
# Guessed: variances() is None for a plain (Double) histogram that was filled with weights or scaled, because
# the sum of squares was not kept; it is None after writing and reading, too, as it is after pickling.
# What happens: the format has no place for "not known". Read again, the histogram takes itself for counts and
# gives its contents as variances. The one that was read is == the one that was written.
# Why it matters: 1000 events scaled to 0.5 expected ones had no error bars, to warn one; from the file they
# have 0.5 +- 0.7 (the truth is 0.016). Weights of 10 make them too small instead. Use Weight storage, which
# keeps its errors.
#
# Versions: uhi==1.2.1, boost-histogram==1.8.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> counts: 1000 +- 31.6, pickled 1000 +- 31.6, JSON 1000 +- 31.6, equal True
#> counts times 0.0005: 0.5 +- None, pickled 0.5 +- None, JSON 0.5 +- 0.707, equal True
#> weights of 0.0005: 0.5 +- None, pickled 0.5 +- None, JSON 0.5 +- 0.707, equal True
#> weights of 10: 10000 +- None, pickled 10000 +- None, JSON 10000 +- 100, equal True
#> Weight storage, weights of 10: 10000 +- 316, pickled 10000 +- 316, JSON 10000 +- 316, equal True
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: uhi==1.2.1 boost-histogram==1.8.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import json
import pickle

import boost_histogram as bh
import numpy as np
import uhi.io.json


def written_and_read(histogram):
    text = json.dumps(histogram, default=uhi.io.json.default)
    return bh.Histogram(json.loads(text, object_hook=uhi.io.json.object_hook))


def shown(histogram):
    variances = histogram.variances()
    return f"{histogram.values()[0]:g} +- " + ("None" if variances is None else f"{variances[0] ** 0.5:.3g}")


def new(storage):
    return bh.Histogram(bh.axis.Regular(1, 0, 1), storage=storage)


middle = np.full(1000, 0.5)
for name, histogram in (
    ("counts", new(bh.storage.Double()).fill(middle)),
    ("counts times 0.0005", new(bh.storage.Double()).fill(middle) * 0.0005),
    ("weights of 0.0005", new(bh.storage.Double()).fill(middle, weight=0.0005)),
    ("weights of 10", new(bh.storage.Double()).fill(middle, weight=10)),
    ("Weight storage, weights of 10", new(bh.storage.Weight()).fill(middle, weight=10)),
):
    read = written_and_read(histogram)
    print(f"{name}: {shown(histogram)}, pickled {shown(pickle.loads(pickle.dumps(histogram)))}, "
          f"JSON {shown(read)}, equal {read == histogram}")
END
cat seen
diff expected seen || { echo "uhi-json-gives-weighted-counts-the-errors-of-unweighted: the behaviour has changed" >&2; exit 1; }
