#!/usr/bin/env bash
# torchmetrics gives a ROC-AUC near 0.5 for a model that predicts nothing but NaN.
#
# Guessed: NaN, or an error as in scikit-learn ("Input contains NaN").
# What happens: NaN is sorted as the highest score, each NaN is a threshold of its own, and the AUC is
# that of the order in which the events came: near 0.5 if they are shuffled, near 1 if the background came
# first. A few NaNs among good scores move the AUC a little. With thresholds=50 the AUC of nothing but NaN
# is 0. It is never NaN.
# Why it matters: a network that diverged in half precision is logged as "did not learn" (or, on sorted
# events, as perfect), and early stopping on the maximum never sees a NaN.
#
# Versions: torch==2.13.0, torchmetrics==1.9.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> scores           0.772
#> ten of them NaN  0.771
#> all NaN: between 0.45 and 0.55: True
#> all NaN, background first: above 0.9: True
#> all NaN, signal first: below 0.1: True
#> all NaN, binned: 0.0
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: torch==2.13.0 torchmetrics==1.9.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import torch
from torchmetrics.classification import BinaryAUROC

torch.manual_seed(0)
labels = torch.randint(0, 2, (2000,))
scores = torch.sigmoid(torch.randn(2000) + labels)
nan = torch.full_like(scores, float("nan"))


def auroc(scores, labels, **options):
    metric = BinaryAUROC(**options)
    metric.update(scores, labels)
    return round(metric.compute().item(), 3)


print("scores          ", auroc(scores, labels))
print("ten of them NaN ", auroc(torch.cat([nan[:10], scores[10:]]), labels))
print("all NaN: between 0.45 and 0.55:", 0.45 < auroc(nan, labels) < 0.55)
print("all NaN, background first: above 0.9:", auroc(nan, labels.sort().values) > 0.9)
print("all NaN, signal first: below 0.1:", auroc(nan, labels.sort(descending=True).values) < 0.1)
print("all NaN, binned:", auroc(nan, labels, thresholds=50))
END
cat seen
diff expected seen || { echo "torchmetrics-auroc-of-nothing-but-nan-is-a-half: the behaviour has changed" >&2; exit 1; }
