#!/usr/bin/env bash
# dcor's distance correlation of uint8 columns is 0: two columns that belong together look independent.
#
# Guessed: whole numbers are turned into floats, or at least into wide ones, before differences and sums.
# What happens: the default method (for two columns) sums in the columns' own type, which runs over: 0.000
# instead of 0.626 for the number of jets and of tracks as uint8, an OverflowError as int8 and int16. The other
# method, "naive", gets uint8 right and int8 wrong (NaN). The energy distance of 1, 2 and 200, 201 is 19 in
# uint8, as 1 - 200 wraps round; it is 397.
# Why it matters: numbers of jets, b-tags, charges and flags come as uint8 and int8 from NanoAOD and other
# trees, and features of no distance correlation with a mass are taken for safe to cut on. Convert to float64.
#
# Versions: dcor==0.7, numba==0.68.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> float64: auto 0.626 naive 0.626
#> int64: auto 0.626 naive 0.626
#> uint8: auto 0.000 naive 0.626
#> int8: auto OverflowError naive nan
#> int16: auto OverflowError naive 0.626
#> energy distance: float 397.0 uint8 19.3
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: dcor==0.7 numba==0.68.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import dcor
import numpy as np

random = np.random.default_rng(0)
jets = random.poisson(3.0, 2000) + 2
tracks = jets + random.poisson(3.5, 2000)
for kind in (float, np.int64, np.uint8, np.int8, np.int16):
    line = [f"{np.dtype(kind)}:"]
    for method in ("auto", "naive"):
        try:
            found = dcor.distance_correlation(jets.astype(kind), tracks.astype(kind), method=method)
            line.append(f"{method} {found:.3f}")
        except OverflowError as error:
            line.append(f"{method} {type(error).__name__}")
    print(" ".join(line))

near, far = np.array([1, 2], np.uint8), np.array([200, 201], np.uint8)
print("energy distance:", *(f"{kind.__name__} {dcor.energy_distance(near.astype(kind), far.astype(kind)):.1f}"
                            for kind in (float, np.uint8)))
END
cat seen
diff expected seen || { echo "dcor-of-small-whole-numbers-is-zero: the behaviour has changed" >&2; exit 1; }
