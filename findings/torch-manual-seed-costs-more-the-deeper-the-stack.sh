#!/usr/bin/env bash
# torch.manual_seed takes longer the deeper it is called, and hundreds of times as long as a generator's own.
#
# Guessed: a microsecond or two, wherever it is called: it seeds the CPU's generator and those of the devices
# that are there, of which this machine has none.
# What happens: for CUDA, XPU and MTIA each it keeps the seed for the day when a device comes up, together with
# the whole stack, formatted as text, so that its time grows with the number of frames: below the loops of a
# trainer (50 frames) one call takes some 0.4 ms. default_generator.manual_seed
# draws the same numbers afterwards.
# Why it matters: a training whose masks, mirrors and dropout are a function of seed and step, so that it can
# go on where it stopped, seeds in each step; on a GPU that trains small models the step lasts a few
# milliseconds. There two of the three kinds are still missing.
#
# Versions: torch==2.13.0 (CPU), numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines; times as ratios, for they differ by machine):
#> formatted stacks in one call: 3
#> below 50 frames, more than twice the time of below 1: True
#> more than 50 times default_generator.manual_seed: True
#> the same numbers afterwards: True
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: torch==2.13.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import time
import traceback

import torch


def below(frames, do):
    return below(frames - 1, do) if frames else do()


def cost(seed):
    def run():
        start = time.process_time()
        for number in range(300):
            seed(number)
        return time.process_time() - start

    return {frames: min(below(frames, run) for _ in range(5)) for frames in (1, 50)}


formatted = []
original = traceback.format_stack
traceback.format_stack = lambda *args, **kwargs: formatted.append(1) or original(*args, **kwargs)
torch.manual_seed(1)
traceback.format_stack = original
print("formatted stacks in one call:", len(formatted))

everywhere, own = cost(torch.manual_seed), cost(torch.default_generator.manual_seed)
print("below 50 frames, more than twice the time of below 1:", everywhere[50] > 2 * everywhere[1])
print("more than 50 times default_generator.manual_seed:", everywhere[50] > 50 * own[50])

torch.manual_seed(5)
expected = torch.rand(3)
torch.default_generator.manual_seed(5)
print("the same numbers afterwards:", torch.equal(torch.rand(3), expected))
END
cat seen
diff expected seen || { echo "torch-manual-seed: the behaviour has changed" >&2; exit 1; }
