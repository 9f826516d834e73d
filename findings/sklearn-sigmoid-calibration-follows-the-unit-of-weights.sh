#!/usr/bin/env bash
# scikit-learn's sigmoid calibration goes to 0.5 if weights are small.
#
# Guessed: multiplying all weights by a number changes no probability, as in isotonic and temperature
# calibration.
# What happens: the targets are not 0 and 1 but drawn towards 0.5 as if there were one more event of weight 1 on
# each side (Platt's rule). That is little for 4000 events of weight 1, and nearly all for weights of 0.0001:
# probabilities of 0.16 and 0.99 become 0.47 and 0.57. With a yield of 5 signal and 2000 background events
# 2.3 % of signal is given where 3.2 % are. No warning; Platt's paper, which it follows, knows no weights.
# Why it matters: weights that scale simulated events to the luminosity are small, and a score calibrated with
# them is read as the fraction of signal. Scale the weights to the number of events first.
#
# Versions: scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> sigmoid
#>   weights of 1: 0.16 0.51 0.85 0.99
#>   weights of 0.01: 0.20 0.51 0.81 0.97
#>   weights of 0.001: 0.35 0.50 0.66 0.84
#>   weights of 0.0001: 0.47 0.50 0.53 0.57
#> isotonic
#>   weights of 1: 0.22 0.50 0.84 1.00
#>   weights of 0.01: 0.22 0.50 0.84 1.00
#>   weights of 0.001: 0.22 0.50 0.84 1.00
#>   weights of 0.0001: 0.22 0.50 0.84 1.00
#> temperature
#>   weights of 1: 0.17 0.51 0.85 0.99
#>   weights of 0.01: 0.17 0.51 0.85 0.99
#>   weights of 0.001: 0.17 0.51 0.85 0.99
#>   weights of 0.0001: 0.17 0.51 0.85 0.99
#> sigmoid, a yield of 5 signal and 2000 background events; probability of signal at 1.5
#>   weights times 1: 0.0230
#>   weights times 1000: 0.0306
#>   signal among the events there: 0.0317
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.naive_bayes import GaussianNB

random = np.random.default_rng(0)
feature = random.normal(0.0, 1.0, (4000, 1))
signal = (feature[:, 0] + random.normal(0.0, 1.0, 4000) > 0).astype(int)
classifier = FrozenEstimator(GaussianNB().fit(3 * feature, signal))
events = np.array([[-1.0], [0.0], [1.0], [3.0]])

for method in ("sigmoid", "isotonic", "temperature"):
    print(method)
    for weight in (1.0, 0.01, 0.001, 0.0001):
        calibrated = CalibratedClassifierCV(classifier, method=method)
        calibrated.fit(feature, signal, sample_weight=np.full(4000, weight))
        found = calibrated.predict_proba(events)[:, 1]
        print(f"  weights of {weight:g}:", *(f"{probability:.2f}" for probability in found))

print("sigmoid, a yield of 5 signal and 2000 background events; probability of signal at 1.5")
weights = np.where(signal == 1, 5.0 / signal.sum(), 2000.0 / (signal == 0).sum())
for factor in (1.0, 1000.0):
    calibrated = CalibratedClassifierCV(classifier, method="sigmoid")
    calibrated.fit(feature, signal, sample_weight=factor * weights)
    print(f"  weights times {factor:g}: {calibrated.predict_proba([[1.5]])[0, 1]:.4f}")
near = np.abs(feature[:, 0] - 1.5) < 0.2
print(f"  signal among the events there: {np.average(signal[near], weights=weights[near]):.4f}")
END
cat seen
diff expected seen || { echo "sklearn-sigmoid-calibration-follows-the-unit-of-weights: the behaviour has changed" >&2; exit 1; }
