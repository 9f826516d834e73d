"""What real events say of all the numbers of the simulation that they tune, at once.

    mkdir varied
    python -m higgs_lightning.simulate -m seed=1,2,... spread=1 events=10000 output='varied/${seed}.parquet'
    python tests/benchmarks/tuning.py --varied varied --real FILE

The files are of this revision and of ``spread=1``, by names that are their seeds; 50 of them or more. FILE
has real events in HIGGS format. Compared are, for each class, the shares of events between the real events'
deciles of what leptons, missing energy and listed jets say, and how often jets are tagged by place and
momentum. Each share is taken for linear in the numbers; the response to all of them is fitted to the files
(as A. Buckley et al. do, Eur. Phys. J. C 65 (2010) 331). Printed are the numbers for which the shares come
nearest to the real ones, with a weak pull to the tuned ones, and how far that is in the uncertainties that
``spread=1`` draws with. Its error is by the jackknife and says how far it depends on the files; that of the
real events, and what the simulation gets wrong whatever its numbers are, come on top. "Distance" is the mean
square of what is between a share and the real one, in standard deviations of the real one and 0.002. The
files' own errors add to it, the more the fewer they are.
"""

import argparse
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from simulated_against_real import CLASSES, listed, read

from higgs_lightning import schema
from higgs_lightning.simulation.rows import SCALES
from higgs_lightning.simulation.tuning import TUNED, UNCERTAINTY

TAG_BINS = (15, 25, 35, 50, 70, 100, 150, np.inf)  # GeV
LEAST_ERROR = 0.002
PRIOR = 3.0  # uncertainties; so far from its tuned value, a number costs as much as a mean square of 1
LEAST_FILES = 2 * (len(TUNED) + 1)  # twice as many as there are numbers to fit
WORST = 8


class Compared(NamedTuple):
    """What is compared of a class: S shares of real events and of F files.

    Attributes:
        wanted: (S,) of real events.
        error: (S,) of them.
        found: (F, S) of the files.
        names: (S,) what they are shares of.
    """

    wanted: np.ndarray
    error: np.ndarray
    found: np.ndarray
    names: np.ndarray


def quantities(events: np.ndarray) -> dict[str, np.ndarray]:
    """What is compared by deciles, of events (N, 28)."""
    rows = (events * SCALES)[:, : len(schema.LOW_LEVEL)]
    jets = rows[:, 5:].reshape(-1, 4, 4)
    return {
        **listed(events),
        **{f"pT of jet {place + 1}": jets[:, place, 0] for place in range(4)},
        "largest |eta| of a jet": np.abs(jets[..., 1]).max(axis=1),
        "pT of the lepton": rows[:, 0],
        "|eta| of the lepton": np.abs(rows[:, 1]),
        "missing energy": rows[:, 3],
        "transverse mass": np.sqrt(2 * rows[:, 0] * rows[:, 3] * (1 - np.cos(rows[:, 2] - rows[:, 4]))),
    }


