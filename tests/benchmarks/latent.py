"""What the latent knows: the seven masses, read off the bottleneck and the encoded tokens by a linear fit.

``python tests/benchmarks/latent.py --data EVENTS NAME=CKPT [NAME=CKPT ...]``; random weights of the default
model are added. A ridge fit on half of the events, R^2 and resolution on the others. Masses are of listed
jets, see :mod:`higgs_lightning.evaluation.sculpting`, in logarithms; only events that have all seven.
"""

import argparse

import numpy as np
import torch

from higgs_lightning import load_model, schema
from higgs_lightning.data import HiggsDataModule
from higgs_lightning.evaluation.sculpting import listed_masses
from higgs_lightning.models import ParticleAutoencoder
from higgs_lightning.models.base import Model

_RIDGE = 1e-3  # of the variance of each standardised number


@torch.inference_mode()
def views(model: Model, features: np.ndarray) -> dict[str, np.ndarray]:
    """(N, L) bottleneck and (N, O * D) encoded tokens of events (N, 21)."""
    model.eval()
    model.look_once()
    outputs = [model(batch) for batch in torch.from_numpy(features).split(1024)]
    return {
        "bottleneck": torch.cat([output.latent for output in outputs]).numpy(),
        "tokens": torch.cat([output.encoded.flatten(1) for output in outputs]).numpy(),
    }


def fitted(inputs: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """R^2 (7,) and resolution (7,), half the width of 68 % of the errors, of the second half."""
    half = len(inputs) // 2
    mean, deviation = inputs[:half].mean(axis=0), inputs[:half].std(axis=0) + 1e-9
    inputs = (inputs - mean) / deviation
    inputs = np.column_stack([inputs, np.ones(len(inputs))]).astype(np.float64)
    known, target = inputs[:half], truth[:half]
    weights = np.linalg.solve(known.T @ known + _RIDGE * half * np.eye(known.shape[1]), known.T @ target)
    errors = inputs[half:] @ weights - truth[half:]
    explained = 1 - (errors**2).mean(axis=0) / truth[half:].var(axis=0)
    low, high = np.quantile(errors, [0.16, 0.84], axis=0)
    return explained, (high - low) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--cache", default="data")
    parser.add_argument("models", nargs="*", help="NAME=CKPT")
    options = parser.parse_args()
    data = HiggsDataModule(options.data, dir=options.cache, val_fraction=0.01, test_fraction=0.01)
    features, _ = data.arrays("train")
    features = features[: options.events]
    masses = listed_masses(features.astype(np.float64))
    known = np.isfinite(masses).all(axis=1) & (masses > 0).all(axis=1)
    features, truth = features[known], np.log(masses[known])
    torch.manual_seed(1)
    models = {"random": ParticleAutoencoder()}
    models |= {name: load_model(ckpt) for name, ckpt in (each.split("=", 1) for each in options.models)}
    print(f"{len(features):,} events, half of them to fit; R^2 of log mass, resolution in %")
    print("| weights | read off |", " | ".join(feature.name for feature in schema.HIGH_LEVEL), "|")
    print("|---|---|" + "---|" * truth.shape[1])
    raw = {"the 21 features themselves": {"": features}}
    for name, found in [*raw.items(), *((name, views(model, features)) for name, model in models.items())]:
        for view, inputs in found.items():
            explained, resolution = fitted(inputs, truth)
            cells = (f"{r:.2f} ({100 * w:.0f} %)" for r, w in zip(explained, resolution, strict=True))
            print(f"| {name} | {view} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
