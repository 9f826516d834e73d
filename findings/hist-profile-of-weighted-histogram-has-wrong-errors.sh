#!/usr/bin/env bash
# hist's profile() of a weighted histogram: the spread grows with the weights, and the error is NaN for
# small ones.
#
# Guessed: the profile of a 2D histogram gives, for each bin, the weighted mean and an error that stays as
# it is when all weights are multiplied by a number.
# What happens: the sum of the weights is taken for the number of entries (so the error is NaN where it is
# less than 1, and the spread^2 of weights times 10 is 10 times as large), and even without weights the
# spread is too small: of 0.5, 2.5 and 4.5 the sum of squares about the mean is 8, but 5.33 is kept (it is
# divided by n once too often). The means are right.
# Why it matters: profiles show the resolution or the mean of a feature in bins of another. Simulation
# scaled to a cross-section has weights far below 1. A WeightedMean storage filled with the values is
# right about the spread.
#
# Versions: hist==2.12.1, boost-histogram==1.8.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> 0.5, 2.5, 4.5: mean 2.5, error^2 0.889, true 1.333
#> weights times 1: mean 4.996, spread^2 1.179, error^2 0.00118
#> weights times 10: mean 4.996, spread^2 11.790, error^2 0.00118
#> weights times 0.001: mean 4.996, spread^2 0.001, error^2 nan
#> true: spread^2 1.043, error^2 0.00113
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: hist==2.12.1 boost-histogram==1.8.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from hist import Hist

few = Hist.new.Reg(1, 0, 1).Reg(10, 0, 10).Double().fill([0.5] * 3, [0.5, 2.5, 4.5]).profile(1)
print(f"0.5, 2.5, 4.5: mean {few.values()[0]}, error^2 {few.variances()[0]:.3f}, true {4 / 3:.3f}")

random = np.random.default_rng(0)
x, y, weight = random.random(1000), random.normal(5, 1, 1000), random.uniform(0.5, 1.5, 1000)
for scale in (1, 10, 0.001):
    histogram = Hist.new.Reg(1, 0, 1).Reg(100, 0, 10).Weight().fill(x, y, weight=weight * scale)
    profile = histogram.profile(1)
    print(f"weights times {scale}: mean {profile.values()[0]:.3f}, spread^2 {profile.view().variance[0]:.3f}, "
          f"error^2 {profile.variances()[0]:.5f}")
print(f"true: spread^2 {np.cov(y, aweights=weight, ddof=0):.3f}, "
      f"error^2 {np.cov(y, aweights=weight, ddof=0) * (weight**2).sum() / weight.sum() ** 2:.5f}")
END
cat seen
diff expected seen || { echo "hist-profile-of-weighted-histogram-has-wrong-errors: the behaviour has changed" >&2; exit 1; }
