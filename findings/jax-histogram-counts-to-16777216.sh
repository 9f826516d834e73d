#!/usr/bin/env bash
# `jnp.histogram` counts to 16,777,216 in a bin: 50 and 25 million events are equally many.
#
# Guessed: without weights 20 million float32 events in a bin are counted as 20 million.
# What happens: unweighted events get weights of one in the type of the values, and the counts are sums in that type: in
# float32 they stop at 2^24, in float16 at 2048, and for whole numbers at 2^24 too. The density of 50 and 25 million is
# a half each. No warning. `jnp.bincount` is right.
# Why it matters: a bin of a large sample, such as the zeros of a b-tag, is cut off without a sign, and background shapes
# and efficiencies that are normalised to it are wrong.
#
# Versions: jax==0.10.2, jaxlib==0.10.2, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> 16,777,216 events in a bin, float32: NumPy [16777216, 0], JAX [16777216, 0] as float32
#> 20 million and 5 million, float32: NumPy [20000000, 5000000], JAX [16777216, 5000000] as float32
#> 50 million and 25 million, float32: NumPy [50000000, 25000000], JAX [16777216, 16777216] as float32
#> their density: NumPy [0.67, 0.33], JAX [0.5, 0.5] as float32
#> 20,000 and 5,000, float16: NumPy [20000, 5000], JAX [2048, 2048] as float16
#> 20 million and 5 million, whole numbers: NumPy [20000000, 5000000], JAX [16777216, 5000000] as float32
#> jnp.bincount of 20 million zeros: 20000000
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import jax.numpy as jnp
import numpy as np


def show(name, values, **options):
    counts, _ = jnp.histogram(jnp.asarray(values), bins=2, range=(0, 2), **options)
    expected, _ = np.histogram(values, bins=2, range=(0, 2), **options)
    seen = [round(float(n), 2) for n in counts] if options else [int(n) for n in counts]
    print(f"{name}: NumPy {expected.round(2).tolist()}, JAX {seen} as {counts.dtype}")


two = np.array([0.5, 1.5], dtype="float32")
show("16,777,216 events in a bin, float32", np.repeat(two, [2**24, 0]))
show("20 million and 5 million, float32", np.repeat(two, [20_000_000, 5_000_000]))
show("50 million and 25 million, float32", np.repeat(two, [50_000_000, 25_000_000]))
show("their density", np.repeat(two, [50_000_000, 25_000_000]), density=True)
show("20,000 and 5,000, float16", np.repeat(two.astype("float16"), [20_000, 5_000]))
show("20 million and 5 million, whole numbers", np.repeat(np.array([0, 1]), [20_000_000, 5_000_000]))
print(f"jnp.bincount of 20 million zeros: {int(jnp.bincount(jnp.zeros(20_000_000, dtype=int))[0])}")
END
cat seen
diff expected seen || { echo "jax-histogram-counts-to-16777216: the behaviour has changed" >&2; exit 1; }
