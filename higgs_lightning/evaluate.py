"""Evaluate a trained model: ``python -m higgs_lightning.evaluate ckpt=PATH [KEY=VALUE ...]``."""

from pathlib import Path
from typing import Any

import numpy as np
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from higgs_lightning import schema
from higgs_lightning.command import command
from higgs_lightning.errors import UserError
from higgs_lightning.evaluation import plots, report
from higgs_lightning.evaluation.metrics import (
    Significances,
    background_rejection,
    fit_temperature,
    reconstruction_errors,
    reliability,
    roc_auc_interval,
    significances,
    tempered,
)
from higgs_lightning.evaluation.scores import Evaluation
from higgs_lightning.models.weights import load_model
from higgs_lightning.training.module import HiggsModule

_SIGNAL_EFFICIENCIES = (0.3, 0.5, 0.7)
_BINNED = ("missing_energy_magnitude", "jet_1_pt")
_NUM_BINS = 4  # of equally many events

# on real HIGGS events, 21 low-level features
_PUBLISHED = {
    "published: Baldi et al. 2014, 10M events": 0.880,
    "published: 6-token transformer, 1M": 0.868,
    "published: original notebook, 10.9M": 0.833,
}


def evaluate(cfg: DictConfig, out_dir: Path) -> dict[str, Any]:
    """Score every split with a trained model, and write ``metrics.json`` and plots into ``out_dir``.

    Returns:
        The content of ``metrics.json``.
    """
    model = load_model(cfg.ckpt)
    datamodule = instantiate(cfg.data)
    module = HiggsModule(model=model, optimizer=None, scheduler=None, seed=cfg.seed, **cfg.objective)
    trainer = instantiate(cfg.trainer, logger=False, enable_checkpointing=False, default_root_dir=out_dir)
    trainer.test(module, datamodule, verbose=False)
    test = module.evaluations["test"]
    of_cut = significances(test.labels, test.probabilities, **cfg.analysis)
    features, _ = datamodule.arrays("test")
    metrics = {
        "ckpt": str(cfg.ckpt),
        "dataset": cfg.data.name,
        "seed": cfg.seed,
        **report.final_metrics(module.evaluations),
        **physics_metrics(test, of_cut),
        **{
            f"test/reconstruction_error_{name.replace(' ', '_')}": share
            for name, share in reconstruction_errors(test.features, test.reconstruction, test.counted).items()
            if len(test.features)
        },
        **binned_aucs(test, features),
    }
    calibrations = {"as trained": reliability(test.labels, test.probabilities)}
    if cfg.fit_temperature:
        val = module.evaluations["val"]
        temperature = fit_temperature(val.labels, val.probabilities)
        name = f"temperature {temperature:.3f}"
        calibrations[name] = reliability(test.labels, tempered(test.probabilities, temperature))
        metrics |= {"temperature": temperature, "test/calibration_error_tempered": calibrations[name].error}
    if trainer.is_global_zero:
        out_dir.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(cfg, out_dir / "config.yaml", resolve=True)
        report.write_test_scores(out_dir, test)
        report.write_json(out_dir / "metrics.json", metrics)
        figures = report.draw_evaluations(module.evaluations, cfg.data.name, _PUBLISHED) | {
            "significance": plots.significance(of_cut),
            "reliability": plots.reliability(calibrations),
        }
        report.save_figures(figures, out_dir / "plots")
        report.print_table(module.evaluations, cfg.data.name)
        report.print_numbers({name: metrics[name] for name in metrics if name.startswith("test/")}, out_dir)
    return metrics


def physics_metrics(test: Evaluation, of_cut: Significances) -> dict[str, float]:
    """What a physicist asks of the test events, beyond the ROC-AUC."""
    best = int(of_cut.with_uncertainty.argmax())
    return {
        **{
            f"test/background_rejection_{efficiency:.0%}": background_rejection(
                test.labels, test.probabilities, efficiency
            )
            for efficiency in _SIGNAL_EFFICIENCIES
        },
        "test/significance": float(of_cut.without_uncertainty.max()),
        "test/significance_with_uncertainty": float(of_cut.with_uncertainty.max()),
        "test/ams": float(of_cut.ams.max()),
        "test/best_cut_signal_efficiency": float(of_cut.signal_efficiency[best]),
        "test/calibration_error": reliability(test.labels, test.probabilities).error,
    }


def binned_aucs(test: Evaluation, features: np.ndarray) -> dict[str, float]:
    """ROC-AUC in bins of equally many events, from low to high, of two momenta; NaN without both classes."""
    aucs = {}
    for name in _BINNED:
        values = features[:, [feature.name for feature in schema.LOW_LEVEL].index(name)]
        edges = np.nanquantile(values, np.linspace(0, 1, _NUM_BINS + 1)[1:-1])
        bin_of = np.searchsorted(edges, values, side="right")
        for number in range(_NUM_BINS):
            chosen = (bin_of == number) & ~np.isnan(values)
            labels, scores = test.labels[chosen], test.probabilities[chosen]
            both = 0 < labels.sum() < len(labels)
            aucs[f"test/auc_{name}_bin_{number + 1}"] = (
                roc_auc_interval(labels, scores).auc if both else np.nan
            )
    return aucs


@command("evaluate")
def main(cfg: DictConfig) -> None:
    if OmegaConf.is_missing(cfg, "ckpt"):
        raise UserError("say which model: ckpt=RUN, ckpt=CHECKPOINT, ckpt=last or ckpt=pretrained")
    evaluate(cfg, Path(HydraConfig.get().runtime.output_dir))


if __name__ == "__main__":
    main()
