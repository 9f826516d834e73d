#!/usr/bin/env bash
# ak.linear_fit gives another slope once the values are large against their spread.
#
# Guessed: the slope of np.polyfit, to its rounding.
# What happens: slope and errors come from differences of sums of squares, which cancel. For masses in MeV
# (172,500 +- 1) in float32, and for times in seconds since 1970 even in float64, the slope of 2 is lost.
# ak.corr of the same numbers is right. Subtracting the mean first helps.
# Why it matters: HIGGS and most ntuples hold float32. Lines are fitted per event or per run (tracks, drifts
# of a calibration with time), and nothing but the wrong slope shows it.
#
# Versions: awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> masses in GeV, float64: polyfit 2.00, linear_fit within 0.05: True, less the mean 2.00, ak.corr 1.00
#> masses in GeV, float32: polyfit 2.00, linear_fit within 0.05: True, less the mean 2.00, ak.corr 1.00
#> masses in MeV, float32: polyfit 2.00, linear_fit within 0.05: False, less the mean 2.00, ak.corr 1.00
#> times since 1970, float64: polyfit 2.00, linear_fit within 0.05: False, less the mean 2.00, ak.corr 1.00
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: awkward==2.14.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import awkward as ak
import numpy as np

random = np.random.default_rng(1)
spread = random.normal(size=1000)
noise = random.normal(size=1000) * 0.1


def slope(x, y):
    fit = ak.linear_fit(ak.unflatten(x, [len(x)]), ak.unflatten(y, [len(y)]), axis=1)[0]
    return float(fit.slope)


def correlation(x, y):
    return float(ak.corr(ak.unflatten(x, [len(x)]), ak.unflatten(y, [len(y)]), axis=1)[0])


for name, centre, kind in (
    ("masses in GeV, float64", 172.5, np.float64),
    ("masses in GeV, float32", 172.5, np.float32),
    ("masses in MeV, float32", 172_500.0, np.float32),
    ("times since 1970, float64", 1_795_000_000.0, np.float64),
):
    x = (centre + spread).astype(kind)
    y = (2 * spread + noise).astype(kind)
    exact = np.polyfit(x.astype(np.float64) - centre, y, 1)[0]
    fitted = slope(x, y)
    print(
        f"{name}: polyfit {exact:.2f}, linear_fit within 0.05: {abs(fitted - exact) < 0.05}, "
        f"less the mean {slope(x - x.mean(), y):.2f}, ak.corr {correlation(x, y):.2f}"
    )
END
cat seen
diff expected seen || { echo "awkward-linear-fit-loses-the-slope-of-large-values: the behaviour has changed" >&2; exit 1; }
