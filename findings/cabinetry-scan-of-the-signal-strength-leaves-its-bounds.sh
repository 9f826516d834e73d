#!/usr/bin/env bash
# cabinetry's likelihood scan of a signal strength fails if its error reaches below zero.
#
# Guessed: the scan covers the best fit +- 2 or 3 errors, cut off at the parameter's bounds, which the
# model has (0 to 10).
# What happens: its first point is below the lower bound, and pyhf refuses to start a fit there
# (ValueError). With par_range inside of the bounds it works.
# Why it matters: a signal strength with an error larger than itself is what every search begins with; the
# scan works in tests with a strong signal and fails on the real one.
#
# Versions: cabinetry==0.6.0, pyhf==0.7.6, iminuit==2.33.0, numpy==2.4.6, scipy==1.17.1, matplotlib==3.11.2
# Seen on 2026-11-27 (the script compares with these lines):
#> signal [50.0, 100.0]: mu 1.02 +- 0.12, bounds (0, 10)
#>   scan {} at [0.8, 1.0, 1.3]
#>   scan {'par_range': (0.1, 2.0)} at [0.1, 1.0, 2.0]
#> signal [5.0, 10.0]: mu 1.22 +- 0.89, bounds (0, 10)
#>   scan {} ValueError: fit initialization parameter (index: 0, value: -0.5534401420299773) lies outside of its bounds: (0
#>   scan {'par_range': (0.1, 2.0)} at [0.1, 1.0, 2.0]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: cabinetry==0.6.0 pyhf==0.7.6 iminuit==2.33.0 numpy==2.4.6 scipy==1.17.1 matplotlib==3.11.2

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import logging

import cabinetry
import pyhf

logging.disable()
for signal in ([50.0, 100.0], [5.0, 10.0]):
    samples = pyhf.simplemodels.uncorrelated_background(signal, [50.0, 60.0], [5.0, 6.0])
    data = [53.0 + signal[0], 61.0 + signal[1]] + samples.config.auxdata
    fit = cabinetry.fit.fit(samples, data)
    print(f"signal {signal}: mu {fit.bestfit[0]:.2f} +- {fit.uncertainty[0]:.2f}, "
          f"bounds {samples.config.suggested_bounds()[0]}")
    for options in ({}, {"par_range": (0.1, 2.0)}):
        try:
            scan = cabinetry.fit.scan(samples, data, "mu", n_steps=3, **options)
            print("  scan", options, "at", scan.parameter_values.round(1).tolist())
        except ValueError as error:
            print("  scan", options, "ValueError:", str(error)[:98])
END
cat seen
diff expected seen || { echo "cabinetry-scan-of-the-signal-strength-leaves-its-bounds: the behaviour has changed" >&2; exit 1; }
