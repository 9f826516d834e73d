#!/usr/bin/env bash
# numcodecs' Delta filter loses -999 among floats, and every event after a NaN.
#
# Guessed: Delta loses nothing, as with whole numbers, or warns of floats; a NaN stays one event's.
# What happens: the differences are taken and added up again in the column's own type, and each step is rounded. Of 30 %
# of -999 among a million momenta less than one in 100 comes back as -999, in float32 and in float64; the others are
# -999.001 and the like. The first NaN makes NaN of every later event of the chunk, and a single 1e9 moves all later ones
# by more than 10 GeV. The docstring warns of whole numbers that are too small; of floats it says nothing.
# Why it matters: the filter stands in zarr's lists beside those that lose nothing. `x == -999` no longer finds what is
# missing, and a file with one NaN reads as if the sample ended there.
#
# Versions: numcodecs==0.16.6, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> pt in GeV, whole numbers, 30 % missing: of the -999 come back 100 %, all as they were: True
#> pt in GeV, 30 % missing: of the -999 come back less than 1 %, all as they were: False
#> pt in GeV, float64, 30 % missing: of the -999 come back less than 1 %, all as they were: False
#> a NaN in event 1000 of 1000000: 999000 NaN
#> 1e9 in event 1000: the others are off by more than 10 GeV: True
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: numcodecs==0.16.6 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numcodecs
import numpy as np

rng = np.random.default_rng(0)
pt = (50 * rng.exponential(1, 1_000_000)).astype("f4")
missing = rng.random(len(pt)) < 0.3


def there_and_back(values):
    codec = numcodecs.Delta(values.dtype.str)
    return codec.decode(codec.encode(values))


for name, values in (
    ("pt in GeV, whole numbers", np.floor(pt)),
    ("pt in GeV", pt),
    ("pt in GeV, float64", pt.astype("f8") * 1.1),
):
    values = np.where(missing, np.array(-999, values.dtype), values)
    back = there_and_back(values)
    kept = 100 * np.mean(back[missing] == -999)
    print(f"{name}, 30 % missing: of the -999 come back {'less than 1' if kept < 1 else f'{kept:.0f}'} %, "
          f"all as they were: {np.array_equal(back, values)}")
lost = pt.copy()
lost[1000] = np.nan
print(f"a NaN in event 1000 of {len(pt)}: {np.isnan(there_and_back(lost)).sum()} NaN")
far = pt.copy()
far[1000] = 1e9
error = np.abs(there_and_back(far) - far)[1001:].max()
print(f"1e9 in event 1000: the others are off by more than 10 GeV: {error > 10}")
END
cat seen
diff expected seen || { echo "numcodecs-delta-loses-what-stands-for-missing: the behaviour has changed" >&2; exit 1; }
