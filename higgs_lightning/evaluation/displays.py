"""Single events as a physicist would show them: a section of a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np
import torch

from higgs_lightning import schema
from higgs_lightning.evaluation import plots
from higgs_lightning.evaluation.page import Section, Table, Unknown, Value
from higgs_lightning.evaluation.scored import ScoredEvents
from higgs_lightning.masking import hide_objects
from higgs_lightning.simulation.rows import TOP_MASS, W_MASS, four_momenta, mass

#: GeV; of the light Higgs boson, as HIGGS has it, see docs/higgs.md.
HIGGS_MASS = 120.0
_NUM_PAIRS = 3  # with the strongest attention
_HIDDEN = 1 / 3  # of the objects, for the decoder


@dataclass(frozen=True)
class Display:
    """One event, in GeV and radians, NaN where an object was not measured.

    Attributes:
        row: among the test events, counted from 1.
        why: it is shown.
        is_signal: by its label.
        score: probability of signal.
        objects: (6, 4) pT, eta, phi, b-tag level of each object of :data:`schema.OBJECTS`.
        pairs: of objects with the strongest attention, and how strong, the strongest first; none of a model
            without.
        hidden: (6,) bool, the objects hidden for the decoder.
        decoded: (6, 4) what the decoder made of the event; None of a model without.
        masses: nearest to that of W, top and h, with the jets that they are of, by the particle's name.
    """

    row: int
    why: str
    is_signal: bool
    score: float
    objects: np.ndarray
    pairs: Sequence[tuple[int, int, float]]
    hidden: np.ndarray
    decoded: np.ndarray | None
    masses: dict[str, tuple[float, tuple[int, ...]] | None]


def section(scored: ScoredEvents, events: int) -> Section:
    """Displays of a few events.

    Args:
        scored: to choose from.
        events: how many.
    """
    found = displays(scored, events)
    particles = ("W", "top", "h")
    rows: list[list[Value]] = []
    metrics: dict[str, Value] = {}
    for each in found:
        cells: list[Value] = []
        for particle in particles:
            nearest = each.masses[particle]
            cells.append(Unknown("jets are missing") if nearest is None else nearest[0])
        kind = "signal" if each.is_signal else "background"
        rows.append([each.row, each.why, kind, each.score, *cells])
        metrics[f"test/event_{each.row}_score"] = each.score
        metrics |= {
            f"test/event_{each.row}_mass_nearest_{particle}": cell
            for particle, cell in zip(particles, cells, strict=True)
        }
    head = ["event", "shown because", "label", "score", *(f"nearest to {name} [GeV]" for name in particles)]
    return Section(
        "Events",
        [
            "On the left across the beam: arrows are as long as transverse momenta. On the right "
            "pseudorapidity and azimuth; circles are jets of radius 0.7, the missing energy is a line. "
            "Letters are b-tags: b loose, B tight. Grey lines join the pairs with the strongest attention, "
            "the mean over layers and heads in both directions. Crosses are what the decoder makes of "
            "objects that are hidden from it, two in each event.",
            "Masses are of two jets (W, h) or three (top), whichever are nearest to "
            f"{W_MASS:g}, {HIGGS_MASS:g} and {TOP_MASS:g} GeV.",
        ],
        tables={"events": Table(head, rows)},
        files={"event_objects": _objects(found)},
        figures={f"event_{each.row}": plots.event(each, scored.about) for each in found},
        metrics=metrics,
    )


def _objects(found: Sequence[Display]) -> Table:
    """Every object of the events: as measured, hidden or not, and as the decoder has it."""
    rows: list[list[Value]] = []
    for each in found:
        for i, name in enumerate(schema.OBJECTS):
            measured = _cells(each.objects[i])
            decoded = 4 * [Unknown("")] if each.decoded is None else _cells(each.decoded[i])
            rows.append([each.row, name, *measured, "yes" if each.hidden[i] else "no", *decoded])
    names = ["pT [GeV]", "eta", "phi", "b-tag level"]
    return Table(["event", "object", *names, "hidden", *(f"decoded {name}" for name in names)], rows)


def _cells(numbers: np.ndarray) -> list[Value]:
    return [float(number) if np.isfinite(number) else Unknown("") for number in numbers]


def choose(labels: np.ndarray, probabilities: np.ndarray, events: int) -> dict[int, str]:
    """Which events to show, and why: as many as can be of each kind, no event twice.

    Args:
        labels: (N,) 1 for signal.
        probabilities: (N,) of signal.
        events: how many at most.

    Examples:
        >>> choose(np.array([0, 0, 1, 1]), np.array([0.1, 0.9, 0.2, 0.8]), 2)
        {3: 'surest signal', 0: 'surest background'}
    """
    rising = np.argsort(probabilities, kind="stable")
    is_signal = labels[rising] > 0.5
    kinds = {
        "surest signal": rising[is_signal][::-1],
        "surest background": rising[~is_signal],
        "background most like signal": rising[~is_signal][::-1],
        "signal most like background": rising[is_signal],
        "at random": np.random.default_rng(1).permutation(len(labels)),
    }
    queues = {why: iter(order.tolist()) for why, order in kinds.items()}
    chosen: dict[int, str] = {}
    while len(chosen) < min(events, len(labels)):
        for why, queue in queues.items():
            row = next((row for row in queue if row not in chosen), None)
            if row is not None and len(chosen) < events:
                chosen[row] = why
    return {row: why for kind in kinds for row, why in chosen.items() if why == kind}


@torch.inference_mode()
def displays(scored: ScoredEvents, events: int) -> list[Display]:
    """The chosen events with all that is shown of them."""
    chosen = choose(scored.labels, scored.probabilities, events)
    rows = list(chosen)
    device = next(scored.model.parameters()).device
    features = torch.from_numpy(np.ascontiguousarray(scored.features[rows])).to(device)
    hidden = hide_objects(len(rows), _HIDDEN, torch.Generator().manual_seed(1)).to(device)
    decoded = None
    if scored.model.has_decoder:
        encoded = scored.model(features, hidden).encoded
        decoded = to_objects(scored.model.reconstruct(encoded, features, hidden).features.cpu().numpy())
    attention = getattr(scored.model, "attention", None)
    weights = None if attention is None else attention(features).cpu().numpy()
    objects = to_objects(features.cpu().numpy())
    return [
        Display(
            row=row + 1,
            why=chosen[row],
            is_signal=bool(scored.labels[row] > 0.5),
            score=float(scored.probabilities[row]),
            objects=objects[i],
            pairs=[] if weights is None else strongest_pairs(weights[i], objects[i]),
            hidden=hidden[i].cpu().numpy(),
            decoded=None if decoded is None else decoded[i],
            masses=nearest_masses(objects[i]),
        )
        for i, row in enumerate(rows)
    ]


def to_objects(features: np.ndarray) -> np.ndarray:
    """(N, 6, 4) pT, eta, phi in GeV and radians and b-tag level; NaN where an object has none."""
    objects = np.full((len(features), schema.NUM_OBJECTS, 4), np.nan)
    for i, feature in enumerate(schema.LOW_LEVEL):
        place = ("pt", "eta", "phi", "btag").index(feature.quantity)
        objects[:, schema.OBJECT_OF_FEATURE[i], place] = features[:, i] * feature.scale
    return objects


def strongest_pairs(weights: np.ndarray, objects: np.ndarray) -> list[tuple[int, int, float]]:
    """The pairs of measured objects that ask each other most, by attention (6, 6), the strongest first."""
    both = weights + weights.T
    measured = np.isfinite(objects[:, 0])
    pairs = [
        (i, j, float(both[i, j]) / 2)
        for i, j in combinations(range(schema.NUM_OBJECTS), 2)
        if measured[i] and measured[j]
    ]
    return list(islice(sorted(pairs, key=lambda pair: -pair[2]), _NUM_PAIRS))


def nearest_masses(objects: np.ndarray) -> dict[str, tuple[float, tuple[int, ...]] | None]:
    """The mass of jets nearest to each particle's, in GeV, and their numbers from 1; None where too few are.

    Args:
        objects: (6, 4) pT, eta, phi, b-tag level.
    """
    jets = objects[schema.FIRST_JET :, :3]
    measured = np.flatnonzero(np.isfinite(jets).all(axis=1))
    found: dict[str, tuple[float, tuple[int, ...]] | None] = {}
    for particle, size, true in (("W", 2, W_MASS), ("top", 3, TOP_MASS), ("h", 2, HIGGS_MASS)):
        of_jets = [
            (float(mass(four_momenta(jets[list(chosen)]).sum(axis=0))), tuple(int(i) + 1 for i in chosen))
            for chosen in combinations(measured, size)
        ]
        found[particle] = min(of_jets, key=lambda pair: abs(pair[0] - true), default=None)
    return found
