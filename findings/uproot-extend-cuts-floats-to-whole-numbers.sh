#!/usr/bin/env bash
# uproot's TTree.extend cuts floats to whole numbers if the branch was made for whole ones; an RNTuple refuses.
#
# Guessed: extend raises if a chunk has another type than the branch and would lose something.
# What happens: whatever comes is cast to the type of the branch: 1.086 becomes 1, -1 in an unsigned branch 255,
# and of 2**32 + 7 the last 32 bits stay. No warning. The same chunks make an RNTuple raise a ValueError, even
# where nothing would be lost (a whole number into a float).
# Why it matters: tables are written chunk by chunk, and the type is taken from the first. Weights of 1, b-tags
# of 0 or a charge are whole numbers until an event comes that has another.
#
# Versions: uproot==5.7.7, awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> b-tags, TTree: wrote [1.086, 2.173], read [1, 2]
#> b-tags, RNTuple: ValueError: Data is not compatible with this RNTuple
#> lists of them, TTree: wrote [[1.086], [2.173, 0.0]], read [[1], [2, 0]]
#> lists of them, RNTuple: ValueError: Data is not compatible with this RNTuple
#> charge, TTree: wrote [-1, 1], read [255, 1]
#> charge, RNTuple: ValueError: Data is not compatible with this RNTuple
#> event number, TTree: wrote [4294967303, 3], read [7, 3]
#> event number, RNTuple: ValueError: Data is not compatible with this RNTuple
#> whole numbers after floats, TTree: wrote [1, 2], read [1.0, 2.0]
#> whole numbers after floats, RNTuple: ValueError: Data is not compatible with this RNTuple
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: uproot==5.7.7 awkward==2.14.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import awkward as ak
import numpy as np
import uproot

chunks = {
    "b-tags": (np.array([0, 0]), np.array([1.086, 2.173])),
    "lists of them": (ak.Array([[0], [0, 0]]), ak.Array([[1.086], [2.173, 0.0]])),
    "charge": (np.array([1, 0], np.uint8), np.array([-1, 1])),
    "event number": (np.array([1, 2], np.int32), np.array([2**32 + 7, 3])),
    "whole numbers after floats": (np.array([0.5, 1.0]), np.array([1, 2])),
}
for name, (first, second) in chunks.items():
    for kind in ("TTree", "RNTuple"):
        with uproot.recreate("events.root") as file:
            if kind == "TTree":
                file.mktree("events", {"x": first.dtype if isinstance(first, np.ndarray) else first.type.content})
                file["events"].extend({"x": first})
            else:
                file["events"] = {"x": first}
            try:
                file["events"].extend({"x": second})
            except ValueError as error:
                print(f"{name}, {kind}: ValueError: {str(error).split('.')[0]}")
                continue
        with uproot.open("events.root") as file:
            print(f"{name}, {kind}: wrote {second.tolist()}, read {file['events']['x'].array()[2:].tolist()}")
END
cat seen
diff expected seen || { echo "uproot-extend-cuts-floats-to-whole-numbers: the behaviour has changed" >&2; exit 1; }
