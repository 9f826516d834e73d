#!/usr/bin/env bash
# The numbers that dask-awkward gives to events start at 0 again in each partition.
#
# Guessed: local_index(axis=0) numbers the events of the whole array, as awkward's does, or raises, as argmax along
# axis 0 does.
# What happens: each partition is numbered on its own, so numbers repeat, and which they are depends on how the
# files were cut into pieces. Repartitioned, the same events have other numbers. A single partition is right, so a test
# with a small file passes. num, the other function to ask axis 0 of, gives the length of the whole.
# Why it matters: the number of an event is what splits training from test events (even and odd), folds, or joins jets
# back to events. Here events of one number are many, and the fold of an event changes with the chunk size.
#
# Versions: dask-awkward==2026.2.1, dask==2025.3.1, awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> awkward: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
#> partitions of 10: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] even events: [[0.0, 1.0], [2.0, 3.0, 4.0], [6.0, 7.0], [], [13.0, 14.0, 15.0, 16.0, 17.0]]
#>   num: 10 local_index of jets right: True
#> partitions of 5: [0, 1, 2, 3, 4, 0, 1, 2, 3, 4] even events: [[0.0, 1.0], [2.0, 3.0, 4.0], [6.0, 7.0], [8.0, 9.0, 10.0, 11.0], [12.0], [18.0, 19.0]]
#>   num: 10 local_index of jets right: True
#> partitions of 4: [0, 1, 2, 3, 0, 1, 2, 3, 0, 1] even events: [[0.0, 1.0], [2.0, 3.0, 4.0], [6.0, 7.0], [], [13.0, 14.0, 15.0, 16.0, 17.0]]
#>   num: 10 local_index of jets right: True
#> partitions of 3: [0, 1, 2, 0, 1, 2, 0, 1, 2, 0] even events: [[0.0, 1.0], [2.0, 3.0, 4.0], [5.0], [8.0, 9.0, 10.0, 11.0], [], [13.0, 14.0, 15.0, 16.0, 17.0], [18.0, 19.0]]
#>   num: 10 local_index of jets right: True
#> from_awkward, 3 partitions: [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: dask-awkward==2026.2.1 dask==2025.3.1 awkward==2.14.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import awkward as ak
import dask_awkward as dak
import numpy as np

jets = ak.unflatten(np.arange(20.0), [2, 0, 3, 1, 2, 4, 0, 1, 5, 2])
print("awkward:", ak.local_index(jets, axis=0).tolist())
for size in (10, 5, 4, 3):
    pieces = [jets[start : start + size] for start in range(0, len(jets), size)]
    lazy = dak.concatenate([dak.from_awkward(piece, npartitions=1) for piece in pieces])
    number = dak.local_index(lazy, axis=0)
    print(f"partitions of {size}:", number.compute().tolist(), "even events:", lazy[number % 2 == 0].compute().tolist())
    print("  num:", dak.num(lazy, axis=0).compute(), "local_index of jets right:",
          ak.all(dak.local_index(lazy).compute() == ak.local_index(jets)))
print("from_awkward, 3 partitions:", dak.local_index(dak.from_awkward(jets, npartitions=3), axis=0).compute().tolist())
END
cat seen
diff expected seen || { echo "dask-awkward-counts-events-from-zero-in-every-partition: the behaviour has changed" >&2; exit 1; }
