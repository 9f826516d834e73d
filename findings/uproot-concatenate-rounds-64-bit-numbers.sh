#!/usr/bin/env bash
# uproot.concatenate rounds whole numbers of 64 bits if one file has them signed and another unsigned.
#
# Guessed: they are kept, or it raises, as the reader of a file would rather do than change numbers.
# What happens: a branch that is int64 in one file and uint64 in another becomes float64, as in NumPy, with 53
# bits: times in nanoseconds are off by up to 128, and of 1000 events 100 ns apart 391 have a time of their
# own. No warning. ak.concatenate does the same, and so does ak.fill_none(numbers, -1) of unsigned ones.
# Polars refuses, or keeps all in 128 bits if told to.
# Why it matters: ROOT writes event identifiers and times as ULong64_t, and what Python writes of the same is
# int64. Beyond 2^53 different events become one where duplicates are dropped or tables joined. Convert one
# kind before joining.
#
# Versions: uproot==5.7.7, awkward==2.14.0, polars==2.1.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> uproot.concatenate: 1000 * float64, 391 different times, off by up to 128 ns
#> ak.concatenate: 1000 * float64, 391 different times, off by up to 128 ns
#> uproot.concatenate as NumPy: 1000 * float64, 391 different times, off by up to 128 ns
#> polars.concat: SchemaError
#> polars.concat, relaxed: 1000 different times
#> ak.fill_none(uint64, -1): 500 * float64, 196 of 500 different
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: uproot==5.7.7 awkward==2.14.0 polars==2.1.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import awkward as ak
import numpy as np
import polars as pl
import uproot

# times in nanoseconds since 1970, of the same day, 100 ns apart
times = 1_795_737_600_000_000_000 + 100 * np.arange(1000)
files = {"int64": times[:500], "uint64": times[500:].astype(np.uint64)}
for kind, values in files.items():
    with uproot.recreate(f"{kind}.root") as file:
        file.mktree("events", {"time": values.dtype})
        file["events"].extend({"time": values})

paths = [f"{kind}.root:events" for kind in files]
for name, joined in (
    ("uproot.concatenate", uproot.concatenate(paths)["time"]),
    ("ak.concatenate", ak.concatenate([ak.Array(values) for values in files.values()])),
    ("uproot.concatenate as NumPy", uproot.concatenate(paths, library="np")["time"]),
):
    different = len(np.unique(ak.to_numpy(joined)))
    off = max(abs(int(after) - int(before)) for after, before in zip(ak.to_list(joined), times))
    print(f"{name}: {ak.type(joined)}, {different} different times, off by up to {off} ns")
tables = [pl.DataFrame({"time": values}) for values in files.values()]
try:
    pl.concat(tables)
except pl.exceptions.SchemaError:
    print("polars.concat: SchemaError")
print("polars.concat, relaxed:", pl.concat(tables, how="vertical_relaxed")["time"].n_unique(), "different times")

found = ak.mask(ak.Array(files["uint64"]), np.arange(500) > 0)
filled = ak.fill_none(found, -1)
print(f"ak.fill_none(uint64, -1): {filled.type}, {len(np.unique(ak.to_numpy(filled)))} of 500 different")
END
cat seen
diff expected seen || { echo "uproot-concatenate-rounds-64-bit-numbers: the behaviour has changed" >&2; exit 1; }
