#!/usr/bin/env bash
# Ten bins of equal frequency, asked of a b-tag of three values, are two: no tag and a loose tag fall into one.
#
# Guessed: a feature of three values gets three bins, one for each, if three or more are asked for.
# What happens: the edges are quantiles, and so values themselves. feature-engine leaves out those that come
# twice and puts a value on an edge into the lower bin: jets without a tag and with a loose one become the
# same, and only a tight one differs, whatever the shares. No warning. scikit-learn's KBinsDiscretizer puts it
# into the upper bin: loose and tight become the same, with a warning that names narrow bins.
# Why it matters: HIGGS has four b-tags of three values each, among its best features, and a scorecard or a
# likelihood ratio of binned features loses what tells signal from background. Bins of equal width keep all.
#
# Versions: feature-engine==1.9.4, scikit-learn==1.9.1, pandas==3.1.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> jets with no, a loose and a tight tag: 473 315 212
#>   3 bins asked for
#>     EqualFrequency: [0, 0, 1], no warning
#>     EqualWidth: [0, 1, 2], no warning
#>     KBinsDiscretizer: [0, 1, 1], Bins whose width are too small (
#>   10 bins asked for
#>     EqualFrequency: [0, 0, 1], no warning
#>     EqualWidth: [0, 5, 9], no warning
#>     KBinsDiscretizer: [0, 1, 1], Bins whose width are too small (
#> jets with no, a loose and a tight tag: 226 308 466
#>   3 bins asked for
#>     EqualFrequency: [0, 0, 1], no warning
#>     EqualWidth: [0, 1, 2], no warning
#>     KBinsDiscretizer: [0, 1, 1], Bins whose width are too small (
#>   10 bins asked for
#>     EqualFrequency: [0, 0, 1], no warning
#>     EqualWidth: [0, 5, 9], no warning
#>     KBinsDiscretizer: [0, 1, 1], Bins whose width are too small (
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: feature-engine==1.9.4 scikit-learn==1.9.1 pandas==3.1.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import warnings

import numpy as np
import pandas as pd
from feature_engine.discretisation import EqualFrequencyDiscretiser, EqualWidthDiscretiser
from sklearn.preprocessing import KBinsDiscretizer

random = np.random.default_rng(0)
tags = pd.DataFrame({"tag": [0.0, 1.0866, 2.173]})
for fractions in ((0.5, 0.3, 0.2), (0.2, 0.3, 0.5)):
    jets = pd.DataFrame({"tag": random.choice(tags["tag"], 1000, p=fractions)})
    print("jets with no, a loose and a tight tag:", *(int((jets["tag"] == tag).sum()) for tag in tags["tag"]))
    for bins in (3, 10):
        frequency = EqualFrequencyDiscretiser(q=bins, variables=["tag"])
        width = EqualWidthDiscretiser(bins=bins, variables=["tag"])
        sklearn = KBinsDiscretizer(bins, encode="ordinal", strategy="quantile")
        print(f"  {bins} bins asked for")
        for name, method in (("EqualFrequency", frequency), ("EqualWidth", width), ("KBinsDiscretizer", sklearn)):
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                found = np.asarray(method.fit(jets).transform(tags))[:, 0]
            about = {str(one.message)[:32] for one in warned if one.category is UserWarning} or {"no warning"}
            print(f"    {name}: {[int(bin) for bin in found]}, {', '.join(about)}")
END
cat seen
diff expected seen || { echo "feature-engine-makes-two-bins-of-three-b-tags: the behaviour has changed" >&2; exit 1; }
