#!/usr/bin/env bash
# A histogram of whole numbers can't be written to a ROOT file.
#
# Guessed: counts in boost-histogram's Int64 storage become a TH1D (or ROOT's own integer histogram).
# What happens: uproot raises ValueError and says that '>i8' is no signed integer type. The same counts as
# a NumPy pair are written, and so are those of Double and Unlimited storage.
# Why it matters: Int64 is the natural storage for counts of events; a job that fills it finds out only at
# its end, when it writes.
#
# Versions: uproot==5.7.7, boost-histogram==1.8.1, awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> Int64() ValueError: data to convert to TArray must have signed integer or floating-point type, not dtype('>i8')
#> AtomicInt64() ValueError: data to convert to TArray must have signed integer or floating-point type, not dtype('>i8')
#> Double() TH1D
#> Unlimited() TH1D
#> NumPy int64 TH1D
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: uproot==5.7.7 boost-histogram==1.8.1 awkward==2.14.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import boost_histogram as bh
import numpy as np
import uproot

for storage in (bh.storage.Int64(), bh.storage.AtomicInt64(), bh.storage.Double(), bh.storage.Unlimited()):
    histogram = bh.Histogram(bh.axis.Regular(2, 0, 2), storage=storage)
    histogram.fill([0.5, 1.5, 1.5])
    try:
        with uproot.recreate("counts.root") as file:
            file["counts"] = histogram
        print(storage, uproot.open("counts.root")["counts"].classname)
    except ValueError as error:
        print(storage, "ValueError:", error)
with uproot.recreate("counts.root") as file:
    file["counts"] = np.array([1, 2], np.int64), np.array([0.0, 1.0, 2.0])
print("NumPy int64", uproot.open("counts.root")["counts"].classname)
END
cat seen
diff expected seen || { echo "uproot-cannot-write-int64-histograms: the behaviour has changed" >&2; exit 1; }
