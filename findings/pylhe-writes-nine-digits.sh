#!/usr/bin/env bash
# pylhe writes an LHE file that no longer says what it read, from the tenth digit on.
#
# Guessed: reading a file and writing it again keeps all numbers.
# What happens: momenta are written with 9 significant digits, weights of variations with 5, and cross-
# sections with 8, whatever the file had.
# Why it matters: a fast light particle's mass is a small difference: of a muon of 3 TeV, E^2 - p^2 was
# its mass squared before and is noise of the wrong sign after. Weights of 5 digits no longer agree with
# the nominal one that they repeat.
#
# Versions: pylhe==2.1.0, awkward==2.14.0, vector==1.9.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> in.lhe px 1234.56789012345 mass^2 0.011 weight 12.3456789012 variation [12.3456789012]
#> out.lhe px 1234.56789 mass^2 -0.027 weight 12.345678901 variation [12.346]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: pylhe==2.1.0 awkward==2.14.0 vector==1.9.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import math

import pylhe

muon = 1234.56789012345, -987.654321098765, 2500.12345678901
energy = math.sqrt(sum(p**2 for p in muon) + 0.105658**2)
momentum = " ".join(f"{p:.14e}" for p in (*muon, energy))
open("in.lhe", "w").write(f"""<LesHouchesEvents version="3.0">
<init>
2212 2212 6.8e+03 6.8e+03 0 0 10042 10042 3 1
1.23456789012e+01 6.5e-03 1.0e+00 1
</init>
<event>
1 1 1.23456789012e+01 172.5 0.0075 0.1
13 1 0 0 0 0 {momentum} 1.05658e-01 0. 9.
<rwgt><wgt id='1'> 1.23456789012e+01 </wgt></rwgt>
</event>
</LesHouchesEvents>
""")
file = pylhe.LHEFile.fromfile("in.lhe", generator=False)
file.tofile("out.lhe")
for name in ("in.lhe", "out.lhe"):
    event = next(iter(pylhe.LHEFile.fromfile(name).events))
    p = event.particles[0]
    print(name, "px", p.px, "mass^2", f"{p.e**2 - p.px**2 - p.py**2 - p.pz**2:.3f}",
          "weight", event.eventinfo.weight, "variation", list(event.weights.values()))
END
cat seen
diff expected seen || { echo "pylhe-writes-nine-digits: the behaviour has changed" >&2; exit 1; }
