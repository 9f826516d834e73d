#!/usr/bin/env bash
# prettyroot takes cuts in ROOT's style and binds &, | and chains of comparisons as Python does: 494 events for 261.
#
# Guessed: a cut gives the events that ROOT's TTree gives, or an error if it isn't supported.
# What happens: && and ||, ! and brackets are as in ROOT. A cut with single & or | is read as Python reads it, where &
# binds tighter than > and the two comparisons become a chain: "pt > 30 & ntag < 2" is pt > (30 & ntag) and
# (30 & ntag) < 2. The rest of a negative number, by %, has Python's sign, and x == y == 0 is a chain too. All are
# accepted and give events, without a warning; uproot refuses most of them, RDataFrame some.
# Why it matters: single & are found in many a cut that TTree::Draw has read for years. The selection of an analysis
# carried over changes by a factor of two. Put brackets around each comparison.
#
# Versions: prettyroot==1.0.1, root==0.1a12, uproot==5.7.7, awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> njet > 3 && ntag < 2: prettyroot 274, TTree 274, RDataFrame 274, uproot error
#> !(ntag > 1): prettyroot 494, TTree 494, RDataFrame 494, uproot error
#> (pt > 30) & (ntag < 2): prettyroot 261, TTree 261, RDataFrame error, uproot 261
#> pt > 30 & ntag < 2: prettyroot 494, TTree 261, RDataFrame error, uproot error
#> njet > 3 & ntag < 2: prettyroot 413, TTree 274, RDataFrame error, uproot error
#> njet > 3 | ntag > 2: prettyroot 537, TTree 672, RDataFrame error, uproot error
#> charge % 2 == 1: prettyroot 588, TTree 276, RDataFrame 276, uproot 588
#> njet == ntag == 0: prettyroot 28, TTree 117, RDataFrame 894, uproot error
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: prettyroot==1.0.1 root==0.1a12 uproot==5.7.7 awkward==2.14.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import ROOT
import uproot
from prettyroot import PrettyTree

rng = np.random.default_rng(0)
columns = {"njet": rng.integers(0, 8, 1000), "ntag": rng.integers(0, 4, 1000), "flags": rng.integers(0, 8, 1000), "charge": rng.integers(-3, 4, 1000)}
columns = {name: column.astype(np.int32) for name, column in columns.items()}
columns["pt"] = rng.exponential(50.0, 1000).astype(np.float32)
with uproot.recreate("events.root") as file:
    file.mktree("events", {name: column.dtype for name, column in columns.items()})
    file["events"].extend(columns)
tree = uproot.open("events.root:events")
pretty = PrettyTree.PrettyTree(tree)
file = ROOT.TFile("events.root")
frame = ROOT.RDataFrame("events", "events.root")


def count(select):
    try:
        return int(select())
    except Exception:
        return "error"


for cut in (
    "njet > 3 && ntag < 2",
    "!(ntag > 1)",
    "(pt > 30) & (ntag < 2)",
    "pt > 30 & ntag < 2",
    "njet > 3 & ntag < 2",
    "njet > 3 | ntag > 2",
    "charge % 2 == 1",
    "njet == ntag == 0",
):
    found = {
        "prettyroot": count(lambda: pretty.getEntries(cut)),
        "TTree": count(lambda: file.Get("events").GetEntries(cut)),
        "RDataFrame": count(lambda: frame.Filter(cut).Count().GetValue()),
        "uproot": count(lambda: len(tree.arrays(cut=cut))),
    }
    print(f"{cut}:", ", ".join(f"{name} {number}" for name, number in found.items()))
END
cat seen
diff expected seen || { echo "prettyroot-cuts-of-root-select-other-events: the behaviour has changed" >&2; exit 1; }
