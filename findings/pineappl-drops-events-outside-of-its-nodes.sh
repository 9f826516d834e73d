#!/usr/bin/env bash
# A PineAPPL grid leaves out, without a word, every event whose scale or momentum fraction is outside of its nodes.
#
# Guessed: the bins keep the sums of the events to 1e-3; what the nodes do not reach raises, or counts at the last node.
# What happens: `fill` and `fill_array` return as usual and the event is gone. In a grid from 10 to 10,000 GeV, the range of
# the library's own defaults, events at 10.1 GeV count and those at 9.9 GeV do not, nor does one at 10.1 TeV or with a
# fraction below 2e-7. If every second event lies outside, the cross section is half of what it should be. A bin has no
# underflow where that could be seen, and the docstring does not mention it.
# Why it matters: a scale such as the transverse momentum of a jet or half of a mass falls below 10 GeV in the low bins,
# and exceeds 10 TeV at a future collider. The prediction, and each fit of parton distributions to it, is low there only.
#
# Versions: pineappl==1.5.0, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> grid of Q from 10 to 10,000 GeV, x from 2e-7 to 1; its cross section / that of the events
#> all at Q = 125 GeV: 1.00
#> all at Q = 10.1 GeV: 1.00
#> all at Q = 9.9 GeV: 0.00
#> all at Q = 9900 GeV: 1.00
#> all at Q = 10100 GeV: 0.00
#> every second one at 9.9, the others at 125 GeV: 0.50
#> 125 GeV and all first x = 3e-07: 1.00
#> 125 GeV and all first x = 1e-07: 0.00
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: pineappl==1.5.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
from pineappl.boc import BinsWithFillLimits, Channel, Kinematics, Order, ScaleFuncForm, Scales
from pineappl.convolutions import Conv, ConvType
from pineappl.grid import Grid
from pineappl.interpolation import Interp, InterpolationMethod, MappingMethod, ReweightingMethod
from pineappl.pids import PidBasis

rng = np.random.default_rng(0)
events = 5000
mass = rng.uniform(80.0, 140.0, events)
weight = rng.exponential(1.0, events)
x1, x2 = 10 ** rng.uniform(-4.0, -0.3, (2, events))
proton = Conv(ConvType(polarized=False, time_like=False), 2212)


def axis(low, high, nodes, mapping, reweighting):
    return Interp(min=low, max=high, nodes=nodes, order=3, reweight_meth=reweighting, map=mapping,
                  interpolation_meth=InterpolationMethod.Lagrange)


def xf(pid, x, q2):
    return x**0.5 * (1.0 - x) ** 3


def ratio(q2, x1):
    scale = axis(1e2, 1e8, 40, MappingMethod.ApplGridH0, ReweightingMethod.NoReweight)
    fraction = axis(2e-7, 1.0, 50, MappingMethod.ApplGridF2, ReweightingMethod.ApplGridX)
    which = ScaleFuncForm.Scale(0)
    grid = Grid(PidBasis.Pdg, [Channel([([2, -2], 1.0)])], [Order(0, 2, 0, 0, 0)],
                BinsWithFillLimits.from_fill_limits([80.0, 140.0]), [proton, proton], [scale, fraction, fraction],
                [Kinematics.Scale(0), Kinematics.X(0), Kinematics.X(1)], Scales(which, which, ScaleFuncForm.NoScale(0)))
    grid.fill_array(0, mass, 0, np.column_stack([q2, x1, x2]).tolist(), weight)
    seen = grid.convolve([proton, proton], [xf, xf], lambda q2: 0.118)[0]
    direct = np.sum(weight * xf(2, x1, q2) / x1 * xf(-2, x2, q2) / x2) / 60.0
    return seen / direct


print("grid of Q from 10 to 10,000 GeV, x from 2e-7 to 1; its cross section / that of the events")
for q in (125.0, 10.1, 9.9, 9900.0, 10100.0):
    print(f"all at Q = {q:g} GeV: {ratio(np.full(events, q * q), x1):.2f}")
q = np.where(np.arange(events) % 2, 9.9, 125.0)
print(f"every second one at 9.9, the others at 125 GeV: {ratio(q * q, x1):.2f}")
for x in (3e-7, 1e-7):
    print(f"125 GeV and all first x = {x:g}: {ratio(np.full(events, 125.0**2), np.full(events, x)):.2f}")
END
cat seen
diff expected seen || { echo "pineappl-drops-events-outside-of-its-nodes: the behaviour has changed" >&2; exit 1; }
