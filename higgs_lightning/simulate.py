"""Simulate events in HIGGS format: ``python -m higgs_lightning.simulate events=60000 seed=1 output=FILE``."""

import gzip
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import hydra
import numpy as np
from omegaconf import DictConfig, OmegaConf
from rich.progress import track

from higgs_lightning.config import CONFIG_DIR
from higgs_lightning.errors import UserError, one_sentence


def simulate(events: int, seed: int, output: Path, workers: int | None = None, **physics: Any) -> None:
    """Write simulated events, half of them signal and in random order, as a gzip CSV file in HIGGS format.

    Args:
        events: how many.
        seed: 0 or more. The file depends on every argument but ``workers``, to the byte.
        output: the file, replaced once all events are there.
        workers: processes; None for one a core.
        physics: the remaining arguments of :func:`higgs_lightning.simulation.chunks.simulate_chunk`.

    Raises:
        UserError: an argument can't be used, or pythia8mc is not installed.
    """
    for name, value, least in (("events", events, 1), ("seed", seed, 0), ("workers", workers, 1)):
        if value is not None and (not isinstance(value, int) or value < least):
            raise UserError(f"{name}={value}: give a whole number, {least} or more")
    if not output.parent.is_dir():
        raise UserError(f"output={output}: there is no folder {output.parent}")
    try:  # an optional extra, which only this command needs
        from higgs_lightning.simulation.chunks import divide, simulate_chunk
    except ModuleNotFoundError:
        raise UserError("simulating needs Pythia 8: pip install 'higgs_lightning[simulate]'") from None

    chunks = divide(events)
    # spawned, not forked: Pythia must not inherit another process's state
    with ProcessPoolExecutor(workers or os.cpu_count(), get_context("spawn")) as pool:
        done = pool.map(partial(simulate_chunk, seed=seed, **physics), chunks)
        rows = np.concatenate(list(track(done, "Simulating", total=len(chunks))))
    np.random.default_rng(seed).shuffle(rows)
    write(rows, output)


def write(rows: np.ndarray, output: Path) -> None:
    """Write HIGGS rows (N, 29) with 5 significant digits, in bytes that depend on nothing else."""
    unfinished = output.with_name(output.name + ".part")
    with unfinished.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as compressed:
        np.savetxt(compressed, rows, fmt="%.5g", delimiter=",")
    unfinished.replace(output)


@hydra.main(version_base="1.3", config_path=CONFIG_DIR, config_name="simulate")
@one_sentence
def main(cfg: DictConfig) -> None:
    if OmegaConf.is_missing(cfg, "output"):
        raise UserError("say where the events go: output=FILE.csv.gz")
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    simulate(output=Path(config.pop("output")), **config)


if __name__ == "__main__":
    main()
