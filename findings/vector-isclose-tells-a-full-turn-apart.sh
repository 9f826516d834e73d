#!/usr/bin/env bash
# vector.isclose says that a vector is another one after a full turn, unless one of the two is Cartesian.
#
# Guessed: isclose compares directions, so phi = -0.5 and 2 pi - 0.5 are the same, as for deltaphi and deltaR.
# What happens: if both are kept with phi, those numbers are compared: not close. If one is kept with x and y,
# both are taken as Cartesian and are close. So a is close to b and b to c, but a is not close to c. (What
# vector computes, such as rotateZ, it brings back to -pi ... pi.)
# Why it matters: generators have phi from -pi to pi, other tables from 0 to 2 pi. Matching, or a test that a
# file says what another says, fails for half of the events, or for none if one file has px and py.
#
# Versions: vector==1.9.0, awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> deltaphi 0.0, deltaR 0.0
#> jet, turned: isclose False, both made Cartesian True
#> jet, Cartesian: isclose True, both made Cartesian True
#> turned, Cartesian: isclose True, both made Cartesian True
#> jet, turned.rotateZ(0): True
#> awkward arrays: [False]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: vector==1.9.0 awkward==2.14.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import math

import vector

jet = vector.obj(pt=50.0, eta=1.0, phi=-0.5, mass=5.0)
turned = vector.obj(pt=50.0, eta=1.0, phi=2 * math.pi - 0.5, mass=5.0)
cartesian = jet.to_xyzt()
print(f"deltaphi {abs(jet.deltaphi(turned)):.1f}, deltaR {abs(jet.deltaR(turned)):.1f}")
for name, v, w in (("jet, turned", jet, turned), ("jet, Cartesian", jet, cartesian), ("turned, Cartesian", turned, cartesian)):
    print(f"{name}: isclose {bool(v.isclose(w))}, both made Cartesian {bool(v.to_xyzt().isclose(w.to_xyzt()))}")
print("jet, turned.rotateZ(0):", bool(jet.isclose(turned.rotateZ(0))))
arrays = [vector.Array({"pt": [50.0], "eta": [1.0], "phi": [v.phi], "mass": [5.0]}) for v in (jet, turned)]
print("awkward arrays:", arrays[0].isclose(arrays[1]).tolist())
END
cat seen
diff expected seen || { echo "vector-isclose-tells-a-full-turn-apart: the behaviour has changed" >&2; exit 1; }
