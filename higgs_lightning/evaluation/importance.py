"""Which features and objects a model leans on: a section of a report.

All of it is of one look at an event, which takes a third of the time of the mean over its mirror images.
"""

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


def section(scored: ScoredEvents, events: int, repeats: int, seed: int) -> Section:
    """How much of the ROC-AUC is lost without a feature or an object, in two ways.

    Args:
        scored: test events.
        events: how many of them are looked at, at most.
        repeats: so many permutations of each group of features.
        seed: by which they are drawn.
    """
    scored = scored.drawn(events, seed)
    num_events, title = len(scored.labels), "Importance"
    if not has_both_classes(scored.labels, scored.weights):
        reason = f"the {num_events:,} events are of one class only: give more importance.events"
        return Section(title, [f"Not measured: {reason}."], metrics={"test/importance": Unknown(reason)})
    losses = permutation_losses(scored, repeats)
    found = dict(scored.track(losses, len(GROUPS), "importance of features"))
    hidden = aucs_with_hidden_objects(scored)
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
            f"Of {num_events:,} test events, from one look at each instead of the mean over its mirror "
            "images. Permutation importance: the ROC-AUC that is lost when a feature is taken from another "
            "event, drawn anew for each event; of an object or a quantity, all its features from the same "
            f"other event. Mean of {repeats} permutations, with their least and most.",
            "Hidden: the ROC-AUC when the model is told that an object, or a pair of them, is missing, by "
            "its own mask. What can be had from the other objects is not lost here, which it is by a "
            "permutation.",
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
    scored: ScoredEvents, repeats: int, groups: Sequence[Group] = GROUPS
) -> Iterator[tuple[str, np.ndarray]]:
    """The ROC-AUC that is lost, (R,) by R permutations, for each group of features in turn.

    L. Breiman, Machine Learning 45 (2001) 5. The permutations are the same for each group.

    Args:
        scored: events of both classes.
        repeats: R.
        groups: of features that are permuted together.
    """
    features = scored.features
    whole = _auc(scored, features).auc
    orders = [np.random.default_rng([1, number]).permutation(len(features)) for number in range(repeats)]
    for group in groups:
        losses = []
        for order in orders:
            permuted = features.copy()
            permuted[:, group.features] = features[order][:, group.features]
            losses.append(whole - _auc(scored, permuted).auc)
        yield group.name, np.array(losses)


def aucs_with_hidden_objects(scored: ScoredEvents) -> Iterator[tuple[tuple[str, ...], AucInterval]]:
    """The ROC-AUC with nothing, each object and each pair of them hidden, in turn, by their names."""
    for hidden in _HIDDEN:
        yield tuple(schema.OBJECTS[i] for i in hidden), _auc(scored, scored.features, hidden)


def _auc(scored: ScoredEvents, features: np.ndarray, hidden: Sequence[int] = ()) -> AucInterval:
    """Of the events with these features (N, 21) and objects hidden; a mask, be it of none, is one look."""
    mask = np.isin(np.arange(schema.NUM_OBJECTS), hidden)
    return roc_auc_interval(scored.labels, scored.score(features, mask), scored.weights)
