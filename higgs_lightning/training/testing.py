"""One evaluation from its configuration to its folder."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from higgs_lightning import runs
from higgs_lightning.configuration import REPORT, SYSTEMATICS, literal, renewed, require_kinds
from higgs_lightning.data import HiggsDataModule
from higgs_lightning.data.datamodule import UCI_HIGGS
from higgs_lightning.errors import UserError
from higgs_lightning.evaluation import (
    displays,
    fit,
    importance,
    page,
    physics,
    report,
    sculpting,
    sections,
    systematics,
)
from higgs_lightning.evaluation.metrics import fit_temperature, reliability, tempered
from higgs_lightning.evaluation.page import Section, Value
from higgs_lightning.evaluation.scored import ScoredEvents
from higgs_lightning.evaluation.scores import Evaluation
from higgs_lightning.files import write_json, write_text
from higgs_lightning.models.weights import load_checkpoint, load_model
from higgs_lightning.precision import require_bfloat16
from higgs_lightning.threads import computing_with
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

# on real HIGGS events, 21 low-level features, by the split whose test events they are about
_PUBLISHED = {
    "paper": {
        "published: Baldi et al. 2014, 10M events": 0.880,
        "published: 6-token transformer, 1M": 0.868,
    },
    "gsoc": {"published: original notebook, 10.9M": 0.833},
}

_NUM_DISPLAYS = 12


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
    with claim, computing_with(config["threads"]):
        return _evaluate(config, out_dir)


def _evaluate(config: dict[str, Any], out_dir: Path) -> dict[str, Any]:
    require_kinds("evaluate", config)
    config = runs.settled(config)
    if binning(config) is not None:
        fit.import_pyhf()
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
        require_bfloat16("trainer.precision", config["trainer"]["precision"], trainer.strategy.root_device)
        datamodule.trainer = trainer
        datamodule.setup("test")
        if config["fit_temperature"]:
            require_temperature(datamodule)
        with ends_in_a_sentence(out_dir):
            trainer.test(module, datamodule, verbose=False)
    test = module.evaluations["test"]
    if test.auc.is_unknown:
        raise UserError("trainer.limit_test_batches leaves test events of one class: give more batches")
    if not trainer.is_global_zero:
        return {}
    run = ", ".join(runs.name_of(each) for each in members)
    model_name = type(model).__name__
    title = report.about(datamodule.dataset, model_name, run)
    features, _ = datamodule.arrays("test")
    scored = ScoredEvents(
        model=model.eval(),
        features=features[: test.num_events],  # fewer where batches are limited
        labels=test.labels,
        probabilities=test.probabilities,
        weights=test.weights,
        about=title,
        batch_size=datamodule.batch_size,
        shows_progress=config["trainer"]["enable_progress_bar"],
    )
    figures = report.draw_evaluations(module.evaluations, title, published(datamodule))
    facts = {
        "data": datamodule.dataset,
        "model": f"{model_name}, {sum(p.numel() for p in model.parameters()):,} parameters",
        "run": ", ".join(map(str, members)),
    }
    parts = [
        sections.opening(test, facts, datamodule.identity()),
        sections.scores(module.evaluations, figures),
        physics.significance(test, title, **config["analysis"]),
        calibration(module.evaluations, title, config["fit_temperature"]),
        physics.momenta(test, scored.features),
        *sections.reconstruction(test, figures),
        *chosen_sections(config, scored),
    ]
    of_sections = {name: value for part in parts for name, value in part.metrics.items()}
    metrics = report.with_reasons(
        {
            "ckpt": config["ckpt"],
            "dataset": datamodule.dataset,
            "data": datamodule.identity(),
            "seed": config["seed"],
            "test/events_trained_on": most_trained_on(seen if trained == members else []),
            **datamodule.weighting(),
            **of_sections,
        }
    )
    write_text(out_dir / runs.CONFIG, OmegaConf.to_yaml(OmegaConf.create(literal(config))))
    report.write_test_scores(out_dir, test)
    page.write_page(out_dir / runs.PAGE, f"{model_name} on {datamodule.dataset}", parts)
    page.write_tables(out_dir / runs.TABLES, parts)
    for part in parts:
        for name, content in part.documents.items():
            write_json(out_dir / name, content)
    write_json(out_dir / runs.METRICS, metrics)
    report.print_table(module.evaluations, datamodule.dataset)
    report.print_numbers(
        {name: value for name, value in of_sections.items() if name.startswith("test/")}, out_dir
    )
    return metrics


def chosen_sections(config: dict[str, Any], scored: ScoredEvents) -> list[Section]:
    """What ``report`` and ``events`` ask for, in the order of the page."""
    analysis = systematics.Analysis(**config["analysis"])

    @cache
    def varied() -> systematics.Varied:
        sizes = {name: config["shifts"][name] for name in uncertainties(config)}
        return systematics.vary(scored, sizes, config["shifts"]["events"], config["seed"])

    makers: dict[str, Callable[[], Section]] = {
        "importance": lambda: importance.section(scored, **config["importance"], seed=config["seed"]),
        "sculpting": lambda: sculpting.section(scored, **config["sculpting"]),
        "systematics": lambda: systematics.section(varied(), analysis, scored.about),
        "fit": lambda: fit.section(
            scored,
            analysis,
            varied() if uncertainties(config) else None,
            **{**config["fit"], "binning": binning(config)},
        ),
        "events": lambda: displays.section(scored, config["events"] or _NUM_DISPLAYS),
    }
    wanted = {
        *asked(config),
        *(["systematics"] if uncertainties(config) else []),
        *(["fit"] if binning(config) else []),
        *(["events"] if config["events"] else []),
    }
    if (chosen := binning(config)) is not None:
        # what can't be fitted is said before the work of other sections
        fit.edges_for(scored, analysis, chosen, config["fit"]["bins"], config["fit"]["least_background"])
    return [make() for name, make in makers.items() if name in wanted]


def asked(config: dict[str, Any]) -> Sequence[str]:
    """What ``report`` asks for."""
    report: str | list[str] = config["report"]
    return REPORT if report == "full" else [report] if isinstance(report, str) else report


def uncertainties(config: dict[str, Any]) -> Sequence[str]:
    """The systematic uncertainties that are moved."""
    names: str | list[str] = config["systematics"]
    if not names:
        return SYSTEMATICS if "systematics" in asked(config) else []
    return [names] if isinstance(names, str) else names


def binning(config: dict[str, Any]) -> str | None:
    """How the bins of a fit are chosen; None for no fit."""
    chosen: str | None = config["fit"]["binning"]
    return chosen or ("equal_signal" if "fit" in asked(config) else None)


def calibration(evaluations: Mapping[str, Evaluation], title: str, fits_temperature: bool) -> Section:
    """Whether test scores are probabilities, and those with a temperature of validation events, if asked."""
    test = evaluations["test"]
    calibrations = {"as trained": reliability(test.labels, test.probabilities, test.weights)}
    metrics: dict[str, Value] = {}
    if fits_temperature:
        val = evaluations["val"]
        if val.auc.is_unknown:
            raise UserError(
                "trainer.limit_test_batches leaves validation events of one class: give more batches"
            )
        temperature = fit_temperature(val.labels, val.probabilities, val.weights)
        name = f"temperature {temperature:.3f}"
        calibrations[name] = reliability(test.labels, tempered(test.probabilities, temperature), test.weights)
        metrics = {"temperature": temperature, "test/calibration_error_tempered": calibrations[name].error}
    counted = "events" if test.weights is None else "sum of weights"
    return physics.calibration(calibrations, title, metrics, counted)


def require_temperature(datamodule: HiggsDataModule) -> None:
    """Refuse to fit a temperature to negative weights.

    Raises:
        UserError: some validation events have one.
    """
    weights = datamodule.events["val"].weights
    if weights is not None and (weights < 0).any():
        raise UserError(
            "fit_temperature=true: some validation events have negative weights, with which no temperature "
            "is the best: leave it out"
        )


def published(datamodule: HiggsDataModule) -> dict[str, float] | None:
    """ROC-AUCs of others on these test events, or on events of the same block of the archive."""
    if datamodule.name != UCI_HIGGS:
        return None
    # a file of test events that its user calls UCI HIGGS is taken for the official test block
    return _PUBLISHED.get("paper" if datamodule.test_csv is not None else datamodule.split)


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
