#!/usr/bin/env bash
# pyslha gives each particle a width of zero if the file it read had none, so Pythia takes it for stable.
#
# Guessed: a file of masses, read and written again, holds the same masses and nothing more.
# What happens: reading makes an empty decay for each particle with a mass, and writing adds "DECAY 37 0" for
# it. In the format that is a statement: the particle is stable. With the first file Pythia works out the
# width of the charged Higgs itself, and each decays; with the second none does, without an error.
# Why it matters: scans of masses are written with pyslha, those of the heavy and charged Higgs of HIGGS
# among them, and spectrum generators leave the decays to others. A mass of the top quark in the file makes
# that stable too. Before writing, take out of `decays` those without channels.
#
# Versions: pyslha==3.3.2, pythia8mc==8.317.2, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> read.slha: BLOCK MASS | 25 125.09 | 37 325.0
#>   h: width 0.00373 GeV, may decay True
#>   H+: width 5.6 GeV, may decay True
#>   0 of 50 events of H+ and top end with the H+
#> written.slha: BLOCK MASS | 25 125.09 | 37 325 | DECAY 25 0 | DECAY 37 0
#>   h: width 0 GeV, may decay False
#>   H+: width 0 GeV, may decay False
#>   50 of 50 events of H+ and top end with the H+
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: --no-binary tex2pix pyslha==3.3.2 pythia8mc==8.317.2 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import pathlib

import pyslha
import pythia8mc

pathlib.Path("read.slha").write_text("BLOCK MASS\n   25   125.09\n   37   325.0\n")
pyslha.write("written.slha", pyslha.read("read.slha"))
settings = ["Print:quiet = on", "Higgs:useBSM = on", "HiggsBSM:bg2H+-t = on", "Beams:eCM = 13000", "SLHA:verbose = 0",
            "HadronLevel:all = off", "Random:setSeed = on", "Random:seed = 1"]
for file in ("read.slha", "written.slha"):
    print(f"{file}:", " | ".join(" ".join(line.split()) for line in open(file) if line.strip()))
    pythia = pythia8mc.Pythia("", False)
    for line in [*settings, f"SLHA:file = {file}"]:
        pythia.readString(line)
    pythia.init()
    for name, code in (("h", 25), ("H+", 37)):
        width, decays = pythia.particleData.mWidth(code), pythia.particleData.mayDecay(code)
        print(f"  {name}: width {width:.3g} GeV, may decay {decays}")
    events = stable = 0
    while events < 50:
        if pythia.next():
            events += 1
            stable += any(particle.isFinal() and particle.idAbs() == 37 for particle in pythia.event)
    print(f"  {stable} of {events} events of H+ and top end with the H+")
END
cat seen
diff expected seen || { echo "pyslha-makes-particles-stable: the behaviour has changed" >&2; exit 1; }
