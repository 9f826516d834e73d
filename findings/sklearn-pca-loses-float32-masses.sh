#!/usr/bin/env bash
# PCA of scikit-learn finds other components of masses in float32, and of times in float64.
#
# Guessed: variances and directions as scikit-learn-intelex's PCA finds them in the same float32 numbers, which are those
# in float64 to a few percent: PCA subtracts the mean.
# What happens: since 1.5 the solver for many events and few features, chosen by "auto", takes the matrix of mean
# products less that of products of means, in the precision of the data. For masses of 3,097 +- 3 MeV in float32
# variances and directions are wrong; for 172,500 +- 8 the first component explains all and the others nothing; for
# seconds since 1970 float64 is not enough either. No warning. Subtracting the mean first helps, in float64.
# Why it matters: HIGGS and most ntuples hold float32, and PCA subtracts the mean on its own, so few do it before.
# Whitened inputs and numbers of components kept by explained variance are wrong.
#
# Versions: scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> shares explained: [0.8  0.11 0.09]
#> angles, float32 (covariance_eigh): variances right to 5 %: [True, True, True], first direction right: True
#> angles, float32, less the mean (covariance_eigh): variances right to 5 %: [True, True, True], first direction right: True
#> 3,097 +- 3 MeV, float64 (covariance_eigh): variances right to 5 %: [True, True, True], first direction right: True
#> 3,097 +- 3 MeV, float64, less the mean (covariance_eigh): variances right to 5 %: [True, True, True], first direction right: True
#> 3,097 +- 3 MeV, float32 (covariance_eigh): variances right to 5 %: [False, False, False], first direction right: False
#> 3,097 +- 3 MeV, float32, less the mean (covariance_eigh): variances right to 5 %: [True, True, True], first direction right: True
#> 172,500 +- 8 MeV, float32 (covariance_eigh): variances right to 5 %: [False, False, False], first direction right: False
#> 172,500 +- 8 MeV, float32, less the mean (covariance_eigh): variances right to 5 %: [True, True, True], first direction right: True
#> seconds since 1970, float64 (covariance_eigh): variances right to 5 %: [False, False, False], first direction right: False
#> seconds since 1970, float64, less the mean (covariance_eigh): variances right to 5 %: [True, True, True], first direction right: True
#> 172,500 +- 8 MeV, the first explains more than 0.99: True
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
from sklearn.decomposition import PCA

random = np.random.default_rng(0)
spread = random.normal(size=(4000, 3)) @ np.array([[1, 0.8, 0], [0, 0.6, 0], [0, 0, 0.5]])


def show(title, data):
    exact = PCA(svd_solver="full").fit(data.astype(np.float64) - data.mean(axis=0, dtype=np.float64))
    centred = (data - data.mean(axis=0, dtype=np.float64)).astype(data.dtype)
    for label, x in (("", data), (", less the mean", centred)):
        pca = PCA().fit(x)
        right = [bool(abs(a / b - 1) < 0.05) for a, b in zip(pca.explained_variance_, exact.explained_variance_)]
        along = abs(pca.components_[0] @ exact.components_[0]) > 0.99
        print(f"{title}{label} ({pca._fit_svd_solver}): variances right to 5 %: {right}, first direction right: {along}")


print("shares explained:", PCA().fit(spread).explained_variance_ratio_.round(2))
show("angles, float32", spread.astype(np.float32))
show("3,097 +- 3 MeV, float64", 3_097 + 3 * spread)
show("3,097 +- 3 MeV, float32", (3_097 + 3 * spread).astype(np.float32))
show("172,500 +- 8 MeV, float32", (172_500 + 8 * spread).astype(np.float32))
show("seconds since 1970, float64", 1_795_000_000 + spread)
masses = (172_500 + 8 * spread).astype(np.float32)
print("172,500 +- 8 MeV, the first explains more than 0.99:", bool(PCA().fit(masses).explained_variance_ratio_[0] > 0.99))
END
cat seen
diff expected seen || { echo "sklearn-pca-loses-float32-masses: the behaviour has changed" >&2; exit 1; }
