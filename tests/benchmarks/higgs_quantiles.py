"""Make the table of HIGGS' own distributions that ``describe`` compares files with.

    python tests/benchmarks/higgs_quantiles.py --real FILE

FILE is in HIGGS format. A row of the table is a class and a feature: its 101 quantiles in HIGGS units, from
the least value to the largest in steps of 1 %; of a b-tag instead the share of jets up to each of its levels.
"""

import argparse
import io
from pathlib import Path

import numpy as np

from higgs_lightning import schema
from higgs_lightning.data.columns import Reading
from higgs_lightning.data.description import QUANTILES, SHARES
from higgs_lightning.data.formats import read_file
from higgs_lightning.data.sources import find_sources

HEADER = """\
# UCI HIGGS (D. Whiteson, UCI Machine Learning Repository, 2014, doi:10.24432/C5V312), licence CC BY 4.0.
# Quantiles of {rows} of its events, gathered from public subsets, none of the official test block.
# Each row: label, feature, its quantiles from 0 to 100 % in steps of 1 %, in HIGGS units; of a b-tag instead
# the share of jets up to each level. Made by tests/benchmarks/higgs_quantiles.py.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--real", type=Path, required=True)
    (source,) = find_sources(parser.parse_args().real, "--real")
    events = np.concatenate([block for block, _ in read_file(source, Reading(), needs_label=True)])
    text = io.StringIO()
    text.write(HEADER.format(rows=f"{len(events):,}"))
    for label in (0, 1):
        of_class = events[events[:, 0] == label, 1:].astype(float)
        for column, feature in enumerate(schema.LOW_LEVEL):
            values = of_class[:, column]
            if feature.quantity == "btag":
                levels = np.round(values * feature.scale)
                numbers = [(levels <= level).mean() for level in range(schema.NUM_BTAG_LEVELS)]
            else:
                numbers = list(np.quantile(values, SHARES))
            text.write(",".join([str(label), feature.name, *(f"{n:.5g}" for n in numbers)]) + "\n")
    QUANTILES.write_text(text.getvalue())


if __name__ == "__main__":
    main()
