#!/usr/bin/env bash
# correctionlib refuses the number 1.7 for an integer input but takes an array of it, as 1.
#
# Guessed: both raise ("wrong type: got real-valued expected int").
# What happens: only the single number does. A NumPy or Awkward array of floats is cut to whole numbers
# without a word; -0.9 becomes 0.
# Why it matters: a jet's flavour or multiplicity read from a table of floats, as HIGGS' b-tags are (0,
# 1.086, 2.173), gets the correction of another category when a test with one number had raised. Round
# first.
#
# Versions: correctionlib==2.9.0, awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> int 1 -> 10.0
#> float 1.7 RuntimeError: Input flavour has wrong type: got real-valued expected int
#> ndarray [1.7, 2.999, -0.9] -> [10.0, 20.0, 0.0]
#> Array [[1.7], [2.173, 1.086]] -> [[10.0], [20.0, 10.0]]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: correctionlib==2.9.0 awkward==2.14.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import awkward as ak
import correctionlib.schemav2 as schema
import numpy as np

items = [schema.CategoryItem(key=key, value=10.0 * key) for key in (0, 1, 2)]
correction = schema.Correction(
    name="test",
    version=1,
    inputs=[schema.Variable(name="flavour", type="int")],
    output=schema.Variable(name="out", type="real"),
    data=schema.Category(nodetype="category", input="flavour", content=items),
).to_evaluator()
for value in (1, 1.7, np.array([1.7, 2.999, -0.9]), ak.Array([[1.7], [2.173, 1.086]])):
    try:
        out = correction.evaluate(value)
        print(type(value).__name__, value if np.isscalar(value) else value.tolist(), "->", ak.to_list(out))
    except RuntimeError as error:
        print(type(value).__name__, value, "RuntimeError:", error)
END
cat seen
diff expected seen || { echo "correctionlib-truncates-arrays-of-floats: the behaviour has changed" >&2; exit 1; }
