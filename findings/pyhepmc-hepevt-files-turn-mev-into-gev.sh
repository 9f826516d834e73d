#!/usr/bin/env bash
# An event in MeV that pyhepmc writes to a HEPEVT file comes back with the same numbers in GeV.
#
# Guessed: the three text formats keep the masses of an event, whatever its unit.
# What happens: HepMC3 and HepMC2 files name their unit. HEPEVT has none: it is GeV, and the reader takes it so, but
# the writer puts down the numbers of the event as they are: a Higgs boson of 125 GeV has 125,000. Its weight
# of 0.25 becomes 1. pyhepmc warns that the format is outdated, not of this.
# Why it matters: samples in MeV (ATLAS) are converted for older programs that read nothing else, and each cut
# on a momentum then passes. Call `set_units` with GeV before writing, and keep the weights elsewhere.
#
# Versions: pyhepmc==2.16.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> GEV by HepMC3: 125 GEV, weights [0.25]
#> GEV by HepMC2: 125 GEV, weights [0.25]
#> GEV by HEPEVT: 125 GEV, weights [1.0]
#> MEV by HepMC3: 125000 MEV, weights [0.25]
#> MEV by HepMC2: 125000 MEV, weights [0.25]
#> MEV by HEPEVT: 125000 GEV, weights [1.0]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: pyhepmc==2.16.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import pyhepmc as hep

hep.Setup.print_warnings = False  # the formats are outdated


def event(unit):
    """Return an event of a Higgs boson of 125 GeV that decays to two photons, in a unit."""
    scale = 1.0 if unit == hep.Units.GEV else 1000.0
    made = hep.GenEvent(unit, hep.Units.MM)
    higgs = hep.GenParticle((0, 0, 0, 125 * scale), 25, 2)
    vertex = hep.GenVertex()
    vertex.add_particle_in(higgs)
    for sign in (1, -1):
        vertex.add_particle_out(hep.GenParticle((0, 0, sign * 62.5 * scale, 62.5 * scale), 22, 1))
    made.add_vertex(vertex)
    made.run_info = hep.GenRunInfo()
    made.run_info.weight_names = ["nominal"]
    made.weights = [0.25]
    return made


for unit in (hep.Units.GEV, hep.Units.MEV):
    for form in ("HepMC3", "HepMC2", "HEPEVT"):
        with hep.open("file", "w", format=form) as out:
            out.write(event(unit))
        with hep.open("file", format=form) as file:
            read = file.read()
        higgs = next(p for p in read.particles if p.pid == 25)
        print(f"{unit.name} by {form}: {higgs.momentum.m():g} {read.momentum_unit.name}, weights {read.weights}")
END
cat seen
diff expected seen || { echo "pyhepmc-hepevt-files-turn-mev-into-gev: the behaviour has changed" >&2; exit 1; }
