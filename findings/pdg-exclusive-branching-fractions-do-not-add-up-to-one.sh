#!/usr/bin/env bash
# The Particle Data Group's "exclusive" branching fractions of the W add up to 1.12, those of the tau to 1.97.
#
# Guessed: exclusive_branching_fractions() are the ways to decay that exclude each other: without limits their
# sum is 1 within errors. What overlaps is in inclusive_branching_fractions().
# What happens: so it is for the charged pion and the phi(1020). For the W and the Z "lepton+ nu", the mean of
# the three leptons, is counted beside them, and so is "invisible"; for the tau "1-prong" beside its parts.
# The rho's chief decay is missing, the eta has "neutral" and "charged modes" only, and the top none at all.
# Everything is a line of the summary table, at no lower level than its parts (subdecay_level).
# Why it matters: it is the official machine-readable source, at hand to weight or sample decays in a
# simulation. Divided by their sum, the W's leptonic decays come out by a tenth too rare.
#
# Versions: pdg==2026.0
# Seen on 2026-11-27 (the script compares with these lines):
#> pi+: 4 of level [0], sum 1.000: mu+ nu_mu 1.000, e+ nu_e 0.000, e+ nu_e pi0 0.000
#> phi(1020)0: 17 of level [0], sum 1.000: K+ K- 0.501, K0L K0S 0.336, rho pi + pi+ pi- pi0 0.147
#> W+: 6 of level [0], sum 1.124: hadrons 0.674, tau+ nu 0.114, lepton+ nu 0.109
#> Z0: 7 of level [0], sum 1.034: hadrons 0.699, invisible 0.200, tau+ tau- 0.034
#> tau-: 28 of level [0], sum 1.970: particle->=0 neutrals >=0K0 nu_tau 0.852, particle->=0 neutrals >=0K(L)0 nu_tau 0.846, h- h- h+ >=0 neutrals >=0K(L)0 nu_tau 0.152
#> J/psi(1S): 258 of level [0], sum 1.684: hadrons 0.877, 2(pi+ pi-) 3pi0 0.062, e+ e- 0.060
#> rho(770)0: 10 of level [0], sum 0.011: pi+ pi- gamma 0.010, pi0 gamma 0.000, pi+- gamma 0.000
#> eta: 2 of level [0], sum 1.000: neutral modes 0.720, charged modes 0.280
#> H: 7 of level [0], sum 0.881: b bbar 0.530, W W^* 0.257, tau+ tau- 0.060
#> t: 0 of level [], sum 0.000: 
#> W+ to e, mu, tau and hadrons alone: 1.001
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: pdg==2026.0

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import pdg

api = pdg.connect()
for code in (211, 333, 24, 23, 15, 443, 113, 221, 25, 6):
    particle = api.get_particle_by_mcid(code)
    found = [b for b in particle.exclusive_branching_fractions() if not b.is_limit and b.value]
    largest = sorted(found, key=lambda b: -b.value)[:3]
    print(f"{particle.name}: {len(found)} of level {sorted({b.subdecay_level for b in found})}, sum {sum(b.value for b in found):.3f}: "
          + ", ".join(f"{b.description.split('--> ')[1].split(' (')[0]} {b.value:.3f}" for b in largest))
w = [b for b in api.get_particle_by_mcid(24).exclusive_branching_fractions() if not b.is_limit and b.value]
parts = [b.value for b in w if b.description[len("W+ --> "):] in ("e+ nu", "mu+ nu", "tau+ nu", "hadrons")]
print(f"W+ to e, mu, tau and hadrons alone: {sum(parts):.3f}")
END
cat seen
diff expected seen || { echo "pdg-exclusive-branching-fractions-do-not-add-up-to-one: the behaviour has changed" >&2; exit 1; }
