#!/usr/bin/env bash
# A masked array written by uproot as an RNTuple comes back with other numbers.
#
# Guessed: an option type keeps its values: [10, None, 30, 40] comes back as it was, or uproot refuses it.
# What happens: every value after a masked entry is the one before it. uproot writes all values, the
# masked ones too, but an index that counts only the valid ones. Lists are shifted with their contents.
# ak.to_packed does not help; an array that was built from None (an indexed, not a byte-masked layout) is
# right.
# Why it matters: events that miss an object are most easily written as a mask. `file["name"] = arrays`
# makes an RNTuple in this uproot, the mask survives, nothing warns, and momenta move to other events.
#
# Versions: uproot==5.7.7, awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> np.ma: wrote [10.0, None, 30.0, 40.0], read [10.0, None, 20.0, 30.0]
#> ak.mask: wrote [10.0, None, 30.0, 40.0], read [10.0, None, 20.0, 30.0]
#> ak.mask of lists: wrote [[1.0, 2.0], None, [], [4.0]], read [[1.0, 2.0], None, [3.0], []]
#> ak.mask in lists: wrote [[None, 2.0], [3.0]], read [[None, 1.0], [2.0]]
#> packed: wrote [10.0, None, 30.0, 40.0], read [10.0, None, 20.0, 30.0]
#> from None: wrote [10.0, None, 30.0, 40.0], read [10.0, None, 30.0, 40.0]
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

keep = [True, False, True, True]
masked = {
    "np.ma": np.ma.array([10.0, 20.0, 30.0, 40.0], mask=np.logical_not(keep)),
    "ak.mask": ak.mask(ak.Array([10.0, 20.0, 30.0, 40.0]), keep),
    "ak.mask of lists": ak.mask(ak.Array([[1.0, 2.0], [3.0], [], [4.0]]), keep),
    "ak.mask in lists": ak.mask(ak.Array([[1.0, 2.0], [3.0]]), ak.Array([[False, True], [True]])),
    "packed": ak.to_packed(ak.mask(ak.Array([10.0, 20.0, 30.0, 40.0]), keep)),
    "from None": ak.Array([10.0, None, 30.0, 40.0]),
}
for name, array in masked.items():
    with uproot.recreate("events.root") as file:
        file["events"] = {"pt": array}
    with uproot.open("events.root") as file:
        print(f"{name}: wrote {ak.to_list(array)}, read {file['events']['pt'].array().tolist()}")
END
cat seen
diff expected seen || { echo "uproot-rntuple-shifts-masked-values: the behaviour has changed" >&2; exit 1; }
