"""Simulation in chunks of a fixed size, each with its own seed, that any number of processes can share."""

from typing import Any, NamedTuple

import numpy as np

from higgs_lightning.simulation.detector import Detector, Event
from higgs_lightning.simulation.generator import BACKGROUND, SIGNAL, collisions
from higgs_lightning.simulation.reconstruction import higgs_rows

_CHUNK_EVENTS = 500
_PYTHIA_SEEDS = 900_000_000


class Chunk(NamedTuple):
    """The ``number``-th chunk of a class, which holds ``events`` events."""

    label: int
    number: int
    events: int


def divide(events: int) -> list[Chunk]:
    """Divide ``events`` among chunks of signal and of background, in turn."""
    chunks = []
    for label, total in ((SIGNAL, events // 2), (BACKGROUND, events - events // 2)):
        for number, start in enumerate(range(0, total, _CHUNK_EVENTS)):
            chunks.append(Chunk(label, number, min(_CHUNK_EVENTS, total - start)))
    return sorted(chunks, key=lambda chunk: chunk.number)


def simulate_chunk(chunk: Chunk, seed: int, lepton_pt: float, jet_pt: float, **collision: Any) -> np.ndarray:
    """(chunk.events, 29) HIGGS rows of one chunk.

    Args:
        seed: of the whole file.
        lepton_pt: the lepton's least transverse momentum, GeV.
        jet_pt: a jet's least transverse momentum, GeV.
        collision: the remaining arguments of :func:`higgs_lightning.simulation.generator.collisions`.
    """
    for_pythia, for_detector = np.random.SeedSequence((seed, chunk.label, chunk.number)).spawn(2)
    pythia_seed = 1 + int(for_pythia.generate_state(1)[0]) % _PYTHIA_SEEDS
    measure = Detector(lepton_pt, jet_pt, np.random.default_rng(for_detector))
    events: list[Event] = []
    for particles in collisions(chunk.label, pythia_seed, lepton_pt=lepton_pt, jet_pt=jet_pt, **collision):
        event = measure(particles)
        if event is not None:
            events.append(event)
        if len(events) == chunk.events:
            break

    leptons, missing_energies, jets = zip(*events, strict=True)
    padded = np.zeros((len(events), max(map(len, jets)), 4))
    for row, found in zip(padded, jets, strict=True):
        row[: len(found)] = found
    return higgs_rows(chunk.label, np.stack(leptons), np.stack(missing_energies), padded)
