#!/usr/bin/env bash
# ftag's background efficiencies and rejections come in another order than the working points that were asked for.
#
# Guessed: the n-th efficiency (or rejection) is that of the n-th target or cut, whatever their order.
# What happens: for three targets in the order lowest, highest, middle they are shifted by one; of rising or falling
# ones the order is right. The cuts that are returned with them are in the right order, so the two don't belong to each
# other. Nothing in the docstring asks for sorted targets.
# Why it matters: one asks for the working point of the analysis and for some others to compare. Here the rejection
# at 60 % is given as 2.21 where 2.72 is right, and that at 80 % as 2.72. Sort the targets.
#
# Versions: atlas-ftag-tools==0.3.6, numpy==2.3.5, scipy==1.17.1
# Seen on 2026-11-28 (the script compares with these lines):
#> signal efficiencies [0.6, 0.7, 0.8]
#>   cuts: [0.632, 0.548, 0.447]
#>   background above each cut: [0.368, 0.452, 0.553]
#>   calculate_efficiency: [0.368, 0.452, 0.553]
#>   calculate_rejection: [2.72, 2.21, 1.81]
#> signal efficiencies [0.8, 0.7, 0.6]
#>   cuts: [0.447, 0.548, 0.632]
#>   background above each cut: [0.553, 0.452, 0.368]
#>   calculate_efficiency: [0.553, 0.452, 0.368]
#>   calculate_rejection: [1.81, 2.21, 2.72]
#> signal efficiencies [0.6, 0.8, 0.7]
#>   cuts: [0.632, 0.447, 0.548]
#>   background above each cut: [0.368, 0.553, 0.452]
#>   calculate_efficiency: [0.452, 0.368, 0.553]
#>   calculate_rejection: [2.21, 2.72, 1.81]
#> signal efficiencies [0.77, 0.6, 0.85, 0.7]
#>   cuts: [0.48, 0.632, 0.387, 0.548]
#>   background above each cut: [0.52, 0.368, 0.613, 0.452]
#>   calculate_efficiency: [0.452, 0.613, 0.368, 0.52]
#>   calculate_rejection: [2.21, 1.63, 2.72, 1.92]
#> cuts [0.9, 0.5, 0.7]: [0.3, 0.1, 0.5]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: atlas-ftag-tools==0.3.6 numpy==2.3.5 scipy==1.17.1

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import logging

import numpy as np
from ftag.utils import calculate_efficiency, calculate_rejection

logging.disable(logging.CRITICAL)
signal = np.linspace(0.0, 1.0, 100001) ** 0.5
background = np.linspace(0.0, 1.0, 100001)
for targets in ([0.6, 0.7, 0.8], [0.8, 0.7, 0.6], [0.6, 0.8, 0.7], [0.77, 0.6, 0.85, 0.7]):
    efficiencies, cuts = calculate_efficiency(signal, background, np.array(targets), return_cuts=True)
    print(f"signal efficiencies {targets}")
    print("  cuts:", [round(float(x), 3) for x in cuts])
    print("  background above each cut:", [round(float((background > cut).mean()), 3) for cut in cuts])
    print("  calculate_efficiency:", [round(float(x), 3) for x in efficiencies])
    print("  calculate_rejection:", [round(float(x), 2) for x in calculate_rejection(signal, background, targets)])
cuts = [0.9, 0.5, 0.7]
print(f"cuts {cuts}:", [round(float(x), 3) for x in calculate_efficiency(signal, background, cut_value=cuts)])
END
cat seen
diff expected seen || { echo "ftag-efficiencies-come-in-another-order: the behaviour has changed" >&2; exit 1; }
