#!/usr/bin/env bash
# A Pythia from `pip install --target FOLDER` is made without an error, and knows no particle.
#
# Guessed: pythia8mc finds its tables beside its module, and where it does not, making a Pythia raises.
# What happens: pip puts the tables into FOLDER/share, and the module looks in the share of the environment that
# runs it. The constructor prints that it aborts, which a program that silences it does not see, and returns an
# object all the same: no particle is known, the entry of the Higgs boson is None, settings are refused by False
# and not by an exception, and so is init(). With PYTHIA8DATA set to FOLDER/share/Pythia8/xmldoc all is well.
# Why it matters: on clusters and on machines without a network, packages are often brought in a folder. The
# first error is then one of Python's about None, far from its cause.
#
# Versions: pythia8mc==8.317.2
# Seen on 2026-11-27 (the script compares with these lines):
#> as installed: made; 25 is known: False, its entry is None: True, setting taken: False, init: False
#> with PYTHIA8DATA: made; 25 is known: True, its entry is None: False, setting taken: True, init: True
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: --target "$work/packages" pythia8mc==8.317.2

cat > "$work/look.py" <<'END'
import sys

import pythia8mc

pythia = pythia8mc.Pythia("", False)
table = pythia.particleData
taken = pythia.readString("HiggsSM:gg2H = on")
pythia.readString("Print:quiet = on")
print(f"{sys.argv[1]}: made; 25 is known: {table.isParticle(25)}, its entry is None: "
      f"{table.particleDataEntryPtr(25) is None}, setting taken: {taken}, init: {pythia.init()}", file=sys.stderr)
END
cd "$work"
unset PYTHIA8DATA
export OMP_NUM_THREADS=1 PYTHONPATH="$work/packages"
{
    venv/bin/python look.py "as installed"
    PYTHIA8DATA="$work/packages/share/Pythia8/xmldoc" venv/bin/python look.py "with PYTHIA8DATA"
} 2>&1 > pythia.log | grep "made;" > seen
cat seen
diff expected seen || { echo "pythia8mc-in-a-folder-of-its-own-has-no-particles: the behaviour has changed" >&2; exit 1; }
