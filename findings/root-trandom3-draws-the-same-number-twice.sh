#!/usr/bin/env bash
# Of 20 million numbers that ROOT's TRandom3 draws, more than 90,000 are equal to another one.
#
# Guessed: none or a few of 20 million Uniform() doubles are the same; it takes 53 bits, as NumPy's do.
# What happens: TRandom3, which gRandom is by default, makes a double of 32 bits, so that there are four billion
# different ones, and 46,000 of 20 million have been drawn before. Exp(1) therefore never exceeds 22.2
# lifetimes. TRandomMixMax and NumPy's generator, with more bits, have no such pair.
# Why it matters: random numbers are given to events to choose a training half, to break ties of scores or b-tags, or
# as a key to find an event again. A key of TRandom3 is not unique from some 100,000 events on.
#
# Versions: root==0.1a12, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> TRandom3: equal to another one: more than 90000
#> TRandomMixMax: equal to another one: 0
#> NumPy: equal to another one: 0
#> TRandom3: multiples of 2**-32: True
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: root==0.1a12 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import ROOT


def report(name, numbers):
    _, often = np.unique(numbers, return_counts=True)
    shared = int(often[often > 1].sum())
    print(f"{name}: equal to another one: {'more than 90000' if shared > 90_000 else shared}")
    return numbers


drawn = {}
for kind in ("TRandom3", "TRandomMixMax"):
    numbers = np.empty(20_000_000)
    getattr(ROOT, kind)(1).RndmArray(len(numbers), numbers)
    drawn[kind] = report(kind, numbers)
report("NumPy", np.random.default_rng(1).random(20_000_000))
whole = drawn["TRandom3"] * 2.0**32
print("TRandom3: multiples of 2**-32:", bool((np.abs(whole - np.round(whole)) < 0.01).all()))
END
cat seen
diff expected seen || { echo "root-trandom3-draws-the-same-number-twice: the behaviour has changed" >&2; exit 1; }
