"""What real events say of all the numbers of the simulation that they tune, at once.

    python -m higgs_lightning.simulate -m seed=1,2,... spread=1 events=10000 output='varied/${seed}.parquet'
    python tests/benchmarks/tuning.py --varied varied --real FILE

The files are of this revision, by names that are their seeds; 50 of them or more. Compared are, for each
class, the shares of events between the real events' deciles of what leptons, missing energy and listed jets
say, and how often jets are tagged by place and momentum. Each share is taken for linear in the numbers; the
response to all of them is fitted to the files (as A. Buckley et al. do, Eur. Phys. J. C 65 (2010) 331), and
the numbers for which the shares come nearest to the real ones are printed, in units of the uncertainties that
``spread=1`` draws with, too. "Distance" is the mean square of what is between a share and the real one, in
standard deviations of the real one and 0.002.
"""

import argparse
from itertools import pairwise
from pathlib import Path

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
PRIOR = 3.0  # uncertainties that a number may go for a sum of squares of 1
WORST = 8


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
    jets = (events * SCALES)[:, 5 : len(schema.LOW_LEVEL)].reshape(-1, 4, 4)
    pt, level = jets[..., 0], jets[..., 3]
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--varied", type=Path, required=True, help="folder of files named by their seeds")
    parser.add_argument("--real", type=Path, required=True)
    arguments = parser.parse_args()
    files = sorted(arguments.varied.glob("*.parquet"))
    drawn = np.array([TUNED.varied(1, int(path.stem)) for path in files])
    steps = (drawn - TUNED) / UNCERTAINTY
    design = np.column_stack([np.ones(len(files)), steps])

    labels, real = read(arguments.real)
    varied = [read(path) for path in track(files, "Reading")]
    differences, responses, of_class, names = [], [], [], []
    for which, label in CLASSES.items():
        of_real = real[labels == label]
        deciles = {
            name: np.quantile(each, np.arange(1, 10) / 10) for name, each in quantities(of_real).items()
        }
        wanted, error, its_names = shares(of_real, deciles)
        found = np.stack([shares(events[which_one == label], deciles)[0] for which_one, events in varied])
        now, *slopes = np.linalg.lstsq(design, found, rcond=None)[0]
        error = np.hypot(error, LEAST_ERROR)
        differences.append((wanted - now) / error)
        responses.append((np.stack(slopes) / error).T)
        of_class += [which] * len(wanted)
        names += its_names
    difference, response = np.concatenate(differences), np.concatenate(responses)
    scale = np.sqrt(len(difference))  # the mean square counts, as shares of a quantity are not independent
    best = np.linalg.lstsq(
        np.concatenate([response / scale, np.eye(len(TUNED)) / PRIOR]),
        np.concatenate([difference / scale, np.zeros(len(TUNED))]),
        rcond=None,
    )[0]

    table = Table("number", "tuned", "best", "in uncertainties")
    for name, tuned, uncertainty, step in zip(TUNED._fields, TUNED, UNCERTAINTY, best, strict=True):
        table.add_row(name, f"{tuned:g}", f"{tuned + step * uncertainty:.4g}", f"{step:+.2f}")
    console = Console()
    console.print(table)
    table = Table("distance", "as tuned", "at the best", "farthest there")
    left = difference - response @ best
    for which in CLASSES:
        its_own = np.array(of_class) == which
        by_name = {
            name: np.mean(left[its_own & (np.array(names) == name)] ** 2)
            for name, of in zip(names, of_class, strict=True)
            if of == which
        }
        worst = sorted(by_name.items(), key=lambda pair: -pair[1])[:WORST]
        table.add_row(
            *(which, f"{np.mean(difference[its_own] ** 2):.2f}", f"{np.mean(left[its_own] ** 2):.2f}"),
            ", ".join(f"{name} {value:.1f}" for name, value in worst),
        )
    console.print(table)


if __name__ == "__main__":
    main()
