"""Simulation in chunks of a fixed size, each with its own seed, that any number of processes can share."""

import os
from multiprocessing import parent_process
from threading import Thread
from typing import Any, NamedTuple

import numpy as np

from higgs_lightning.errors import UserError
from higgs_lightning.simulation.detector import Detector, Event, turned
from higgs_lightning.simulation.generator import BACKGROUND, SIGNAL, collisions
from higgs_lightning.simulation.rows import higgs_rows

_CHUNK_EVENTS = 500
_PYTHIA_SEEDS = 900_000_000
_MOST_IN_VAIN = 20_000  # collisions, a minute of them: with usual masses one in four or five is accepted


class Chunk(NamedTuple):
    """The ``number``-th chunk of a class, which holds ``events`` events."""

    label: int
    number: int
    events: int


def divide(events: int, measurements: int) -> list[Chunk]:
    """Divide ``events`` among chunks of signal and of background, in turn.

    A chunk has as many more events as each collision gives more, to be worth the start of its Pythia.
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
    chunk: Chunk, seed: int, measurements: int, lepton_pt: float, jet_pt: float, **collision: Any
) -> np.ndarray:
    """(chunk.events, 29) HIGGS rows of one chunk.

    Args:
        seed: of the whole file.
        measurements: how often each collision is measured, from the second time on turned about the beam.
        lepton_pt: the lepton's least transverse momentum, GeV.
        jet_pt: a jet's least transverse momentum, GeV.
        collision: the remaining arguments of :func:`higgs_lightning.simulation.generator.collisions`.

    Raises:
        UserError: there are no such collisions, or the detector accepts none of very many.
    """
    for_pythia, for_detector = np.random.SeedSequence((seed, chunk.label, chunk.number)).spawn(2)
    pythia_seed = 1 + int(for_pythia.generate_state(1)[0]) % _PYTHIA_SEEDS
    generator = np.random.default_rng(for_detector)
    measure = Detector(lepton_pt, jet_pt, generator)
    events: list[Event] = []
    in_vain = 0  # collisions since the last event
    for particles in collisions(chunk.label, pythia_seed, lepton_pt=lepton_pt, jet_pt=jet_pt, **collision):
        in_vain += 1
        if in_vain > _MOST_IN_VAIN:
            raise UserError(
                f"none of {_MOST_IN_VAIN:,} collisions in a row leaves what HIGGS' cuts accept: give other "
                "masses or energy, or lower lepton_pt and jet_pt"
            )
        for measurement in range(measurements):
            if measurement:
                particles = turned(particles, generator.uniform(-np.pi, np.pi))
            event = measure(particles)
            if event is not None:
                events.append(event)
                in_vain = 0
        if len(events) >= chunk.events:
            break

    leptons, missing_energies, jets = zip(*events[: chunk.events], strict=True)
    padded = np.zeros((chunk.events, max(map(len, jets)), 4))
    for row, found in zip(padded, jets, strict=True):
        row[: len(found)] = found
    return higgs_rows(chunk.label, np.stack(leptons), np.stack(missing_energies), padded)
