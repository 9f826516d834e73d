#!/usr/bin/env bash
# mplhep draws other error bars for a weighted histogram once all weights are multiplied by a number.
#
# Guessed: the bars of Weight storage are the root of its variances, whatever the weights are; in another unit
# of the cross-section all of them scale.
# What happens: if all variances are whole numbers, mplhep takes the histogram for counts and draws a scaled
# Poisson interval (w2method=None, "likely to be data"), otherwise the root. The first reaches up almost twice
# as far and, for a bin of -1, well above zero. Without SciPy, which mplhep does without, it is always the
# root, and a warning says so.
# Why it matters: whole-number weights are usual in simulation (-1 and 1 at next-to-leading order, 10 for every
# tenth event kept). A plot of events and one of the cross-section show other errors for the same simulation,
# and so do two machines. w2method="sqrt" is always the same.
#
# Versions: mplhep==1.3.3, boost-histogram==1.8.1, matplotlib==3.11.2, numpy==2.4.6, scipy==1.17.1
# Seen on 2026-11-27 (the script compares with these lines):
#> without SciPy
#> root of variance, relative:  [0.72, 0.58, 1.0]
#> weights times 1: [[-0.72, 0.72], [-0.58, 0.58], [-1.0, 1.0]]
#> weights times 10: [[-0.72, 0.72], [-0.58, 0.58], [-1.0, 1.0]]
#> weights times 0.001: [[-0.72, 0.72], [-0.58, 0.58], [-1.0, 1.0]]
#> weights times 0.5: [[-0.72, 0.72], [-0.58, 0.58], [-1.0, 1.0]]
#> w2method='sqrt': [[-0.72, 0.72], [-0.58, 0.58], [-1.0, 1.0]]
#> with SciPy
#> root of variance, relative:  [0.72, 0.58, 1.0]
#> weights times 1: [[-0.66, 1.36], [-0.54, 0.97], [-0.83, 2.3]]
#> weights times 10: [[-0.66, 1.36], [-0.54, 0.97], [-0.83, 2.3]]
#> weights times 0.001: [[-0.72, 0.72], [-0.58, 0.58], [-1.0, 1.0]]
#> weights times 0.5: [[-0.72, 0.72], [-0.58, 0.58], [-1.0, 1.0]]
#> w2method='sqrt': [[-0.72, 0.72], [-0.58, 0.58], [-1.0, 1.0]]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: mplhep==1.3.3 boost-histogram==1.8.1 matplotlib==3.11.2 numpy==2.4.6

cd "$work"
cat > plot.py <<'END'
import boost_histogram as bh
import matplotlib.pyplot
import mplhep
import numpy as np

matplotlib.use("Agg")
h = bh.Histogram(bh.axis.Regular(3, 0, 3), storage=bh.storage.Weight())
h.fill([0.5, 0.5, 1.5, 1.5, 1.5, 2.5], weight=[2, 3, 1, 1, 1, -1])


def relative(histogram, **options):
    """The two halves of each bin's error bar in units of the bin's content, and the root of its variance so."""
    figure, axes = matplotlib.pyplot.subplots()
    bars = mplhep.histplot(histogram, ax=axes, histtype="errorbar", **options)[0].errorbar[2][-1].get_segments()
    ends = np.array([bar[:, 1] for bar in bars])
    return [[round(float((end - y) / abs(y)), 2) for end in pair] for pair, y in zip(ends, histogram.values())]


root = np.sqrt(h.variances()) / np.abs(h.values())
print("root of variance, relative: ", root.round(2).tolist())
for scale in (1, 10, 0.001, 0.5):
    print(f"weights times {scale}:", relative(h * scale))
print("w2method='sqrt':", relative(h, w2method="sqrt"))
END
{
    echo "without SciPy"
    OMP_NUM_THREADS=1 venv/bin/python -W ignore plot.py
    venv/bin/pip install -qq --only-binary :all: scipy==1.17.1
    echo "with SciPy"
    OMP_NUM_THREADS=1 venv/bin/python -W ignore plot.py
} > seen
cat seen
diff expected seen || { echo "mplhep-error-bars-depend-on-the-unit-of-the-weights: the behaviour has changed" >&2; exit 1; }
