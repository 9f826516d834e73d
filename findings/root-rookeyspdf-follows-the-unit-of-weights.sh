#!/usr/bin/env bash
# RooKeysPdf of weighted events is smoother or rougher with the unit of the weights.
#
# Guessed: weights times 0.001 or 100 give the same density, as they give the same mean, spread and effective number
# of events.
# What happens: the bandwidth goes with the sum of the weights, as if it were the number of events. A thousand events
# that weigh 1 in all are smeared as one event: the density three widths above the peak is four times as large. If they
# weigh 100,000 it is a third too small. Nothing is told. Scale weights so that they add up to the effective
# number of events.
# Why it matters: weights are scaled to cross section and luminosity, and the sum of a process is a few events or a
# million. Templates of background shapes and their tails then depend on the luminosity that was put in.
#
# Versions: root==0.1a12, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> weights x 1: sum 1004, mean 124.62, width 4.91, density 0.0066, 0.0658, 0.0038, 0.0006
#> weights x 0.001: sum 1.004, mean 124.62, width 4.91, density 0.0137, 0.0774, 0.0064, 0.0025
#> weights x 100: sum 1.004e+05, mean 124.62, width 4.91, density 0.0032, 0.0645, 0.0050, 0.0004
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: root==0.1a12 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import ROOT

ROOT.RooMsgService.instance().setGlobalKillBelow(ROOT.RooFit.FATAL)
rng = np.random.default_rng(0)
masses, weights = rng.normal(125.0, 5.0, 1000), rng.exponential(1.0, 1000)
mass = ROOT.RooRealVar("mass", "mass", 125.0, 95.0, 155.0)
weight = ROOT.RooRealVar("weight", "weight", 1.0, 0.0, 1e9)
over = ROOT.RooArgSet(mass)
keep = []
for factor in (1.0, 0.001, 100.0):
    data = ROOT.RooDataSet.from_numpy({"mass": masses, "weight": factor * weights}, [mass], weight_name="weight")
    density = ROOT.RooKeysPdf(f"d{factor}", "", mass, data, ROOT.RooKeysPdf.NoMirror)
    keep += [data, density]
    found = []
    for at in (115.0, 125.0, 137.0, 140.0):
        mass.setVal(at)
        found.append(f"{density.getVal(over):.4f}")
    print(f"weights x {factor:g}: sum {data.sumEntries():.4g}, mean {data.mean(mass):.2f}, width {data.sigma(mass):.2f},", "density", ", ".join(found))
END
cat seen
diff expected seen || { echo "root-rookeyspdf-follows-the-unit-of-weights: the behaviour has changed" >&2; exit 1; }
