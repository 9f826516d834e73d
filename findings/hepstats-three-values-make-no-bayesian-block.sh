#!/usr/bin/env bash
# The Bayesian blocks of a feature with three values are one edge: no bin at all.
#
# Guessed: for values such as HIGGS' b-tags (0, 1.086, 2.173) the edges lie between them and at both ends, as
# the documentation allows repeated values.
# What happens: where every value would get a block of its own the answer is its first edge alone, [0.]. With
# few events, where blocks are joined, the edges are right. Values at one end of a continuous feature, such as
# -1 for "missing", get a block as wide as half the gap beside them, which looks like a plateau.
# Why it matters: what was tried on a few events works, and with more of them np.histogram and boost-histogram
# are handed one edge: NumPy counts nothing without a word. Multiplicities of jets and b-tags are of this kind.
#
# Versions: hepstats==0.10.1, numpy==2.4.6, pandas==3.1.1
# Seen on 2026-11-27 (the script compares with these lines):
#> 20 b-tags: [0.0, 0.543, 2.173]
#> 100 b-tags: [0.0, 0.543, 2.173]
#> 1000 b-tags: [0.0]
#> 10000 b-tags: [0.0]
#> equal numbers: [0.0]
#> as weights: [0.0]
#> -1 for missing, else from 2: [-1.0, 0.5, 2.0, 2.3, 3.3, 3.9, 4.9, 6.1, 10.1]
#> np.histogram: []
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: hepstats==0.10.1 numpy==2.4.6 pandas==3.1.1

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from hepstats.modeling import bayesian_blocks

values = np.array([0.0, 1.086, 2.173])
for size in (20, 100, 1000, 10000):
    tags = np.repeat(values, [size // 2, size // 4, size // 4])
    print(f"{size} b-tags:", bayesian_blocks(tags).round(3).tolist())
print("equal numbers:", bayesian_blocks(np.repeat(values, 300)).round(3).tolist())
print("as weights:", bayesian_blocks(values, weights=np.array([500.0, 250.0, 250.0])).tolist())
random = np.random.default_rng(0)
found = random.exponential(1, 500) + 2
print("-1 for missing, else from 2:", bayesian_blocks(np.append(found, np.full(500, -1.0))).round(1).tolist())
print("np.histogram:", np.histogram(tags, bayesian_blocks(tags))[0].tolist())
END
cat seen
diff expected seen || { echo "hepstats-three-values-make-no-bayesian-block: the behaviour has changed" >&2; exit 1; }
