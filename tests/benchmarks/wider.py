"""Simulated events of wider ranges, and of five more numbers, than ``simulate spread=1`` draws.

    python tests/benchmarks/wider.py --seeds 30001 30013 --output FOLDER

With revision 9d50f2d of the package this made 26 files, of seeds 30001 to 30013 and 30501 to 30513, which are
among the training events of the weights in the package, and told that the five numbers gain little
(docs/ablations.md). Each file has 10,000 events and is named by its seed.
"""

import argparse
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import pythia8mc
from rich.progress import track

from higgs_lightning.simulation import detector as detector_module
from higgs_lightning.simulation import generator as generator_module
from higgs_lightning.simulation import tagging
from higgs_lightning.simulation.detector import Detector
from higgs_lightning.simulation.generator import BACKGROUND, SIGNAL, Collider
from higgs_lightning.simulation.rows import higgs_rows
from higgs_lightning.simulation.run import write
from higgs_lightning.simulation.tuning import TUNED, Tuning

EVENTS = 10_000
BATCH = 128
#: Drawn evenly, in this order.
RANGES = {
    "quark_pt": (0, 22),  # GeV, least of the W boson's quarks
    "signal_radiation": (0.095, 0.14),
    "background_radiation": (0.085, 0.13),
    "signal_radiation_end": (0.7, 2),
    "background_radiation_end": (0.6, 1.3),
    "final_radiation": (0.122, 0.15),
    "top_mass": (172.5, 177.5),
    "light_higgs_offset": (-2.5, 2.5),
    "hadronic_scale": (0.95, 1.05),
    "hadronic_resolution": (0.6, 1.0),
    "seed_pt": (2.2, 3.3),
    "wrong_tags": (0.9, 2.2),
    "tag_pt": (0.85, 1.05),
    "tag_offset": (0, 7),  # GeV, at which less of momentum tags are read
    "charm_tags": (0.7, 1.5),  # times CDF's
    "primordial_pt": (0.8, 3.5),  # GeV
    "quark_distance": (0, 0.6),  # least Delta R of the W boson's quarks
}
#: What the twelve other numbers of the simulation are called.
MORE = set(RANGES) - set(TUNED._fields)


def simulate(seed: int, output: Path) -> None:
    """Write the file of one seed."""
    generator_of_numbers = np.random.default_rng(seed + 777)
    drawn = {name: float(generator_of_numbers.uniform(*bounds)) for name, bounds in RANGES.items()}
    tuning = TUNED._replace(**{name: value for name, value in drawn.items() if name not in MORE})

    def efficiencies(flavour: np.ndarray, pt: np.ndarray, eta: np.ndarray, _: Any = None) -> Any:
        found = tagging.efficiencies(flavour, np.maximum(pt - drawn["tag_offset"], 1), eta, tuning)
        return tuple(each * np.where(flavour == tagging.CHARM, drawn["charm_tags"], 1) for each in found)

    class Preselection(generator_module._Preselection):
        def doVetoProcessLevel(self, process: Any) -> bool:  # noqa: N802
            if super().doVetoProcessLevel(process):
                return True
            of_w = [
                particle
                for particle in (process[position] for position in range(5, process.size()))
                if particle.idAbs() < tagging.BOTTOM and process[particle.mother1()].idAbs() == 24
            ]
            if any(quark.pT() < drawn["quark_pt"] for quark in of_w):
                return True
            if len(of_w) < 2:  # the other is a b-quark
                return False
            one, other = of_w
            between = abs(one.phi() - other.phi())
            distance = np.hypot(one.eta() - other.eta(), min(between, 2 * np.pi - between))
            return bool(distance < drawn["quark_distance"])

    class Pythia(pythia8mc.Pythia):  # type: ignore[misc]
        def init(self) -> bool:
            self.readString(f"BeamRemnants:primordialKThard = {drawn['primordial_pt']}")
            return bool(super().init())

    with (
        patch.object(generator_module, "_Preselection", Preselection),
        patch.object(pythia8mc, "Pythia", Pythia),
        patch.object(detector_module, "tagging", SimpleNamespace(efficiencies=efficiencies)),
    ):
        rows = np.concatenate([_events(label, seed, tuning) for label in (SIGNAL, BACKGROUND)])
    np.random.default_rng(seed).shuffle(rows)
    write(rows, output)


def _events(label: int, seed: int, tuning: Tuning) -> np.ndarray:
    collide = Collider(
        label,
        energy=8000,
        masses={"light_higgs": 120, "charged_higgs": 325, "heavy_higgs": 425},
        hadronisation=True,
        multiparton_interactions=False,
        lepton_pt=15,
        jet_pt=15,
        tuning=tuning,
    )
    collide.restart(2 * seed + label)
    measure = Detector(15, 15, np.random.default_rng([seed, label]), tuning)
    batches: list[np.ndarray] = []
    while sum(map(len, batches)) < EVENTS // 2:
        events = measure(collide(BATCH))
        batches.append(higgs_rows(label, events.lepton, events.missing_energy, events.jets))
    return np.concatenate(batches)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs=2, required=True, help="the first and the last")
    parser.add_argument("--output", type=Path, required=True, help="a folder")
    arguments = parser.parse_args()
    first, last = arguments.seeds
    for seed in track(range(first, last + 1), "Simulating"):
        simulate(seed, arguments.output / f"{seed}.parquet")


if __name__ == "__main__":
    main()
