#!/usr/bin/env bash
# A puma histogram of a half-precision column counts to 2048, one of int8 or uint8 wraps round.
#
# Guessed: the kind of a column's numbers changes no contents: 20,000 jets are 20,000 in float16 and in int8 as well.
# What happens: without weights puma gives each jet a weight of 1 of the column's own kind, and sums in that kind. In
# float16 no bin passes 2048, in int8 and uint8 the sum wraps, to negative contents and errors of NaN as well. The sum
# of more than 65,504 ones is infinite in float16, so a normalised histogram is empty. No warning.
# Why it matters: jets for training of taggers are stored in half precision, and numbers of tracks or b-tags in one
# byte, to save space. Plots of them have the wrong shape, or none. Turn columns into float64 before.
#
# Versions: puma-hep==0.5.6, atlas-ftag-tools==0.3.6, numpy==2.3.5
# Seen on 2026-11-28 (the script compares with these lines):
#> float64: [20000, 10000, 5000, 1000] +- [141.4, 100.0, 70.7, 31.6]
#> float32: [20000, 10000, 5000, 1000] +- [141.4, 100.0, 70.7, 31.6]
#> int64: [20000, 10000, 5000, 1000] +- [141.4, 100.0, 70.7, 31.6]
#> int16: [20000, 10000, 5000, 1000] +- [141.4, 100.0, 70.7, 31.6]
#> float16: [2048, 0, 0, 0] +- [45.2, 0.0, 0.0, 0.0]
#> int8: [32, 16, -120, -24] +- [5.7, 4.0, nan, nan]
#> uint8: [32, 16, 136, 232] +- [5.7, 4.0, 11.7, 15.2]
#> with weights of 1.0, float16: [20000, 10000, 5000, 1000]
#> normalised, 36,000 jets of float16: [0.057, 0.0, 0.0, 0.0]
#> normalised, 72,000 jets of float16: [0.0, 0.0, 0.0, 0.0]
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
edges = np.array([-0.5, 0.5, 1.5, 2.5, 3.5])
jets = np.repeat([0, 1, 2, 3], [20000, 10000, 5000, 1000])
for kind in ("float64", "float32", "int64", "int16", "float16", "int8", "uint8"):
    histogram = Histogram(jets.astype(kind), bins=edges, norm=False)
    contents = [int(x) for x in histogram.hist]
    errors = [round(float(x), 1) for x in histogram.unc]
    print(f"{kind}: {contents} +- {errors}")
print("with weights of 1.0, float16:",
      [int(x) for x in Histogram(jets.astype("float16"), bins=edges, norm=False, weights=np.ones(len(jets))).hist])
print("normalised, 36,000 jets of float16:",
      [round(float(x), 3) for x in Histogram(jets.astype("float16"), bins=edges).hist])
print("normalised, 72,000 jets of float16:",
      [round(float(x), 3) for x in Histogram(np.tile(jets, 2).astype("float16"), bins=edges).hist])
END
cat seen
diff expected seen || { echo "puma-half-precision-jets-count-to-2048: the behaviour has changed" >&2; exit 1; }
