#!/usr/bin/env bash
# A normsys whose variation removes a sample makes pyhf's nominal prediction NaN.
#
# Guessed: a lo of 0 is refused, or gives nothing at alpha = -1 and the nominal rate at 0.
# What happens: at alpha = +1 the rate is as given, at -1 it is 0, and everywhere between, 0 included, the
# whole prediction is NaN: the polynomial that joins the two ends takes the logarithm of both. The
# specification is valid, and the fit stops with "Inequality constraints incompatible", which names nothing. A
# lo of 1e-6 works.
# Why it matters: a systematic variation of the jets' energy can empty a small background. One such line in a
# workspace takes all channels down.
#
# Versions: pyhf==0.7.6, numpy==2.4.6, scipy==1.17.1
# Seen on 2026-11-27 (the script compares with these lines):
#> lo 0.5: rates for alpha from -1 to 1: [5.0, 7.24, 10.0, 12.37, 15.0]
#> lo 1e-06: rates for alpha from -1 to 1: [0.0, 2.92, 10.0, 13.12, 15.0]
#> lo 0: rates for alpha from -1 to 1: [0.0, nan, nan, nan, 15.0]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: pyhf==0.7.6 numpy==2.4.6 scipy==1.17.1

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import pyhf


def model(lo):
    rate = {"name": "energy scale", "type": "normsys", "data": {"hi": 1.5, "lo": lo}}
    signal = {"name": "signal", "data": [5.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]}
    background = {"name": "background", "data": [10.0], "modifiers": [rate]}
    return pyhf.Model({"channels": [{"name": "region", "samples": [signal, background]}]}, poi_name="mu")


for lo in (0.5, 1e-6, 0.0):
    made = model(lo)
    names = made.config.par_order
    rates = []
    for alpha in (-1.0, -0.5, 0.0, 0.5, 1.0):
        parameters = [{"mu": 0.0, "energy scale": alpha}[name] for name in names]
        rates.append(round(float(made.expected_actualdata(parameters)[0]), 2))
    print(f"lo {lo:g}: rates for alpha from -1 to 1: {rates}")
END
cat seen
diff expected seen || { echo "pyhf-a-rate-of-zero-spoils-the-nominal: the behaviour has changed" >&2; exit 1; }
