#!/usr/bin/env bash
# JAX's normal toys end at 5.42 sigma, its exponential ones at 15.94 lifetimes.
#
# Guessed: the tails are smooth: of 300 million normal toys 17 or so lie beyond 5.45 sigma, of exponential ones 20 beyond 16.5.
# What happens: there are none. Both are made from a float32 uniform number, which has 2^23 values, by the inverse of the
# distribution; the outermost of them give 5.42 and 15.94, the largest that can come.
# Why it matters: toys that look for five sigma and more find nothing beyond 5.42, and a limit or a trigger rate from the
# tail of a resolution is too low. Draw with 64-bit numbers switched on and dtype float64.
#
# Versions: jax==0.10.2, jaxlib==0.10.2, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> 300 million toys, normal: 0 beyond 5.45, expected 15; largest 5.42
#> 300 million toys, exponential: 0 beyond 16.0, expected 34; largest 15.94
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import math

import jax
import jax.numpy as jnp

beyond = {"normal": 0, "exponential": 0}
largest = dict.fromkeys(beyond, 0.0)
cut = {"normal": 5.45, "exponential": 16.0}
for part in range(6):
    for name in beyond:
        toys = jnp.abs(getattr(jax.random, name)(jax.random.key(part), (50_000_000,)))
        beyond[name] += int((toys > cut[name]).sum())
        largest[name] = max(largest[name], float(toys.max()))
expected = {"normal": 3e8 * math.erfc(5.45 / math.sqrt(2)), "exponential": 3e8 * math.exp(-16)}
for name in beyond:
    print(f"300 million toys, {name}: {beyond[name]} beyond {cut[name]}, expected {expected[name]:.0f}; largest {largest[name]:.2f}")
END
cat seen
diff expected seen || { echo "jax-toys-end-at-5-sigma: the behaviour has changed" >&2; exit 1; }
