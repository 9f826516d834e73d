"""What a configuration may hold: the type and range of every value, and what a file's configuration may name.

A configuration that a command composed is its user's own and may name any class. One that comes out of a file
may be a stranger's. It is data: classes out of :data:`NAMED`, and beside them numbers, booleans and text.
"""

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from higgs_lightning.errors import UserError
from higgs_lightning.schema import NUM_OBJECTS
from higgs_lightning.units import UNITS

#: No size of a model (layers, widths, heads) is larger: what a file asks for must not fill the memory.
LARGEST_SIZE = 4096

#: A run's configuration has some hundred values; one that repeats parts of itself could have billions.
MOST_VALUES = 10_000

_LARGEST_SEED = 2**32 - 1  # numpy's and Lightning's


def _is_one_of(value: Any, values: Collection[Any]) -> bool:
    return any(value == each and type(value) is type(each) for each in values)


def as_written(value: Any) -> str:
    """A value as it is written on the command line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _are_classes(value: Any) -> bool:
    """Whether this is the files of signal and those of background."""
    return isinstance(value, dict) and value.keys() == {"signal", "background"}


class Kind:
    """A kind of values.

    Args:
        words: what to give instead of another value, after "give".
        holds: whether a value is of the kind.
    """

    def __init__(self, words: str, holds: Callable[[Any], bool]) -> None:
        self.words = words
        self.holds = holds

    def or_else(self, *values: Any) -> "Kind":
        """This kind or one of some values."""
        names = [as_written(value) for value in values]
        return Kind(
            f"{self.words}, or {' or '.join(names)}",
            lambda value: _is_one_of(value, values) or self.holds(value),
        )


def whole(least: int, most: int | None = None) -> Kind:
    """Whole numbers."""
    words = f"a whole number, {least} or more" if most is None else f"a whole number from {least} to {most}"
    return Kind(words, lambda v: type(v) is int and v >= least and (most is None or v <= most))


def number(
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
    noun: str = "a number",
) -> Kind:
    """Finite numbers within bounds: ``least`` and ``most`` are numbers of the kind, the others are not."""
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("from", least), ("above", above), ("to", most), ("below", below))
        if bound is not None
    ]

    def holds(value: Any) -> bool:
        return (
            type(value) in (int, float)
            and math.isfinite(value)
            and (least is None or value >= least)
            and (above is None or value > above)
            and (most is None or value <= most)
            and (below is None or value < below)
        )

    return Kind(" ".join([noun, *bounds]), holds)


def one_of(*values: Any) -> Kind:
    """One of a few values."""
    names = [as_written(value) for value in values]
    return Kind(" or ".join(names), lambda value: _is_one_of(value, values))


FLAG = one_of(True, False)
THREADS = whole(1, 1024).or_else("auto")  # beyond it systems refuse to start them
TEXT = Kind("text", lambda value: isinstance(value, str) and value != "")
#: Text, or what is text although it looks like a number, such as a folder named 12.
PATH = Kind(
    "a path, in quotes where it looks like something else",
    lambda value: TEXT.holds(value) or type(value) is int,
)
#: Paths, patterns or folders, see :func:`higgs_lightning.data.sources.find_sources`.
FILES = Kind(
    "a path, in quotes where it looks like something else, or [PATH,PATH]",
    lambda v: PATH.holds(v) or (isinstance(v, list) and v != [] and all(PATH.holds(each) for each in v)),
)
#: Files, or those of each class.
FILES_OF_CLASSES = Kind(
    f"{FILES.words}, or {{signal: PATH, background: PATH}}",
    lambda v: FILES.holds(v) or (_are_classes(v) and all(map(FILES.holds, v.values()))),
)
#: The same, or an object that makes a path, such as a download.
SOURCE = Kind(
    FILES_OF_CLASSES.words,
    lambda v: FILES_OF_CLASSES.holds(v) or (isinstance(v, dict) and "_target_" in v),
)
#: HIGGS' names of columns, and the names that a file has instead.
NAMES = Kind(
    "{HIGGS' name: the file's name}",
    lambda v: isinstance(v, dict) and all(TEXT.holds(each) for each in (*v, *v.values())),
)
#: What a report of an evaluation can hold beyond what every one has.
REPORT = ("importance", "sculpting", "systematics", "fit", "events")
#: What of the detector can be moved, see :mod:`higgs_lightning.evaluation.systematics`.
SYSTEMATICS = (
    *("jet_energy_scale", "jet_resolution", "lepton_scale", "missing_energy"),
    *("btag_efficiency", "mistag"),
)
#: How the bins of a fit are chosen, see :mod:`higgs_lightning.evaluation.fit`.
BINNINGS = ("equal_signal", "significance")
SECTIONS = Kind(
    f"full, or what you want of {', '.join(REPORT)}, as in [{REPORT[0]},{REPORT[1]}]",
    lambda v: v == "full" or v in REPORT or (isinstance(v, list) and all(each in REPORT for each in v)),
)
UNCERTAINTIES = Kind(
    f"what you want of {', '.join(SYSTEMATICS)}, as in [{SYSTEMATICS[0]},{SYSTEMATICS[-1]}]",
    lambda v: v in SYSTEMATICS or (isinstance(v, list) and all(each in SYSTEMATICS for each in v)),
)
SHARES = Kind(
    "a list of shares above 0, 1 at most, as in [0.7,0.5,0.3]",
    lambda v: isinstance(v, list) and v != [] and all(number(above=0, most=1).holds(each) for each in v),
)
COLUMNS = Kind(
    "NAME or [NAME,NAME]",
    lambda v: TEXT.holds(v) or (isinstance(v, list) and all(TEXT.holds(each) for each in v)),
)
MODELS = Kind(
    "RUN or [RUN,RUN]",
    lambda value: PATH.holds(value) or (isinstance(value, list) and all(PATH.holds(each) for each in value)),
)
SEED = whole(0, _LARGEST_SEED)
_SHARE = number(least=0, below=1)
_LIMIT = Kind(
    "a whole number of batches, 0 or more, or a share of them from 0.0 to 1.0",
    lambda v: (type(v) is int and v >= 0) or (type(v) is float and 0 <= v <= 1),
)

_DATA = {
    "data.csv": SOURCE,
    "data.name": TEXT.or_else(None),
    "data.test_csv": SOURCE.or_else(None),
    "data.dir": PATH,
    "data.skip_rows": whole(0),
    "data.columns": NAMES.or_else(None),
    "data.label": TEXT.or_else(None),
    "data.weights": TEXT.or_else(None),
    "data.class_balance": FLAG,
    "data.missing": number().or_else(None),
    "data.units": one_of(*UNITS),
    "data.split": one_of("random", "gsoc", "paper"),
    "data.val_fraction": _SHARE,
    "data.test_fraction": _SHARE,
    "data.train_events": whole(1).or_else(None),
    "data.statistics": one_of("train", "all"),
    "data.batch_size": whole(1),
    "data.device_resident": one_of("auto", True, False),
    "data.seed": SEED,
}
_OBJECTIVE = {
    "objective.classification_weight": number(least=0),
    "objective.reconstruction_weight": number(least=0),
    "objective.mask_ratio": _SHARE,
    "objective.mask_fraction": number(least=0, most=1),
    "objective.teacher_weight": number(least=0, most=1),
    "objective.reflect": FLAG,
    "objective.smearing": number(least=0, most=1),
    "objective.decorrelation_weight": number(least=0),
    "objective.teacher": Kind("teacher=RUN instead", lambda value: False),  # it is an object
}
#: Features and weights are float32; only products may be less precise.
_PRECISIONS = ("32-true", "16-mixed", "bf16-mixed", 32, 16, "32", "16", "bf16")
_TRAINER = {
    "trainer.max_epochs": whole(1),
    "trainer.accelerator": TEXT,
    "trainer.devices": Kind(
        "a number of devices, 1 or more, or auto",
        lambda v: (
            whole(1).holds(v)
            or (isinstance(v, list) and v != [])
            or (isinstance(v, str) and re.fullmatch(r"auto|-1|\d+(,\d+)*,?", v) is not None)
        ),
    ),
    "trainer.num_nodes": whole(1),
    "trainer.strategy": one_of("auto", "ddp", "ddp_find_unused_parameters_true"),
    "trainer.precision": one_of(*_PRECISIONS),
    "trainer.accumulate_grad_batches": whole(1),
    "trainer.gradient_clip_val": number(least=0).or_else(None),
    "trainer.deterministic": FLAG.or_else("warn", None),
    "trainer.use_distributed_sampler": one_of(False),
    "trainer.num_sanity_val_steps": one_of(0),
    "trainer.enable_model_summary": FLAG,
    "trainer.enable_progress_bar": FLAG,
    "trainer.max_time": Kind(
        "a time as in 00:12:00:00, days first",
        lambda v: isinstance(v, str) and re.fullmatch(r"\d+:\d\d:\d\d:\d\d", v) is not None,
    ).or_else(None),
    "trainer.profiler": one_of("simple", "advanced", "pytorch", None),
    "trainer.limit_train_batches": _LIMIT,
    "trainer.limit_val_batches": _LIMIT,
    "trainer.limit_test_batches": _LIMIT,
}
#: What else of Lightning's Trainer can be had, with a plus before it.
_MORE_OF_TRAINER = {
    "trainer.min_epochs": whole(1).or_else(None),
    "trainer.max_steps": whole(1).or_else(-1),
    "trainer.min_steps": whole(1).or_else(None),
    "trainer.val_check_interval": Kind(
        "a whole number of batches, or a share of an epoch up to 1.0",
        lambda v: (type(v) is int and v >= 1) or (type(v) is float and 0 < v <= 1),
    ).or_else(None),
    "trainer.check_val_every_n_epoch": whole(1),
    "trainer.log_every_n_steps": whole(0).or_else(None),
    "trainer.gradient_clip_algorithm": one_of("norm", "value", None),
    "trainer.benchmark": FLAG.or_else(None),
    "trainer.inference_mode": FLAG,
    "trainer.detect_anomaly": FLAG,
    "trainer.sync_batchnorm": FLAG,
    "trainer.enable_autolog_hparams": FLAG,
}
#: What can't be had, and what to say instead.
_NOT_OF_TRAINER = {
    "fast_dev_run": "say trainer=debug for a run of a few batches",
    "overfit_batches": "say data.train_events=N to train on a few events",
}
#: Kinds of values by the command and the key that they belong to.
KINDS: dict[str, dict[str, Kind]] = {
    "train": {
        **_DATA,
        **_OBJECTIVE,
        **_TRAINER,
        **_MORE_OF_TRAINER,
        "seed": SEED,
        "ckpt": PATH.or_else(None),
        "init": PATH.or_else(None),
        "teacher": MODELS.or_else(None),
        "allow_seen_events": FLAG,
        "optimizer.lr": number(least=0),
        "optimizer.weight_decay": number(least=0),
        "scheduler.warmup": number(least=0, most=1),
        "scheduler.monitor": TEXT,
        "scheduler.factor": number(above=0, below=1),
        "scheduler.patience": whole(0),
        "scheduler.threshold": number(least=0),
        "selection.monitor": TEXT.or_else(None),
        "selection.mode": one_of("max", "min"),
        "selection.patience": whole(0),
        "compile": FLAG,
        "tf32": FLAG,
        "threads": THREADS,
        "figures_every": whole(0),
    },
    "evaluate": {
        **_DATA,
        **_OBJECTIVE,
        **_TRAINER,
        "seed": SEED,
        "ckpt": MODELS,
        "model_class": TEXT.or_else(None),
        "allow_seen_events": FLAG,
        "threads": THREADS,
        "analysis.signal": number(above=0),
        "analysis.background": number(above=0),
        "analysis.uncertainty": number(least=0),
        "fit_temperature": FLAG,
        "report": SECTIONS,
        "events": whole(1, 1000).or_else(None),
        "importance.events": whole(10),
        "importance.repeats": whole(2),
        "sculpting.signal_efficiencies": SHARES,
        "systematics": UNCERTAINTIES,
        **{f"shifts.{name}": _SHARE for name in SYSTEMATICS if name != "missing_energy"},
        "shifts.missing_energy": number(least=0, noun="a number of GeV"),
        "shifts.events": whole(1),
        "fit.binning": one_of(*BINNINGS, None),
        "fit.bins": whole(1, 100),
        "fit.least_background": whole(1),
        "fit.statistical_errors": FLAG,
    },
    "predict": {
        "ckpt": MODELS,
        "model_class": TEXT.or_else(None),
        "input": FILES,
        "columns": NAMES.or_else(None),
        "missing": number().or_else(None),
        "units": one_of(*UNITS),
        "output": PATH,
        "keep": COLUMNS,
        "latent": FLAG,
        "reconstruction": FLAG,
        "temperature": number(above=0),
        "one_look": FLAG,
        "precision": one_of("32-true", "bf16-mixed"),
        "compile": FLAG,
        "batch_size": whole(1),
        "device": TEXT,
        "threads": THREADS,
    },
    "describe": {
        "input": FILES_OF_CLASSES,
        "output": PATH.or_else(None),
        "columns": NAMES.or_else(None),
        "label": TEXT.or_else(None),
        "missing": number().or_else(None),
        "units": one_of(*UNITS, None),
        "skip_rows": whole(0),
    },
    "export": {"ckpt": MODELS, "model_class": TEXT.or_else(None), "output": PATH},
    "push": {"ckpt": PATH, "output": TEXT, "private": FLAG},
    "compare": {"runs": MODELS, "output": PATH.or_else(None)},
    "simulate": {
        "events": whole(1, 10**9),
        "seed": whole(0),
        "measurements": whole(1, 1000),
        "spread": number(0, 2),
        "output": PATH,
        "workers": whole(1).or_else(None),
        # beyond these, hours bring no event
        "energy": number(above=0, most=100_000, noun="a number of GeV"),
        "masses.heavy_higgs": number(above=0, most=5000, noun="a number of GeV"),
        "masses.charged_higgs": number(above=0, most=5000, noun="a number of GeV"),
        "masses.light_higgs": number(above=0, most=5000, noun="a number of GeV"),
        "hadronisation": FLAG,
        "multiparton_interactions": FLAG,
        "lepton_pt": number(above=0, most=200, noun="a number of GeV"),
        "jet_pt": number(above=0, most=60, noun="a number of GeV"),
    },
}


def require_kinds(command: str, values: Mapping[str, Any]) -> None:
    """Refuse values of a command's configuration that make no sense by themselves.

    Args:
        command: ``train``, ``predict`` and so on.
        values: its configuration, nested or flat; keys that have no kind pass.

    Raises:
        UserError: names the first of them and what to give instead.
    """
    given, kinds = dict(nodes(values)), KINDS.get(command, {})
    for key, kind in kinds.items():
        value = given.get(key)
        if key in given and not kind.holds(value):
            raise UserError(f"{key}={as_written(value)}: give {kind.words}")
        for parent in _parents(key):
            if parent in given and not isinstance(given[parent], dict):
                raise UserError(
                    f"{parent}={as_written(given[parent])}: say {key}=..., or choose one of the group"
                )
    if isinstance(given.get("trainer"), dict):
        _require_known_trainer(given["trainer"])
    for parent in {parent for key in kinds for parent in _parents(key)} & given.keys():
        for key in () if _TARGET in given[parent] else given[parent]:
            if f"{parent}.{key}" not in kinds:
                raise UserError(f"{parent}.{key} is not a key of the configuration (see --help)")


def validate(config: Mapping[str, Any]) -> None:
    """Refuse a configuration of training that makes no sense, by itself or together.

    Raises:
        UserError: with the key and the mend.
    """
    require_kinds("train", config)
    objective = config["objective"]
    ratio = objective.get("mask_ratio")
    if ratio and round(ratio * NUM_OBJECTS) == 0:
        raise UserError(
            f"objective.mask_ratio={ratio} of {NUM_OBJECTS} objects hides none: give 0 for a plain "
            f"autoencoder, or {math.ceil(50 / NUM_OBJECTS) / 100:g} or more"
        )
    if objective.get("classification_weight") == objective.get("reconstruction_weight") == 0:
        raise UserError(
            "objective.classification_weight=0 and objective.reconstruction_weight=0: give one of them "
            "a weight, or nothing is learned"
        )
    monitors = (config["selection"]["monitor"], config["scheduler"].get("monitor"))
    if config["trainer"].get("check_val_every_n_epoch", 1) != 1 and monitors != (None, None):
        raise UserError(
            "trainer.check_val_every_n_epoch goes with selection.monitor=null and a schedule that watches "
            "nothing: the best epoch is chosen by what each epoch's validation says"
        )
    if config["teacher"] is None and objective.get("teacher_weight") == 1:
        raise UserError("nothing but a teacher is learned: say teacher=RUN or teacher=[RUN,RUN,RUN]")
    data = config["data"]
    if data["test_csv"] is not None and data["split"] != "random":
        raise UserError(f"data.test_csv goes with data.split=random, not with data.split={data['split']}")
    if data["val_fraction"] + data["test_fraction"] >= 1 and data["test_csv"] is None:
        raise UserError(
            f"data.val_fraction={data['val_fraction']} and data.test_fraction={data['test_fraction']} leave "
            "no training rows: lower them"
        )


def _require_known_trainer(trainer: Mapping[str, Any]) -> None:
    known = _TRAINER | _MORE_OF_TRAINER
    for key in trainer:
        is_known = key == _TARGET or f"trainer.{key}" in known
        if trainer.get(_TARGET) == "lightning.Trainer" and not is_known:
            mend = _NOT_OF_TRAINER.get(key, "a run decides that by itself")
            raise UserError(f"trainer.{key}={as_written(trainer[key])} can't be had: {mend}; leave it out")
    for split in ("train", "val", "test"):
        if trainer.get(f"limit_{split}_batches") == 0:
            raise UserError(
                f"trainer.limit_{split}_batches=0 leaves no {split} events, of which a run needs some: "
                "give 1 or more"
            )


def require_metric(key: str, monitor: str | None, metrics: Collection[str]) -> None:
    """Refuse to choose by a metric that there is not.

    Raises:
        UserError: with those that there are.
    """
    if monitor is not None and monitor not in metrics:
        raise UserError(f"{key}={monitor} is no metric of this run: choose one of {', '.join(metrics)}")


# what a file may name --------------------------------------------------------------------------------------

_OBJECTIVE_CLASS = "higgs_lightning.training.objective.MaskedObjective"
_DECORRELATED_CLASS = "higgs_lightning.training.decorrelation.DecorrelatedObjective"
_DATA_SOURCES = {"higgs_lightning.data.sample_csv", "higgs_lightning.data.fetch"}
#: The classes and functions that a configuration out of a file may name, by the place where it names them.
NAMED: dict[str, Collection[str]] = {
    "model": {
        "higgs_lightning.models.DeepNetwork",
        "higgs_lightning.models.ParticleAutoencoder",
        "higgs_lightning.models.ScalarTransformer",
        "higgs_lightning.models.TransformerAutoencoderClassifier",
    },
    "data": {"higgs_lightning.data.HiggsDataModule"},
    "data.csv": _DATA_SOURCES,
    "data.test_csv": _DATA_SOURCES,
    "objective": {_OBJECTIVE_CLASS, _DECORRELATED_CLASS},
    "optimizer": {
        f"torch.optim.{name}"
        for name in ("Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "SGD", "Adagrad", "Adadelta")
    },
    "scheduler": {
        "higgs_lightning.training.schedules.warmup_cosine",
        "higgs_lightning.training.schedules.reduce_on_plateau",
    },
    "trainer": {"lightning.Trainer"},
    "callbacks.throughput": {"higgs_lightning.training.callbacks.Throughput"},
    "callbacks.figures": {"higgs_lightning.training.callbacks.EpochFigures"},
}
#: Names of earlier versions, and what they are called now.
_RENAMED = {
    "higgs_lightning.pruning.Pruning": "higgs_lightning.training.callbacks.Pruning",
    "higgs_lightning.schedules.warmup_cosine": "higgs_lightning.training.schedules.warmup_cosine",
    "higgs_lightning.schedules.reduce_on_plateau": "higgs_lightning.training.schedules.reduce_on_plateau",
}
#: What Hydra reads as an instruction rather than as an argument; a file may give the first two.
_TARGET, _PARTIAL = "_target_", "_partial_"


def renewed(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration of training, maybe of an earlier version, as today's version writes it."""
    config = {"allow_seen_events": False, **_renamed(config)}
    if isinstance(config.get("objective"), dict):
        config["objective"] = {_TARGET: _OBJECTIVE_CLASS, **config["objective"]}
    if "callbacks" not in config:
        callbacks = "higgs_lightning.training.callbacks"
        config["callbacks"] = {
            "throughput": {_TARGET: f"{callbacks}.Throughput"},
            "figures": {_TARGET: f"{callbacks}.EpochFigures", "every": config.get("figures_every", 0)},
            "pruning": config.get("pruning"),
        }
    return config


