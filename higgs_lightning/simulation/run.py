"""A file of simulated events, made by any number of processes."""

import gzip
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_all_start_methods, get_context, get_start_method, set_start_method
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from rich.progress import track

from higgs_lightning import schema
from higgs_lightning.configuration import require_kinds
from higgs_lightning.errors import UserError
from higgs_lightning.files import output_file, replaced
from higgs_lightning.simulation.tuning import TUNED
from higgs_lightning.threads import available_cores

_FORMAT = "%.5g"


def simulate(
    events: int,
    seed: int,
    measurements: int,
    spread: float,
    output: str | Path,
    workers: int | None,
    energy: float,
    masses: dict[str, float],
    hadronisation: bool,
    multiparton_interactions: bool,
    lepton_pt: float,
    jet_pt: float,
) -> None:
    """Write simulated events, half of them signal and in random order, as a file in HIGGS' units and order.

    The file depends on every argument but ``workers``, to the byte.

    Args:
        events: how many.
        seed: 0 or more.
        measurements: how often to measure each collision. More are faster; but events of one collision share
            its physics, so a model must not be tested on the file that it was trained on, split or not.
        spread: 0 for the simulation as it was tuned. 1 makes another one of each seed, whose numbers are
            drawn with their uncertainties; 2 with twice these.
        output: the file, replaced once all events are there: .csv.gz in HIGGS format, or .parquet with the
            same numbers in columns with HIGGS' names, which is read several times as fast.
        workers: processes; None for one a core that this process may use.
        energy: of the two colliding protons, GeV.
        masses: of the ``heavy_higgs``, the ``charged_higgs`` and the ``light_higgs``, GeV.
        hadronisation: go on from partons to hadrons and their decays.
        multiparton_interactions: let further partons of the two protons interact.
        lepton_pt: the lepton's least transverse momentum, GeV.
        jet_pt: a jet's least transverse momentum, GeV.

    Raises:
        UserError: an argument can't be used, or pythia8mc is not installed.
    """
    require_kinds(
        "simulate",
        {
            **{"events": events, "seed": seed, "measurements": measurements, "output": str(output)},
            "spread": spread,
            **{"workers": workers, "energy": energy, "masses": masses, "hadronisation": hadronisation},
            **{"multiparton_interactions": multiparton_interactions},
            **{"lepton_pt": lepton_pt, "jet_pt": jet_pt},
        },
    )
    output = output_file("output", output, (".csv.gz", ".parquet"))
    try:  # an optional extra, which only this command needs
        from higgs_lightning.simulation.chunks import divide, end_with_parent, simulate_chunk
    except ModuleNotFoundError:
        raise UserError(
            "simulating needs Pythia 8: pip install 'higgs_lightning[simulate]', under Python 3.11 to 3.13 "
            "(its pythia8mc has no wheel for a newer one)"
        ) from None

    tuning = TUNED.varied(spread, seed)
    if spread:
        print("Simulated with", ", ".join(f"{name} {value:.4g}" for name, value in tuning._asdict().items()))
    chunks = divide(events, measurements)
    simulate_one = partial(
        simulate_chunk,
        seed=seed,
        measurements=measurements,
        tuning=tuning,
        lepton_pt=lepton_pt,
        jet_pt=jet_pt,
        energy=energy,
        masses=masses,
        hadronisation=hadronisation,
        multiparton_interactions=multiparton_interactions,
    )
    if get_start_method() not in get_all_start_methods():  # joblib's, which no process of ours would know
        set_start_method("spawn", force=True)
    # spawned, not forked: Pythia must not inherit another process's state
    processes = min(workers or available_cores(), len(chunks))
    with ProcessPoolExecutor(processes, get_context("spawn"), end_with_parent) as pool:
        done = pool.map(simulate_one, chunks)
        rows = np.concatenate(list(track(done, "Simulating", total=len(chunks))))
    np.random.default_rng(seed).shuffle(rows)
    write(rows, output)


def write(rows: np.ndarray, output: Path) -> None:
    """Write HIGGS rows (N, 29) with 5 significant digits, in bytes that depend on nothing else."""
    with replaced(output) as partial:
        if output.suffix == ".parquet":
            _write_parquet(rows, partial)
            return
        with partial.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as compressed:
            np.savetxt(compressed, rows, fmt=_FORMAT, delimiter=",")


def _write_parquet(rows: np.ndarray, path: Path) -> None:
    """The numbers that the text would hold, as float32; the label as a whole number."""
    columns = {schema.LABEL: pa.array(rows[:, 0].astype(np.int8))}
    for place, name in enumerate(schema.COLUMNS[1:], start=1):
        columns[name] = pa.array(np.char.mod(_FORMAT, rows[:, place]).astype(np.float64).astype(np.float32))
    pyarrow.parquet.write_table(pa.table(columns), path)
