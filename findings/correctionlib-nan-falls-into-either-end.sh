#!/usr/bin/env bash
# A NaN in a binned correction gets the last bin or the first, depending on how the edges are written.
#
# Guessed: with flow="clamp" NaN gets the last bin, as it is not below any edge.
# What happens: so it is for a list of edges. For the same bins as {"n", "low", "high"} it gets the first.
# With a default for what is outside, or with flow="error", the list gives NaN the default, or raises; the
# uniform bins give the first bin's value even then.
# Why it matters: uniform binning is an optimisation that "changes nothing". For missing objects (NaN) it
# turns the correction for the highest pT into that for the lowest. Neither is a sensible answer; mask NaN
# before.
#
# Versions: correctionlib==2.9.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> flow clamp, list: {-5.0: 1.1, 10.0: 1.1, 60.0: 2.2, 500.0: 2.2, nan: 2.2}
#> flow clamp, uniform: {-5.0: 1.1, 10.0: 1.1, 60.0: 2.2, 500.0: 2.2, nan: 1.1}
#> flow -1.0, list: {-5.0: -1.0, 10.0: 1.1, 60.0: 2.2, 500.0: -1.0, nan: -1.0}
#> flow -1.0, uniform: {-5.0: -1.0, 10.0: 1.1, 60.0: 2.2, 500.0: -1.0, nan: 1.1}
#> flow error, list: {-5.0: 'error', 10.0: 1.1, 60.0: 2.2, 500.0: 'error', nan: 'error'}
#> flow error, uniform: {-5.0: 'error', 10.0: 1.1, 60.0: 2.2, 500.0: 'error', nan: 1.1}
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: correctionlib==2.9.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import correctionlib.schemav2 as schema
import numpy as np

edges = {"list": [0.0, 50.0, 100.0], "uniform": schema.UniformBinning(n=2, low=0.0, high=100.0)}
for flow in ("clamp", -1.0, "error"):
    for name, bins in edges.items():
        correction = schema.Correction(
            name="test",
            version=1,
            inputs=[schema.Variable(name="pt", type="real")],
            output=schema.Variable(name="out", type="real"),
            data=schema.Binning(nodetype="binning", input="pt", edges=bins, content=[1.1, 2.2], flow=flow),
        ).to_evaluator()
        seen = {}
        for value in (-5.0, 10.0, 60.0, 500.0, np.nan):
            try:
                seen[value] = correction.evaluate(value)
            except RuntimeError:
                seen[value] = "error"
        print(f"flow {flow}, {name}: {seen}")
END
cat seen
diff expected seen || { echo "correctionlib-nan-falls-into-either-end: the behaviour has changed" >&2; exit 1; }
