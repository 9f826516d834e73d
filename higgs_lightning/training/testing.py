"""One evaluation from its configuration to its folder."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from higgs_lightning import runs
from higgs_lightning.configuration import literal, renewed, require_kinds
from higgs_lightning.data import HiggsDataModule
from higgs_lightning.data.datamodule import UCI_HIGGS
from higgs_lightning.data.seen import SeenEvents, seen_events
from higgs_lightning.errors import UserError, one_line
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
from higgs_lightning.training.module import HiggsModule
from higgs_lightning.training.run import (
    ends_in_a_sentence,
    is_first_process,
    made,
    quiet,
    recorded_configuration,
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
    model = load_model(config["ckpt"], config["model_class"])
    datamodule = made(config, "data", HiggsDataModule)
    seen = [
        seen_events(
            recorded, checkpoint.get("data") or runs.recorded_data(path.parent.parent), path, datamodule
        )
        for path, checkpoint, recorded in recorded_members(config)
    ]
    tell(seen, config["allow_seen_events"])
    module = HiggsModule(
        model=model, objective=made(config, "objective"), optimizer=None, scheduler=None, seed=config["seed"]
    )
    with quiet():
        trainer = made(config, "trainer", logger=False, enable_checkpointing=False, default_root_dir=out_dir)
        with ends_in_a_sentence(out_dir):
            trainer.test(module, datamodule, verbose=False)
    test = module.evaluations["test"]
    if test.auc.is_unknown:
        raise UserError("trainer.limit_test_batches leaves test events of one class: give more batches")
    cuts = significances(test.labels, test.probabilities, **config["analysis"])
    features, _ = datamodule.arrays("test")
    metrics = {
        "ckpt": config["ckpt"],
        "dataset": datamodule.name,
        "data": datamodule.identity(),
        "seed": config["seed"],
        "test/events_trained_on": most_trained_on(seen, len(members_of(config))),
        **report.final_metrics(module.evaluations),
        **physics_metrics(test, cuts),
        **{
            f"test/reconstruction_error_{name.replace(' ', '_')}": share
            for name, share in reconstruction_errors(test.features, test.reconstruction, test.counted).items()
            if len(test.features)
        },
        **binned_aucs(test, features[: test.num_events]),  # fewer where batches are limited
    }
    calibrations = {"as trained": reliability(test.labels, test.probabilities)}
    if config["fit_temperature"]:
        val = module.evaluations["val"]
        if val.auc.is_unknown:
            raise UserError(
                "trainer.limit_test_batches leaves validation events of one class: give more batches"
            )
        temperature = fit_temperature(val.labels, val.probabilities)
        name = f"temperature {temperature:.3f}"
        calibrations[name] = reliability(test.labels, tempered(test.probabilities, temperature))
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
    members = recorded_members(composed, said)
    if not members:
        return DictConfig(literal(composed))
    _, _, recorded = members[0]
    own: dict[str, Any] = {key: recorded[key] for key in ("data", "objective", "seed") if key in recorded}
    own["trainer"] = {
        "precision": recorded.get("trainer", {}).get("precision", composed["trainer"]["precision"])
    }
    return DictConfig(literal(runs.own_configuration(own, composed, said)))


def recorded_members(
    config: dict[str, Any], said: Sequence[str] = ()
) -> list[tuple[Path, dict[str, Any], dict[str, Any]]]:
    """Path, content and configuration of each checkpoint that is evaluated; weights alone have none."""
    members = []
    for ckpt in members_of(config):
        if str(ckpt) == "pretrained":
            continue
        path = runs.find_checkpoint(ckpt, "best")
        if path.suffix == ".safetensors":
            continue
        checkpoint = load_checkpoint(path)
        named = {**config, "model": {"_target_": config["model_class"]}}
        said_too = [*said, *(key for key, _ in runs.flat(named) if key.endswith("._target_"))]
        members.append((path, checkpoint, recorded_configuration(checkpoint, path, named, said_too)))
    return members


def members_of(config: dict[str, Any]) -> list[Any]:
    """What is evaluated, one model or several."""
    return config["ckpt"] if isinstance(config["ckpt"], list) else [config["ckpt"]]


def most_trained_on(seen: Sequence[SeenEvents], members: int) -> int | None:
    """The most of the test events that any member was trained on; None where that is not known of one."""
    counts = [each.trained_on for each in seen if each.trained_on is not None]
    return max(counts) if len(counts) == members else None


def tell(seen: Sequence[SeenEvents], allowed: bool) -> None:
    """Say what is known of the test events' part in training, where nobody overlooks it.

    Raises:
        UserError: the model was trained on some of them, and that is not allowed.
    """
    for each in seen:
        if each.trained_on and not allowed:
            raise UserError(
                f"{each.path} was trained on {each.trained_on:,} of the {each.tested:,} test events, whose "
                "metrics would flatter it: leave data and its seed as the run has them, give other events, "
                "or say allow_seen_events=true"
            )
        if each.remark:
            console = Console(stderr=True)
            console.print(
                Panel(Text(one_line(each.remark)), title="other events than the run's", border_style="red")
            )
