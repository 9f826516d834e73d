#!/usr/bin/env bash
# correctionlib-gradients, told to clamp, takes the last bin's formula below the first, and overshoots bins of numbers.
#
# Guessed: its corrections have the values of correctionlib, on edges and beyond the ends too (it allows only "clamp").
# What happens: in bins of formulas a value below the range gets the formula of the last bin (0.915 for 1.170), and one
# at or above the upper end an IndexError. Bins of numbers are replaced by a cubic spline through their centres: scale
# factors 0.9, 1.0 and 1.1 become 1.26 in the middle of the last, wide bin. The package's page doesn't say so.
# Why it matters: scale factors and energy corrections have wide last bins and are clamped at both ends. The
# gradient belongs to another correction. Compare the values with correctionlib's at the ends and between centres.
#
# Versions: correctionlib-gradients==0.2.2, correctionlib==2.9.0, jax==0.10.2, jaxlib==0.10.2, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> a formula in each bin
#>   x = 15: correctionlib 1.170, correctionlib-gradients 0.915
#>   x = 20: correctionlib 1.160, correctionlib-gradients 1.160
#>   x = 35: correctionlib 1.130, correctionlib-gradients 1.130
#>   x = 70: correctionlib 0.970, correctionlib-gradients 0.970
#>   x = 100: correctionlib 1.000, correctionlib-gradients IndexError
#>   x = 120: correctionlib 1.020, correctionlib-gradients IndexError
#> numbers 0.9, 1.0 and 1.1
#>   x = 10: correctionlib 0.900, correctionlib-gradients 0.900
#>   x = 30: correctionlib 0.900, correctionlib-gradients 0.900
#>   x = 70: correctionlib 1.000, correctionlib-gradients 1.000
#>   x = 200: correctionlib 1.100, correctionlib-gradients 1.259
#>   x = 300: correctionlib 1.100, correctionlib-gradients 1.264
#>   x = 1000: correctionlib 1.100, correctionlib-gradients 1.100
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: correctionlib-gradients==0.2.2 correctionlib==2.9.0 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import correctionlib.schemav2 as schema
from correctionlib_gradients import CorrectionWithGradient


def compare(title, edges, content, points):
    """Print a correction of x from both packages."""
    axis = {"nodetype": "binning", "input": "x", "edges": edges, "content": content, "flow": "clamp"}
    made = schema.Correction(name="c", version=1, inputs=[schema.Variable(name="x", type="real")],
                             output=schema.Variable(name="weight", type="real"), data=schema.Binning(**axis))
    plain, gradient = made.to_evaluator(), CorrectionWithGradient(made)
    print(title)
    for x in points:
        try:
            found = f"{float(gradient.evaluate(x)):.3f}"
        except IndexError:
            found = "IndexError"
        print(f"  x = {x:g}: correctionlib {plain.evaluate(x):.3f}, correctionlib-gradients {found}")


def formula(text):
    """Return the content of a bin."""
    return schema.Formula(nodetype="formula", expression=text, parser="TFormula", variables=["x"])


formulas = [formula("1.2-0.002*x"), formula("0.9+0.001*x")]
compare("a formula in each bin", [20.0, 50.0, 100.0], formulas, [15.0, 20.0, 35.0, 70.0, 100.0, 120.0])
points = [10.0, 30.0, 70.0, 200.0, 300.0, 1000.0]
compare("numbers 0.9, 1.0 and 1.1", [20.0, 40.0, 100.0, 1000.0], [0.9, 1.0, 1.1], points)
END
cat seen
diff expected seen || { echo "correctionlib-gradients-takes-the-wrong-end: the behaviour has changed" >&2; exit 1; }
