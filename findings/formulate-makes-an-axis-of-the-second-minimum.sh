#!/usr/bin/env bash
# formulate turns min(x, y) into np.min(x, y), where y is an axis.
#
# Guessed: the smaller of x and y becomes np.minimum(x, y), or the conversion is refused, as others are.
# What happens: to_python() writes np.min(x, y) (and np.max for max). NumPy takes the second argument for
# an axis: with a column that is an error, and with a number such as min(pt, 0) it is a minimum over all
# events instead of an upper bound for each. to_root() writes Min$(x, y); ROOT's Min$ takes one argument.
# Why it matters: formulate is how TTree cuts are brought to NumPy. min(dphi, 1) and max(m, 0) are
# typical; `max(btag, 0)` quietly gives all events the largest b-tag.
#
# Versions: formulate==1.1.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> min(x, y): ROOT Min$(x, y), numexpr min(x, y), Python np.min(x, y) = TypeError
#> max(x, y): ROOT Max$(x, y), numexpr max(x, y), Python np.max(x, y) = TypeError
#> max(x, 0): ROOT Max$(x, 0), numexpr max(x, 0), Python np.max(x, 0) = 3.0
#> meant: [3. 1. 2.]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: formulate==1.1.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import formulate
import numpy as np

columns = {"x": np.array([3.0, 1.0, 2.0]), "y": np.array([2.0, 2.0, 2.0])}
for text in ("min(x, y)", "max(x, y)", "max(x, 0)"):
    expression = formulate.from_root(text)
    code = expression.to_python()
    try:
        result = eval(code, {"np": np}, columns)
    except Exception as error:
        result = type(error).__name__
    print(f"{text}: ROOT {expression.to_root()}, numexpr {expression.to_numexpr()}, Python {code} = {result}")
print("meant:", np.maximum(columns["x"], 0))
END
cat seen
diff expected seen || { echo "formulate-makes-an-axis-of-the-second-minimum: the behaviour has changed" >&2; exit 1; }
