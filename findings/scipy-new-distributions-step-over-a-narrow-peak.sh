#!/usr/bin/env bash
# SciPy's new distributions step over a narrow peak: its probability, mean or entropy is wrong, without a warning.
#
# Guessed: a distribution of one's own with a narrow peak in 0..1000, given by its density, has the right cumulative
# distribution, or a warning comes; a mixture of a narrow peak and a flat background has the right entropy.
# What happens: what has no formula is integrated numerically from end to end, and the integration steps over the peak. A
# Breit-Wigner peak given by its density has another cumulative distribution and mean, and no median; the entropy of a
# mixture misses the peak. The mean and spread of a normal distribution cut off 1,250 widths away are wrong too, while
# its cumulative distribution and median, which have formulas, are right, so nothing looks broken.
# Why it matters: peaks of 4 MeV (a Higgs boson) or 0.1 MeV (a J/psi) are looked at in windows of many GeV. The mean of
# one comes out at 135 or at 0.00007 instead of 125. SciPy 1.18.1, for Python 3.12 and later, does the same.
#
# Versions: scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> Breit-Wigner: below 130 0.840 (exact 1.000), mean 8.23, median nan
#> 30 % at 125 +- 1, the rest flat: entropy 5.85 (exact 5.85)
#> 30 % at 125 +- 0.1, the rest flat: entropy 5.31 (exact 5.18)
#> 30 % at 125 +- 0.01, the rest flat: entropy 5.09 (exact 4.49)
#> 125 +- 10 in 0..1000: mean 125, spread 10, median 125, below 150: 0.994
#> 125 +- 10 in 0..inf: mean 125, spread 10, median 125, below 150: 0.994
#> 125 +- 1 in 0..1000: mean 125, spread 1, median 125, below 150: 1.000
#> 125 +- 1 in 0..inf: mean 125, spread 1, median 125, below 150: 1.000
#> 125 +- 0.1 in 0..1000: mean 135, spread 10.3, median 125, below 150: 1.000
#> 125 +- 0.1 in 0..inf: mean 265, spread 205, median 125, below 150: 1.000
#> 125 +- 0.01 in 0..1000: mean 6.98e-05, spread 0.0934, median 125, below 150: 1.000
#> 125 +- 0.01 in 0..inf: mean 1.05e+03, spread 2.67e+03, median 125, below 150: 1.000
#> warnings: 0
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import warnings

import numpy as np
from scipy import stats

GAMMA, HIGGS = 0.0041, 125.0


class BreitWigner:
    __make_distribution_version__ = "1.16.0"
    parameters = {"mass": (0, 1000)}
    support = (0, 1000)

    def pdf(self, x, mass):
        whole = np.arctan((1000 - mass) * 2 / GAMMA) + np.arctan(mass * 2 / GAMMA)
        return GAMMA / 2 / ((x - mass) ** 2 + GAMMA**2 / 4) / whole


with warnings.catch_warnings(record=True) as given:
    warnings.simplefilter("always")
    own = stats.make_distribution(BreitWigner())(mass=HIGGS)
    print(
        f"Breit-Wigner: below 130 {own.cdf(130.0):.3f} (exact {stats.cauchy.cdf(130, HIGGS, GAMMA / 2):.3f}), "
        f"mean {own.mean():.3g}, median {own.median():.3g}"
    )
    masses = np.linspace(0, 1000, 2_000_001)
    for sigma in (1.0, 0.1, 0.01):
        flat = stats.Uniform(a=0.0, b=1000.0)
        mixture = stats.Mixture([stats.Normal(mu=HIGGS, sigma=sigma), flat], weights=[0.3, 0.7])
        density = mixture.pdf(masses)
        exact = -np.trapezoid(density * np.log(density), masses)
        print(f"30 % at 125 +- {sigma:g}, the rest flat: entropy {mixture.entropy():.2f} (exact {exact:.2f})")
    for sigma in (10.0, 1.0, 0.1, 0.01):
        peak = stats.Normal(mu=HIGGS, sigma=sigma)
        for end in (1000.0, np.inf):
            cut = stats.truncate(peak, lb=0.0, ub=end)
            print(
                f"125 +- {sigma:g} in 0..{end:g}: mean {cut.mean():.3g}, spread {cut.standard_deviation():.3g}, "
                f"median {cut.median():.3g}, below 150: {cut.cdf(150.0):.3f}"
            )
print("warnings:", len(given))
END
cat seen
diff expected seen || { echo "scipy-new-distributions-step-over-a-narrow-peak: the behaviour has changed" >&2; exit 1; }
