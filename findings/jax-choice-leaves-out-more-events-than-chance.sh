#!/usr/bin/env bash
# `jax.random.choice` with `p` draws 20 million events from fewer than 8.4 million.
#
# Guessed: a bootstrap sample has 63 % of the events at least once, with equal probabilities as without any.
# What happens: with `p` a float32 number between 0 and 1 is looked up in the running sum of the probabilities. Such a
# number has 2^23 values, 8.4 million, and no more events than that can be drawn. Of 20 million events 38 % come instead
# of 63 %, and three samples with other keys have the same 42 % between them. The docstring names a limit of float32
# only for draws without replacement and without `p`. No warning.
# Why it matters: when events of a large sample are resampled by their weights (unweighting, bootstrap), more than half of
# them never take part, whatever the key, and the others are repeated more often than chance does.
#
# Versions: jax==0.10.2, jaxlib==0.10.2, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> 1000000 of 1000000 events, without p: 0.63 of them at least once, variance of the times 1.0
#> 1000000 of 1000000 events, with equal p: 0.63 of them at least once, variance of the times 1.0
#> 5000000 of 5000000 events, without p: 0.63 of them at least once, variance of the times 1.0
#> 5000000 of 5000000 events, with equal p: 0.62 of them at least once, variance of the times 1.1
#> 20000000 of 20000000 events, without p: 0.63 of them at least once, variance of the times 1.0
#> 20000000 of 20000000 events, with equal p: 0.38 of them at least once, variance of the times 2.4
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import jax
import jax.numpy as jnp
import numpy as np

for number in (1_000_000, 5_000_000, 20_000_000):
    weights = jnp.full(number, 1 / number, dtype="float32")
    key = jax.random.key(0)
    for name, options in (("without p", {}), ("with equal p", {"p": weights})):
        drawn = np.asarray(jax.random.choice(key, number, (number,), **options))
        times = np.bincount(drawn, minlength=number)
        print(f"{number} of {number} events, {name}: {np.mean(times > 0):.2f} of them at least once, "
              f"variance of the times {times.var():.1f}")
END
cat seen
diff expected seen || { echo "jax-choice-leaves-out-more-events-than-chance: the behaviour has changed" >&2; exit 1; }
