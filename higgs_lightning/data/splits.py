"""Which rows of a file train, validate and test: named and deterministic.

A split is row numbers into the cache, sorted as in the file; events are never copied.
"""

from typing import NamedTuple

import numpy as np

from higgs_lightning.errors import UserError

#: What each named split cuts off the end: rows needed, rows of the file used, validation rows, test rows.
GSOC_ROWS, GSOC_TEST_ROWS = 1_100_000, 100_000
PAPER_VAL_ROWS, PAPER_TEST_ROWS = 500_000, 500_000


class Split(NamedTuple):
    """Row numbers, each a sorted int64 array."""

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray


def split_rows(name: str, num_rows: int, val_fraction: float, test_fraction: float, seed: int) -> Split:
    """Divide the rows of a file.

    Args:
        name: ``gsoc``, the task of the original notebook: the first 1.1M rows, the last 100k of them test,
            validation drawn from the rest; ``paper``, as Baldi et al. 2014 tested: the last 500k rows test,
            the 500k before them validation, the rest train; ``random``: test and validation both drawn.
        num_rows: rows of the file.
        val_fraction: share of the rows before the test rows to draw for validation (``gsoc``), or of all
            rows (``random``).
        test_fraction: share of all rows to draw for test (``random``).
        seed: of the draws.

    Raises:
        UserError: the name is unknown, the file too short for it, or a fraction leaves no training rows.
    """
    generator = np.random.default_rng(seed)
    if name == "paper":
        _require_rows(name, num_rows, PAPER_VAL_ROWS + PAPER_TEST_ROWS + 1)
        train, val, test = np.split(
            np.arange(num_rows), [num_rows - PAPER_VAL_ROWS - PAPER_TEST_ROWS, num_rows - PAPER_TEST_ROWS]
        )
    elif name == "gsoc":
        _require_rows(name, num_rows, GSOC_ROWS)
        before_test, test = np.split(np.arange(GSOC_ROWS), [GSOC_ROWS - GSOC_TEST_ROWS])
        train, val = _draw(before_test, round(val_fraction * len(before_test)), generator)
    elif name == "random":
        rest, test = _draw(np.arange(num_rows), round(test_fraction * num_rows), generator)
        train, val = _draw(rest, round(val_fraction * num_rows), generator)
    else:
        raise UserError(f"data.split={name} is unknown: choose gsoc, paper or random")
    return Split(train, val, test)


def draw_balanced(rows: np.ndarray, labels: np.ndarray, num_events: int, seed: int) -> np.ndarray:
    """Draw ``num_events`` of ``rows``, half of them signal, without replacement; sorted as in the file.

    Args:
        rows: (N,) row numbers.
        labels: (N,) 1 for signal, 0 for background.

    Raises:
        UserError: a class has too few rows.
    """
    generator = np.random.default_rng(seed)
    drawn = []
    for label, name, wanted in (
        (1, "signal", num_events // 2),
        (0, "background", num_events - num_events // 2),
    ):
        of_class = rows[labels == label]
        if len(of_class) < wanted:
            mend = (
                f"ask for at most {2 * len(of_class):,}" if len(of_class) else "give a file that holds both"
            )
            raise UserError(
                f"data.train_events={num_events} needs {wanted:,} {name} events to train on and there are "
                f"{len(of_class):,}: {mend}"
            )
        drawn.append(generator.choice(of_class, wanted, replace=False))
    return np.sort(np.concatenate(drawn))


def _draw(rows: np.ndarray, num_drawn: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Split rows into those that stay and ``num_drawn`` at random, both sorted."""
    if num_drawn >= len(rows) > 0:
        raise UserError(
            f"data.val_fraction and data.test_fraction leave no training rows of {len(rows):,}: lower them"
        )
    drawn = np.zeros(len(rows), dtype=bool)
    drawn[generator.choice(len(rows), num_drawn, replace=False)] = True
    return rows[~drawn], rows[drawn]


def _require_rows(name: str, num_rows: int, needed: int) -> None:
    if num_rows < needed:
        raise UserError(
            f"data.split={name} needs {needed:,} rows and the file has {num_rows:,}: use data.split=random"
        )
