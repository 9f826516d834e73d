"""Simulate events in HIGGS format: ``python -m higgs_lightning.simulate events=60000 seed=1 output=FILE``."""

import gzip
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import hydra
import numpy as np
from omegaconf import DictConfig, OmegaConf
from rich.progress import track

from higgs_lightning.config import CONFIG_DIR
from higgs_lightning.errors import UserError, one_sentence
from higgs_lightning.simulation.chunks import chunk_sizes, simulate_chunk


def simulate(events: int, seed: int, output: Path, workers: int, **physics: Any) -> None:
    """Write ``events`` simulated events, half of them signal, shuffled, to ``output``.

    The file depends on every argument but ``workers``.

    Raises:
        UserError: an argument can't be used, or pythia8mc is not installed.
    """
    if find_spec("pythia8mc") is None:
        raise UserError("simulating needs Pythia 8: pip install 'higgs_lightning[simulate]'")
    if events < 1:
        raise UserError(f"events={events}: ask for at least one event")
    if workers < 1:
        raise UserError(f"workers={workers}: at least one process has to work")
    if not output.parent.is_dir():
        raise UserError(f"output={output}: the folder {output.parent} does not exist")

    chunks = chunk_sizes(events)
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        done = pool.map(partial(simulate_chunk, seed=seed, **physics), chunks)
        rows = np.concatenate(list(track(done, "Simulating", total=len(chunks))))
    np.random.default_rng(seed).shuffle(rows)
    write(rows, output)


def write(rows: np.ndarray, output: Path) -> None:
    """Write HIGGS rows (N, 29) as a gzip file whose bytes depend on the rows alone."""
    partial_output = output.with_name(output.name + ".part")
    with partial_output.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as compressed:
        np.savetxt(compressed, rows, fmt="%.5g", delimiter=",")
    os.replace(partial_output, output)


@hydra.main(version_base="1.3", config_path=CONFIG_DIR, config_name="simulate")
@one_sentence
def main(cfg: DictConfig) -> None:
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    simulate(output=Path(config.pop("output")), **config)


if __name__ == "__main__":
    main()
