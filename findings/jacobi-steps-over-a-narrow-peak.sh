#!/usr/bin/env bash
# jacobi's derivatives of a narrow peak or turn-on are wrong, and the error estimate that comes along hides it.
#
# Guessed: a derivative that can't be had to 1e-6 comes with an error as large as what is missing.
# What happens: the first step is a quarter of the value, 31 GeV at a mass of 125. Of a peak of 125 +- 10 the derivative
# is 7 times too small and 5.6 of its error estimates off; of 125 +- 1 it is 0 +- 0. A turn-on of 1 GeV at 125 has 0.06
# +- 0.01 where 0.40 is right. Counted from 125 the same function is right to all digits.
# Why it matters: jacobi is what propagates errors next to iminuit, and masses, times and energies are far from
# zero compared with their resolution: here an efficiency's error is 6.5 times too small. Shift and scale the
# variable so that it changes over about its own size.
#
# Versions: jacobi==0.9.2, numpy==2.4.6, scipy==1.17.1
# Seen on 2026-11-28 (the script compares with these lines):
#> derivative of the density of a mass of 125 +- width, half a width above the peak
#>   width 20: true -0.000440, found -0.000440 +- 0.000000
#>   width 10: true -0.001760, found -0.000255 +- 0.000269
#>   width 5: true -0.007041, found -0.000032 +- 0.000032
#>   width 1: true -0.176033, found -0.000000 +- 0.000000
#> derivative of a turn-on (the integral of the peak) at 125
#>   width 20: true 0.0199, found 0.0199 +- 0.0000
#>     with the mass counted from 125: 0.0199 +- 0.0000
#>   width 5: true 0.0798, found 0.0798 +- 0.0000
#>     with the mass counted from 125: 0.0798 +- 0.0000
#>   width 2: true 0.1995, found 0.0613 +- 0.0105
#>     with the mass counted from 125: 0.1995 +- 0.0000
#>   width 1: true 0.3989, found 0.0613 +- 0.0105
#>     with the mass counted from 125: 0.3989 +- 0.0000
#> efficiency at 125.0 +- 0.1, turn-on of 1: 0.500 +- 0.0061, true 0.0399
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: jacobi==0.9.2 numpy==2.4.6 scipy==1.17.1

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from jacobi import jacobi, propagate
from scipy.stats import norm

print("derivative of the density of a mass of 125 +- width, half a width above the peak")
for width in (20, 10, 5, 1):
    found, error = jacobi(lambda m: norm.pdf(m, 125, width), 125 + width / 2)
    print(f"  width {width}: true {-0.5 * norm.pdf(0.5) / width**2:.6f}, found {found:.6f} +- {error:.6f}")
print("derivative of a turn-on (the integral of the peak) at 125")
for width in (20, 5, 2, 1):
    found, error = jacobi(lambda m: norm.cdf(m, 125, width), 125.0)
    print(f"  width {width}: true {norm.pdf(0) / width:.4f}, found {found:.4f} +- {error:.4f}")
    same, error = jacobi(lambda m: norm.cdf(m, 0, width), 0.0)
    print(f"    with the mass counted from 125: {same:.4f} +- {error:.4f}")
value, variance = propagate(lambda m: norm.cdf(m, 125, 1), 125.0, 0.1**2)
print(f"efficiency at 125.0 +- 0.1, turn-on of 1: {value:.3f} +- {np.sqrt(variance):.4f}, true 0.0399")
END
cat seen
diff expected seen || { echo "jacobi-steps-over-a-narrow-peak: the behaviour has changed" >&2; exit 1; }
