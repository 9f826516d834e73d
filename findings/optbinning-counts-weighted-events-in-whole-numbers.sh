#!/usr/bin/env bash
# optbinning cuts the weighted number of events in each bin to a whole number.
#
# Guessed: with sample_weight the bins hold sums of weights, and their scale changes nothing.
# What happens: each sum loses what comes after the point, and the fractions of signal, the information values
# and the choice of splits are made of what is left. 20 signal events expected in 5 bins become 18; a bin of
# 3.89 has 3, so its fraction of signal is 0.094 instead of 0.117. With weights of 0.001 for all 4000 events
# no split is found at all. No warning.
# Why it matters: binning a score for the best significance is done with events scaled to the luminosity,
# where the signal is a handful. Multiply all weights until each bin holds thousands.
#
# Versions: optbinning==1.0.0, ortools==9.15.6755, scikit-learn==1.9.1, pandas==3.1.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> weights of 1
#>   signal: 129 215 301 389 966 | by hand 129.00 215.00 301.00 389.00 966.00
#>   fraction of signal, found: 0.167 0.364 0.454 0.569 0.749
#>   fraction of signal, by hand: 0.167 0.364 0.454 0.569 0.749
#>   information value 0.827 | by hand 0.827
#> weights of 1.9
#>   signal: 245 408 571 739 1835 | by hand 245.10 408.50 571.90 739.10 1835.40
#>   fraction of signal, found: 0.167 0.364 0.454 0.569 0.749
#>   fraction of signal, by hand: 0.167 0.364 0.454 0.569 0.749
#>   information value 0.828 | by hand 0.827
#> yields of 20 signal and 200 background events
#>   signal: 1 2 3 3 9 | by hand 1.29 2.15 3.01 3.89 9.66
#>   fraction of signal, found: 0.015 0.051 0.077 0.094 0.220
#>   fraction of signal, by hand: 0.020 0.054 0.077 0.117 0.230
#>   information value 0.897 | by hand 0.827
#> splits found with weights of 1, 0.1, 0.01, 0.001: 9 9 5 0
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: optbinning==1.0.0 ortools==9.15.6755 scikit-learn==1.9.1 pandas==3.1.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from optbinning import OptimalBinning

random = np.random.default_rng(0)
signal = np.repeat([1, 0], 2000)
score = np.concatenate([random.normal(1.0, 1.0, 2000), random.normal(0.0, 1.0, 2000)])
edges = [-0.5, 0.0, 0.5, 1.0]
for name, weights in (
    ("weights of 1", np.ones(4000)),
    ("weights of 1.9", np.full(4000, 1.9)),
    ("yields of 20 signal and 200 background events", np.where(signal == 1, 0.01, 0.1)),
):
    binning = OptimalBinning(name="score", user_splits=edges, user_splits_fixed=[True] * 4)
    table = binning.fit(score, signal, sample_weight=weights).binning_table.build()
    rates = [float(rate) for rate in table["Event rate"][:5]]
    where = np.digitize(score, edges)
    s, b = (np.bincount(where, weights * (signal == kind)) for kind in (1, 0))
    value = ((s / s.sum() - b / b.sum()) * np.log((s / s.sum()) / (b / b.sum()))).sum()
    print(name)
    print("  signal:", *table["Event"][:5], "| by hand", *(f"{number:.2f}" for number in s))
    for who, fractions in (("found", rates), ("by hand", s / (s + b))):
        print(f"  fraction of signal, {who}:", *(f"{fraction:.3f}" for fraction in fractions))
    print(f"  information value {table['IV'].iloc[-1]:.3f} | by hand {value:.3f}")
numbers = []
for weight in (1.0, 0.1, 0.01, 0.001):
    binning = OptimalBinning(name="score").fit(score, signal, sample_weight=np.full(4000, weight))
    numbers.append(len(binning.splits))
print("splits found with weights of 1, 0.1, 0.01, 0.001:", *numbers)
END
cat seen
diff expected seen || { echo "optbinning-counts-weighted-events-in-whole-numbers: the behaviour has changed" >&2; exit 1; }
