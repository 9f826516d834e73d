#!/usr/bin/env bash
# skl2onnx can't convert scikit-learn's histogram-boosted trees with the protobuf that pip installs.
#
# Guessed: HistGradientBoostingClassifier converts, and NaN goes the same way as in scikit-learn.
# What happens: a ValueError, "Unable to create node", with every tree of the model in its message. Behind
# it: protobuf 7 takes no boolean (where a missing value goes) for an integer. Other models still convert,
# and with protobuf 6 this one does. skl2onnx and onnx both allow 7, so that pip chooses it.
# Why it matters: these trees are the usual baseline on HIGGS, and ONNX the usual way to run a model in an
# experiment's C++. The message blames the model; the remedy is a pin of a package two levels down.
#
# Versions: skl2onnx==1.20.0, scikit-learn==1.9.1, onnx==1.23.2, numpy==2.4.6, protobuf==7.36.2 and 6.33.0
# Seen on 2026-11-27 (the script compares with these lines):
#> protobuf 7.36.2
#> LogisticRegression converted
#> RandomForestClassifier converted
#> HistGradientBoostingClassifier ValueError: Unable to create node 'TreeEnsembleClassifier' with
#>   caused by TypeError Field onnx.AttributeProto.ints: Expected an int, got a boolean.
#> protobuf 6.33.0
#> LogisticRegression converted
#> RandomForestClassifier converted
#> HistGradientBoostingClassifier converted
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: skl2onnx==1.20.0 scikit-learn==1.9.1 onnx==1.23.2 numpy==2.4.6

cd "$work"
cat > convert.py <<'END'
import numpy as np
from skl2onnx import to_onnx
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

random = np.random.default_rng(0)
features = random.normal(size=(500, 3)).astype(np.float32)
labels = (features[:, 0] > 0).astype(int)
for model in (LogisticRegression(), RandomForestClassifier(5), HistGradientBoostingClassifier(max_iter=5)):
    model.fit(features, labels)
    try:
        to_onnx(model, features[:1])
        print(type(model).__name__, "converted")
    except ValueError as error:
        print(type(model).__name__, "ValueError:", str(error)[:51])
        print("  caused by", type(error.__cause__).__name__, error.__cause__)
END
for version in 7.36.2 6.33.0; do
    venv/bin/pip install -qq --only-binary :all: protobuf==$version
    echo "protobuf $version"
    OMP_NUM_THREADS=1 venv/bin/python -W ignore convert.py
done > seen
cat seen
diff expected seen || { echo "skl2onnx-needs-protobuf-6-for-boosted-trees: the behaviour has changed" >&2; exit 1; }