def _renamed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    read = {key: _renamed(each) for key, each in value.items()}
    if isinstance(read.get(_TARGET), str):
        read[_TARGET] = _RENAMED.get(read[_TARGET], read[_TARGET])
    return read


def as_data(config: Any, source: str, allowed: Mapping[str, str]) -> dict[str, Any]:
    """A configuration that was read from a file, once nothing in it can act.

    Args:
        config: its content.
        source: the file, for the sentence.
        allowed: further names by their places, which the user's own command line gives.

    Returns:
        The same with today's names. Text that looks like an interpolation is text still: give it to
        OmegaConf by way of :func:`literal`.

    Raises:
        UserError: it is not made of plain data, or names something that a file may not name.
    """
    if not isinstance(config, dict):
        raise UserError(f"{source} holds no configuration: it is no checkpoint of higgs_lightning")
    if not is_small(config):
        raise UserError(f"{source} holds a configuration of endless size: it is not to be trusted")
    try:
        return {str(k): _as_data(value, str(k), source, allowed) for k, value in _renamed(config).items()}
    except RecursionError:
        raise UserError(f"{source} nests its configuration without end: it is not to be trusted") from None


def is_small(config: Any) -> bool:
    """Whether nested data have at most :data:`MOST_VALUES` values; a part counts wherever it is repeated."""
    pending, count = [config], 0
    while pending:
        value = pending.pop()
        count += 1
        if not isinstance(value, dict | list | tuple):
            continue
        parts = value.values() if isinstance(value, dict) else value
        if count + len(pending) + len(parts) > MOST_VALUES:
            return False
        pending += parts
    return True


