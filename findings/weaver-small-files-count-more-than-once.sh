#!/usr/bin/env bash
# weaver reads each event of a file of 10 events ten times per epoch, by default.
#
# Guessed: one pass over a SimpleIterDataset gives each event once, in files of any size.
# What happens: files are read in steps of a hundredth (fetch_step=0.01), and each step takes at least one event. A
# file of 10 events gives 100, one of 60 events also 100, with 40 of them twice. Larger files give theirs once. The
# docstring says that the step is a fraction of the events. Both training and validation read so; no warning.
# Why it matters: a rare signal, or samples cut into many files, are over-represented, and events that come twice make
# losses and ROC-AUC of validation look more certain than they are. Join files, or use fetch_step=1 or fetch_by_files.
#
# Versions: weaver-core==0.5.3, torch==2.13.0, numba==0.68.1, uproot==5.7.7, awkward==2.14.0, numpy==2.4.6
# Seen on 2026-11-28 (the script compares with these lines):
#> 1000 and 1000 events in the files: 1000 signal (1 to 1 times each), 1000 background (1 to 1 times each)
#> 100 and 1000 events in the files: 101 signal (1 to 2 times each), 1000 background (1 to 1 times each)
#> 60 and 1000 events in the files: 100 signal (1 to 2 times each), 1000 background (1 to 1 times each)
#> 10 and 1000 events in the files: 100 signal (9 to 11 times each), 1000 background (1 to 1 times each)
#> 1 and 1000 events in the files: 100 signal (100 to 100 times each), 1000 background (1 to 1 times each)
#> 10 and 1000, all at once (fetch_step=1): 10 signal (1 to 1 times each), 1000 background (1 to 1 times each)
#> 10 and 1000, file by file: 10 signal (1 to 1 times each), 1000 background (1 to 1 times each)
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: weaver-core==0.5.3 torch==2.13.0 numba==0.68.1 uproot==5.7.7 awkward==2.14.0 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen 2> log <<'END'
import logging
from collections import Counter
from pathlib import Path

import numpy as np
import uproot

logging.disable(logging.CRITICAL)
from weaver.utils.dataset import SimpleIterDataset

Path("data.yaml").write_text("""
treename: Events
selection:
new_variables:
preprocess:
  method: manual
inputs:
  features:
    length:
    vars: [event]
labels:
  type: simple
  value: [signal, background]
monitor_variables: [event]
""")


def seen(events, **options):
    """Return how often each event of signal and background comes in one pass."""
    files = {}
    for name, number in events.items():
        files[name] = [f"{name}.root"]
        with uproot.recreate(f"{name}.root") as file:
            file["Events"] = {"event": np.arange(number, dtype="float32"),
                              "signal": np.full(number, int(name == "signal")),
                              "background": np.full(number, int(name == "background"))}
    data = SimpleIterDataset(files, "data.yaml", for_training=True, name="val", async_load=False,
                             load_range_and_fraction=((0, 1), 1, 1), **options)
    counts = {"signal": Counter(), "background": Counter()}
    for _, label, observed in data:
        counts[list(counts)[int(label["_label_"])]][int(observed["event"])] += 1
    return counts


def show(title, counts):
    """Print sums of events and how often the most frequent and the rarest one came."""
    each = {name: count.values() for name, count in counts.items()}
    print(title + ": " + ", ".join(f"{sum(n)} {name} ({min(n)} to {max(n)} times each)" for name, n in each.items()))


for signal, background in ((1000, 1000), (100, 1000), (60, 1000), (10, 1000), (1, 1000)):
    show(f"{signal} and {background} events in the files", seen({"signal": signal, "background": background}))
show("10 and 1000, all at once (fetch_step=1)", seen({"signal": 10, "background": 1000}, fetch_step=1))
show("10 and 1000, file by file", seen({"signal": 10, "background": 1000}, fetch_by_files=True, fetch_step=1))
END
cat seen
diff expected seen || { echo "weaver-small-files-count-more-than-once: the behaviour has changed" >&2; exit 1; }
