#!/usr/bin/env bash
# ROOT's StdDev of RVec<float> masses in MeV is some 200 where 8 is right, of three ints in MeV NaN.
#
# Guessed: StdDev of a thousand masses of 172,500 +- 8 MeV in an RVec<float> is 8 to 1 %, and right for ints too; what
# it returns is documented as double.
# What happens: Var adds up x and x squared in the type of the column and subtracts at the end. In float nothing but
# rounding is left of a spread that is small beside the mean, and in int the squares wrap around: the variance of
# 50000, 50010 and 50020 is negative, and StdDev NaN. RDataFrame's own StdDev of the same numbers is right.
# Why it matters: jets of an event are such RVecs, of floats in most files and in MeV in some. The spread of their
# times or momenta is a number without a warning; cast them to double first.
#
# Versions: root==0.1a12, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> masses: should be 7.82
#> RVec<float>: right to 1 %: False, more than 50 or NaN: True
#> RVec<double>: right to 1 %: True, more than 50 or NaN: False
#> RVec<Long64_t>: right to 1 %: True, more than 50 or NaN: False
#> RDataFrame, float: 7.82
#> momenta [50000, 50010, 50020]: should be 10.00
#> RVec<int>: variance below zero: True, StdDev NaN: True, right to 1 %: False
#> RVec<float>: variance below zero: False, StdDev NaN: False, right to 1 %: False
#> RVec<double>: variance below zero: False, StdDev NaN: False, right to 1 %: True
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

rng = np.random.default_rng(0)
mass = np.round(rng.normal(172_500.0, 8.0, 1000))  # exact in float
print(f"masses: should be {mass.std(ddof=1):.2f}")
for kind in ("float", "double", "Long64_t"):
    spread = ROOT.VecOps.StdDev(ROOT.RVec[kind](mass.astype(int).tolist()))
    print(f"RVec<{kind}>: right to 1 %: {bool(abs(spread / mass.std(ddof=1) - 1) < 0.01)}, more than 50 or NaN: {not spread <= 50}")
frame = ROOT.RDF.FromNumpy({"mass": mass.astype(np.float32)})
print(f"RDataFrame, float: {frame.StdDev('mass').GetValue():.2f}")
jets = [50_000, 50_010, 50_020]
print(f"momenta {jets}: should be {np.std(jets, ddof=1):.2f}")
for kind in ("int", "float", "double"):
    column = ROOT.RVec[kind](jets)
    variance, spread = ROOT.VecOps.Var(column), ROOT.VecOps.StdDev(column)
    print(f"RVec<{kind}>: variance below zero: {variance < 0}, StdDev NaN: {bool(np.isnan(spread))}, right to 1 %: {abs(spread / 10 - 1) < 0.01}")
END
cat seen
diff expected seen || { echo "root-vecops-spread-of-floats-and-ints-is-lost: the behaviour has changed" >&2; exit 1; }
