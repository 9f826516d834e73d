#!/usr/bin/env bash
# In everwillow a discovery of 5.5 sigma has a p-value of 0 and an infinite significance.
#
# Guessed: q0 = 36 is 6 sigma, with a p-value of 1e-9, also in JAX's own float32: that holds numbers down to 1e-38.
# What happens: the p-value is 1 less the normal distribution's integral, and in float32 (JAX's default, which the
# package leaves as it is) that difference comes in steps of 6e-8. From about 5.4 sigma on p is 0 and Z infinite. With
# jax_enable_x64 the same happens beyond 8.3 sigma.
# Why it matters: significances are quoted from 3 to beyond 6 sigma, and here they end just where a discovery is
# claimed. Use jax_enable_x64, and the root of q0 itself for Z.
#
# Versions: everwillow==0.1.2, jax==0.10.2, jaxlib==0.10.2, equinox==0.13.8, optimistix==0.1.0, numpy==2.4.6, scipy==1.17.1
# Seen on 2026-11-28 (the script compares with these lines):
#> float32, JAX's default
#>   41 seen, 25 expected: root of q0 2.93, p 1.7e-03 (right: 1.7e-03), Z 2.93
#>   50 seen, 25 expected: root of q0 4.39, p 5.5e-06 (right: 5.5e-06), Z 4.39
#>   58 seen, 25 expected: root of q0 5.62, p 0.0e+00 (right: 9.4e-09), Z inf
#>   65 seen, 25 expected: root of q0 6.65, p 0.0e+00 (right: 1.5e-11), Z inf
#>   80 seen, 25 expected: root of q0 8.72, p 0.0e+00 (right: 1.3e-18), Z inf
#> float64
#>   41 seen, 25 expected: root of q0 2.93, p 1.7e-03 (right: 1.7e-03), Z 2.93
#>   50 seen, 25 expected: root of q0 4.39, p 5.5e-06 (right: 5.5e-06), Z 4.39
#>   58 seen, 25 expected: root of q0 5.62, p 9.4e-09 (right: 9.4e-09), Z 5.62
#>   65 seen, 25 expected: root of q0 6.65, p 1.5e-11 (right: 1.5e-11), Z 6.65
#>   80 seen, 25 expected: root of q0 8.72, p 0.0e+00 (right: 1.3e-18), Z inf
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: everwillow==0.1.2 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6 scipy==1.17.1 equinox==0.13.8 optimistix==0.1.0

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import jax
import jax.numpy as jnp
from everwillow.hypotest.calculators import AsymptoticCalculator
from everwillow.hypotest.distributions import Q0Asymptotic
from everwillow.hypotest.test_statistics import Q0
from everwillow.statelib import State
from scipy.stats import norm

signal, background = 20.0, 25.0


def nll(parameters, observed):
    """Return a Poisson's -log L, less that of the data themselves."""
    mean = parameters["mu"] * signal + background
    return mean - observed + observed * jnp.log(observed / mean)


for wide in (False, True):
    jax.config.update("jax_enable_x64", wide)
    print("float64" if wide else "float32, JAX's default")
    for events in (41.0, 50.0, 58.0, 65.0, 80.0):
        calculator = AsymptoticCalculator(nll_fn=nll, params=State.from_pytree({"mu": jnp.asarray(0.5)}),
                                          observation=jnp.asarray(events), poi_key="mu", test_statistic=Q0(),
                                          distribution=Q0Asymptotic())
        result = calculator.test(0.0)
        q = float(result.q_obs)
        z = float(Q0Asymptotic().null_significance(result.test_stat_result))
        print(f"  {events:.0f} seen, 25 expected: root of q0 {q ** 0.5:.2f}, p {float(result.pnull):.1e} "
              f"(right: {norm.sf(q ** 0.5):.1e}), Z {z:.2f}")
END
cat seen
diff expected seen || { echo "everwillow-makes-five-and-a-half-sigma-infinite: the behaviour has changed" >&2; exit 1; }
