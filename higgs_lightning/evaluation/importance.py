"""Which features and objects a model leans on: a section of a report."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from higgs_lightning import schema
from higgs_lightning.evaluation import plots
from higgs_lightning.evaluation.metrics import AucInterval, roc_auc_interval
from higgs_lightning.evaluation.page import Section, Table, Unknown, Value
from higgs_lightning.evaluation.scored import ScoredEvents
from higgs_lightning.evaluation.scores import has_both_classes

_HIDDEN = [each for size in (0, 1, 2) for each in combinations(range(schema.NUM_OBJECTS), size)]
_QUANTITIES = {"pt": "all pT", "eta": "all eta", "phi": "all azimuths", "btag": "all b-tags"}


class Group(NamedTuple):
    """Features that are permuted together.

    Attributes:
        kind: ``feature``, ``object`` or ``quantity``.
        name: of the group.
        features: their positions.
    """

    kind: str
    name: str
    features: list[int]


#: Each feature, each object, and each quantity of all objects.
GROUPS = (
    *(Group("feature", feature.name, [i]) for i, feature in enumerate(schema.LOW_LEVEL)),
    *(
        Group("object", name, [i for i, feature in enumerate(schema.LOW_LEVEL) if feature.object == name])
        for name in schema.OBJECTS
    ),
    *(Group("quantity", name, schema.columns(quantity)) for quantity, name in _QUANTITIES.items()),
)


def section(scored: ScoredEvents, events: int, repeats: int) -> Section:
    """How much of the ROC-AUC is lost without a feature or an object, in two ways.

    Args:
        scored: events to take the first ones of.
        events: so many.
        repeats: so many permutations of each group of features.
    """
    features, labels = scored.features[:events], scored.labels[:events]
    weights = None if scored.weights is None else scored.weights[:events]
    title = "Importance"
    if not has_both_classes(labels, weights):
        reason = f"the first {len(labels):,} test events are of one class only: give more importance.events"
        return Section(title, [f"Not measured: {reason}."], metrics={"test/importance": Unknown(reason)})
    losses = permutation_losses(scored, features, labels, repeats, weights=weights)
    found = dict(scored.track(losses, len(GROUPS), "importance of features"))
    hidden = aucs_with_hidden_objects(scored, features, labels, weights)
    without = dict(scored.track(hidden, len(_HIDDEN), "importance of objects"))
    rows: list[list[Value]] = []
    metrics: dict[str, Value] = {}
    for group in GROUPS:
        of_group = found[group.name]
        numbers = [float(of_group.mean()), float(of_group.min()), float(of_group.max())]
        rows.append([group.kind, group.name, *numbers])
        key = f"test/importance_{group.name.replace(' ', '_')}"
        metrics |= dict(zip((key, f"{key}_low", f"{key}_high"), numbers, strict=True))
    hidden_rows: list[list[Value]] = []
    for names, auc in without.items():
        hidden_rows.append([" and ".join(names) or "nothing", *auc, without[()].auc - auc.auc])
        metrics[f"test/auc_without_{'_and_'.join(names).replace(' ', '_') or 'nothing'}"] = auc.auc
    return Section(
        title,
        [
            f"Of the first {len(labels):,} test events. Permutation importance: the ROC-AUC that is lost "
            "when a feature is taken from another event, drawn anew for each event; of an object or a "
            f"quantity, all its features from the same other event. Mean of {repeats} permutations, with "
            "their least and most.",
            "Hidden: the ROC-AUC when the model is told that an object, or a pair of them, is missing, by "
            "its own mask; that is from one look at an event, so that nothing hidden is a line of its own. "
            "What can be had from the other objects is not lost here, which it is by a permutation.",
        ],
        tables={
            "importance": Table(["kind", "permuted", "lost ROC-AUC", "least", "most"], rows),
            "hidden_objects": Table(["hidden", "ROC-AUC", "low", "high", "lost"], hidden_rows),
        },
        figures={
            "importance": plots.importance(
                {(group.kind, group.name): found[group.name] for group in GROUPS},
                {names: auc.auc for names, auc in without.items()},
                scored.about,
            )
        },
        metrics=metrics,
    )


def permutation_losses(
    scored: ScoredEvents,
    features: np.ndarray,
    labels: np.ndarray,
    repeats: int,
    groups: Sequence[Group] = GROUPS,
    weights: np.ndarray | None = None,
) -> Iterator[tuple[str, np.ndarray]]:
    """The ROC-AUC that is lost, (R,) by R permutations, for each group of features in turn.

    L. Breiman, Machine Learning 45 (2001) 5. The permutations are the same for each group.

    Args:
        scored: the model.
        features: (N, 21) in HIGGS units.
        labels: (N,) of both classes.
        repeats: R.
        groups: of features that are permuted together.
        weights: (N,) of the events; None where all count alike.
    """
    whole = roc_auc_interval(labels, scored.score(features), weights).auc
    orders = [np.random.default_rng([1, number]).permutation(len(features)) for number in range(repeats)]
    for group in groups:
        losses = []
        for order in orders:
            permuted = features.copy()
            permuted[:, group.features] = features[order][:, group.features]
            losses.append(whole - roc_auc_interval(labels, scored.score(permuted), weights).auc)
        yield group.name, np.array(losses)


def aucs_with_hidden_objects(
    scored: ScoredEvents, features: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> Iterator[tuple[tuple[str, ...], AucInterval]]:
    """The ROC-AUC with nothing, each object and each pair of them hidden, in turn, by their names."""
    for hidden in _HIDDEN:
        mask = np.isin(np.arange(schema.NUM_OBJECTS), hidden)
        auc = roc_auc_interval(labels, scored.score(features, mask), weights)
        yield tuple(schema.OBJECTS[i] for i in hidden), auc
