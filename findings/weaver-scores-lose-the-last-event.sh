#!/usr/bin/env bash
# weaver writes no event of a sample of one, and loses the last of 1,048,577.
#
# Guessed: a ROOT file of scores has all events, however many there are.
# What happens: the function behind `weaver --predict` and its ROOT output writes blocks of 2**20 events, and stops one
# event too early: it writes a last block only if that has two events or more. No warning; the log says "Written output".
# Why it matters: scores are joined to other columns by their position, or the signal of one rare sample is a handful of
# files with an event each. The files are short by one. Compare the numbers of entries, or write Parquet (awkward's).
#
# Versions: weaver-core==0.5.3, numba==0.68.1, uproot==5.7.7, awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> 1 events given, 0 in the file
#> 2 events given, 2 in the file
#> 1000 events given, 1000 in the file
#> 1048576 events given, 1048576 in the file
#> 1048577 events given, 1048576 in the file
#> 2097153 events given, 2097152 in the file
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: weaver-core==0.5.3 numba==0.68.1 uproot==5.7.7 awkward==2.14.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import logging

import awkward as ak
import numpy as np
import uproot

logging.disable(logging.CRITICAL)
from weaver.utils.data.fileio import _write_root

for events in (1, 2, 1000, 2**20, 2**20 + 1, 2 * 2**20 + 1):
    _write_root("scores.root", ak.Array({"score": np.linspace(0, 1, events, dtype="float32")}))
    with uproot.open("scores.root:Events") as tree:
        print(f"{events} events given, {tree.num_entries} in the file")
END
cat seen
diff expected seen || { echo "weaver-scores-lose-the-last-event: the behaviour has changed" >&2; exit 1; }
