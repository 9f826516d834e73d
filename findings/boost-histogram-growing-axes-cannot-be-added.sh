#!/usr/bin/env bash
# Histograms of growing axes can be added if the axes are categories or integers, but not if they are real
# numbers.
#
# Guessed: two histograms of growing axes add up to one that covers both, as growth is there for not
# knowing the range beforehand.
# What happens: growing categories and integers are merged. Two growing Regular (or Variable) axes, the
# same before they were filled, can't be added once one of them has grown: "axes not mergable".
# Why it matters: one histogram for each file or worker, summed at the end, is how events are counted in
# parallel. With growing axes that works on the files it was tried on and raises on the first event
# farther out.
#
# Versions: boost-histogram==1.8.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> StrCategory ['a', 'b', 'c'] [1.0, 1.0, 1.0]
#> IntCategory [1, 2, 3] [1.0, 1.0, 1.0]
#> Integer 8 [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
#> Regular ValueError: axes not mergable
#> Regular within 5 [1.0, 0.0, 1.0]
#> Variable ValueError: axes not mergable
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: boost-histogram==1.8.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import boost_histogram as bh

axes = {
    "StrCategory": (lambda: bh.axis.StrCategory([], growth=True), ["a"], ["b", "c"]),
    "IntCategory": (lambda: bh.axis.IntCategory([], growth=True), [1], [2, 3]),
    "Integer": (lambda: bh.axis.Integer(0, 3, growth=True), [1], [7]),
    "Regular": (lambda: bh.axis.Regular(3, 0, 3, growth=True), [0.5], [7.5]),
    "Regular within": (lambda: bh.axis.Regular(3, 0, 3, growth=True), [0.5], [2.5]),
    "Variable": (lambda: bh.axis.Variable([0, 1, 3], growth=True), [0.5], [7.5]),
}
for name, (axis, first, second) in axes.items():
    one, other = (bh.Histogram(axis()).fill(values) for values in (first, second))
    try:
        both = one + other
        print(name, list(both.axes[0]) if "Category" in name else both.axes[0].extent, both.values().tolist())
    except ValueError as error:
        print(name, "ValueError:", error)
END
cat seen
diff expected seen || { echo "boost-histogram-growing-axes-cannot-be-added: the behaviour has changed" >&2; exit 1; }
