#!/usr/bin/env bash
# mt2 computes a value for an event whose masses are NaN.
#
# Guessed: NaN in, NaN out, as of any NumPy function; the package is "a NumPy ufunc".
# What happens: so it is for momenta. A NaN among the masses of the visible or the invisible particles, or
# a negative mass, is taken for zero, and MT2 comes out as a plausible number.
# Why it matters: m_jj and the like are NaN for events without the second jet. In an array nothing tells
# such events from measured ones.
#
# Versions: mt2==1.3.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> all known: 412.63
#> mass 1: nan 402.14, 0 402.14, -100 402.14
#> px 1: nan nan
#> py 1: nan nan
#> mass 2: nan 381.17, 0 381.17, -100 381.17
#> px 2: nan nan
#> py 2: nan nan
#> missing px: nan nan
#> missing py: nan nan
#> invisible 1: nan 400.57, 0 400.57, -100 400.57
#> invisible 2: nan 399.24, 0 399.24, -100 399.24
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: mt2==1.3.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import numpy as np
from mt2 import mt2

names = ["mass 1", "px 1", "py 1", "mass 2", "px 2", "py 2", "missing px", "missing py", "invisible 1", "invisible 2"]
event = [100.0, 410.0, 20.0, 150.0, -210.0, -300.0, -200.0, 280.0, 100.0, 100.0]
print(f"all known: {mt2(*event):.2f}")
for i, name in enumerate(names):
    values = {"nan": np.nan, "0": 0.0, "-100": -100.0} if "mass" in name or "invisible" in name else {"nan": np.nan}
    print(f"{name}:", ", ".join(f"{k} {mt2(*event[:i], v, *event[i + 1:]):.2f}" for k, v in values.items()))
END
cat seen
diff expected seen || { echo "mt2-takes-a-mass-of-nan-for-zero: the behaviour has changed" >&2; exit 1; }
