#!/usr/bin/env bash
# coffea takes the upward uncertainty of a jet's energy for the downward one, and the other way round.
#
# Guessed: of the two numbers that a file of uncertainties has for each momentum the first is the upward one, as in CMS's
# own reader (SimpleJetCorrectionUncertainty: parameters 3i + 1 for up, 3i + 2 for down).
# What happens: the factor for "up" is 1 plus the second number, that for "down" 1 minus the first: +20 % and -5 % become
# +5 % and -20 %. Where both are the same nothing shows. A pseudorapidity outside the table gets the
# uncertainty of its end, where CMS's reader says so and gives -999, while a correction there is 1; a pseudorapidity
# of NaN gets both, those of the last bin.
# Why it matters: asymmetric uncertainties act the wrong way in the fit; comparing the two variations' spread does not
# tell. Write the columns the other way round, or use correctionlib's files.
#
# Versions: coffea==2026.9.0, awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> eta -1.0 (file: 0.20 up, 0.05 down): up 1.05, down 0.80, correction 1.5
#> eta 1.0 (file: 0.10 up, 0.10 down): up 1.10, down 0.90, correction 2.0
#> eta -3.0 (beyond the table at -2.5): up 1.05, down 0.80, correction 1.0
#> eta 3.0 (beyond the table at 2.5): up 1.10, down 0.90, correction 1.0
#> eta nan (NaN): up 1.10, down 0.90, correction 2.0
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: coffea==2026.9.0 awkward==2.14.0 numpy==2.4.6

cd "$work"
cat > Test_V1_MC_Uncertainty_AK4PF.junc.txt <<'END'
{1 JetEta 1 JetPt "" Correction Uncertainty}
-2.5 0.0 6 10.0 0.20 0.05 1000.0 0.20 0.05
0.0 2.5 6 10.0 0.10 0.10 1000.0 0.10 0.10
END
cat > Test_V1_MC_L2Relative_AK4PF.jec.txt <<'END'
{1 JetEta 1 JetPt max(0.0001,[0]) Correction L2Relative}
-2.5 0.0 3 10 1000 1.5
0.0 2.5 3 10 1000 2.0
END
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
from coffea.jetmet_tools import FactorizedJetCorrector, JetCorrectionUncertainty
from coffea.lookup_tools import extractor

reader = extractor()
reader.add_weight_sets(["* * Test_V1_MC_Uncertainty_AK4PF.junc.txt", "* * Test_V1_MC_L2Relative_AK4PF.jec.txt"])
reader.finalize()
tables = reader.make_evaluator()
name = "Test_V1_MC_Uncertainty_AK4PF"
uncertainty = JetCorrectionUncertainty(**{name: tables[name]})
name = "Test_V1_MC_L2Relative_AK4PF"
corrector = FactorizedJetCorrector(**{name: tables[name]})
for title, eta in (
    ("file: 0.20 up, 0.05 down", -1.0), ("file: 0.10 up, 0.10 down", 1.0),
    ("beyond the table at -2.5", -3.0), ("beyond the table at 2.5", 3.0), ("NaN", np.nan),
):
    place = {"JetEta": np.array([eta]), "JetPt": np.array([100.0])}
    (_, factors), = uncertainty.getUncertainty(**place)
    up, down = np.asarray(factors)[0]
    correction, = np.asarray(corrector.getCorrection(**place))
    print(f"eta {eta} ({title}): up {up:.2f}, down {down:.2f}, correction {correction:.1f}")
END
cat seen
diff expected seen || { echo "coffea-swaps-up-and-down-of-jet-energy-uncertainties: the behaviour has changed" >&2; exit 1; }
