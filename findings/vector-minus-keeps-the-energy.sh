#!/usr/bin/env bash
# v + (-v) is not zero: minus turns the momentum of a (pt, eta, phi, mass) vector but not its energy.
#
# Guessed: -v has all four components of v with the other sign, whatever coordinates v is kept in.
# What happens: so it is for Cartesian vectors. Of pt, eta, phi and mass only the direction turns; the
# energy stays positive, as a mass has no sign to carry it. Two vectors that are the same stop being so
# once negated. v - v is zero in both. (coffea's own vectors negate the energy.)
# Why it matters: recoil or missing momentum made as `-total` and then added, and jet corrections `jets *
# (new - old)`, where a factor can be negative, are off by twice the energy without a sign of it.
#
# Versions: vector==1.9.0, awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> pt eta phi mass: E 77.3, of -v 77.3, of -0.5 v 38.7, of v + (-v) 154.6, of v - v 0.0
#> px py pz E: E 77.3, of -v -77.3, of -0.5 v -38.7, of v + (-v) 0.0, of v - v 0.0
#> same before: True after: False
#> arrays too: [154.6]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: vector==1.9.0 awkward==2.14.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import vector

polar = vector.obj(pt=50.0, eta=1.0, phi=0.5, mass=5.0)
cartesian = polar.to_pxpypzenergy()
for name, v in (("pt eta phi mass", polar), ("px py pz E", cartesian)):
    print(f"{name}: E {v.E:.1f}, of -v {(-v).E:.1f}, of -0.5 v {(-0.5 * v).E:.1f}, "
          f"of v + (-v) {(v + (-v)).E:.1f}, of v - v {(v - v).E:.1f}")
print("same before:", bool(polar.isclose(cartesian)), "after:", bool((-polar).isclose(-cartesian)))
jets = vector.Array({"pt": [50.0], "eta": [1.0], "phi": [0.5], "mass": [5.0]})
print("arrays too:", [round(e, 1) for e in (jets + (-jets)).E.tolist()])
END
cat seen
diff expected seen || { echo "vector-minus-keeps-the-energy: the behaviour has changed" >&2; exit 1; }
