#!/usr/bin/env bash
# The weighted yields of a cut flow in coffea have errors of 100 %.
#
# Guessed: yieldhist(weighted=True), a histogram of Weight storage, has the sums of squared weights as
# variances.
# What happens: each bin is filled once, with the sum of all weights: its variance is the square of the yield,
# however many events there are. The N - 1 yields have the same. The yields themselves are right.
# Why it matters: cut flows of signal and background are shown with these bars, and a significance made of
# values() and variances() is that of a single event.
#
# Versions: coffea==2026.9.0, awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> cut 0: 5000.0 +- 5000.0, by hand 5000.0 +- 50.0
#> cut 1: 2706.0 +- 2706.0, by hand 2706.0 +- 36.8
#> cut 2: 1616.0 +- 1616.0, by hand 1616.0 +- 28.4
#> N - 1: 5000.0 +- 5000.0, 3018.5 +- 3018.5, 2706.0 +- 2706.0, 1616.0 +- 1616.0
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: coffea==2026.9.0 awkward==2.14.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from coffea.analysis_tools import PackedSelection, Weights

random = np.random.default_rng(0)
pt, n_jets = random.exponential(50.0, 10_000), random.integers(2, 7, 10_000)
cuts = {"pt": pt > 30, "jets": n_jets >= 4}
selection = PackedSelection()
selection.add_multiple(cuts)
weights = Weights(10_000)
weights.add("generator", np.full(10_000, 0.5))

flow = selection.cutflow("pt", "jets", weights=weights).yieldhist(weighted=True)[1]
alone = selection.nminusone("pt", "jets", weights=weights).yieldhist(weighted=True)[0]
kept = [np.ones(10_000, bool), cuts["pt"], cuts["pt"] & cuts["jets"]]
for bin, events in enumerate(kept):
    total, squares = 0.5 * events.sum(), 0.25 * events.sum()
    value, error = flow.values()[bin], flow.variances()[bin] ** 0.5
    print(f"cut {bin}: {value:.1f} +- {error:.1f}, by hand {total:.1f} +- {squares**0.5:.1f}")
print("N - 1:", ", ".join(f"{v:.1f} +- {e:.1f}" for v, e in zip(alone.values(), alone.variances() ** 0.5)))
END
cat seen
diff expected seen || { echo "coffea-cutflow-errors-are-as-large-as-the-yields: the behaviour has changed" >&2; exit 1; }
