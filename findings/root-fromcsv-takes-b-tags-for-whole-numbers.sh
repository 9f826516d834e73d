#!/usr/bin/env bash
# ROOT's FromCSV cuts b-tags 0, 2.173, 1.0865 to 0, 2, 1, since the first row's has no point.
#
# Guessed: a column with 0 or 1 in its first row and 2.173 further on is read as floating point, or raises.
# What happens: the first row alone decides (or, where its field is empty, the first of ten that is not). Without a
# point it is a column of Long64_t, and each later number is cut where its digits end: 2.173 is 2, 125.35 is 125, 1e2
# is 1, and 9.99e1 is 9. No warning. The class's documentation says that types are inferred from the data, not how
# much of it, and warns only of empty fields. Types can be given by column (in C++ at least), and then all is right.
# Why it matters: programs that print the shortest form of a number write 0 for a jet without a b-tag. The same file
# with its rows in another order is read rightly, so a test on a few rows may show nothing.
#
# Versions: root==0.1a12, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> as written: btag Long64_t [0, 2, 1, 0], mass Long64_t [100, 125, 1, 9]
#> second row first: btag double [2.173, 0.0, 1.0865, 0.0], mass double [125.35, 100.0, 100.0, 99.9]
#> types given: btag double [0.0, 2.173, 1.0865, 0.0], mass double [100.0, 125.35, 100.0, 99.9]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: root==0.1a12 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
from pathlib import Path

import ROOT


ROOT.gInterpreter.Declare("""
ROOT::RDataFrame with_types() {
   return ROOT::RDF::FromCSV("events.csv", true, ',', -1, {{"btag", 'D'}, {"mass", 'D'}});
}
""")


def read(rows, types=False):
    Path("events.csv").write_text("\n".join(["btag,mass", *rows]) + "\n")
    frame = ROOT.with_types() if types else ROOT.RDF.FromCSV("events.csv")
    columns = frame.AsNumpy()
    return ", ".join(f"{name} {frame.GetColumnType(name)} {columns[name].tolist()}" for name in ("btag", "mass"))


rows = ["0,100", "2.173,125.35", "1.0865,1e2", "0,9.99e1"]
print("as written:", read(rows))
print("second row first:", read([rows[1], rows[0], *rows[2:]]))
print("types given:", read(rows, types=True))
END
cat seen
diff expected seen || { echo "root-fromcsv-takes-b-tags-for-whole-numbers: the behaviour has changed" >&2; exit 1; }
