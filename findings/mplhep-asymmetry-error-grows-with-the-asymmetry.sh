#!/usr/bin/env bash
# The error of an asymmetry in mplhep and plothist is largest where it should vanish.
#
# Guessed: the error of A = (n1 - n2) / (n1 + n2) for two independent counts is the root of
# (1 - A^2) / (n1 + n2): the less, the closer A is to -1 or 1.
# What happens: difference and sum are propagated as if they were independent, although they are made of the
# same counts, which gives the root of (1 + A^2) / (n1 + n2). At A = 0 both agree. At 0.6 the error is 46% too
# large, as toys say; for 0 against 40 it is 0.22, on a value that cannot be below -1.
# Why it matters: forward-backward and charge asymmetries are this ratio, and an asymmetry of 0.6 loses a third
# of its significance. The other comparisons (ratio, efficiency) are right.
#
# Versions: mplhep==1.3.3, plothist==1.10.1, boost-histogram==1.8.1, matplotlib==3.11.2, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> 25 and 25: asymmetry 0.00, mplhep +- 0.141, plothist +- 0.141, toys 0.14, formula 0.141
#> 32 and 18: asymmetry 0.28, mplhep +- 0.147, plothist +- 0.147, toys 0.14, formula 0.136
#> 40 and 10: asymmetry 0.60, mplhep +- 0.165, plothist +- 0.165, toys 0.11, formula 0.113
#> 49 and 1: asymmetry 0.96, mplhep +- 0.196, plothist +- 0.196, toys 0.04, formula 0.040
#> 0 and 40: asymmetry -1.00, mplhep +- 0.224, plothist +- 0.224, toys 0.00, formula 0.000
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: mplhep==1.3.3 plothist==1.10.1 boost-histogram==1.8.1 matplotlib==3.11.2 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import boost_histogram as bh
import matplotlib
import numpy as np

matplotlib.use("Agg")
import mplhep.comparison_functions
import plothist


def counts(*numbers):
    histogram = bh.Histogram(bh.axis.Regular(len(numbers), 0, 1), storage=bh.storage.Weight())
    histogram.view(flow=False).value = histogram.view(flow=False).variance = numbers
    return histogram


first, second = np.array([[25, 25], [32, 18], [40, 10], [49, 1], [0, 40]]).T
toys = [np.random.default_rng(0).poisson(mean, (200_000, 5)) for mean in (first, second)]
results = [get(counts(*first), counts(*second), "asymmetry")
           for get in (mplhep.comparison_functions.get_comparison, plothist.get_comparison)]
spread = ((toys[0] - toys[1]) / (toys[0] + toys[1])).std(axis=0)
for i, (a, b) in enumerate(zip(first, second)):
    value = (a - b) / (a + b)
    print(f"{a} and {b}: asymmetry {value:.2f}, mplhep +- {results[0][1][i]:.3f}, plothist +- {results[1][1][i]:.3f}, "
          f"toys {spread[i]:.2f}, formula {((1 - value**2) / (a + b)) ** 0.5:.3f}")
END
cat seen
diff expected seen || { echo "mplhep-asymmetry-error-grows-with-the-asymmetry: the behaviour has changed" >&2; exit 1; }
