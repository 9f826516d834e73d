#!/usr/bin/env bash
# Of quickstats' interpolations number 6 changes 100 events by -9890 at one sigma up, where +10 is right.
#
# Guessed: each code of piecewise_interpolate passes through the "low" and "high" that it is given, at -1 and 1.
# What happens: codes 0 to 5 do. Code 6, polynomial inside and linear outside, divides low and high by the nominal, and
# then subtracts the nominal where 1 is right. So it holds for a nominal of 1 only. For 100 with 90 and 110 it gives
# -9910 and -9890, for 0.5 with 0.45 and 0.55 it gives -0.2 ... 0.3. No warning.
# Why it matters: the codes are those of RooFit's models, and one compares them with yields, not with ratios. With a
# nominal that isn't far from 1 the error looks like an uncertainty. Divide by the nominal first.
#
# Versions: quickstats==0.8.5.6, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> nominal 1, down 0.9, up 1.1: should go from -0.1 to 0.1
#>   code 0: [-0.1, -0.05, 0.0, 0.05, 0.1]
#>   code 1: [-0.1, -0.051, 0.0, 0.049, 0.1]
#>   code 2: [-0.1, -0.05, 0.0, 0.05, 0.1]
#>   code 4: [-0.1, -0.05, 0.0, 0.05, 0.1]
#>   code 5: [-0.1, -0.051, 0.0, 0.049, 0.1]
#>   code 6: [-0.1, -0.05, 0.0, 0.05, 0.1]
#> nominal 100, down 90, up 110: should go from -10 to 10
#>   code 0: [-10.0, -5.0, 0.0, 5.0, 10.0]
#>   code 1: [-10.0, -5.132, 0.0, 4.881, 10.0]
#>   code 2: [-10.0, -5.0, 0.0, 5.0, 10.0]
#>   code 4: [-10.0, -5.0, 0.0, 5.0, 10.0]
#>   code 5: [-10.0, -5.131, 0.0, 4.949, 10.0]
#>   code 6: [-9910.0, -3930.195, 0.0, -3920.195, -9890.0]
#> nominal 100, down 80, up 150: should go from -20 to 50
#>   code 0: [-20.0, -10.0, 0.0, 25.0, 50.0]
#>   code 1: [-20.0, -10.557, 0.0, 22.474, 50.0]
#>   code 2: [-20.0, -13.75, 0.0, 21.25, 50.0]
#>   code 4: [-20.0, -11.553, 0.0, 23.447, 50.0]
#>   code 5: [-20.0, -11.782, 0.0, 21.685, 50.0]
#>   code 6: [-9920.0, -3936.748, 0.0, -3901.748, -9850.0]
#> nominal 0.5, down 0.45, up 0.55: should go from -0.05 to 0.05
#>   code 0: [-0.05, -0.025, 0.0, 0.025, 0.05]
#>   code 1: [-0.05, -0.026, 0.0, 0.024, 0.05]
#>   code 2: [-0.05, -0.025, 0.0, 0.025, 0.05]
#>   code 4: [-0.05, -0.025, 0.0, 0.025, 0.05]
#>   code 5: [-0.05, -0.026, 0.0, 0.025, 0.05]
#>   code 6: [0.2, 0.074, 0.0, 0.124, 0.3]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: quickstats==0.8.5.6 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
from quickstats.maths.interpolation import piecewise_interpolate


def shown(nominal, low, high, code):
    """Return the changes of the nominal at -1, -0.5, 0, 0.5 and 1 sigma."""
    sigmas = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    changes = piecewise_interpolate(sigmas, nominal, low, high, 1.0, code=code)
    return [round(float(x), 3) + 0.0 for x in changes]


for nominal, low, high in ((1.0, 0.9, 1.1), (100.0, 90.0, 110.0), (100.0, 80.0, 150.0), (0.5, 0.45, 0.55)):
    print(f"nominal {nominal:g}, down {low:g}, up {high:g}: should go from {low - nominal:.3g} to {high - nominal:.3g}")
    for code in (0, 1, 2, 4, 5, 6):
        print(f"  code {code}: {shown(nominal, low, high, code)}")
END
cat seen
diff expected seen || { echo "quickstats-interpolation-6-takes-the-nominal-for-one: the behaviour has changed" >&2; exit 1; }
