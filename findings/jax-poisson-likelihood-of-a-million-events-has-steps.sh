#!/usr/bin/env bash
# JAX's Poisson log-likelihood of a million events has steps of 1, twice what one sigma is.
#
# Guessed: `logpmf` of a million events, where a million are expected, is right to 0.01 in float32.
# What happens: k log(mu), log(k!) and mu are computed in JAX's default float32 and subtracted from each other. Each is ten
# million or so, where float32 has steps of 1; what is left is about -8. From -2 to 2 sigma the log-likelihood should move
# by 2 and has a handful of values. SciPy computes in float64 and agrees to 0.1 in -2 ln L with the exact values.
# Why it matters: the gradient of a binned fit in JAX looks right without `jax_enable_x64`, yet scans, likelihood ratios
# and limits from well-filled bins are noise. Bins of 100,000 events are off by more than 0.1 already.
#
# Versions: jax==0.10.2, jaxlib==0.10.2, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> 10000 events, SciPy: -2 ln L right to 0.1, fewer than 100 different values of 401: False
#> 10000 events, JAX: -2 ln L right to 0.1, fewer than 100 different values of 401: False
#> 100000 events, SciPy: -2 ln L right to 0.1, fewer than 100 different values of 401: False
#> 100000 events, JAX: -2 ln L off by more than 0.1, fewer than 100 different values of 401: False
#> 1000000 events, SciPy: -2 ln L right to 0.1, fewer than 100 different values of 401: False
#> 1000000 events, JAX: -2 ln L off by more than 1, fewer than 100 different values of 401: True
#> 10000000 events, SciPy: -2 ln L right to 0.1, fewer than 100 different values of 401: False
#> 10000000 events, JAX: -2 ln L off by more than 4, fewer than 100 different values of 401: True
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: jax==0.10.2 jaxlib==0.10.2 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import jax.numpy as jnp
import numpy as np
import scipy.stats
from jax.scipy import stats

for number in (10_000, 100_000, 1_000_000, 10_000_000):
    expected = (number + np.sqrt(number) * np.linspace(-2, 2, 401)).astype("float32")
    exact = scipy.stats.poisson.logpmf(number, expected.astype("float64"))
    for name, log in (("SciPy", scipy.stats.poisson.logpmf(np.float32(number), expected)),
                      ("JAX", np.asarray(stats.poisson.logpmf(jnp.float32(number), jnp.asarray(expected)), dtype="float64"))):
        off = np.abs(2 * (log - log[200]) - 2 * (exact - exact[200])).max()
        limit = max((step for step in (0.1, 1, 4) if off > step), default=0)
        print(f"{number} events, {name}: -2 ln L off by more than {limit}, " if limit else f"{number} events, {name}: -2 ln L right to 0.1, ",
              f"fewer than 100 different values of 401: {len(np.unique(log)) < 100}", sep="")
END
cat seen
diff expected seen || { echo "jax-poisson-likelihood-of-a-million-events-has-steps: the behaviour has changed" >&2; exit 1; }
