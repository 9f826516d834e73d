#!/usr/bin/env bash
# A jitted `np.histogram` counts 11 % of scores of two digits in the bin next to NumPy's.
#
# Guessed: the counts are those of NumPy, for values on an edge as well.
# What happens: the number of a bin is (x - low) * (bins / (high - low)), cut to a whole number, and not checked against
# the edges, as NumPy does. The edges that come with it are NumPy's: 0.29 is counted below the edge 0.29. With the edges
# given as an array the same function is right.
# Why it matters: rounded scores, eta or isolation in steps and working points lie on edges. Efficiencies above such a cut
# differ between a jitted and a plain function, and neighbouring bins show pairs of an excess and a deficit.
#
# Versions: numba==0.68.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> scores, 100 bins: 0 bins differ from NumPy's, 0.0% of the events moved; with the same edges listed 0
#> scores of two digits, 100 bins: 19 bins differ from NumPy's, 11.0% of the events moved; with the same edges listed 0
#> scores of one digit, 10 bins: 5 bins differ from NumPy's, 29.8% of the events moved; with the same edges listed 0
#> eta in steps of 0.1, 50 bins: 43 bins differ from NumPy's, 58.1% of the events moved; with the same edges listed 0
#> isolation in steps of 0.01, 30 bins: 2 bins differ from NumPy's, 0.6% of the events moved; with the same edges listed 0
#> whole GeV, 200 bins: 0 bins differ from NumPy's, 0.0% of the events moved; with the same edges listed 0
#> 0.29 is counted in the bin from 0.28 to 0.29; its upper edge is 0.29: True
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: numba==0.68.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numba
import numpy as np


@numba.njit
def jitted(values, bins, low, high):
    return np.histogram(values, bins, (low, high))


@numba.njit
def listed(values, edges):
    return np.histogram(values, edges)


def show(name, values, bins, low, high):
    counts, edges = np.histogram(values, bins, (low, high))
    compiled, same = jitted(values, bins, low, high)
    assert np.array_equal(edges, same)
    moved = np.abs(np.cumsum(counts - compiled)).sum() / len(values)
    print(f"{name}, {bins} bins: {np.sum(counts != compiled)} bins differ from NumPy's, {moved:.1%} of the events moved; "
          f"with the same edges listed {np.sum(counts != listed(values, edges)[0])}")


rng = np.random.default_rng(0)
score = rng.random(100_000)
show("scores", score, 100, 0.0, 1.0)
show("scores of two digits", score.round(2), 100, 0.0, 1.0)
show("scores of one digit", score.round(1), 10, 0.0, 1.0)
show("eta in steps of 0.1", rng.uniform(-2.5, 2.5, 100_000).round(1), 50, -2.5, 2.5)
show("isolation in steps of 0.01", rng.exponential(0.1, 100_000).round(2), 30, 0.0, 0.3)
show("whole GeV", rng.normal(125, 20, 100_000).round(), 200, 0.0, 200.0)
counts, edges = jitted(np.array([0.29]), 100, 0.0, 1.0)
place = int(np.argmax(counts))
print(f"0.29 is counted in the bin from {edges[place]:.2f} to {edges[place + 1]:.2f}; its upper edge is 0.29: {edges[place + 1] == 0.29}")
END
cat seen
diff expected seen || { echo "numba-histogram-moves-scores-of-two-digits: the behaviour has changed" >&2; exit 1; }
