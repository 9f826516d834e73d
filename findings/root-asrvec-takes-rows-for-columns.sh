#!/usr/bin/env bash
# ROOT's AsRVec of a column X[:, 0] of a NumPy table has the first row's values, and the next ones'.
#
# Guessed: the column's own values, copied if need be, or an error, as the view of memory that it is can't be adopted.
# What happens: pointer and length are taken, the step between two values is not. The first column of three gets what
# is next in memory: row 0 and then the first of row 1. Every second event and a field of a structured array
# come out wrong too, with the right length and type. RVec(X[:, 0]) and RDF.FromNumpy of the same
# column are right, and TH1.FillN refuses it. The docstring says that pointer and size are taken, not that steps are
# lost.
# Why it matters: features of one event lie beside each other in tables made for machine learning. A score is then
# plotted against numbers of other columns. Wrap columns in numpy.ascontiguousarray.
#
# Versions: root==0.1a12, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> column: [50.0, 60.0, 70.0]
#> AsRVec: [50.0, 0.1, 2.0]
#> AsRVec of a contiguous copy: [50.0, 60.0, 70.0]
#> RVec: [50.0, 60.0, 70.0]
#> FromNumpy: [50.0, 60.0, 70.0]
#> every second of 0 to 5: [0.0, 1.0, 2.0]
#> field eta of [(50, 0.1), (60, -0.3)]: [0.1, 60.0]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: root==0.1a12 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import ROOT

table = np.array([[50.0, 0.1, 2.0], [60.0, -0.3, 1.0], [70.0, 0.7, -3.0]])  # momentum, eta, phi of three events
momentum = table[:, 0]
print("column:", momentum.tolist())
print("AsRVec:", list(ROOT.VecOps.AsRVec(momentum)))
print("AsRVec of a contiguous copy:", list(ROOT.VecOps.AsRVec(np.ascontiguousarray(momentum))))
print("RVec:", list(ROOT.RVec["double"](momentum)))
print("FromNumpy:", ROOT.RDF.FromNumpy({"momentum": momentum}).AsNumpy()["momentum"].tolist())
events = np.arange(6.0)
print("every second of 0 to 5:", list(ROOT.VecOps.AsRVec(events[::2])))
jets = np.array([(50.0, 0.1), (60.0, -0.3)], dtype=[("momentum", "f8"), ("eta", "f8")])
print("field eta of [(50, 0.1), (60, -0.3)]:", list(ROOT.VecOps.AsRVec(jets["eta"])))
END
cat seen
diff expected seen || { echo "root-asrvec-takes-rows-for-columns: the behaviour has changed" >&2; exit 1; }
