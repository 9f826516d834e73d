#!/usr/bin/env bash
# torchmetrics applies the sigmoid to the logits of some batches and not of others.
#
# Guessed: a metric given logits applies the sigmoid to all of them, or to none; the ROC-AUC does not depend on how
# the events are split into batches.
# What happens: each update looks whether any value of its batch is below 0 or above 1, and applies the sigmoid only
# then. A batch whose logits all lie between is taken for probabilities and joined to the others. Event by event a logit
# of 0.9 ranks above one of 2, which has become 0.88, and one of 0.1 below one of -2, which is 0.12. The documentation
# says that logits are recognised by values outside 0..1, not that each batch is judged on its own.
# Why it matters: the last batch of an epoch is often small, sparse or hard events give small batches, and event-by-event
# evaluation is usual online. The ROC-AUC of a weak classifier falls from 0.84 to 0.67. Apply the sigmoid first.
#
# Versions: torch==2.13.0, torchmetrics==1.9.0, scikit-learn==1.9.1, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> weak classifier: scikit-learn 0.835, in 0..1 46%
#>   batches of 4000: ROC-AUC 0.835 (sigmoid first 0.835), average precision 0.840 (0.840)
#>   batches of 32: ROC-AUC 0.835 (sigmoid first 0.835), average precision 0.840 (0.840)
#>   batches of 4: ROC-AUC 0.820 (sigmoid first 0.835), average precision 0.834 (0.840)
#>   batches of 1: ROC-AUC 0.669 (sigmoid first 0.835), average precision 0.745 (0.840)
#> strong classifier: scikit-learn 0.979, in 0..1 6%
#>   batches of 4000: ROC-AUC 0.979 (sigmoid first 0.979), average precision 0.981 (0.981)
#>   batches of 32: ROC-AUC 0.979 (sigmoid first 0.979), average precision 0.981 (0.981)
#>   batches of 4: ROC-AUC 0.979 (sigmoid first 0.979), average precision 0.981 (0.981)
#>   batches of 1: ROC-AUC 0.973 (sigmoid first 0.979), average precision 0.976 (0.981)
#> a logit of 0.9 and one of 2: 0.9 0.88
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: torch==2.13.0 torchmetrics==1.9.0 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torchmetrics.classification import BinaryAUROC, BinaryAveragePrecision

random = np.random.default_rng(0)
signal = random.uniform(size=4000) < 0.5
for title, distance, width in (("weak classifier", 0.35, 0.5), ("strong classifier", 3.0, 2.0)):
    logits = torch.tensor(distance * (2 * signal - 1) + width * random.normal(size=4000)).float()
    labels = torch.tensor(signal).int()
    print(f"{title}: scikit-learn {roc_auc_score(signal, logits):.3f}, in 0..1 {((logits >= 0) & (logits <= 1)).float().mean():.0%}")
    for size in (4000, 32, 4, 1):
        line = []
        for kind in (BinaryAUROC, BinaryAveragePrecision):
            for given in (logits, logits.sigmoid()):
                metric = kind()
                for part, truth in zip(given.split(size), labels.split(size)):
                    metric.update(part, truth)
                line.append(f"{metric.compute().item():.3f}")
        print(f"  batches of {size}: ROC-AUC {line[0]} (sigmoid first {line[1]}), average precision {line[2]} ({line[3]})")
print("a logit of 0.9 and one of 2:", 0.9, round(torch.tensor(2.0).sigmoid().item(), 2))
END
cat seen
diff expected seen || { echo "torchmetrics-takes-some-logits-for-probabilities: the behaviour has changed" >&2; exit 1; }
