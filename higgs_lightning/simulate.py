"""Simulate events in HIGGS format: ``python -m higgs_lightning.simulate events=60000 seed=1 output=FILE``."""

import gzip
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf
from rich.progress import track

from higgs_lightning.command import command
from higgs_lightning.errors import UserError


def simulate(
    events: int,
    seed: int,
    measurements: int,
    output: Path,
    workers: int | None,
    energy: float,
    masses: dict[str, float],
    hadronisation: bool,
    multiparton_interactions: bool,
    lepton_pt: float,
    jet_pt: float,
) -> None:
    """Write simulated events, half of them signal and in random order, as a gzip CSV file in HIGGS format.

    The file depends on every argument but ``workers``, to the byte.

    Args:
        events: how many.
        seed: 0 or more.
        measurements: how often to measure each collision. More are faster; but events of one collision share
            its physics, so a model must not be tested on the file that it was trained on, split or not.
        output: the file, replaced once all events are there.
        workers: processes; None for one a core.
        energy: of the two colliding protons, GeV.
        masses: of the ``heavy_higgs``, the ``charged_higgs`` and the ``light_higgs``, GeV.
        hadronisation: go on from partons to hadrons and their decays.
        multiparton_interactions: let further partons of the two protons interact.
        lepton_pt: the lepton's least transverse momentum, GeV.
        jet_pt: a jet's least transverse momentum, GeV.

    Raises:
        UserError: an argument can't be used, or pythia8mc is not installed.
    """
    for name, count, least in (
        ("events", events, 1),
        ("seed", seed, 0),
        ("measurements", measurements, 1),
        ("workers", workers or 1, 1),
    ):
        if not isinstance(count, int) or count < least:
            raise UserError(f"{name}={count}: give a whole number, {least} or more")
    for name, value in {"energy": energy, **masses, "lepton_pt": lepton_pt, "jet_pt": jet_pt}.items():
        if not isinstance(value, int | float) or value <= 0:
            raise UserError(f"{name}={value}: give a number of GeV above 0")
    for name, flag in (
        ("hadronisation", hadronisation),
        ("multiparton_interactions", multiparton_interactions),
    ):
        if not isinstance(flag, bool):
            raise UserError(f"{name}={flag}: give true or false")
    if output.is_dir() or not output.parent.is_dir():
        raise UserError(f"output={output}: give the name of a file in a folder that exists")
    try:  # an optional extra, which only this command needs
        from higgs_lightning.simulation.chunks import divide, end_with_parent, simulate_chunk
    except ModuleNotFoundError:
        raise UserError("simulating needs Pythia 8: pip install 'higgs_lightning[simulate]'") from None

    chunks = divide(events, measurements)
    simulate_one = partial(
        simulate_chunk,
        seed=seed,
        measurements=measurements,
        lepton_pt=lepton_pt,
        jet_pt=jet_pt,
        energy=energy,
        masses=masses,
        hadronisation=hadronisation,
        multiparton_interactions=multiparton_interactions,
    )
    # spawned, not forked: Pythia must not inherit another process's state
    with ProcessPoolExecutor(workers or os.cpu_count(), get_context("spawn"), end_with_parent) as pool:
        done = pool.map(simulate_one, chunks)
        rows = np.concatenate(list(track(done, "Simulating", total=len(chunks))))
    np.random.default_rng(seed).shuffle(rows)
    write(rows, output)


def write(rows: np.ndarray, output: Path) -> None:
    """Write HIGGS rows (N, 29) with 5 significant digits, in bytes that depend on nothing else."""
    unfinished = output.with_name(output.name + ".part")
    with unfinished.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as compressed:
        np.savetxt(compressed, rows, fmt="%.5g", delimiter=",")
    unfinished.replace(output)


@command("simulate")
def main(cfg: DictConfig) -> None:
    if OmegaConf.is_missing(cfg, "output"):
        raise UserError("say where the events go: output=FILE.csv.gz")
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    simulate(output=Path(config.pop("output")), **config)


if __name__ == "__main__":
    main()
