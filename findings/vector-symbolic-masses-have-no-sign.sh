#!/usr/bin/env bash
# The symbolic mass of a spacelike four-vector is positive, where vector's numeric one is negative.
#
# Guessed: a formula from vector's SymPy vectors, with numbers put in, gives what its numeric vectors give.
# What happens: so it does for energies, angles, distances, boosts and masses squared. Where the invariant or the
# transverse mass squared is negative, the numeric mass is minus the root of its size, and the formula, the
# root of the size without a sign: sqrt(Abs(...)). gamma, which is E over that mass, changes sign with it. Nothing is
# NaN or complex. (The rapidity is complex in symbols and NaN in numbers.)
# Why it matters: momentum transfers, and jets whose mass squared is rounded to below zero, are spacelike. A function
# made by lambdify from such a formula disagrees with the analysis it is to describe, without a sign of it.
#
# Versions: vector==1.9.0, sympy==1.14.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> timelike, mass2: numbers 86.000, symbols 86.000
#> timelike, mass: numbers 9.274, symbols 9.274
#> timelike, transverse_mass2: numbers 91.000, symbols 91.000
#> timelike, transverse_mass: numbers 9.539, symbols 9.539
#> timelike, gamma: numbers 1.078, symbols 1.078
#> timelike, eta: numbers 1.104, symbols 1.104
#> spacelike, mass2: numbers -13.000, symbols -13.000
#> spacelike, mass: numbers -3.606, symbols 3.606
#> spacelike, transverse_mass2: numbers -8.000, symbols -8.000
#> spacelike, transverse_mass: numbers -2.828, symbols 2.828
#> spacelike, gamma: numbers -0.277, symbols 0.277
#> spacelike, eta: numbers 1.104, symbols 1.104
#> mass: sqrt(Abs(-E**2 + px**2 + py**2 + pz**2))
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: vector==1.9.0 sympy==1.14.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import sympy
import vector

names = sympy.symbols("px py pz E", real=True)
symbolic = vector.MomentumSympy4D(px=names[0], py=names[1], pz=names[2], E=names[3])
for title, numbers in (("timelike", (1.0, 2.0, 3.0, 10.0)), ("spacelike", (1.0, 2.0, 3.0, 1.0))):
    numeric = vector.obj(**dict(zip(("px", "py", "pz", "E"), numbers, strict=True)))
    for quantity in ("mass2", "mass", "transverse_mass2", "transverse_mass", "gamma", "eta"):
        formula = sympy.lambdify(names, getattr(symbolic, quantity), "numpy")
        print(f"{title}, {quantity}: numbers {getattr(numeric, quantity):.3f}, symbols {formula(*numbers):.3f}")
print("mass:", symbolic.mass)
END
cat seen
diff expected seen || { echo "vector-symbolic-masses-have-no-sign: the behaviour has changed" >&2; exit 1; }
