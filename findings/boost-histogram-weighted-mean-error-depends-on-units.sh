#!/usr/bin/env bash
# The error of a WeightedMean bin depends on the unit of the weights.
#
# Guessed: variances() is the squared error of the mean, spread^2 / effective entries, with effective
# entries (sum w)^2 / sum w^2, which h.counts() gives: the same in femtobarn and in picobarn.
# What happens: it is spread^2 / sum w. With weights a thousand times smaller it is a thousand times
# larger.
# Why it matters: an error bar on, say, a mean jet multiplicity from weighted simulation is off by any
# factor; only for weights of 1 it is right. Dividing view().variance by counts() gives what was guessed.
#
# Versions: boost-histogram==1.8.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> weights times 1: mean 4.924, effective entries 472.7, variances() 0.0009628, spread^2 / entries 0.00204
#> weights times 1000: mean 4.924, effective entries 472.7, variances() 0.0000010, spread^2 / entries 0.00204
#> weights times 0.001: mean 4.924, effective entries 472.7, variances() 0.9627589, spread^2 / entries 0.00204
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: boost-histogram==1.8.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import boost_histogram as bh
import numpy as np

random = np.random.default_rng(0)
values, weights = random.normal(5, 1, 1000), random.exponential(1, 1000)
for scale in (1, 1000, 0.001):
    histogram = bh.Histogram(bh.axis.Regular(1, 0, 1), storage=bh.storage.WeightedMean())
    histogram.fill(np.full(1000, 0.5), sample=values, weight=weights * scale)
    print(f"weights times {scale}: mean {histogram.values()[0]:.3f}, effective entries {histogram.counts()[0]:.1f}, "
          f"variances() {histogram.variances()[0]:.7f}, "
          f"spread^2 / entries {histogram.view().variance[0] / histogram.counts()[0]:.5f}")
END
cat seen
diff expected seen || { echo "boost-histogram-weighted-mean-error-depends-on-units: the behaviour has changed" >&2; exit 1; }