def shares(events: np.ndarray, deciles: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """(S,) shares of events (N, 28), or of their jets, their (S,) errors and (S,) what they are shares of."""
    found, errors, names = [], [], []
    for name, values in quantities(events).items():
        counts = np.histogram(values, np.concatenate([[-np.inf], deciles[name], [np.inf]]))[0]
        found += list(counts / len(values))
        names += [name] * len(counts)
        errors += [len(values)] * len(counts)
    pt = (events * SCALES)[:, schema.columns("pt")][:, -4:]
    level = events[:, schema.columns("btag")]  # as it was read: a level already
    for name, tagged in (
        *((f"tags of jet {place + 1}", level[:, place] > 0) for place in range(4)),
        ("tight ones of tags", level[level > 0] > 1.5),
        ("two tags listed", (level > 0).sum(axis=1) == 2),
        *(
            (f"tags above {least} GeV", level[(pt >= least) & (pt < most)] > 0)
            for least, most in pairwise(TAG_BINS)
        ),
    ):
        found.append(tagged.mean())
        names.append(name)
        errors.append(len(tagged))
    share = np.array(found)
    return share, np.sqrt(share * (1 - share) / np.array(errors)), names


def compare(real: np.ndarray, varied: Sequence[np.ndarray]) -> Compared:
    """Real events (N, 28) of a class, and those of each file."""
    deciles = {name: np.quantile(each, np.arange(1, 10) / 10) for name, each in quantities(real).items()}
    wanted, error, names = shares(real, deciles)
    found = np.stack([shares(events, deciles)[0] for events in varied])
    return Compared(wanted, np.hypot(error, LEAST_ERROR), found, np.array(names))


def fitted(
    steps: np.ndarray, compared: Sequence[Compared]
) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Of files that are (F, T) steps from the tuned numbers: what is best.

    Returns:
        For each class (S,) how far the shares are from the real ones, in errors, as tuned and at the best;
        and the (T,) best steps.
    """
    design = np.column_stack([np.ones(len(steps)), steps])
    differences, responses = [], []
    for each in compared:
        tuned, *slopes = np.linalg.lstsq(design, each.found, rcond=None)[0]
        differences.append((each.wanted - tuned) / each.error)
        responses.append((np.stack(slopes) / each.error).T)
    difference, response = np.concatenate(differences), np.concatenate(responses)
    scale = np.sqrt(len(difference))  # the mean square counts, as shares of a quantity are not independent
    best = np.linalg.lstsq(
        np.concatenate([response / scale, np.eye(len(TUNED)) / PRIOR]),
        np.concatenate([difference / scale, np.zeros(len(TUNED))]),
        rcond=None,
    )[0]
    left = [far - slopes @ best for far, slopes in zip(differences, responses, strict=True)]
    return differences, left, best


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--varied", type=Path, required=True, help="folder of files named by their seeds")
    parser.add_argument("--real", type=Path, required=True, help="real events in HIGGS format")
    arguments = parser.parse_args()
    files = sorted(arguments.varied.glob("*.parquet"))
    if len(files) < LEAST_FILES:
        parser.error(
            f"{arguments.varied} has {len(files)} .parquet files: give a folder of {LEAST_FILES} or more"
        )
    for path in files:
        if not path.stem.isdecimal():
            parser.error(f"{path}: its name is no seed, as that of 7.parquet is")
    if not arguments.real.is_file():
        parser.error(f"{arguments.real} is no file: give real events in HIGGS format")
    steps = (np.array([TUNED.varied(1, int(path.stem)) for path in files]) - TUNED) / UNCERTAINTY

    labels, real = read(arguments.real)
    varied = [read(path) for path in track(files, "Reading")]
    compared = [
        compare(real[labels == label], [events[of_event == label] for of_event, events in varied])
        for label in CLASSES.values()
    ]
    differences, left, best = fitted(steps, compared)
    others = []
    for number in range(len(files)):
        without = [each._replace(found=np.delete(each.found, number, axis=0)) for each in compared]
        others.append(fitted(np.delete(steps, number, axis=0), without)[2])
    errors = np.sqrt((len(files) - 1) * np.var(others, axis=0))

    table = Table("number", "tuned", "best", "in uncertainties")
    for name, tuned, uncertainty, step, error in zip(
        TUNED._fields, TUNED, UNCERTAINTY, best, errors, strict=True
    ):
        in_uncertainties = f"{step:+.2f} ± {error:.2f}"
        table.add_row(name, f"{tuned:g}", f"{tuned + step * uncertainty:.4g}", in_uncertainties)
    console = Console()
    console.print(table)
    table = Table("distance", "as tuned", "at the best", "farthest there")
    for which, each, before, after in zip(CLASSES, compared, differences, left, strict=True):
        by_name = {name: np.mean(after[each.names == name] ** 2) for name in dict.fromkeys(each.names)}
        worst = sorted(by_name.items(), key=lambda pair: -pair[1])[:WORST]
        table.add_row(
            *(which, f"{np.mean(before**2):.2f}", f"{np.mean(after**2):.2f}"),
            ", ".join(f"{name} {value:.1f}" for name, value in worst),
        )
    console.print(table)


if __name__ == "__main__":
    main()
