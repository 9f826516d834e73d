#!/usr/bin/env bash
# A batch of no collisions from Pythia has numbered fields, and takes the names from those it is joined to.
#
# Guessed: nextBatch(n) gives an array of one type, whatever n is and however many collisions it completes, so
# that an empty batch has the fields `id`, `status`, `p` and so on, and joining it to another changes nothing.
# What happens: the names are given while the first collision is filled in. Without one the fields are called
# "0" to "13", `batch.prt.id` raises AttributeError, and ak.concatenate with a batch that has collisions gives
# a union, whose fields can't be named at all, although it holds the same collisions as before.
# Why it matters: nextBatch returns only what Pythia completed. Where the energy or a veto leaves none, a loop
# that reads `batch.prt.id` ends in an AttributeError after hours, and one that joins batches loses the names
# of all of them.
#
# Versions: pythia8mc==8.317.2, awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> 3 collisions: id, status, mother1, mother2
#> 0 collisions: 0, 1, 2, 3
#> of none, the codes: AttributeError
#> joined: 3 collisions with the fields []
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: pythia8mc==8.317.2 awkward==2.14.0 numpy==2.4.6

cd "$work"
venv/bin/python -W ignore - > seen <<'END'
import awkward as ak
import pythia8mc

pythia = pythia8mc.Pythia("", False)
for setting in (
    "Print:quiet = on",
    "Beams:eCM = 8000",
    "HiggsSM:gg2H = on",
    "PartonLevel:all = off",
    "HadronLevel:all = off",
):
    pythia.readString(setting)
assert pythia.init()
three, none = pythia.nextBatch(3), pythia.nextBatch(0)
print("3 collisions:", ", ".join(three.prt.fields[:4]))
print("0 collisions:", ", ".join(none.prt.fields[:4]))
try:
    print("of none, the codes:", none.prt.id)
except AttributeError as error:
    print("of none, the codes:", type(error).__name__)
joined = ak.concatenate([three, none])
print("joined:", len(joined), "collisions with the fields", joined.prt.fields)
END
cat seen
diff expected seen || { echo "pythia8mc-an-empty-batch-has-no-names: the behaviour has changed" >&2; exit 1; }
