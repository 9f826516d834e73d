#!/usr/bin/env bash
# A jet on the seam of phi is torn apart when EnergyFlow centres it, and its ptscheme axis points elsewhere.
#
# Guessed: center_ptyphims gives the same picture of the same jet wherever it lies, as the sum of momenta that
# it centres on ('escheme') knows that phi is periodic.
# What happens: the axis is right, but it is subtracted without bringing the difference back to -pi ... pi:
# half of the jet lands 6.28 away. For center='ptscheme' phi is averaged as a plain number, so that the axis
# may lie on the far side. A jet of width 0.06 gets one of 2.7 or 3, and is far from its own copy in energy
# mover's distance.
# Why it matters: centred (pT, y, phi) is the input of energy flow networks, images and jet distances. One jet
# of ten has its core within 0.3 of the seam. phi_fix(phi, reference) before centring mends it. (NumPy 1 is
# pinned because the distances fail to import with NumPy 2, which pip would choose.)
#
# Versions: energyflow==1.4.0, numpy==1.26.4
# Seen on 2026-11-27 (the script compares with these lines):
#> at 0, escheme: axis at phi 0.00, centred phi [-0.05, 0.05, 0.1], width 0.06
#> at 0, ptscheme: axis at phi 0.00, centred phi [-0.05, 0.05, 0.1], width 0.06
#> at 0, phi_fix before: centred phi [-0.05, 0.05, 0.1]
#> on the seam, escheme: axis at phi 3.14, centred phi [-0.05, -6.23, -6.18], width 2.69
#> on the seam, ptscheme: axis at phi 0.44, centred phi [2.65, -3.54, -3.49], width 3.03
#> on the seam, phi_fix before: centred phi [-0.05, 0.05, 0.1]
#> distance of the two centred pictures: 2.69
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: energyflow==1.4.0 numpy==1.26.4

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import energyflow as ef
import numpy as np

shape = np.array([[60.0, 0.02, -0.05], [40.0, -0.03, 0.05], [5.0, 0.1, 0.1]])
pictures = {}
for name, phi in (("at 0", 0.0), ("on the seam", np.pi)):
    jet = shape + np.array([0.0, 0.0, phi])
    jet[:, 2] = np.mod(jet[:, 2] + np.pi, 2 * np.pi) - np.pi
    for scheme in ("escheme", "ptscheme"):
        axis = ef.sum_ptyphims(jet, scheme=scheme)[2]
        centred = pictures[name, scheme] = ef.center_ptyphims(jet, center=scheme)
        width = np.average(np.hypot(centred[:, 1], centred[:, 2]), weights=centred[:, 0])
        print(f"{name}, {scheme}: axis at phi {abs(axis):.2f}, centred phi {centred[:, 2].round(2).tolist()}, width {width:.2f}")
    fixed = jet.copy()
    fixed[:, 2] = ef.phi_fix(jet[:, 2], jet[0, 2])
    print(f"{name}, phi_fix before: centred phi {ef.center_ptyphims(fixed)[:, 2].round(2).tolist()}")
distance = ef.emd.emd(pictures["at 0", "escheme"], pictures["on the seam", "escheme"], R=1.0, norm=True)
print(f"distance of the two centred pictures: {distance:.2f}")
END
cat seen
diff expected seen || { echo "energyflow-centres-a-jet-beyond-pi-on-the-far-side: the behaviour has changed" >&2; exit 1; }
