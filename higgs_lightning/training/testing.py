"""One evaluation from its configuration to its folder."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from higgs_lightning import runs
from higgs_lightning.configuration import literal, renewed, require_kinds
from higgs_lightning.data import HiggsDataModule
from higgs_lightning.data.datamodule import UCI_HIGGS
from higgs_lightning.errors import UserError
from higgs_lightning.evaluation import plots, report
from higgs_lightning.evaluation.metrics import (
    fit_temperature,
    reconstruction_errors,
    reliability,
    significances,
    tempered,
)
from higgs_lightning.evaluation.physics import binned_aucs, physics_metrics
from higgs_lightning.files import write_json, write_text
from higgs_lightning.models.weights import load_checkpoint, load_model
from higgs_lightning.training.ancestors import most_trained_on, seen_by, tell, trainings_of
from higgs_lightning.training.module import HiggsModule
from higgs_lightning.training.run import (
    ends_in_a_sentence,
    is_first_process,
    made,
    quiet,
    recorded_configuration,
    require_weighing,
)

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

    Raises:
        UserError: the configuration, the model or the data can't be used, ``out_dir`` holds a run, or the
            model was trained on test events.
    """
    config = renewed(OmegaConf.to_container(cfg, resolve=True))  # type: ignore[arg-type]
    claim = runs.claimed(out_dir, goes_on=False) if is_first_process() else nullcontext()
    with claim:
        return _evaluate(config, out_dir)


def _evaluate(config: dict[str, Any], out_dir: Path) -> dict[str, Any]:
    require_kinds("evaluate", config)
    config = runs.settled(config)
    model_of_weights = config.get("model")  # what the command line says, of weights alone
    model = load_model(config["ckpt"], config["model_class"], model=model_of_weights)
    datamodule = made(config, "data", HiggsDataModule)
    members = members_of(config)
    trained = [ckpt for ckpt in members if ckpt != "pretrained"]
    seen = seen_by(
        [each for ckpt in trained for each in trainings_of(ckpt, is_alone=model_of_weights is not None)],
        datamodule,
    )
    tell(seen, config["allow_seen_events"])
    objective = made(config, "objective")
    require_weighing(objective, datamodule)
    module = HiggsModule(
        model=model, objective=objective, optimizer=None, scheduler=None, seed=config["seed"]
    )
    with quiet():
        trainer = made(config, "trainer", logger=False, enable_checkpointing=False, default_root_dir=out_dir)
        with ends_in_a_sentence(out_dir):
            trainer.test(module, datamodule, verbose=False)
    test = module.evaluations["test"]
    if test.auc.is_unknown:
        raise UserError("trainer.limit_test_batches leaves test events of one class: give more batches")
    cuts = significances(test.labels, test.probabilities, weights=test.weights, **config["analysis"])
    features, _ = datamodule.arrays("test")
    metrics = {
        "ckpt": config["ckpt"],
        "dataset": datamodule.name,
        "data": datamodule.identity(),
        "seed": config["seed"],
        "test/events_trained_on": most_trained_on(seen) if trained == members else None,
        **datamodule.weighting(),
        **report.final_metrics(module.evaluations),
        **physics_metrics(test, cuts),
        **{
            f"test/reconstruction_error_{name.replace(' ', '_')}": share
            for name, share in reconstruction_errors(
                test.features,
                test.reconstruction,
                test.counted,
                None if test.weights is None else test.weights[: len(test.features)],
            ).items()
            if len(test.features)
        },
        **binned_aucs(test, features[: test.num_events]),  # fewer where batches are limited
    }
    calibrations = {"as trained": reliability(test.labels, test.probabilities, test.weights)}
    if config["fit_temperature"]:
        val = module.evaluations["val"]
        if val.auc.is_unknown:
            raise UserError(
                "trainer.limit_test_batches leaves validation events of one class: give more batches"
            )
        if val.weights is not None and (val.weights < 0).any():
            raise UserError(
                "fit_temperature=true: some validation events have negative weights, with which no "
                "temperature is the best: leave it out"
            )
        temperature = fit_temperature(val.labels, val.probabilities, val.weights)
        name = f"temperature {temperature:.3f}"
        calibrations[name] = reliability(test.labels, tempered(test.probabilities, temperature), test.weights)
        metrics |= {"temperature": temperature, "test/calibration_error_tempered": calibrations[name].error}
    if trainer.is_global_zero:
        write_text(out_dir / runs.CONFIG, OmegaConf.to_yaml(OmegaConf.create(literal(config))))
        report.write_test_scores(out_dir, test)
        published = _PUBLISHED if datamodule.name == UCI_HIGGS else None
        figures = report.draw_evaluations(module.evaluations, datamodule.name, published) | {
            "significance": plots.significance(cuts),
            "reliability": plots.reliability(calibrations),
        }
        report.save_figures(figures, out_dir / runs.PLOTS)
        write_json(out_dir / runs.METRICS, metrics)
        report.print_table(module.evaluations, datamodule.name)
        report.print_numbers({name: metrics[name] for name in metrics if name.startswith("test/")}, out_dir)
    return metrics


def own_evaluation(cfg: DictConfig, said: Sequence[str]) -> DictConfig:
    """The configuration of an evaluation: of a run, the events and the objective are the run's own.

    So is the precision of its arithmetic; what else the trainer has says on what machine it ran. Of several
    runs, the first one's.

    Args:
        cfg: as composed.
        said: the keys that the command line decides, see :func:`higgs_lightning.command.said`.
    """
    composed = runs.settled(OmegaConf.to_container(cfg, resolve=True))  # type: ignore[arg-type]
    recorded = recorded_by_first(composed, said)
    if recorded is None:
        return DictConfig(literal(composed))
    own: dict[str, Any] = {key: recorded[key] for key in ("data", "objective", "seed") if key in recorded}
    own["trainer"] = {
        "precision": recorded.get("trainer", {}).get("precision", composed["trainer"]["precision"])
    }
    # what the command line refers to by ${...} is the run's
    unresolved: Any = runs.settled(OmegaConf.to_container(cfg))  # type: ignore[arg-type]
    return DictConfig(runs.own_configuration(literal(own), unresolved, said))


def recorded_by_first(config: dict[str, Any], said: Sequence[str]) -> dict[str, Any] | None:
    """The configuration in the first checkpoint that is evaluated; weights alone have none."""
    if config.get("model") is not None:
        return None
    for ckpt in members_of(config):
        path = None if ckpt == "pretrained" else runs.find_checkpoint(ckpt, "best")
        if path is not None and path.suffix != ".safetensors":
            named = {**config, "model": {"_target_": config["model_class"]}}
            said_too = [*said, *(key for key, _ in runs.flat(named) if key.endswith("._target_"))]
            return recorded_configuration(load_checkpoint(path), path, named, said_too)
    return None


def members_of(config: dict[str, Any]) -> list[Any]:
    """What is evaluated, one model or several."""
    return config["ckpt"] if isinstance(config["ckpt"], list) else [config["ckpt"]]
