"""The sections that every report has: what it is about, and what the scores are worth."""

import platform
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any

import numpy as np
from hydra.core.hydra_config import HydraConfig
from matplotlib.figure import Figure

from higgs_lightning.evaluation.metrics import reconstruction_errors
from higgs_lightning.evaluation.page import Section, Table, Unknown, Value
from higgs_lightning.evaluation.scores import Evaluation

_INTERVAL = "low and high bound 95 % (DeLong)"


def opening(test: Evaluation, about: Mapping[str, str], data: Sequence[Mapping[str, Any]]) -> Section:
    """The numbers that matter, and of what they are.

    Args:
        test: of the test events.
        about: what more there is to say, such as the run, by what it is.
        data: the identity of the data, see :meth:`~higgs_lightning.data.HiggsDataModule.identity`.
    """
    signal = int(test.labels.sum())
    auc = test.auc
    highlights = {"test events": f"{test.num_events:,}", "of them signal": f"{signal / test.num_events:.1%}"}
    if not auc.is_unknown:
        highlights = {
            "ROC-AUC": f"{auc.auc:.4f}",
            "95 % interval": f"{auc.low:.4f} to {auc.high:.4f}",
            **highlights,
        }
    facts = [
        *about.items(),
        *(("file", f"{each['file']}: {each['rows']:,} events, CRC-32 {each['crc32']:08x}") for each in data),
        ("written", f"{datetime.now():%Y-%m-%d %H:%M}"),
        ("command", command_line()),
        ("made with", f"higgs_lightning {version('higgs_lightning')}, Python {platform.python_version()}"),
    ]
    return Section(highlights=highlights, tables={"about": Table(["", "this report"], facts)})


def command_line() -> str:
    """The command that runs, as it was typed; of a sweep, the job's own."""
    if not HydraConfig.initialized():
        return "a program in Python"
    hydra = HydraConfig.get()
    if hydra.job.name not in ("train", "evaluate"):  # another program of Hydra's
        return "a program in Python"
    return f"python -m higgs_lightning.{hydra.job.name} {shlex.join(hydra.overrides.task)}".strip()


def scores(evaluations: Mapping[str, Evaluation], figures: Mapping[str, Figure]) -> Section:
    """The scores of every split."""
    losses = list(dict.fromkeys(name for each in evaluations.values() for name in each.losses))
    names = [name.replace("_", " ") for name in losses]
    head = ["split", "events", "signal", "ROC-AUC", "low", "high", "accuracy", *names]
    rows: list[list[Value]] = []
    metrics: dict[str, Value] = {}
    for split, each in evaluations.items():
        unknown = Unknown("events of one class only")
        auc = [unknown if each.auc.is_unknown else value for value in each.auc]
        signal = int(each.labels.sum())
        of_losses = [each.losses[name] for name in losses]
        rows.append([split, each.num_events, signal, *auc, each.accuracy, *of_losses])
        metrics |= {
            f"{split}/events": each.num_events,
            f"{split}/signal_events": signal,
            **{f"{split}/{name}": loss for name, loss in each.losses.items()},
            f"{split}/accuracy": each.accuracy,
            **dict(zip((f"{split}/{name}" for name in ("auc", "auc_low", "auc_high")), auc, strict=True)),
        }
    text = [f"ROC-AUC with ties counting one half; {_INTERVAL}. Accuracy is at a probability of 1/2."]
    drawn = {name: figures[name] for name in ("roc", "scores") if name in figures}
    return Section("Scores", text, tables={"splits": Table(head, rows)}, figures=drawn, metrics=metrics)


def reconstruction(test: Evaluation, figures: Mapping[str, Figure]) -> list[Section]:
    """The error of each object that was hidden; nothing where the model has no decoder."""
    if not len(test.features):
        return []
    weights = None if test.weights is None else test.weights[test.reconstructed]
    errors = reconstruction_errors(test.features, test.reconstruction, test.counted, weights)
    shares: dict[str, Value] = {
        name: Unknown("never hidden, or the same in all events") if np.isnan(share) else share
        for name, share in errors.items()
    }
    section = Section(
        "Reconstruction of hidden objects",
        [
            "The error of each object's reconstruction as a share of what one constant for all events would "
            f"have: 0 is perfect, 1 no better. Of {len(test.features):,} test events, from all over them."
        ],
        tables={"reconstruction": Table(["object", "error"], [[*each] for each in shares.items()])},
        figures={name: figure for name, figure in figures.items() if name == "reconstruction"},
        metrics={
            f"test/reconstruction_error_{name.replace(' ', '_')}": share for name, share in shares.items()
        },
    )
    return [section]
