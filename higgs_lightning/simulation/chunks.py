"""Simulation in chunks of a fixed size, each with its own seed, that any number of processes can share."""

from typing import NamedTuple

import numpy as np

from higgs_lightning.simulation.detector import MAX_JETS, Detector, Event
from higgs_lightning.simulation.generator import BACKGROUND, SIGNAL, collisions
from higgs_lightning.simulation.reconstruction import higgs_rows

_CHUNK_EVENTS = 500
_PYTHIA_SEEDS = 900_000_000


class Chunk(NamedTuple):
    label: int
    index: int
    events: int


def chunk_sizes(events: int) -> list[Chunk]:
    """Divide ``events`` among chunks of signal and background, alternating."""
    chunks = []
    for label, total in ((SIGNAL, events // 2), (BACKGROUND, events - events // 2)):
        chunks += [
            Chunk(label, index, min(_CHUNK_EVENTS, total - start))
            for index, start in enumerate(range(0, total, _CHUNK_EVENTS))
        ]
    return sorted(chunks, key=lambda chunk: chunk.index)


def simulate_chunk(chunk: Chunk, seed: int, collision: dict, detector: dict) -> np.ndarray:
    """(chunk.events, 29) HIGGS rows."""
    for_pythia, for_detector = np.random.SeedSequence((seed, chunk.label, chunk.index)).spawn(2)
    pythia_seed = 1 + int(for_pythia.generate_state(1)[0]) % _PYTHIA_SEEDS
    measure = Detector(**detector, generator=np.random.default_rng(for_detector))
    events: list[Event] = []
    for particles in collisions(chunk.label, pythia_seed, **collision):
        event = measure(particles)
        if event is not None:
            events.append(event)
        if len(events) == chunk.events:
            break
    jets = np.zeros((len(events), MAX_JETS, 4))
    for i, event in enumerate(events):
        jets[i, : len(event.jets)] = event.jets
    return higgs_rows(
        chunk.label,
        np.stack([event.lepton for event in events]),
        np.stack([event.missing_energy for event in events]),
        jets,
    )
