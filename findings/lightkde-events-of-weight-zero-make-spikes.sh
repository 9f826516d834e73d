#!/usr/bin/env bash
# lightkde counts events, not weights, when it chooses a bandwidth: those of weight 0 turn a density into spikes.
#
# Guessed: events of weight 0 change nothing, and uneven weights are smeared at least as much as equal ones, as there
# are fewer effective events.
# What happens: how many events there are is taken from the number of distinct values, whatever they weigh. To 2,000
# masses of 125 +- 5 GeV 10,000 events of weight 0 bring 0.84 GeV instead of 1.27 as a bandwidth, and 100,000 make
# a density of more than a thousand peaks. Uneven weights that are worth 113 events get less than 0.01 GeV where 100
# equal ones get 2.6. There is no warning; the factor of all weights doesn't matter, as documented.
# Why it matters: a selection is often written as a weight of 0, and weights of simulation differ by orders of
# magnitude. The template of a mass then has peaks at single events.
#
# Versions: lightkde==1.0.5, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> 2000 events: bandwidth 1.27, one peak
#> and 1000 of weight 0: bandwidth 1.15, one peak
#> and 10000 of weight 0: bandwidth 0.84, 3 peaks
#> and 100000 of weight 0: bandwidth below 0.01, more than 100 peaks
#> 100 events: bandwidth 2.56, one peak
#> 2000 uneven ones, worth 113: bandwidth below 0.01, more than 100 peaks
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: lightkde==1.0.5 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
from lightkde import kde_1d


def report(name, masses, weights=None):
    density, _, bandwidth = kde_1d(masses, weight_vec=weights, return_bandwidth=True)
    peak = (density[1:-1] > density[:-2]) & (density[1:-1] >= density[2:]) & (density[1:-1] > 0.01 * density.max())
    peaks = "more than 100 peaks" if peak.sum() > 100 else "one peak" if peak.sum() == 1 else f"{peak.sum()} peaks"
    print(f"{name}: bandwidth {'below 0.01' if bandwidth < 0.01 else f'{bandwidth:.2f}'}, {peaks}")


rng = np.random.default_rng(0)
masses = rng.normal(125.0, 5.0, 2000)
report("2000 events", masses)
uneven = [rng.exponential(1.0, 2000) ** power for power in (1, 2, 3)][-1]
for events in (1000, 10_000, 100_000):
    more = np.random.default_rng(events).normal(125.0, 5.0, events)
    report(f"and {events} of weight 0", np.append(masses, more), np.append(np.ones(2000), np.zeros(events)))
report("100 events", masses[:100])
report(f"2000 uneven ones, worth {uneven.sum() ** 2 / (uneven**2).sum():.0f}", masses, uneven)
END
cat seen
diff expected seen || { echo "lightkde-events-of-weight-zero-make-spikes: the behaviour has changed" >&2; exit 1; }
