#!/usr/bin/env bash
# hist.Hist(h) leaves its mark on h: afterwards h can't be added to what it could be added to before.
#
# Guessed: Hist(h) makes a new histogram and leaves h as it is; h + g works as long as the axes of both have
# the same bins.
# What happens: h == g turns False and h + g raises "axes not mergable", although bins and contents are the
# same and the axes are written alike. The new histogram shares its axes with h, and hist writes into them
# (a label, "Axis 0"). Hist(h.copy()) leaves h alone, and Hist(*h.axes), too. Once g is wrapped as well, the
# two can be added again.
# Why it matters: one wraps the first worker's histogram to look at it, for hist's plot() or a projection by
# name, and the sum over the workers fails thereafter: looking has changed what was looked at.
#
# Versions: hist==2.12.1, boost-histogram==1.8.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> nothing: h == g True, same text True, h + g [2.0, 0.0]
#> Hist(h): h == g False, same text True, h + g ValueError: axes not mergable
#> Hist(h).project(0): h == g False, same text True, h + g ValueError: axes not mergable
#> Hist(h.copy()): h == g True, same text True, h + g [2.0, 0.0]
#> Hist(*h.axes): h == g True, same text True, h + g [2.0, 0.0]
#> both wrapped: [2.0, 0.0]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: hist==2.12.1 boost-histogram==1.8.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import boost_histogram as bh
from hist import Hist

looks = {
    "nothing": lambda h: None,
    "Hist(h)": Hist,
    "Hist(h).project(0)": lambda h: Hist(h).project(0),
    "Hist(h.copy())": lambda h: Hist(h.copy()),
    "Hist(*h.axes)": lambda h: Hist(*h.axes),
}
for name, look in looks.items():
    h, g = (bh.Histogram(bh.axis.Regular(2, 0, 2)).fill([0.5]) for _ in range(2))
    look(h)
    try:
        result = (h + g).values().tolist()
    except ValueError as error:
        result = f"ValueError: {error}"
    print(f"{name}: h == g {h == g}, same text {repr(h.axes) == repr(g.axes)}, h + g {result}")
h, g = (bh.Histogram(bh.axis.Regular(2, 0, 2)).fill([0.5]) for _ in range(2))
Hist(h), Hist(g)
print("both wrapped:", (h + g).values().tolist())
END
cat seen
diff expected seen || { echo "hist-changes-the-histogram-it-is-made-from: the behaviour has changed" >&2; exit 1; }
