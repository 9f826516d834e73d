#!/usr/bin/env bash
# The error bars of hist's plot_ratio take sums of weights for numbers of events.
#
# Guessed: the bars of two histograms of Weight storage come from their variances.
# What happens: variances() is not looked at. The bars are those of Poisson (or binomial) counts as large as
# the sums of weights: weights of 0.01 make them up to 16 times too long (and asymmetric), weights of 100 up
# to 15 times too short. "efficiency" takes weights as well, and says nothing. The plain numbers of 1000
# events each give the ratio an error of 4.5 %, whatever they weigh.
# Why it matters: simulated signal and background come with weights, and the ratio panel is where a shape is
# seen to agree or not. Asked for in an issue of 2022, and not in the documentation. Use plot_ratio_array with
# bars of your own.
#
# Versions: hist==2.12.1, boost-histogram==1.8.1, mplhep==1.3.3, matplotlib==3.11.2, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> weights of 0.01: 1.00, by hand +- 0.045
#>   poisson -0.311 +0.427
#>   poisson-ratio -0.420 +0.723
#>   efficiency -0.168 +0.000
#> weights of 1: 1.00, by hand +- 0.045
#>   poisson -0.032 +0.033
#>   poisson-ratio -0.045 +0.047
#>   efficiency -0.002 +0.000
#> weights of 100: 1.00, by hand +- 0.045
#>   poisson -0.003 +0.003
#>   poisson-ratio -0.004 +0.004
#>   efficiency -0.000 +0.000
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: hist==2.12.1 boost-histogram==1.8.1 mplhep==1.3.3 matplotlib==3.11.2 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from hist import Hist

random = np.random.default_rng(0)
new, old = random.uniform(0, 1, 1000), random.uniform(0, 1, 1000)
for weight in (0.01, 1.0, 100.0):
    a, b = (Hist.new.Reg(1, 0, 1, name="x").Weight().fill(x, weight=weight) for x in (new, old))
    ratio = a.values() / b.values()
    by_hand = ratio * np.sqrt(a.variances() / a.values() ** 2 + b.variances() / b.values() ** 2)
    line = [f"weights of {weight:g}: {ratio[0]:.2f}, by hand +- {by_hand[0]:.3f}"]
    for kind in ("poisson", "poisson-ratio", "efficiency"):
        figure = plt.figure()
        bars = a.plot_ratio(b, rp_uncertainty_type=kind)[1].errorbar
        (low, high), = (segment[:, 1] for segment in bars[2][0].get_segments())
        line.append(f"{kind} -{ratio[0] - low:.3f} +{high - ratio[0]:.3f}")
        plt.close(figure)
    print("\n  ".join(line))
END
cat seen
diff expected seen || { echo "hist-plot-ratio-ignores-weights: the behaviour has changed" >&2; exit 1; }
