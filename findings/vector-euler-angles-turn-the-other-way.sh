#!/usr/bin/env bash
# vector's rotate_euler turns backwards, and by "xyz" the first angle turns about z.
#
# Guessed: rotate_euler(a, b, c, order="xyz") is one of the usual two, a about x, b about y, c about z, of fixed axes or
# of those that turn along, as in scipy.spatial.transform.Rotation; rotate_euler(a, 0, 0, order="xyz") is rotateX(a), and
# rotate_nautical(yaw, 0, 0) is rotateZ(yaw).
# What happens: every angle turns the opposite way to rotateX, rotateY and rotateZ of the same package, and for the six
# orders of three different axes the first angle belongs to the last letter. The docstring says that the order
# "determines which axis each rotation is applied around", and that names and order are those of ROOT's EulerAngles.
# rotate_axis and rotate_quaternion turn as usual. vector's "xyz" by (a, b, c) is SciPy's "XYZ" by (-c, -b, -a), its
# "zxz" is SciPy's "zxz" by (-a, -b, -c).
# Why it matters: alignment, decay angles and rotations to augment training data are given so. A rotation with the
# sign or the axes wrong keeps lengths and masses, so it passes the usual checks.
#
# Versions: vector==1.9.0, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> rotate_euler(a, 0, 0, "xyz"): rotateZ(-a)
#> rotate_euler(0, a, 0, "xyz"): rotateY(-a)
#> rotate_euler(0, 0, a, "xyz"): rotateX(-a)
#> rotate_euler(a, 0, 0, "zyx"): rotateX(-a)
#> rotate_euler(0, a, 0, "zyx"): rotateY(-a)
#> rotate_euler(0, 0, a, "zyx"): rotateZ(-a)
#> rotate_euler(a, 0, 0, "zxz"): rotateZ(-a)
#> rotate_euler(0, a, 0, "zxz"): rotateX(-a)
#> rotate_euler(0, 0, a, "zxz"): rotateZ(-a)
#> rotate_nautical(yaw=a, 0, 0): rotateZ(-a)
#> rotate_axis(z, a): rotateZ(a)
#> rotate_quaternion(cos a/2, 0, 0, sin a/2): rotateZ(a)
#> rotate_euler(a, b, c, 'xyz'): Rotation XYZ by (-c, -b, -a)
#> rotate_euler(a, b, c, 'xzy'): Rotation XZY by (-c, -b, -a)
#> rotate_euler(a, b, c, 'yxz'): Rotation YXZ by (-c, -b, -a)
#> rotate_euler(a, b, c, 'yzx'): Rotation YZX by (-c, -b, -a)
#> rotate_euler(a, b, c, 'zxy'): Rotation ZXY by (-c, -b, -a)
#> rotate_euler(a, b, c, 'zyx'): Rotation ZYX by (-c, -b, -a)
#> rotate_euler(a, b, c, 'zxz'): Rotation zxz by (-a, -b, -c) Rotation ZXZ by (-c, -b, -a)
#> rotate_euler(a, b, c, 'xyx'): Rotation xyx by (-a, -b, -c) Rotation XYX by (-c, -b, -a)
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: vector==1.9.0 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import vector
from scipy.spatial.transform import Rotation

v = vector.obj(x=1.0, y=2.0, z=3.0)
turns = {
    f"rotate{axis}({'-' if angle < 0 else ''}a)": getattr(v, f"rotate{axis}")(angle) for axis in "XYZ" for angle in (0.3, -0.3)
}


def name(turned):
    return [key for key, turn in turns.items() if turn.isclose(turned)]


for order in ("xyz", "zyx", "zxz"):
    for angles, title in (((0.3, 0, 0), "(a, 0, 0)"), ((0, 0.3, 0), "(0, a, 0)"), ((0, 0, 0.3), "(0, 0, a)")):
        print(f'rotate_euler{title[:-1]}, "{order}"):', *name(v.rotate_euler(*angles, order=order)))
print("rotate_nautical(yaw=a, 0, 0):", *name(v.rotate_nautical(0.3, 0, 0)))
print("rotate_axis(z, a):", *name(v.rotate_axis(vector.obj(x=0, y=0, z=1), 0.3)))
print("rotate_quaternion(cos a/2, 0, 0, sin a/2):", *name(v.rotate_quaternion(np.cos(0.15), 0, 0, np.sin(0.15))))

a, b, c = 0.3, 0.5, 0.7
for order in ("xyz", "xzy", "yxz", "yzx", "zxy", "zyx", "zxz", "xyx"):
    turned = v.rotate_euler(a, b, c, order=order)
    ways = {
        f"Rotation {kind} by {title}": Rotation.from_euler(kind, angles)
        for kind in (order, order.upper())
        for title, angles in (("(a, b, c)", (a, b, c)), ("(-a, -b, -c)", (-a, -b, -c)), ("(-c, -b, -a)", (-c, -b, -a)))
    }
    same = [key for key, way in ways.items() if np.allclose(way.apply([1, 2, 3]), [turned.x, turned.y, turned.z])]
    print(f"rotate_euler(a, b, c, {order!r}):", *same)
END
cat seen
diff expected seen || { echo "vector-euler-angles-turn-the-other-way: the behaviour has changed" >&2; exit 1; }