def _as_data(value: Any, place: str, source: str, allowed: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        read = {str(k): _as_data(v, f"{place}.{k}", source, allowed) for k, v in value.items()}
        for key in read:
            if key.startswith("_") and key not in (_TARGET, _PARTIAL):
                raise UserError(f"{source} says {place}.{key}, which a file may not: it is not to be trusted")
        if _TARGET in read:
            name = str(read[_TARGET])
            if name not in NAMED.get(place, ()) and allowed.get(place) != name:
                raise UserError(
                    f"{source} names {name} as its {place}, which is not one of higgs_lightning's: if you "
                    f"trust it, name it yourself with {_naming(place)}={name}"
                )
        return read
    if isinstance(value, list | tuple):
        return [_as_data(each, place, source, allowed) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise UserError(f"{source} holds a {type(value).__name__} as {place}: it is not to be trusted")


def _naming(place: str) -> str:
    return f"{place}.{_TARGET}" if place != "model" else f"model.{_TARGET} in train, model_class elsewhere"


def literal(config: Any) -> Any:
    """Plain data for OmegaConf, in which ``${`` is text."""
    if isinstance(config, dict):
        return {key: literal(value) for key, value in config.items()}
    if isinstance(config, list):
        return [literal(value) for value in config]
    return config.replace("${", "\\${") if isinstance(config, str) else config


def nodes(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a configuration with its whole name, and every group."""
    for key, value in config.items():
        yield f"{prefix}{key}", value
        if isinstance(value, dict):
            yield from nodes(value, f"{prefix}{key}.")


def _parents(key: str) -> Iterator[str]:
    parts = key.split(".")
    for length in range(1, len(parts)):
        yield ".".join(parts[:length])
