#!/usr/bin/env bash
# In scinum the upward uncertainty of x is also that of -x and of 1/x.
#
# Guessed: +2 -1 of x becomes +1 -2 of -x, of 5 - x and of 1/x, and the upward uncertainty of x - y takes the downward
# one of y.
# What happens: each function's uncertainty is the size of its derivative times the one of x of the same name. So 10 +2
# -1 becomes -10 +2 -1, whose interval -11..-8 is not the one of x turned round, -12..-9. A background subtracted from
# data keeps its sides as well. For one source (named alike in both numbers) x - y is right: there the sign counts.
# Why it matters: the package is made for numbers with asymmetric uncertainties, as a fit's or a Poisson
# interval's. Efficiencies 1 - e, rejections 1 / e and yields less background come out with their sides changed.
#
# Versions: scinum==2.2.2, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> x: 10 +2 -1, from 9 to 12
#> -x: -10 +2 -1, from -11 to -8
#> 15 - x: 5 +2 -1, from 4 to 7
#> -3 x: -30 +6 -3, from -33 to -24
#> 1 / x: 0.1 +0.02 -0.01, from 0.09 to 0.12
#> exp(-x / 10): 0.3679 +0.0736 -0.0368, from 0.3311 to 0.4415
#> y - x, y exact: 5 +2 -1, from 4 to 7
#> z - x of one source, z = 15 +2 -1: 5 +0 -0, from 5 to 5
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: scinum==2.2.2 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
from scinum import Number, ops


def interval(number):
    up, down = number.get_uncertainty("x")
    return f"{number.nominal:.4g} +{up:.3g} -{down:.3g}, from {number.nominal - down:.4g} to {number.nominal + up:.4g}"


x = Number(10.0, {"x": (2.0, 1.0)})
print("x:", interval(x))
print("-x:", interval(-x))
print("15 - x:", interval(15 - x))
print("-3 x:", interval(-3 * x))
print("1 / x:", interval(1 / x))
print("exp(-x / 10):", interval(ops.exp(-x / 10)))
y = Number(15.0, {"y": (0.0, 0.0)})
print("y - x, y exact:", interval(y - x))
same = Number(15.0, {"x": (2.0, 1.0)})
print("z - x of one source, z = 15 +2 -1:", interval(same - x))
END
cat seen
diff expected seen || { echo "scinum-minus-x-keeps-up-on-top: the behaviour has changed" >&2; exit 1; }
