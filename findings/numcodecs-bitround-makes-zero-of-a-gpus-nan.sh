#!/usr/bin/env bash
# numcodecs' BitRound makes -0 of the NaN of a CUDA device, and infinity of R's NA.
#
# Guessed: rounding keeps three digits of every number and leaves NaN and infinity what they are.
# What happens: half a step is added to the bits as to a whole number, and the carry runs into the exponent and the sign.
# NumPy's NaN and that of an x86 processor have nothing but zeros below, and stay. Of a NaN single precision on a CUDA
# device makes 0x7fffffff (its programming guide says so), and that becomes -0; R's missing value, which has a
# small number in its last bits, becomes infinity. No warning.
# Why it matters: columns and scores computed on a GPU are rounded before they are compressed. A failed fit or a
# diverged network then has the plausible value 0, while a test on a machine without a GPU shows NaN kept.
#
# Versions: numcodecs==0.16.6, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> NumPy's NaN, float32, 0x7fc00000, is NaN: True; with 2, 6 and 9 bits kept: nan, nan, nan
#> 0 / 0 of an x86 processor, float32, 0xffc00000, is NaN: True; with 2, 6 and 9 bits kept: nan, nan, nan
#> NaN of a CUDA device, float32, 0x7fffffff, is NaN: True; with 2, 6 and 9 bits kept: -0, -0, -0
#> NaN of a CUDA device, float16, 0x7fff, is NaN: True; with 2, 6 and 9 bits kept: -0, -0, -0
#> all bits set, float32, 0xffffffff, is NaN: True; with 2, 6 and 9 bits kept: 0, 0, 0
#> R's NA, float64, 0x7ff00000000007a2, is NaN: True; with 2, 6 and 9 bits kept: inf, inf, inf
#> R's NA after arithmetic, float64, 0x7ff80000000007a2, is NaN: True; with 2, 6 and 9 bits kept: nan, nan, nan
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: numcodecs==0.16.6 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import numcodecs
import numpy as np


def report(name, bits, unsigned):
    values = np.array([bits], dtype=unsigned).view(unsigned.replace("u", "f"))
    seen = [numcodecs.BitRound(keep).encode(values).view(values.dtype)[0] for keep in (2, 6, 9)]
    print(f"{name}, {bits:#x}, is NaN: {np.isnan(values[0])}; with 2, 6 and 9 bits kept: {', '.join(f'{x:g}' for x in seen)}")


report("NumPy's NaN, float32", 0x7FC00000, "u4")
report("0 / 0 of an x86 processor, float32", 0xFFC00000, "u4")
report("NaN of a CUDA device, float32", 0x7FFFFFFF, "u4")
report("NaN of a CUDA device, float16", 0x7FFF, "u2")
report("all bits set, float32", 0xFFFFFFFF, "u4")
report("R's NA, float64", 0x7FF00000000007A2, "u8")
report("R's NA after arithmetic, float64", 0x7FF80000000007A2, "u8")
END
cat seen
diff expected seen || { echo "numcodecs-bitround-makes-zero-of-a-gpus-nan: the behaviour has changed" >&2; exit 1; }
