#!/usr/bin/env bash
# A cut on a float32 column finds other events in pandas once the table has more than a million rows.
#
# Guessed: `tag > 1.0865` selects the same share of events whatever their number and whatever else is installed.
# What happens: if numexpr is there (PyTables and others bring it), pandas hands operations on more than a million
# numbers to it, and the cut, a Python float, becomes float64. The float32 next to 1.0865 is larger, so the loose tag
# passes: twice as many events. `==` finds none. Up to a million rows, in `query()` and in NumPy the cut is
# rounded to float32 first. The type of `tag * 0.5` changes too (that is known, pandas-dev/pandas#61951).
# Why it matters: HIGGS has 11 million rows, b-tags of three values and masses in float32; a selection tried on
# part of them changes on all of them. Cut between the values, or set compute.use_numexpr to False.
#
# Versions: pandas==3.1.1, numexpr==2.14.2, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> numexpr is used: True
#> 1000000 rows
#>   tag > 1.0865: pandas 0.333, query 0.333, NumPy 0.333
#>   tag == 1.0865: pandas 0.333, NumPy 0.333
#>   without numexpr: > 0.333, == 0.333
#>   type of tag * 0.5: float32
#> 1000002 rows
#>   tag > 1.0865: pandas 0.667, query 0.333, NumPy 0.333
#>   tag == 1.0865: pandas 0.000, NumPy 0.333
#>   without numexpr: > 0.333, == 0.333
#>   type of tag * 0.5: float64
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: pandas==3.1.1 numexpr==2.14.2 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
import pandas as pd

print("numexpr is used:", pd.get_option("compute.use_numexpr"))
for rows in (1_000_000, 1_000_002):
    tags = pd.DataFrame({"tag": np.resize(np.array([0.0, 1.0865, 2.173], "float32"), rows)})
    tag = tags["tag"]
    print(f"{rows} rows")
    print(f"  tag > 1.0865: pandas {(tag > 1.0865).mean():.3f}, query {len(tags.query('tag > 1.0865')) / rows:.3f},"
          f" NumPy {(tag.to_numpy() > 1.0865).mean():.3f}")
    print(f"  tag == 1.0865: pandas {(tag == 1.0865).mean():.3f}, NumPy {(tag.to_numpy() == 1.0865).mean():.3f}")
    with pd.option_context("compute.use_numexpr", False):
        print(f"  without numexpr: > {(tag > 1.0865).mean():.3f}, == {(tag == 1.0865).mean():.3f}")
    print("  type of tag * 0.5:", (tag * 0.5).dtype)
END
cat seen
diff expected seen || { echo "pandas-cuts-float32-otherwise-above-a-million-rows: the behaviour has changed" >&2; exit 1; }
