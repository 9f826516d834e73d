#!/usr/bin/env bash
# pygram11 counts NaN in the first bin if the bins are equal, and in none if they are not.
#
# Guessed: NaN is in no bin (or in a flow bin), whatever the bins.
# What happens: with equal bins, given as a number or as edges, each NaN is an event of the first bin, with its
# weight and its error, also with flow=False. Move one edge a little, and NaN is in no bin, even with flow=True. In two
# dimensions it is in the corner of both first bins. No warning.
# Why it matters: the first bin of a mass often sits where little is expected, and a NaN is an event whose mass
# could not be made. Contents differ between two binnings of the same events. Take out NaN before.
#
# Versions: pygram11==0.15.0, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> numpy, edges: [1000, 1000, 1000, 1000]
#> pygram11, 4 bins in a range: [2000, 1000, 1000, 1000]
#> pygram11, equal edges: [2000, 1000, 1000, 1000]
#> pygram11, the last edge moved: [1000, 1000, 1000, 1000]
#> with weights, flow=False
#>   equal: [2500, 500, 500, 500], error of the first 65.2
#>   the last moved: [500, 500, 500, 500], error of the first 15.8
#> with weights, flow=True
#>   equal: [2500, 500, 500, 500], error of the first 65.2
#>   the last moved: [500, 500, 500, 500], error of the first 15.8
#> two axes of 2 bins: [[3000, 0], [0, 2000]]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: pygram11==0.15.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
import pygram11

mass = np.tile([110.0, 130.0, 150.0, 170.0, np.nan], 1000)
weight = np.tile([0.5, 0.5, 0.5, 0.5, 2.0], 1000)
edges = np.array([100.0, 120.0, 140.0, 160.0, 180.0])
uneven = np.array([100.0, 120.0, 140.0, 160.0, 181.0])


def show(name, counts):
    """Print contents as whole numbers."""
    print(name, np.asarray(counts).astype(int).tolist())


show("numpy, edges:", np.histogram(mass, edges)[0])
show("pygram11, 4 bins in a range:", pygram11.histogram(mass, bins=4, range=(100, 180))[0])
show("pygram11, equal edges:", pygram11.histogram(mass, bins=edges)[0])
show("pygram11, the last edge moved:", pygram11.histogram(mass, bins=uneven)[0])
for flow in (False, True):
    print(f"with weights, flow={flow}")
    for name, bins in (("equal", edges), ("the last moved", uneven)):
        contents, errors = pygram11.histogram(mass, bins=bins, weights=weight, flow=flow)
        print(f"  {name}: {contents.astype(int).tolist()}, error of the first {errors[0]:.1f}")
square = pygram11.histogram2d(mass, mass, bins=(2, 2), range=((100, 180), (100, 180)))[0]
print("two axes of 2 bins:", square.astype(int).tolist())
END
cat seen
diff expected seen || { echo "pygram11-counts-nan-in-the-first-bin: the behaviour has changed" >&2; exit 1; }
