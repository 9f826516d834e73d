#!/usr/bin/env bash
# With Pint `np.mod` of degrees and radians, and `np.sum` with a start value, forget the units.
#
# Guessed: NumPy's functions convert the second number to the unit of the first, as the operators do, or raise.
# What happens: `np.mod`, `np.remainder` and `np.fmod` take the bare numbers and write the first one's unit: 370 degrees
# modulo 2 pi are 5.575 degrees, while `%` gives 10. 5 GeV modulo 3000 MeV are 5 GeV, and `np.floor_divide` gives 0 where
# `//` gives 1. The sum of 5 and 7 GeV that starts at 1000 MeV is 1012 GeV; a largest value that starts at 8000 MeV is
# right. The first of these was reported in 2021 (hgrecco/pint, issue 1289); none raises.
# Why it matters: `np.mod(phi, 2 * np.pi)` is the usual line to bring an angle back into one turn, and units are there to
# catch just such a mistake.
#
# Versions: Pint==0.25.3, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> 370 deg % 2 pi: 10 deg
#> np.mod(370 deg, 2 pi): 5.575 deg
#> 370 deg % 2 pi rad: 10 deg
#> np.mod(370 deg, 2 pi rad): 5.575 deg
#> 5 GeV % 3000 MeV: 2 GeV
#> np.mod(5 GeV, 3000 MeV): 5 GeV
#> np.remainder(5 GeV, 3000 MeV): 5 GeV
#> np.fmod(5 GeV, 3000 MeV): 5 GeV
#> 5 GeV // 3000 MeV: 1
#> np.floor_divide(5 GeV, 3000 MeV), without units: 0
#> np.sum(5, 7 GeV): 12 GeV
#> np.sum(5, 7 GeV, initial=1000 MeV): 1012 GeV
#> np.max(5, 7 GeV, initial=8000 MeV): 8 GeV
#> np.hypot(3 GeV, 4000 MeV): 5 GeV
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: Pint==0.25.3 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import pint

u = pint.UnitRegistry()


def show(name, quantity):
    quantity = u.Quantity(quantity)
    print(f"{name}: {quantity.magnitude:.4g} {quantity.units:~}".rstrip())


phi = 370 * u.deg
show("370 deg % 2 pi", phi % (2 * np.pi))
show("np.mod(370 deg, 2 pi)", np.mod(phi, 2 * np.pi))
show("370 deg % 2 pi rad", phi % (2 * np.pi * u.rad))
show("np.mod(370 deg, 2 pi rad)", np.mod(phi, 2 * np.pi * u.rad))
mass, width = 5 * u.GeV, 3000 * u.MeV
show("5 GeV % 3000 MeV", mass % width)
for name in ("mod", "remainder", "fmod"):
    show(f"np.{name}(5 GeV, 3000 MeV)", getattr(np, name)(mass, width))
show("5 GeV // 3000 MeV", mass // width)
show("np.floor_divide(5 GeV, 3000 MeV), without units", np.floor_divide(mass, width).to(""))
pt = np.array([5.0, 7.0]) * u.GeV
show("np.sum(5, 7 GeV)", np.sum(pt))
show("np.sum(5, 7 GeV, initial=1000 MeV)", np.sum(pt, initial=1000 * u.MeV))
show("np.max(5, 7 GeV, initial=8000 MeV)", np.max(pt, initial=8000 * u.MeV))
show("np.hypot(3 GeV, 4000 MeV)", np.hypot(3 * u.GeV, 4000 * u.MeV))
END
cat seen
diff expected seen || { echo "pint-numpy-mod-and-sum-forget-units: the behaviour has changed" >&2; exit 1; }
