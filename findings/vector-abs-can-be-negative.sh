#!/usr/bin/env bash
# abs() of a four-vector can be negative.
#
# Guessed: abs(v) is the size of v, the root of |E^2 - p^2|, and not below zero, as abs of anything else.
# What happens: it is v.tau, the mass with a sign: negative for a spacelike vector, and the same for -v. Of
# two- and three-vectors it is the length.
# Why it matters: a momentum transfer (electron in less electron out) is always spacelike. The root of abs(q)
# is NaN for every event, a logarithm too, and a cut abs(q) > 10 loses them all.
#
# Versions: vector==1.9.0, awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> abs of q: -66.6
#> abs of -q: -66.6
#> abs of its three-vector: 67.1
#> mass of q -66.6, q**2 -4439, q**4 19705510, spacelike True
#> NumPy: np.abs(q) -66.6, np.sqrt of it nan
#> awkward: np.abs(q) -66.6, np.sqrt of it nan
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: vector==1.9.0 awkward==2.14.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
import vector

transfer = vector.obj(px=0.0, py=0.0, pz=100.0, E=100.0) - vector.obj(px=60.0, py=0.0, pz=70.0, E=(60**2 + 70**2) ** 0.5)
for name, v in (("q", transfer), ("-q", -transfer), ("its three-vector", transfer.to_Vector3D())):
    print(f"abs of {name}: {abs(v):.1f}")
print(f"mass of q {transfer.mass:.1f}, q**2 {transfer**2:.0f}, q**4 {transfer**4:.0f}, spacelike {bool(transfer.is_spacelike())}")
arrays = {"NumPy": vector.array, "awkward": vector.Array}
for name, make in arrays.items():
    v = make({key: np.array([getattr(transfer, key)]) for key in ("px", "py", "pz", "E")})
    print(f"{name}: np.abs(q) {float(np.abs(v)[0]):.1f}, np.sqrt of it {np.sqrt(float(np.abs(v)[0])):.1f}")
END
cat seen
diff expected seen || { echo "vector-abs-can-be-negative: the behaviour has changed" >&2; exit 1; }
