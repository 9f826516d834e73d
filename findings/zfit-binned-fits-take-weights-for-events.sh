#!/usr/bin/env bash
# zfit's binned likelihood fits take sums of weights for numbers of events, and their errors change with the unit.
#
# Guessed: hesse() corrects its errors for weighted data, as it does by default for unbinned ones.
# What happens: the variances of the histogram are not looked at. 1000 signal events over a background are
# found to 4.2 %, but to 13 % if each weighs 0.1 and to 1.3 % if each weighs 10. errors() does the same. A
# correction that is asked for is refused, as the likelihood is said not to be weighted. The unbinned fit and
# the binned chi2 give 4.2 % always. No warning.
# Why it matters: simulated signal and background are scaled to the luminosity, and histogrammed as events are
# many. Weights below 1 only cost sensitivity; above 1 they make evidence out of nothing. Use
# ExtendedBinnedChi2 or the unbinned fit.
#
# Versions: zfit==0.28.0, tensorflow==2.21.0, hist==2.12.1, boost-histogram==1.8.1, iminuit==2.33.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> weights of 1
#>   unbinned likelihood: signal 1004 +- 41.7, 4.2 %
#>   binned chi2: signal 996 +- 41.8, 4.2 %
#>   binned likelihood: signal 992 +- 41.8, 4.2 %
#> weights of 0.1
#>   unbinned likelihood: signal 100 +- 4.2, 4.1 %
#>   binned chi2: signal 100 +- 4.2, 4.2 %
#>   binned likelihood: signal 99 +- 13.2, 13.3 %
#> weights of 10
#>   unbinned likelihood: signal 10043 +- 416.9, 4.2 %
#>   binned chi2: signal 9962 +- 417.7, 4.2 %
#>   binned likelihood: signal 9923 +- 132.2, 1.3 %
#> ValueError: Weight correction is only available for weighted likelihoods
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: zfit==0.28.0 tensorflow==2.21.0 hist==2.12.1 boost-histogram==1.8.1 iminuit==2.33.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import zfit
from hist import Hist

random = np.random.default_rng(0)
mass = np.concatenate([random.normal(125.0, 3.0, 1000), 100.0 + random.exponential(50.0, 4000)])
mass = mass[(mass > 100.0) & (mass < 180.0)]
window = zfit.Space("mass", 100, 180)
bins = zfit.Space("mass", binning=zfit.binned.RegularBinning(40, 100, 180, name="mass"))


def fit(name, loss, weight, data, binned):
    signal = zfit.Parameter(f"signal {name} {weight}", 1000.0 * weight, 0.0, 1e6)
    background = zfit.Parameter(f"background {name} {weight}", 3000.0 * weight, 0.0, 1e6)
    model = zfit.pdf.SumPDF([
        zfit.pdf.Gauss(125.0, 3.0, obs=window).create_extended(signal),
        zfit.pdf.Exponential(-0.02, obs=window).create_extended(background),
    ])
    model = zfit.pdf.BinnedFromUnbinnedPDF(model, space=bins) if binned else model
    result = zfit.minimize.Minuit().minimize(loss(model, data))
    error = result.hesse(params=[signal])[signal]["error"]
    value = result.params[signal]["value"]
    print(f"  {name}: signal {value:.0f} +- {error:.1f}, {100 * error / value:.1f} %")
    return result, signal


for weight in (1.0, 0.1, 10.0):
    print(f"weights of {weight:g}")
    events = zfit.Data.from_numpy(obs=window, array=mass, weights=np.full(len(mass), weight))
    fit("unbinned likelihood", zfit.loss.ExtendedUnbinnedNLL, weight, events, False)
    histogram = Hist.new.Reg(40, 100, 180, name="mass").Weight().fill(mass, weight=weight)
    counts = zfit.data.BinnedData.from_hist(histogram)
    fit("binned chi2", zfit.loss.ExtendedBinnedChi2, weight, counts, True)
    result, signal = fit("binned likelihood", zfit.loss.ExtendedBinnedNLL, weight, counts, True)
try:
    result.hesse(params=[signal], name="corrected", weightcorr="asymptotic")
except ValueError as error:
    print("ValueError:", str(error).split(",")[0])
END
cat seen
diff expected seen || { echo "zfit-binned-fits-take-weights-for-events: the behaviour has changed" >&2; exit 1; }
