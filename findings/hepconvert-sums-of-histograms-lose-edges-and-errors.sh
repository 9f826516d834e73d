#!/usr/bin/env bash
# hepconvert adds ROOT histograms like hadd, but weighted errors, uneven bins and differing ranges are lost.
#
# Guessed: `add_histograms`, "similar to hadd", adds contents and variances and keeps the bins, or refuses.
# What happens: the sums of squared weights are not written, so four weights of 10 are 40 +- 6.3 where 20 is right. Of
# the bins only their number and the two ends are written: edges at 0, 20, 50, 100 and 200 become 0, 50, 100, 150
# and 200. Histograms of two ranges are added bin by bin and get the bins of the last. No warning in any case.
# Why it matters: templates of masses and momenta have uneven bins and weights, and the sum over the files of a
# sample is what the fit gets. Read the histograms with uproot and add those.
#
# Versions: hepconvert==1.4.0, uproot==5.6.9, hist==2.12.1, boost-histogram==1.8.1, awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> equal bins
#>   a.root: 0-50 21 +- 14.2; 50-100 1 +- 1.0; 100-150 0 +- 0.0; 150-200 0.5 +- 0.5
#>   b.root: 0-50 21 +- 14.2; 50-100 1 +- 1.0; 100-150 0 +- 0.0; 150-200 0.5 +- 0.5
#>   sum.root: 0-50 42 +- 6.5; 50-100 2 +- 1.4; 100-150 0 +- 0.0; 150-200 1 +- 1.0
#> bins of other widths
#>   a.root: 0-20 20 +- 14.1; 20-50 1 +- 1.0; 50-100 1 +- 1.0; 100-200 0.5 +- 0.5
#>   b.root: 0-20 20 +- 14.1; 20-50 1 +- 1.0; 50-100 1 +- 1.0; 100-200 0.5 +- 0.5
#>   sum.root: 0-50 40 +- 6.3; 50-100 2 +- 1.4; 100-150 2 +- 1.4; 150-200 1 +- 1.0
#> two ranges
#>   a.root: 0-50 21 +- 14.2; 50-100 1 +- 1.0; 100-150 0 +- 0.0; 150-200 0.5 +- 0.5
#>   b.root: 0-200 22.5 +- 14.2; 200-400 0 +- 0.0; 400-600 0 +- 0.0; 600-800 0 +- 0.0
#>   sum.root: 0-200 43.5 +- 6.6; 200-400 1 +- 1.0; 400-600 0 +- 0.0; 600-800 0.5 +- 0.7
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: hepconvert==1.4.0 uproot==5.6.9 hist==2.12.1 boost-histogram==1.8.1 awkward==2.14.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import hepconvert
import hist
import uproot


def write(name, axis, values, weights):
    """Write a weighted histogram to a ROOT file."""
    h = hist.Hist(axis, storage=hist.storage.Weight())
    h.fill(values, weight=weights)
    with uproot.recreate(name) as file:
        file["h"] = h


def show(name):
    """Print a histogram of a file."""
    h = uproot.open(name)["h"]
    bins = zip(h.axis().edges(), h.axis().edges()[1:], h.values(), h.errors())
    print(f"  {name}:", "; ".join(f"{low:g}-{high:g} {value:g} +- {error:.1f}" for low, high, value, error in bins))


def add(title, first, second):
    """Print two histograms and their sum."""
    print(title)
    write("a.root", *first)
    write("b.root", *second)
    hepconvert.add_histograms("sum.root", ["a.root", "b.root"], force=True)
    for name in ("a.root", "b.root", "sum.root"):
        show(name)


events = [10, 10, 30, 70, 150], [10, 10, 1, 1, 0.5]
uniform, wide = hist.axis.Regular(4, 0, 200), hist.axis.Regular(4, 0, 800)
add("equal bins", (uniform, *events), (uniform, *events))
variable = hist.axis.Variable([0, 20, 50, 100, 200])
add("bins of other widths", (variable, *events), (variable, *events))
add("two ranges", (uniform, *events), (wide, *events))
END
cat seen
diff expected seen || { echo "hepconvert-sums-of-histograms-lose-edges-and-errors: the behaviour has changed" >&2; exit 1; }
