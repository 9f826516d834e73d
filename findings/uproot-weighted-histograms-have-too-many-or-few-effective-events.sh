#!/usr/bin/env bash
# A weighted histogram written by uproot has as many effective events in ROOT as its weights add up to.
#
# Guessed: ROOT finds in the file the effective number of events, (sum of w)^2 / (sum of w^2), of the histogram's own
# variances.
# What happens: the errors of the bins are right, but fTsumw2, the sum of squared weights in the file, is the sum of
# the weights. GetEffectiveEntries is that sum: 10 for a thousand events that weigh 0.01 on average, and 99,046 if
# they weigh 100, where 465 is right for both. GetMeanError and GetStdDevError follow: here they are seven times too
# large or 14 times too small. ResetStats in ROOT computes it from the bins again and mends it. Histograms of weight
# one are right.
# Why it matters: errors of means and widths are read from such histograms in ROOT, and the box of statistics in a
# plot shows them.
#
# Versions: uproot==5.7.7, hist==2.12.1, root==0.1a12, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> weights of 0.01: bins' errors right: True; effective events 9.9, should be 464.7, after ResetStats 464.7; error of the mean 0.588, after ResetStats 0.086
#> weights of 1: bins' errors right: True; effective events 990.5, should be 464.7, after ResetStats 464.7; error of the mean 0.059, after ResetStats 0.086
#> weights of 100: bins' errors right: True; effective events 99046.5, should be 464.7, after ResetStats 464.7; error of the mean 0.006, after ResetStats 0.086
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: uproot==5.7.7 hist==2.12.1 root==0.1a12 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import hist
import numpy as np
import ROOT
import uproot

rng = np.random.default_rng(0)
mass, weight = rng.normal(5.0, 2.0, 1000), rng.exponential(1.0, 1000)
inside = (mass >= 0.0) & (mass < 10.0)
for mean in (0.01, 1.0, 100.0):
    counts = hist.Hist(hist.axis.Regular(10, 0.0, 10.0, name="mass"), storage=hist.storage.Weight())
    counts.fill(mass, weight=mean * weight)
    with uproot.recreate("counts.root") as file:
        file["counts"] = counts
    file = ROOT.TFile("counts.root")
    read = file.Get("counts")
    found = read.GetEffectiveEntries(), read.GetMeanError()
    same = np.allclose([read.GetBinError(i + 1) for i in range(10)], np.sqrt(counts.variances()))
    read.ResetStats()
    right = counts.values().sum() ** 2 / counts.variances().sum()
    print(f"weights of {mean:g}: bins' errors right: {same}; effective events {found[0]:.1f}, should be {right:.1f}, after ResetStats {read.GetEffectiveEntries():.1f};", end=" ")
    print(f"error of the mean {found[1]:.3f}, after ResetStats {read.GetMeanError():.3f}")
    file.Close()
END
cat seen
diff expected seen || { echo "uproot-weighted-histograms-have-too-many-or-few-effective-events: the behaviour has changed" >&2; exit 1; }
