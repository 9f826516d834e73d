#!/usr/bin/env bash
# ftag's H5Reader leaves out small files, and its batch reader up to all jets of many files.
#
# Guessed: load() gives all jets of all files, and the batch reader gives each once, whatever the sizes.
# What happens: each file gets its share of the batch, cut to a whole number. A share below one is 0, and the file is
# never read: 19 jets beside 2 million, by default. The batch reader stops after as many batches as the full size needs,
# so of 60 files in batches of 100 (1.67 jets each) it gives 60 %. And load() asks each file for its share of all jets,
# cut as well: of 29 and 71 jets it gives 99. Nothing in the docstrings says so, and there is no warning.
# Why it matters: a rare signal is the small file, and training files of jets come in many pieces. Compare the number of
# jets with num_global_objects, and give weights and a batch_size whose shares are whole numbers.
#
# Versions: atlas-ftag-tools==0.3.6, h5py==3.16.0, numpy==2.3.5
# Seen on 2026-11-28 (the script compares with these lines):
#> 1 file of 60,000, batches of 100: 60000 jets, load 60000, batch reader 60000
#> 3 files of 20,000, batches of 100: 60000 jets, load 60000, batch reader 59400
#> 60 files of 1,000, batches of 100: 60000 jets, load 60000, batch reader 36000
#> 200 files of 300, batches of 100: 60000 jets, load 0, batch reader 0
#> files of 2,000,000 and 19, batches of 100000: 2000019 jets, load 2000000, batch reader 2000000
#> files of 29 and 71, batches of 100000: 100 jets, load 99, batch reader 100
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: atlas-ftag-tools==0.3.6 h5py==3.16.0 numpy==2.3.5

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import logging
from pathlib import Path

import h5py
import numpy as np
from ftag.hdf5 import H5Reader

logging.disable(logging.CRITICAL)


def written(sizes, folder):
    """Write a file of so many jets for each size."""
    Path(folder).mkdir()
    files = []
    for n, size in enumerate(sizes):
        files.append(f"{folder}/{n}.h5")
        with h5py.File(files[-1], "w") as file:
            file["jets"] = np.zeros(size, dtype=[("pt", "f4")])
    return files


def loaded(files, batch):
    return len(H5Reader(files, batch_size=batch).load()["jets"])


def in_batches(files, batch):
    """Return how many jets come one batch after the other, until there is none."""
    get = H5Reader(files, batch_size=batch).get_batch_reader()
    total = n = 0
    while (data := get(n)) is not None:
        total += len(data["jets"])
        n += 1
    return total


for n, (title, sizes, batch) in enumerate((
    ("1 file of 60,000", [60000], 100),
    ("3 files of 20,000", [20000] * 3, 100),
    ("60 files of 1,000", [1000] * 60, 100),
    ("200 files of 300", [300] * 200, 100),
    ("files of 2,000,000 and 19", [2000000, 19], 100000),
    ("files of 29 and 71", [29, 71], 100000),
)):
    files = written(sizes, str(n))
    print(f"{title}, batches of {batch}: {sum(sizes)} jets, load {loaded(files, batch)}, "
          f"batch reader {in_batches(files, batch)}")
END
cat seen
diff expected seen || { echo "ftag-readers-leave-out-jets-of-small-and-many-files: the behaviour has changed" >&2; exit 1; }
