#!/usr/bin/env bash
# iminuit's BinnedNLL gives another answer when the same counts come with weights of 1.
#
# Guessed: counts n and the weighted form (n, n), a sum of weights and a sum of their squares, are the
# same fit.
# What happens: if the model's probability in the fitted range is less than 1, they are two: counts are
# fitted as a multinomial, where what is missing from 1 is lost; weighted counts as independent Poisson
# numbers. Both are far from the truth, a width of 1; with the model normalised to the range all agree.
# chi2 tells: it is bad, but nothing warns.
# Why it matters: fits of a mass peak in a window are this case: the width changes by 20% as soon as the
# same histogram comes from Weight storage.
#
# Versions: iminuit==2.33.0, numpy==2.4.6, scipy==1.17.1
# Seen on 2026-11-27 (the script compares with these lines):
#> range +-5, probability of -inf to inf, counts: width 0.99 +- 0.01, valid True, chi2/ndof 1.2
#> range +-5, probability of -inf to inf, weights of 1: width 0.99 +- 0.01, valid True, chi2/ndof 1.2
#> range +-5, probability of the range, counts: width 0.99 +- 0.01, valid True, chi2/ndof 1.2
#> range +-5, probability of the range, weights of 1: width 0.99 +- 0.01, valid True, chi2/ndof 1.2
#> range +-1.5, probability of -inf to inf, counts: width 0.74 +- 0.00, valid True, chi2/ndof 133.4
#> range +-1.5, probability of -inf to inf, weights of 1: width 0.91 +- 0.01, valid True, chi2/ndof 13.9
#> range +-1.5, probability of the range, counts: width 0.99 +- 0.01, valid True, chi2/ndof 0.8
#> range +-1.5, probability of the range, weights of 1: width 0.99 +- 0.01, valid True, chi2/ndof 0.8
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: iminuit==2.33.0 numpy==2.4.6 scipy==1.17.1

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from iminuit import Minuit
from iminuit.cost import BinnedNLL
from scipy.stats import norm

events = np.random.default_rng(1).normal(0, 1, 20_000)
for limit in (5, 1.5):
    counts, edges = np.histogram(events, 20, (-limit, limit))

    def whole(x, mu, sigma):
        return norm.cdf(x, mu, sigma)

    def in_range(x, mu, sigma):
        low, high = norm.cdf([-limit, limit], mu, sigma)
        return (norm.cdf(x, mu, sigma) - low) / (high - low)

    for name, model in (("of -inf to inf", whole), ("of the range", in_range)):
        for kind, values in (("counts", counts), ("weights of 1", np.column_stack([counts, counts]))):
            fit = Minuit(BinnedNLL(values, edges, model), mu=0.1, sigma=1.1)
            fit.limits["sigma"] = (0.01, None)
            fit.migrad()
            print(f"range +-{limit}, probability {name}, {kind}: width {fit.values['sigma']:.2f} "
                  f"+- {fit.errors['sigma']:.2f}, valid {fit.valid}, chi2/ndof {fit.fval / fit.ndof:.1f}")
END
cat seen
diff expected seen || { echo "iminuit-unit-weights-change-a-binned-fit: the behaviour has changed" >&2; exit 1; }
