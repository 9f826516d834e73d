#!/usr/bin/env bash
# The charge that PDGID gives for a dark-matter code of the Particle Data Group is +2.
#
# Guessed: PDGID(52), "DM(s=1/2)", is neutral, as in the PDG's numbering scheme and in Pythia's table; or the
# charge is None, as for a code that is not known.
# What happens: 52 is valid with a charge of +2 and 53 (a dark vector) with +1, while 57 and 59, DM+
# and DM++ in Pythia's table, are neutral. For the fermions, bosons and Higgs of the Standard
# Model and beyond (6, 24, 25, 35, 37) both agree. No spin is given for H0, A0 and H+ (35 to 37), codes of
# this very process.
# Why it matters: invisible particles are picked as stable ones without charge when missing energy is summed
# at generator level. Dark matter is then taken for a track of charge 2.
#
# Versions: particle==1.1.0, pythia8mc==8.317.2
# Seen on 2026-11-27 (the script compares with these lines):
#> 6 (t): Pythia's charge +0.666667 and spin 1/2, PDGID's valid True, charge +0.666667, J 1/2
#> 24 (W+): Pythia's charge +1 and spin 1, PDGID's valid True, charge +1, J 1
#> 25 (h0): Pythia's charge +0 and spin 0, PDGID's valid True, charge +0, J 0
#> 35 (H0): Pythia's charge +0 and spin 0, PDGID's valid True, charge +0, J None
#> 36 (A0): Pythia's charge +0 and spin 0, PDGID's valid True, charge +0, J None
#> 37 (H+): Pythia's charge +1 and spin 0, PDGID's valid True, charge +1, J None
#> 51 (DM(s=0)): Pythia's charge +0 and spin 0, PDGID's valid True, charge +0, J None
#> 52 (DM(s=1/2)): Pythia's charge +0 and spin 1/2, PDGID's valid True, charge +2, J None
#> 53 (DM(s=1)): Pythia's charge +0 and spin 1, PDGID's valid True, charge +1, J None
#> 54 (DMmed(s=0)): Pythia's charge +0 and spin 0, PDGID's valid True, charge +2, J None
#> 55 (DMmed(s=1)): Pythia's charge +0 and spin 1, PDGID's valid True, charge +0, J None
#> 57 (DM+): Pythia's charge +1 and spin 1/2, PDGID's valid True, charge +0, J None
#> 59 (DM++): Pythia's charge +2 and spin 1/2, PDGID's valid True, charge +0, J None
#> -52 (DMbar(s=1/2)): Pythia's charge +0 and spin 1/2, PDGID's valid True, charge -2, J None
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: particle==1.1.0 pythia8mc==8.317.2

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import pythia8mc
from particle import PDGID

table = pythia8mc.Pythia("", False).particleData
for code in (6, 24, 25, 35, 36, 37, 51, 52, 53, 54, 55, 57, 59, -52):
    ours = PDGID(code)
    spin = {1: "0", 2: "1/2", 3: "1"}[table.spinType(code)]
    print(
        f"{code} ({table.name(code)}): Pythia's charge {table.charge(code):+g} and spin {spin}, "
        f"PDGID's valid {ours.is_valid}, charge {float(ours.charge):+g}, J {ours.J}"
    )
END
cat seen
diff expected seen || { echo "particle-dark-matter-has-a-charge: the behaviour has changed" >&2; exit 1; }
