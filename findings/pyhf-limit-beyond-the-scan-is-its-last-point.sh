#!/usr/bin/env bash
# A limit that lies beyond the scanned signal strengths is given as the last of them.
#
# Guessed: upper_limit raises, or gives NaN, if CLs never falls to 0.05 within the scan, as it raises
# without a scan.
# What happens: it interpolates, and beyond the ends takes the end: "limit 10", and the five expected
# limits are 10 as well. Within a coarse scan the straight line between two points moves the limit by a
# quarter. No warning.
# Why it matters: for a signal as weak as a heavy Higgs before any cut, all limits lie beyond the usual
# 0...10, the range of the parameter. Six equal limits look like a result.
#
# Versions: pyhf==0.7.6, numpy==2.4.6, scipy==1.17.1
# Seen on 2026-11-27 (the script compares with these lines):
#> signal 5.0
#>   scan 0, 2.5 ... 10: observed 4.1, expected [2.4, 2.4, 3.0, 4.5, 5.2]
#>   scan 0, 0.1 ... 10: observed 3.2, expected [1.4, 1.9, 2.6, 3.7, 5.1]
#>   scan no: observed 3.2, expected [1.4, 1.9, 2.6, 3.7, 5.1]
#> signal 0.1
#>   scan 0, 2.5 ... 10: observed 10.0, expected [10.0, 10.0, 10.0, 10.0, 10.0]
#>   scan 0, 0.1 ... 10: observed 10.0, expected [10.0, 10.0, 10.0, 10.0, 10.0]
#>   scan no: ValueError: fit initialization parameter (index: 0, value: 20) lies outside of its bounds: (0, 10)
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: pyhf==0.7.6 numpy==2.4.6 scipy==1.17.1

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
import pyhf
from pyhf.infer.intervals.upper_limits import upper_limit

for signal in (5.0, 0.1):
    model = pyhf.simplemodels.uncorrelated_background([signal, signal], [50.0, 60.0], [5.0, 6.0])
    data = [55.0, 62.0] + model.config.auxdata
    print("signal", signal)
    for name, scan in (("0, 2.5 ... 10", np.linspace(0, 10, 5)), ("0, 0.1 ... 10", np.linspace(0, 10, 101)), ("no", None)):
        try:
            observed, expected = upper_limit(data, model, scan=scan)
            print(f"  scan {name}: observed {observed:.1f}, expected {[round(float(e), 1) for e in expected]}")
        except ValueError as error:
            print(f"  scan {name}: ValueError: {str(error).splitlines()[0]}")
END
cat seen
diff expected seen || { echo "pyhf-limit-beyond-the-scan-is-its-last-point: the behaviour has changed" >&2; exit 1; }
