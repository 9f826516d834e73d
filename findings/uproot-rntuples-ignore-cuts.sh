#!/usr/bin/env bash
# Since dicts are written as RNTuples, uproot's arrays(cut=...) gives all events.
#
# Guessed: file["events"] = {...} writes a TTree, as it always did; cut="pt > 30" keeps the same events for an
# RNTuple as for a TTree, or raises there.
# What happens: uproot writes an RNTuple, and of an RNTuple arrays, iterate and uproot.concatenate take cut
# and do nothing with it. A cut on a column that does not exist passes as well, and an expression gives an
# array without columns. The docstring explains what cut filters and says nothing of this.
# Why it matters: the selection of an analysis is a string handed to cut. With files written by this uproot,
# or converted to RNTuple, signal and background come unselected, without a word.
#
# Versions: uproot==5.7.7, awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> Model_TTree_v20
#>   arrays, "pt > 30": [45.0, 31.0]
#>   iterate, "pt > 30": [45.0, 31.0]
#>   concatenate, "pt > 30": [45.0, 31.0]
#>   arrays, "no_such > 30": KeyInFileError
#>   columns of arrays("pt / 2"): ['pt / 2']
#> Model_ROOT_3a3a_RNTuple
#>   arrays, "pt > 30": [12.0, 45.0, 31.0, 28.0]
#>   iterate, "pt > 30": [12.0, 45.0, 31.0, 28.0]
#>   concatenate, "pt > 30": [12.0, 45.0, 31.0, 28.0]
#>   arrays, "no_such > 30": [12.0, 45.0, 31.0, 28.0]
#>   columns of arrays("pt / 2"): []
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: uproot==5.7.7 awkward==2.14.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
import uproot

events = {"n_jets": np.array([2, 4, 5, 3]), "pt": np.array([12.0, 45.0, 31.0, 28.0])}
with uproot.recreate("events.root") as file:
    file["plain"] = events
    file.mktree("tree", {"n_jets": "int64", "pt": "float64"}).extend(events)

with uproot.open("events.root") as file:
    for name in ("tree", "plain"):
        kept = file[name]
        print(type(kept).__name__)
        print('  arrays, "pt > 30":', kept.arrays(cut="pt > 30")["pt"].tolist())
        print('  iterate, "pt > 30":', [pt for part in kept.iterate(cut="pt > 30") for pt in part["pt"].tolist()])
        print('  concatenate, "pt > 30":', uproot.concatenate(f"events.root:{name}", cut="pt > 30")["pt"].tolist())
        try:
            print('  arrays, "no_such > 30":', kept.arrays(cut="no_such > 30")["pt"].tolist())
        except KeyError as error:
            print(f'  arrays, "no_such > 30": {type(error).__name__}')
        print('  columns of arrays("pt / 2"):', kept.arrays("pt / 2").fields)
END
cat seen
diff expected seen || { echo "uproot-rntuples-ignore-cuts: the behaviour has changed" >&2; exit 1; }
