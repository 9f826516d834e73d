"""Simulation in chunks of a fixed size, each with its own seed, that any number of processes can share."""

import os
from functools import lru_cache
from multiprocessing import parent_process
from threading import Thread
from typing import Any, NamedTuple

import numpy as np

from higgs_lightning.errors import UserError
from higgs_lightning.simulation.detector import Detector, turned
from higgs_lightning.simulation.generator import BACKGROUND, SIGNAL, Collider
from higgs_lightning.simulation.rows import higgs_rows
from higgs_lightning.simulation.tuning import TUNED, Tuning

_CHUNK_EVENTS = 1000  # of which the last batch wastes half of its collisions, 15 events' worth
_BATCH = 128  # collisions, to be read and measured at once
_PYTHIA_SEEDS = 900_000_000
_MOST_IN_VAIN = 20_000  # collisions, a minute of them: with usual masses one in four or five is accepted


class Chunk(NamedTuple):
    """The ``number``-th chunk of a class, which holds ``events`` events."""

    label: int
    number: int
    events: int


def divide(events: int, measurements: int) -> list[Chunk]:
    """Divide ``events`` among chunks of signal and of background, in turn.

    A chunk has as many more events as each collision gives more, to take as long.
    """
    chunks = []
    size = measurements * _CHUNK_EVENTS
    for label, total in ((SIGNAL, events // 2), (BACKGROUND, events - events // 2)):
        for number, start in enumerate(range(0, total, size)):
            chunks.append(Chunk(label, number, min(size, total - start)))
    return sorted(chunks, key=lambda chunk: chunk.number)


def end_with_parent() -> None:
    """Let this process end with the one that started it, which may be killed and then can't say so."""
    parent = parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()


def simulate_chunk(
    chunk: Chunk,
    seed: int,
    measurements: int,
    lepton_pt: float,
    jet_pt: float,
    tuning: Tuning = TUNED,
    **collision: Any,
) -> np.ndarray:
    """(chunk.events, 29) HIGGS rows of one chunk.

    Args:
        seed: of the whole file.
        measurements: how often each collision is measured, from the second time on turned about the beam.
        lepton_pt: the lepton's least transverse momentum, GeV.
        jet_pt: a jet's least transverse momentum, GeV.
        tuning: of the whole file.
        collision: the remaining arguments of :class:`higgs_lightning.simulation.generator.Collider`.

    Raises:
        UserError: there are no such collisions, or the detector accepts none of very many.
    """
    for_pythia, for_detector = np.random.SeedSequence((seed, chunk.label, chunk.number)).spawn(2)
    generator = np.random.default_rng(for_detector)
    measure = Detector(lepton_pt, jet_pt, generator, tuning)
    masses = tuple(collision.pop("masses").items())
    collide = _collider(chunk.label, masses, lepton_pt=lepton_pt, jet_pt=jet_pt, tuning=tuning, **collision)
    collide.restart(1 + int(for_pythia.generate_state(1)[0]) % _PYTHIA_SEEDS)
    batches: list[np.ndarray] = []
    in_vain = 0  # collisions since the last event
    while sum(map(len, batches)) < chunk.events:
        particles = collide(_BATCH)
        number, rows = [], []
        for measurement in range(measurements):
            if measurement:
                particles = turned(particles, generator.uniform(-np.pi, np.pi, particles.collisions))
            events = measure(particles)
            number.append(events.collision)
            rows.append(higgs_rows(chunk.label, events.lepton, events.missing_energy, events.jets))
        order = np.argsort(np.concatenate(number), kind="stable")  # those of a collision together
        batches.append(np.concatenate(rows)[order])
        in_vain = 0 if len(order) else in_vain + _BATCH
        if in_vain >= _MOST_IN_VAIN:
            raise UserError(
                f"none of {_MOST_IN_VAIN:,} collisions in a row leaves what HIGGS' cuts accept: give other "
                "masses or energy, or lower lepton_pt and jet_pt"
            )
    return np.concatenate(batches)[: chunk.events]


@lru_cache(2)
def _collider(label: int, masses: tuple[tuple[str, float], ...], **collision: Any) -> Collider:
    """The class' collider of this process: it takes as long to start as 300 events."""
    return Collider(label, masses=dict(masses), **collision)
