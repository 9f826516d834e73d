#!/usr/bin/env bash
# polars-ds's ks_2samp has a field pvalue that is 0.0496 for any two samples of 1,500 events.
#
# Guessed: statistic and p-value of two samples are SciPy's to 0.001, with ties as well.
# What happens: the statistic is SciPy's. The field named pvalue is the value that the statistic has to exceed, a
# function of the sizes and alpha alone: 0.0496 for samples that agree, for the same sample twice and for samples half
# a width apart. With 5,000 events each it is 0.027, with 500 0.086. The docstring does say that what is returned is a
# threshold and no p-value; the name of the field, and the description of alpha, say the contrary.
# Why it matters: "pvalue < 0.05" finds a difference in every column as soon as there are 1,500 events, and none with
# 500, be it over-training that is checked or simulation against data.
#
# Versions: polars-ds==0.13.0, polars==2.1.0, scipy==1.17.1, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> 500 events and the same again: statistic 0.000, pvalue 0.0859; SciPy 0.000, 1
#> 500 events and others 0 apart: statistic 0.056, pvalue 0.0859; SciPy 0.056, 0.4
#> 500 events and others 0.2 apart: statistic 0.146, pvalue 0.0859; SciPy 0.146, 5e-05
#> 500 events and others 0.5 apart: statistic 0.192, pvalue 0.0859; SciPy 0.192, 2e-08
#> 1500 events and the same again: statistic 0.000, pvalue 0.0496; SciPy 0.000, 1
#> 1500 events and others 0 apart: statistic 0.037, pvalue 0.0496; SciPy 0.037, 0.3
#> 1500 events and others 0.2 apart: statistic 0.123, pvalue 0.0496; SciPy 0.123, 3e-10
#> 1500 events and others 0.5 apart: statistic 0.215, pvalue 0.0496; SciPy 0.215, 7e-31
#> 5000 events and the same again: statistic 0.000, pvalue 0.0272; SciPy 0.000, 1
#> 5000 events and others 0 apart: statistic 0.019, pvalue 0.0272; SciPy 0.019, 0.3
#> 5000 events and others 0.2 apart: statistic 0.073, pvalue 0.0272; SciPy 0.073, 5e-12
#> 5000 events and others 0.5 apart: statistic 0.198, pvalue 0.0272; SciPy 0.198, 2e-86
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: polars-ds==0.13.0 polars==2.1.0 scipy==1.17.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numpy as np
import polars as pl
import polars_ds as pds
from scipy.stats import ks_2samp

rng = np.random.default_rng(0)


def compare(name, one, other):
    found = pl.DataFrame({"one": one, "other": other}).select(pds.ks_2samp("one", "other")).item()
    right = ks_2samp(one, other)
    print(f"{name}: statistic {found['statistic']:.3f}, pvalue {found['pvalue']:.4f}; SciPy {right.statistic:.3f}, {right.pvalue:.1g}")


for events in (500, 1500, 5000):
    scores = rng.normal(0.0, 1.0, events)
    compare(f"{events} events and the same again", scores, scores)
    for shift in (0.0, 0.2, 0.5):
        compare(f"{events} events and others {shift:g} apart", scores, rng.normal(shift, 1.0, events))
END
cat seen
diff expected seen || { echo "polars-ds-ks-p-value-is-a-threshold: the behaviour has changed" >&2; exit 1; }
