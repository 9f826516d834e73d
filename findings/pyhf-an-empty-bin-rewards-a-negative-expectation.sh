#!/usr/bin/env bash
# pyhf finds an empty bin the more likely, the further below zero its expectation is.
#
# Guessed: for an expected rate below zero the log-likelihood is NaN or -inf, whatever was observed.
# What happens: with no event observed it is minus the rate: 0 for an expectation of 0, and 10 for one of -10,
# a probability of 22,026. With events observed it is NaN, as guessed. A fit with a free background then
# doubles it, against the 20 events of the other bin.
# Why it matters: negative weights at next-to-leading order give templates with a bin below zero, in the tail
# rich in signal, where observed bins are empty. That bin pulls the fit, and no NaN warns.
#
# Versions: pyhf==0.7.6, numpy==2.4.6, scipy==1.17.1
# Seen on 2026-11-27 (the script compares with these lines):
#> 0 observed, 1 expected: log-likelihood -1.00
#> 0 observed, 0 expected: log-likelihood 0.00
#> 0 observed, -1 expected: log-likelihood 1.00
#> 0 observed, -10 expected: log-likelihood 10.00
#> 1 observed, 1 expected: log-likelihood -1.00
#> 1 observed, 0 expected: log-likelihood -inf
#> 1 observed, -1 expected: log-likelihood nan
#> 1 observed, -10 expected: log-likelihood nan
#> fit to 20 and 0 events, template (20, 0): background x 1.0
#> fit to 20 and 0 events, template (20, -10): background x 2.0
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: pyhf==0.7.6 numpy==2.4.6 scipy==1.17.1

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import pyhf


def model(background):
    """One factor for the signal and one for a background of two bins."""
    factor = {"type": "normfactor", "data": None}
    samples = [
        {"name": "signal", "data": [1.0, 1.0], "modifiers": [{"name": "mu", **factor}]},
        {"name": "background", "data": background, "modifiers": [{"name": "scale", **factor}]},
    ]
    return pyhf.Model({"channels": [{"name": "region", "samples": samples}]}, poi_name="mu")


for observed in (0, 1):
    for rate in (1.0, 0.0, -1.0, -10.0):
        tail = model([20.0, rate])
        parameters = [0.0, 1.0] if tail.config.par_order[0] == "mu" else [1.0, 0.0]
        both = float(tail.logpdf(parameters, [20, observed])[0])
        one = float(pyhf.tensorlib.poisson_logpdf(20, 20.0))
        print(f"{observed} observed, {rate:g} expected: log-likelihood {both - one:.2f}")

for rate in (0.0, -10.0):
    fitted = model([20.0, rate])
    best = dict(zip(fitted.config.par_order, pyhf.infer.mle.fit([20, 0], fitted)))
    print(f"fit to 20 and 0 events, template (20, {rate:g}): background x {best['scale']:.1f}")
END
cat seen
diff expected seen || { echo "pyhf-an-empty-bin-rewards-a-negative-expectation: the behaviour has changed" >&2; exit 1; }
