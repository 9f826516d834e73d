#!/usr/bin/env bash
# In a correctionlib formula -x^2 is +9 for x = 3.
#
# Guessed: -(x^2) = -9, as in Python (-x**2), in C++ (-pow(x, 2)) and on paper; the parser is called
# "TFormula" after ROOT's.
# What happens: a minus in front binds closer than the power: (-x)^2. exp(-x^2) grows, and -x^0.5 is NaN.
# A minus between two terms is right: 1-x^2 is -8.
# Why it matters: scale factors and turn-on curves are shipped as such formulas, often copied from a fit
# in ROOT; a Gaussian written exp(-x^2) turns over. Write -(x^2) or -1*x^2.
#
# Versions: correctionlib==2.9.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> -x^2 at 3: 9
#> 0-x^2 at 3: -9
#> 1-x^2 at 3: -8
#> -(x^2) at 3: -9
#> -1*x^2 at 3: -9
#> exp(-x^2) at 3: 8103.08
#> exp(-(x^2)) at 3: 0.00012341
#> -x^0.5 at 3: nan
#> 2^-x^2 at 3: 512
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: correctionlib==2.9.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import correctionlib.schemav2 as schema

for text in ("-x^2", "0-x^2", "1-x^2", "-(x^2)", "-1*x^2", "exp(-x^2)", "exp(-(x^2))", "-x^0.5", "2^-x^2"):
    formula = schema.Formula(nodetype="formula", expression=text, parser="TFormula", variables=["x"])
    correction = schema.Correction(
        name="test",
        version=1,
        inputs=[schema.Variable(name="x", type="real")],
        output=schema.Variable(name="out", type="real"),
        data=formula,
    ).to_evaluator()
    print(f"{text} at 3: {correction.evaluate(3.0):.6g}")
END
cat seen
diff expected seen || { echo "correctionlib-minus-x-squared-is-positive: the behaviour has changed" >&2; exit 1; }
