"""The table of ``mistakes.py``: command lines, and how each must end."""

import json
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from re import escape
from typing import Any

from higgs_lightning.configuration import SYSTEMATICS

COMMANDS = ("train", "evaluate", "predict", "describe", "export", "push", "compare", "simulate")


@dataclass(frozen=True)
class Case:
    """A command line, and how it must end.

    Attributes:
        command: ``train``, ``predict`` and so on.
        kind: of the mistake, for the summary.
        arguments: of the command; ``FILES`` in them is the folder of :mod:`mistaken_files`.
        says: a regular expression that the sentence must hold; of a success, what it prints.
        status: the exit status.
        before: prepares the folder that the command runs in, given that and the folder of the files.
        leaves: patterns of the files that it may write.
        interrupt: whether the time has come for Ctrl-C, by the folder.
        draws: whether plots are drawn, which takes seconds.
    """

    command: str
    kind: str
    arguments: tuple[str, ...]
    says: str
    status: int = 1
    before: Callable[[Path, Path], Any] | None = None
    leaves: tuple[str, ...] = ()
    interrupt: Callable[[Path], bool] | None = None
    draws: bool = False

    def __str__(self) -> str:
        return f"{self.command} {' '.join(self.arguments)}  [{self.kind}]"


# what a value may be: values that are none, by the kind of value -----------------------------------------

_NO_NUMBER = ("many", "[1,2]", "{a:1}", "true", "nan", "inf", '""')
BAD = {
    "flag": ("maybe", "1", "[true]", "{a:1}", "nan", "0.0", '"true"'),
    "whole": ("0", "-1", "1.5", "1e30", *_NO_NUMBER),
    "count": ("-1", "1.5", "1e30", *_NO_NUMBER),
    "size": ("-1", "1.5", "1e30", "1000000000", *_NO_NUMBER),
    "seed": ("-1", "1.5", "4294967296", "1e30", *_NO_NUMBER),
    "positive": ("0", "-1", "-inf", *_NO_NUMBER),
    "weight": ("-1", "-inf", *_NO_NUMBER),
    "spread": ("-0.1", "2.5", "1e30", *_NO_NUMBER),
    "share": ("-0.1", "1.5", "1e30", *_NO_NUMBER),
    "choice": ("banana", "[a,b]", "{a:1}", "1.5", "nan", '""'),
    "few": ("0", "1", "1.5", *_NO_NUMBER),
    "threads": ("0", "-1", "1.5", "100000", *_NO_NUMBER),
    "shares": ("0.5", "[]", "[0]", "[1.5]", "[nan]", "[many]", "{a:1}", "true", '""'),
    "sections": ("banana", "[banana]", "[full]", "{a:1}", "1.5", "true", '""'),
    "text": ("[a,b]", "{a:1}", '""', "true", "1.5"),
    "number": ("nan", "inf", "many", "[1,2]", "{a:1}", "true", '""'),
    "names": ("many", "1.5", "[a,b]", "true", "{a:[b]}", "{lepton_pT:1.5}", "{tau:tau_pt}", '{lepton_pT:""}'),
    "columns": ("{a:1}", "1.5", "[[a]]", "true", '[""]'),
    "path": ("[[a]]", "{a:1}", '""', "true", "1.5"),
    "limit": ("-1", "1.5", "1e30", *_NO_NUMBER),
    "devices": ("0", "-7", "1.5", "[]", "{a:1}", "banana", '""'),
}

#: The kind of every key; with ``?`` it may be null.
DATA = {
    **{"data.csv": "path", "data.name": "text?", "data.test_csv": "path?", "data.dir": "path"},
    **{"data.skip_rows": "count", "data.split": "choice", "data.columns": "names?", "data.label": "text?"},
    **{"data.missing": "number?", "data.units": "choice"},
    **{"data.weights": "text?", "data.class_balance": "flag"},
    **{"data.val_fraction": "share", "data.test_fraction": "share", "data.train_events": "whole?"},
    **{"data.statistics": "choice", "data.batch_size": "whole", "data.device_resident": "choice"},
    "data.seed": "seed",
}
OBJECTIVE = {
    **{"objective.classification_weight": "weight", "objective.reconstruction_weight": "weight"},
    **{"objective.mask_ratio": "share", "objective.mask_fraction": "share"},
    **{"objective.teacher_weight": "share", "objective.reflect": "flag", "objective.smearing": "share"},
}
TRAINER = {
    **{"trainer.max_epochs": "whole", "trainer.accelerator": "choice", "trainer.devices": "devices"},
    **{"trainer.precision": "choice", "trainer.accumulate_grad_batches": "whole"},
    **{"trainer.gradient_clip_val": "weight?", "trainer.deterministic": "choice?"},
    **{"trainer.use_distributed_sampler": "flag", "trainer.num_sanity_val_steps": "count"},
    **{"trainer.enable_model_summary": "flag", "trainer.enable_progress_bar": "flag"},
    **{"trainer.num_nodes": "whole", "trainer.strategy": "choice", "trainer.max_time": "choice?"},
    **{"trainer.limit_train_batches": "limit", "trainer.limit_val_batches": "limit"},
    **{"trainer.limit_test_batches": "limit", "trainer.profiler": "choice?"},
}
KEYS: dict[str, dict[str, str]] = {
    "train": {
        **DATA,
        **OBJECTIVE,
        **TRAINER,
        **{"seed": "seed", "ckpt": "path?", "init": "path?", "teacher": "path?"},
        "allow_seen_events": "flag",
        **{"optimizer.lr": "weight", "optimizer.weight_decay": "weight", "scheduler.warmup": "share"},
        **{"selection.monitor": "choice?", "selection.mode": "choice", "selection.patience": "count"},
        **{"compile": "flag", "tf32": "flag", "threads": "threads", "figures_every": "count"},
        **{"model.num_layers": "size", "model.num_heads": "size", "model.latent_dim": "size"},
        **{"model.dropout": "share", "model.dim": "size", "model.decoder_layers": "size"},
        "model.average_mirrors": "flag",
        "model.detector_missing_energy": "flag",
    },
    "evaluate": {
        **DATA,
        **OBJECTIVE,
        **TRAINER,
        **{"ckpt": "path", "model_class": "text?", "seed": "seed", "allow_seen_events": "flag"},
        **{"analysis.signal": "positive", "analysis.background": "positive"},
        **{"analysis.uncertainty": "weight", "fit_temperature": "flag"},
        **{"report": "sections", "events": "whole?", "threads": "threads"},
        **{"importance.events": "few", "importance.repeats": "few"},
        "sculpting.signal_efficiencies": "shares",
        "systematics": "choice",
        **{f"shifts.{name}": "share" for name in SYSTEMATICS if name != "missing_energy"},
        **{"shifts.missing_energy": "weight", "shifts.events": "whole"},
        **{"fit.binning": "choice?", "fit.bins": "whole", "fit.least_background": "whole"},
        "fit.statistical_errors": "flag",
    },
    "predict": {
        **{"ckpt": "path", "model_class": "text?", "input": "path", "output": "path", "latent": "flag"},
        **{"reconstruction": "flag", "temperature": "positive", "batch_size": "whole", "device": "text"},
        **{"one_look": "flag", "precision": "choice", "compile": "flag", "threads": "threads"},
        **{"columns": "names?", "missing": "number?", "units": "choice"},
        "keep": "columns",
    },
    "describe": {
        **{"input": "path", "output": "path?", "columns": "names?", "label": "text?", "missing": "number?"},
        **{"units": "choice?", "skip_rows": "count"},
    },
    "export": {"ckpt": "path", "model_class": "text?", "output": "path"},
    "push": {"ckpt": "path", "output": "text", "private": "flag"},
    "compare": {},
    "simulate": {
        **{"events": "whole", "seed": "count", "measurements": "whole", "output": "path"},
        **{"spread": "spread"},
        **{"workers": "whole?", "energy": "positive", "masses.heavy_higgs": "positive"},
        **{"masses.charged_higgs": "positive", "masses.light_higgs": "positive"},
        **{"hadronisation": "flag", "multiparton_interactions": "flag"},
        **{"lepton_pt": "positive", "jet_pt": "positive"},
    },
}
#: Keys that other choices of a group have.
KEYS_OF_CHOICES = {
    "scheduler=plateau": {
        **{"scheduler.monitor": "choice", "scheduler.factor": "share", "scheduler.patience": "count"},
        "scheduler.threshold": "weight",
    },
    "model=seed": {
        **{"model.num_layers": "size", "model.num_heads": "size", "model.latent_dim": "size"},
        **{"model.dropout": "share", "model.standardize": "flag"},
    },
    "model=dnn": {"model.num_layers": "size", "model.dim": "size"},
    "model=scalar": {
        **{"model.num_layers": "size", "model.num_heads": "size", "model.dropout": "share"},
        "model.dim": "size",
    },
}
#: What a command needs, beside what a case is about: small, so that a mistake that passes costs little.
BASE: dict[str, tuple[str, ...]] = {
    "train": (
        *("data=higgs", "data.csv=FILES/events.csv", "trainer=debug", "trainer.enable_progress_bar=false"),
        *("model.num_layers=1", "model.dim=16", "data.batch_size=64"),
    ),
    "evaluate": ("ckpt=FILES/run", "trainer.enable_progress_bar=false"),
    "predict": ("ckpt=FILES/run", "input=FILES/table_named.csv", "output=scores.csv"),
    "describe": ("input=FILES/table_named.csv", "output=out"),
    "export": ("ckpt=FILES/run", "output=model.pt2"),
    "push": ("ckpt=FILES/run", "output=hf://nobody/nothing"),  # none of its cases gets so far as to ask
    "compare": ("FILES/run", "FILES/second"),
    "simulate": ("events=4", "workers=1", "output=events.csv.gz"),
}
#: How many wrong values of each key are tried.
_VALUES = {"train": 2, "evaluate": 1, "predict": 3, "describe": 2, "export": 3, "push": 3, "simulate": 3}
#: What a run that has begun, and can't go on, leaves.
BEGUN = tuple(
    f"outputs/*/{name}"
    for name in ("config.yaml", "provenance.json", ".hydra/config.yaml", "tensorboard/*", "metrics.csv")
)
TRAINED = (
    *BEGUN,
    *(f"outputs/*/{name}" for name in ("metrics.json", "checkpoints/*", "plots/*", "test_scores.parquet")),
    *(f"outputs/*/{name}" for name in ("report.html", "tables/*")),
)


def given(command: str, *arguments: str) -> tuple[str, ...]:
    """What a command needs, but for what the arguments give."""
    names = {argument.split("=")[0].lstrip("+~") for argument in arguments}
    base = [each for each in BASE[command] if each.split("=")[0] not in names]
    if "model" in names:  # another model has other options
        base = [each for each in base if not each.startswith("model.")]
    return (*base, *arguments)


def case(command: str, kind: str, arguments: str | Iterable[str], says: str, **more: Any) -> Case:
    """A case of a command that has what it needs; arguments between spaces, or one by one."""
    arguments = arguments.split() if isinstance(arguments, str) else tuple(arguments)
    return Case(command, kind, given(command, *arguments), says, **more)


# values ------------------------------------------------------------------------------------------------


def values() -> Iterator[Case]:
    """Wrong values of every key of every command."""
    kind = "a value of the wrong type or out of range"
    tables: list[tuple[str, tuple[str, ...], dict[str, str]]] = [
        *((command, (), keys) for command, keys in KEYS.items()),
        *(("train", (choice,), keys) for choice, keys in KEYS_OF_CHOICES.items()),
    ]
    turns = {name: cycle(bad) for name, bad in BAD.items()}
    for command, choice, keys in tables:
        for key, name in keys.items():
            bad = islice(turns[name.rstrip("?")], _VALUES[command])
            null = () if name.endswith("?") or command == "evaluate" else ("null",)
            for value in (*bad, *null):
                yield case(command, kind, (*choice, f"{key}={value}"), r"\b.*\b".join(key.split(".")))


def together() -> Iterator[Case]:
    """Values that are good alone, and make no sense together or in this world."""
    kind = "values that don't go together"
    for arguments, says in {
        "data.val_fraction=0.5 data.test_fraction=0.5": "data.val_fraction=0.5 and data.test_fraction",
        "data.val_fraction=0.9 data.test_fraction=0.0999": "split|lower",
        "data.val_fraction=0": "val split .* change",
        "data.test_fraction=0": "test split .* change",
        "data.split=gsoc": "data.split=gsoc needs 1,100,000 rows",
        "data.split=paper": "data.split=paper needs 1,000,001 rows",
        "data.split=gsoc data.test_csv=FILES/others.csv": "data.test_csv goes with data.split=random",
        "data.train_events=3000": "data.train_events=3000 needs 1,500",
        "data.train_events=1": "train split .* data.train_events",
        "data.skip_rows=5000": "data.skip_rows",
        "data.skip_rows=10000000000000": "data.skip_rows",
        "objective.mask_ratio=0.01": "objective.mask_ratio=0.01 .* hides none",
        "objective.classification_weight=0 objective.reconstruction_weight=0": "give one of them",
        "objective.teacher_weight=1": "teacher=RUN",
        "model=dnn objective.classification_weight=0": "no decoder",
        "model.num_heads=3": "num_heads|heads",
        "model.dim=4096 model.num_heads=4095": "heads",
        "selection.monitor=val/banana": "selection.monitor=val/banana is no metric",
        "selection.monitor=test/auc": "selection.monitor=test/auc is no metric",
        "scheduler=plateau scheduler.monitor=lr": "scheduler.monitor=lr is no metric",
        "teacher=FILES/nothing": "nothing does not exist",
        "teacher=[]": "at least one run",
        "teacher=[FILES/run,FILES/dnn]": "trained with model",
        "init=FILES/dnn": "trained with model",
        "trainer.precision=64-true": "trainer.precision=64-true",
        "trainer.precision=transformer-engine": "trainer.precision",
        "init=FILES/run model.num_layers=2": "trained with model.num_layers=1",
        "init=pretrained": "trained with model",
        "+trainer.fast_dev_run=true": "trainer.fast_dev_run=true .*trainer=debug",
        "+trainer.overfit_batches=2": "trainer.overfit_batches=2 .*data.train_events",
        "+trainer.check_val_every_n_epoch=2": "trainer.check_val_every_n_epoch .*selection.monitor=null",
        "+trainer.enable_checkpointing=false": "trainer.enable_checkpointing=false",
        "+trainer.barebones=true": "trainer.barebones=true",
        "+trainer.logger=false": "trainer.logger=false",
        "+trainer.default_root_dir=x": "trainer.default_root_dir=x",
        "trainer.max_time=soon": "trainer.max_time=soon",
        "+trainer.max_steps=0": "trainer.max_steps=0",
        "+trainer.val_check_interval=2.5": "trainer.val_check_interval=2.5",
        "trainer.profiler=good": "trainer.profiler=good",
        "+trainer.limit_train_batches=5": "trainer.limit_train_batches has a default: leave the plus away",
        "trainer.max_steps=7": r"\+trainer.max_steps=7",
        "trainer.strategy=fsdp": "trainer.strategy=fsdp",
        "trainer.strategy=ddp_spawn": "trainer.strategy=ddp_spawn",
        "trainer.limit_val_batches=0": "trainer.limit_val_batches=0",
        "trainer.limit_train_batches=0": "trainer.limit_train_batches=0",
        "trainer.limit_test_batches=0": "trainer.limit_test_batches=0",
        "+objective.teacher=x": "objective.teacher",
        "data.test_csv=FILES/events.csv": "this run was trained on .* allow_seen_events",
        "init=FILES/nowhere": "init=FILES/nowhere|init=.*nowhere does not exist",
        "teacher=[FILES/run,FILES/nowhere]": "teacher=.*nowhere does not exist",
        "init=FILES/run data.test_csv=FILES/events.csv": "trained on .* allow_seen_events",
        "teacher=FILES/run data.seed=4": "trained on .* allow_seen_events",
        "init=FILES/events.csv": "events.csv is not a readable checkpoint",
        "init=FILES/folder": "best.ckpt does not exist",
    }.items():
        yield case("train", kind, arguments, says)
    for arguments, says in {
        "optimizer.lr=1e30": "lr",
        "objective.classification_weight=1e300": "loss|finite",
        "objective.reconstruction_weight=1e39": "loss|finite",
        "optimizer.weight_decay=1e30": "loss",
    }.items():
        yield case("train", "a training that diverges", arguments, says, leaves=BEGUN)
    for arguments, says in {
        "masses.charged_higgs=100": "masses",
        "energy=100": "energy=100",
        "lepton_pt=100000": "lepton_pt",
        "jet_pt=100000": "jet_pt",
        "events=1000000000000000000000": "events",
        "measurements=1000000000000000000000": "measurements",
        "energy=1e30": "energy",
        "energy=430": "energy=430",
        "energy=356": "energy=356",
        "masses.light_higgs=1": "masses.light_higgs=1",
        "masses.heavy_higgs=1e30": "masses",
    }.items():
        yield case("simulate", kind, arguments, says)
    for arguments, says in {
        "trainer.limit_test_batches=0": "trainer.limit_test_batches",
        "trainer.limit_test_batches=1 data.batch_size=1": "trainer.limit_test_batches",
        "data.seed=5": "trained on .* allow_seen_events",
        "data.test_csv=FILES/events.csv": "trained on .* allow_seen_events",
        "data.csv=FILES/others.csv data.val_fraction=0": "val split|temperature",
        "ckpt=[FILES/run,FILES/dnn]": "trained with model",
        "ckpt=[]": "at least one run",
        "ckpt=[FILES/run,[FILES/run]]": "ckpt",
        "hydra.run.dir=FILES/run": "holds a run",
        "model_class=builtins.int ckpt=FILES/damaged/class_of_another.ckpt": "builtins.int",
        "model_class=no.such.Class ckpt=FILES/damaged/class_of_another.ckpt": "builtins.int",
        "trainer.precision=16-true": "trainer.precision=16-true",
    }.items():
        yield case("evaluate", kind, arguments, says)
    for arguments, says in {
        "ckpt=FILES/dnn reconstruction=true": "reconstruction=true: DeepNetwork has no decoder",
        "ckpt=[FILES/run,FILES/dnn]": "trained with model",
        "ckpt=[]": "at least one run",
        "ckpt=[FILES/run,FILES/nothing]": "nothing does not exist",
        "keep=banana": "no column 'banana', which keep names",
    }.items():
        yield case("predict", kind, arguments, says)
    for arguments, says in {
        "ckpt=FILES/seed": "scores a batch as a whole",
        "ckpt=[FILES/run,FILES/dnn]": "trained with model",
        "ckpt=[FILES/run,FILES/dnn] output=a.safetensors": "trained with model",
        "ckpt=FILES/nothing output=a.safetensors": "nothing does not exist",
        "ckpt=[]": "at least one run",
    }.items():
        yield case("export", kind, arguments, says)


def devices() -> Iterator[Case]:
    """Devices that are not there."""
    kind = "a device that is not there"
    for command in ("train", "evaluate"):
        for name in ("gpu", "cuda", "tpu", "mps", "banana", "hpu"):
            yield case(command, kind, f"trainer.accelerator={name}", "trainer: .*")
        yield case(command, kind, "trainer.strategy=banana", "strategy")
        yield case(command, kind, "data.device_resident=cuda", "data.device_resident")
    for name in ("cuda", "cuda:7", "mps", "banana", "meta", "xla", "1"):
        yield case("predict", kind, f"device={name}", f"device={name}")


# the command line --------------------------------------------------------------------------------------


def grammar() -> Iterator[Case]:
    """What Hydra, or compare, can't read, and keys that are none."""
    kind = "unknown keys, groups and choices"
    for command in ("train", "evaluate", "predict", "describe", "export", "simulate"):
        yield case(command, kind, "banana=1", "banana is not a key")
        yield case(command, kind, "seeed=1", "seeed is not a key")
        yield case(command, kind, "hydra.banana=1", "hydra.banana")
        yield case(command, kind, "~banana", "banana")
        yield case(command, kind, "hydra.run=1", "hydra.run")
    for arguments, says in {
        "data=banana": "data.*banana",
        "model=banana": "model.*banana",
        "stage=banana": "banana",
        "experiment=banana": "banana",
        "trainer=banana": "banana",
        "optimizer=banana": "banana",
        "optimizer=[adamw,banana]": "banana|optimizer",
        "hparams_search=banana": "banana",
        "hydra/launcher=banana": "banana",
        "model.depth=2": "model.depth is not a key",
        "model=seed model.dim=3": "model.dim is not a key|model.dim is no option",
        "data.dir.x=3": "data.dir",
        "seed.x=3": "seed.x is not a key",
        "+model.depth=2": "model.depth is no option",
        "+data.depth=2": "depth",
        "+objective.depth=2": "depth",
        "+optimizer.depth=2": "depth",
        "+scheduler.depth=2": "depth",
        "+trainer.depth=2": "depth",
        "+selection.depth=2": "depth",
        "+seed=2": "seed",
        **{
            f"~{key}": f"{key} can't be left out"
            for key in (
                *("model", "data", "seed", "objective", "trainer", "optimizer", "scheduler", "selection"),
                *("callbacks", "ckpt", "data.csv", "data.seed", "trainer.max_epochs", "selection.monitor"),
            )
        },
        "~objective.mask_ratio": "mask_ratio",
        "model=null": "model",
        "data=null": "data",
        "trainer=null": "trainer",
        "objective=null": "objective",
        "optimizer=null": "optimizer",
        "selection=null": "selection",
        "selection=5": "selection",
        "callbacks=null": "callbacks",
        "callbacks.throughput=5": "callbacks",
        "+callbacks.mine._target_=no.such.Class": "no.such|callbacks",
        "+callbacks.mine._target_=builtins.int": "callbacks",
        "model._target_=no.such.Class": "model._target_=no.such.Class",
        "model._target_=builtins.int": "model._target_=builtins.int is no subclass",
        "model._target_=5": "model._target_",
        "model._target_=null": "model._target_",
        "data._target_=builtins.int": "data",
        "data._target_=no.such.Class": "data|no.such",
        "objective._target_=builtins.int": "objective",
        "optimizer._target_=builtins.int": "optimizer",
        "optimizer._target_=torch.optim.Banana": "optimizer|Banana",
        "optimizer._partial_=false": "optimizer",
        "scheduler._target_=builtins.int": "scheduler",
        "trainer._target_=builtins.int": "trainer",
        "pruning=5": "pruning",
        "pruning._target_=builtins.int": "pruning",
    }.items():
        yield case("train", kind, arguments, says)
    for key in ("ckpt", "data", "seed", "trainer", "analysis", "objective", "analysis.signal"):
        yield Case("evaluate", kind, ("ckpt=FILES/run", f"~{key}"), f"{key} can't be left out")
    for command, keys in {
        "predict": ("ckpt", "input", "device", "batch_size"),
        "describe": ("input", "units"),
        "export": ("ckpt", "output"),
        "push": ("ckpt", "private"),
        "simulate": ("events", "seed", "energy", "masses", "masses.light_higgs"),
    }.items():
        for key in keys:
            yield Case(command, kind, (*BASE[command], f"~{key}"), f"{key} can't be left out")

    kind = "what can't be read"
    for argument in (
        "data.csv=a b=c,d[",
        "data.csv=[a",
        "data.csv={a",
        'data.csv="a',
        "data.csv='a",
        "data.csv=a)",
        "data.csv=a=b",
        "data.csv=${",
        "data.csv=${nothing}",
        "data.csv=${oc.env:NO_SUCH_VARIABLE}",
        "data.csv=${banana:1}",
        "data.csv=",
        "seed=1,2",
        "seed=range(1,5)",
        "model.num_layers=choice(1,2)",
        "data.csv=a,b",
        "=5",
        "seed",
        "banana",
        "seed 5",
        "seed==5",
        "seed:5",
        "++",
        "~",
        "optimizer.lr=1e-3e",
        "data=higgs,sample",
    ):
        says = escape(argument.split("=")[0].strip("~+")) or "read|see --help"
        yield case("train", kind, (argument,), says)
    for argument in (
        "input=a b=c,d[",
        "input=a,b.csv",
        "output=[a.csv",
        "output=a)b.csv",
        'output="a',
        "input=${nothing}",
        "input=$x^$.csv",
        "ckpt=FILES/run,FILES/second",
    ):
        yield case("predict", kind, (argument,), argument.split("=")[0])
    for command in COMMANDS:
        yield Case(command, kind, (*BASE[command], "--banana"), "banana", 1 if command == "compare" else 2)
    yield Case("train", kind, ("--config-name", "banana"), "banana")
    yield Case("train", kind, ("--config-path", "/no/such/folder"), "no/such/folder")
    yield Case("train", kind, ("-c",), "expected one argument|argument", 2)

    kind = "what a command needs"
    for command in ("evaluate", "predict", "describe", "export", "push", "simulate"):
        yield Case(command, kind, (), "say ")
    for key in ("ckpt", "input", "output"):
        rest = [each for each in BASE["predict"] if not each.startswith(key)]
        yield Case("predict", kind, tuple(rest), f"say {key}=")
    yield Case("export", kind, ("ckpt=FILES/run",), "say output=")
    yield Case("export", kind, ("output=a.pt2",), "say ckpt=")
    yield Case("compare", kind, (), "say which runs")

    kind = "help"
    for command in COMMANDS:
        yield Case(command, kind, ("--help",), command, 0)


# paths -------------------------------------------------------------------------------------------------


def paths() -> Iterator[Case]:
    """Files that are not there, or are something else; outputs that can't be written."""
    kind = "an input that is no such file"
    long = "x" * 256
    inputs = (
        *("nothing", "FILES/folder", "FILES/dangling.csv", "FILES/events.csv/inside", long, "/dev/null"),
        *("FILES/fifo.csv", "FILES/nothing/inside.csv", "1", "."),
    )
    for name in inputs:
        shown = escape(name.removeprefix("FILES/")[:200])
        yield case("train", kind, f"data.csv={name}", shown)
        yield case("predict", kind, f"input={name}", shown)
        yield case("describe", kind, f"input={name}", shown)
        if name != "FILES/folder":
            yield case("predict", kind, f"ckpt={name}", shown)
    for name in inputs[:7]:
        shown = escape(name.removeprefix("FILES/")[:200])
        yield case("train", kind, f"data.test_csv={name}", shown)
        yield case("train", kind, f"init={name}", shown)
        yield case("train", kind, f"teacher={name}", shown)
        yield case("train", kind, f"ckpt={name}", shown)
        yield case("evaluate", kind, f"ckpt={name}", shown)
        yield case("evaluate", kind, f"data.csv={name}", shown)
        yield case("export", kind, f"ckpt={name}", shown)
        yield case("push", kind, f"ckpt={name}", shown)
        yield case("compare", kind, (name,), shown)
    for command in ("train", "evaluate", "predict", "export", "push"):
        yield case(command, kind, "ckpt=last", "ckpt=last: no run")
        yield case(command, kind, "ckpt=FILES/evaluation", "evaluation")
        yield case(command, kind, "ckpt=FILES/sweep", "sweep")
    for command, key in (("train", "init"), ("train", "teacher"), ("evaluate", "ckpt"), ("export", "ckpt")):
        for address, says in (
            ("hf://nobody", "give a repository as hf://USER/REPO"),
            ("hf://nobody/nothing/file", "give a repository as hf://USER/REPO"),
            ("https://127.0.0.1:1/a.safetensors", "give the checksum of the file"),
            ("https://127.0.0.1:1/a.ckpt#sha256=" + 64 * "0", "give the checksum of the file"),
            ("https://127.0.0.1:1/a.safetensors#sha256=12", "give the checksum of the file"),
        ):
            yield case(command, kind, f"{key}={address}", says)
    yield case("train", kind, "ckpt=hf://nobody/nothing", "ckpt=hf://nobody/nothing is weights alone")
    for output in ("folder", "hf://nobody", "https://127.0.0.1:1/nothing", "hf://a/b/c"):
        yield case("push", kind, f"output={output}", "output=.*give a repository as hf://USER/REPO")
    yield case("compare", kind, ("FILES/events.csv",), "events.csv is not a folder")
    yield case("compare", kind, ("hf://nobody/nothing",), "hf://nobody/nothing is weights alone")
    for command, key in (
        *(("train", "data.csv"), ("predict", "input"), ("describe", "input")),
        *((command, "output") for command in ("predict", "describe", "export", "simulate", "compare")),
    ):
        address = "https://127.0.0.1:1/a.csv.gz"
        yield case(command, kind, f"{key}={address}", f"{key}={address} is an address")
    yield case("compare", kind, ("FILES/folder",), "folder holds no run")
    yield case("predict", kind, "input=FILES/folder.csv", "folder.csv")
    yield case("train", kind, "data.csv=FILES/folder.csv", "folder.csv")
    yield case("predict", kind, "input=FILES/table_good.root:nothing", "nothing")
    yield case("predict", kind, "input=FILES/nothing.root:events", "nothing.root")
    yield case("predict", kind, "ckpt=PRETRAINED", "PRETRAINED")

    kind = "an output that can't be written"
    for command, suffix, key in (
        *(("predict", suffix, "output") for suffix in (".csv", ".root")),
        ("export", ".pt2", "output"),
        *(("simulate", suffix, "output") for suffix in (".csv.gz", ".parquet")),
    ):
        for name in (
            *(f"nothing/a{suffix}", f"FILES/events.csv/a{suffix}", f"{long}{suffix}", "a.banana", "a", "."),
            *("folder",),
        ):
            yield case(
                *(command, kind, f"{key}={name}", f"{key}="), before=lambda cwd, _: (cwd / "folder").mkdir()
            )
        name = f"folder{suffix}"
        yield case(
            *(command, kind, f"{key}={name}", f"{key}={name}"),
            before=lambda cwd, _, name=name: (cwd / name).mkdir(),
        )
    for name in ("/proc/a.csv", "/dev/null", "/dev/null/a.csv", "/dev/full"):
        yield case("predict", kind, f"output={name}", "output=")
    yield case("simulate", kind, "output=/proc/a.csv.gz", "output=")
    yield case("simulate", kind, "output=events.csv events=1000000", "output=events.csv")
    yield case("export", kind, "output=/proc/a.pt2", "output=")
    for name in ("FILES/events.csv", "FILES/events.csv/a", long, "/proc/a", "/dev/null", "FILES/run"):
        yield case("describe", kind, f"output={name}", escape(name.removeprefix("FILES/")[:200]))
    for command in ("train", "evaluate"):
        for name in ("FILES/events.csv", "FILES/events.csv/a", long, "/proc/a", "/dev/null"):
            yield case(command, kind, f"hydra.run.dir={name}", escape(name.removeprefix("FILES/")[:200]))
        for name in ("FILES/others.csv", "/proc/a", long):
            yield case(
                *(
                    command,
                    kind,
                    f"data.dir={name} data.csv=FILES/one.zip allow_seen_events=true".replace(
                        " allow_seen_events=true", " allow_seen_events=true" if command == "evaluate" else ""
                    ),
                ),
                escape(name.removeprefix("FILES/")[:200]),
            )
    for name in ("FILES/events.csv", long, "/proc/a", "FILES/events.csv/a"):
        yield case("compare", kind, f"output={name}", escape(name.removeprefix("FILES/")[:200]))
    yield case("compare", kind, "output=", "output=")
    yield case("compare", kind, "output=FILES/run", "run")
    yield case("compare", kind, "output=FILES/evaluation", "evaluation")
    yield case("compare", kind, ("--output",), "output")
    yield case("compare", kind, ("banana=1",), "banana=1")

    kind = "an output that is the input"

    def own(cwd: Path, files: Path) -> None:
        (cwd / "a").mkdir()
        shutil.copy(files / "table_named.csv", cwd / "x.csv")
        shutil.copy(files / "table_good.root", cwd / "x.root")
        (cwd / "linked").symlink_to(cwd)
        (cwd / "hard.csv").hardlink_to(cwd / "x.csv")
        (cwd / "soft.csv").symlink_to(cwd / "x.csv")

    for source, target in (
        *(("x.csv", "x.csv"), ("x.csv", "./x.csv"), ("./x.csv", "x.csv"), ("x.csv", "a/../x.csv")),
        *(("x.csv", "linked/x.csv"), ("x.csv", "hard.csv"), ("soft.csv", "x.csv"), ("x.csv", "soft.csv")),
        *(("x.root:events", "x.root"), ("x.root", "./x.root"), ("linked/x.root:events", "x.root")),
    ):
        yield case(
            *(
                "predict",
                kind,
                f"input={source} output={target}",
                f"output={escape(str(Path(target)))} is the input",
            ),
            before=own,
        )


# data --------------------------------------------------------------------------------------------------


def damaged_data() -> Iterator[Case]:
    """Damaged files of events."""
    kind = "damaged events"
    for name, says in {
        "empty.csv": "holds no events",
        "blank.csv": "holds no events",
        "short_row.csv": "line 7: it has 28 columns",
        "long_row.csv": "line 7: it has 30 columns",
        "text.csv": "line 7: lepton_phi is 'many'",
        "inf.csv": "line 7: lepton_phi is 'inf'",
        "huge.csv": "line 7: lepton_phi is 1e300, too large",
        "label_nan.csv": "line 7: label is 'nan'",
        "label_2.csv": "line 7: the label is 2",
        "label_half.csv": "line 7: the label is 0.5",
        "label_text.csv": "line 7: label is 'signal'",
        "negative_pt.csv": "row 7: lepton_pT is -1",
        "minus_999.csv": "row 7: jet_1_pt is -999",
        "e30.csv": "row 7: lepton_pT is 1e.30",
        "eta_90.csv": "row 7: lepton_eta is 90",
        "quoted.csv": "line 7: lepton_eta is",
        "counted_header.csv": "counts the columns",
        "index_column.csv": "has 30 columns",
        "reversed.csv": "not HIGGS' units: jet_1_b-tag .* look whether columns are shifted",
        "signal_only.csv": "both",
        "background_only.csv": "both",
        "one_row.csv": "split|rows",
        "three_rows.csv": "split|rows",
        "features_only.csv": "has 21 columns without names, so no label",
        "truncated.csv.gz": "can't be read after line",
        "corrupted.csv.gz": "can't be read after line|line [0-9]+",
        "header_alone.csv.gz": "can't be read",
        "random.csv": "no column 'lepton_pT'",
        "random.csv.gz": "can't be read",
        "utf16.csv": "UTF-16, not UTF-8",
        "nul.csv": "line",
        "classic_mac.csv": "let lines end in LF or CRLF",
        "two.zip": "a zip of 2",
        "none.zip": "a zip of 0",
        "truncated.zip": "can't be read",
        "corrupted.zip": "can't be read|line",
        "table_good.parquet": "table_good.parquet",
        "table_good.root": "table_good.root",
        "run/checkpoints/best.ckpt": "best.ckpt",
    }.items():
        yield case("train", kind, f"data.csv=FILES/{name}", rf"(?=.*{escape(name)}).*({says})")
    yield case("evaluate", kind, "data.csv=FILES/signal_only.csv", "data.train_events=600 .* 0: .*both")
    yield case("train", kind, "data.test_csv=FILES/signal_only.csv", "signal_only.csv")
    for name, says in {
        "good.parquet data.weights=v": "good.parquet has no column 'v' .data.weights=v.: it has",
        "nan.parquet": "weights_nan.parquet, row 7: w is nan",
        "inf.parquet": "weights_inf.parquet, row 7: w is inf",
        "text.parquet": "weights_text.parquet: column w holds",
        "zero.parquet": "w: .* background events .*weights_zero.parquet have weights whose sum is 0",
        "good.parquet data.weights=[w]": "data.weights=.*give text",
    }.items():
        weighted = f"data.weights=w data.csv=FILES/weights_{name}"
        yield case("train", kind, weighted, says)
        yield case("evaluate", kind, f"{weighted} data.train_events=null", says)
    says = "data.weights=w: .* of 400 events in the train split .* below 0, .* absolute values"
    yield case("train", kind, "data.weights=w data.csv=FILES/weights_negative.parquet", says)
    yield case("train", kind, "data.weights=w", "events.csv has no names of columns, so none of weights")
    one = "signal:FILES/table_good.parquet"
    for files, says in {
        f"{{{one}}}": "data.csv=.*give .*signal: PATH, background: PATH",
        f"{{{one},background:1.5}}": "data.csv=.*give",
        f"{{{one},background:FILES/nothing.csv}}": "nothing.csv is not a file",
        f"{{{one},background:FILES/table_good.parquet}}": "as signal and as background",
        f"{{{one},background:FILES/events.csv}}": "events.csv is said to be background",
        "{signal:FILES/weights_good.parquet,background:FILES/events.csv}": "weights_good.* own: name it",
    }.items():
        yield case("train", kind, f"data.csv={files}", says)
        yield case("evaluate", kind, f"data.csv={files} data.train_events=null", says)
    files = "data.csv={signal:FILES/table_good.parquet,background:FILES/table_named.csv}"
    yield case("train", kind, f"{files} data.label=y", "data.label=y is of no use where data.csv tells")
    for name in ("short_row", "label_2", "negative_pt", "counted_header"):
        yield case("evaluate", kind, f"data.csv=FILES/{name}.csv", f"{name}.csv")
        yield case("train", kind, f"data.test_csv=FILES/{name}.csv", f"{name}.csv")
    yield case("evaluate", kind, "data.test_csv=FILES/eta_90.csv", "eta_90.csv, row 7")
    for name, says in {
        "empty.csv": "no events",
        "blank.csv": "no events",
        "table_short_row.csv": "[Rr]ow|#",
        "table_long_row.csv": "[Rr]ow|#",
        "table_text.csv": "many",
        "table_inf.csv": "row 5: a value is infinite",
        "table_negative_pt.csv": "event 4: lepton_pT is -1",
        "table_minus_999.csv": "event 4: jet_1_pt is -999",
        "table_e30.csv": "event 4: lepton_pT is 1e.30",
        "table_eta_90.csv": "event 4: lepton_eta is 90",
        "table_counted.csv": "counts the columns",
        "table_counted_index.csv": "counts the columns",
        "table_index_unnamed.csv": "23 columns",
        "table_twice.csv": "two columns of one name",
        "table_missing_column.csv": "no column 'jet_4_b-tag'",
        "table_header_only.csv": "no events",
        "table_27_columns.csv": "27 columns",
        "table_one_column.csv": "1 columns",
        "table_reversed.csv": "not HIGGS' units",
        "table_truncated.csv.gz": "can't be read",
        "table_corrupted.csv.gz": "can't be read|event",
        "table_missing_column.parquet": "no column 'jet_1_pt'",
        "table_text.parquet": "lepton_phi",
        "table_nested.parquet": "lepton_phi",
        "table_lists.parquet": "lepton_phi",
        "table_no_rows.parquet": "no events",
        "table_twice.parquet": "missing_energy_magnitude|two columns",
        "table_negative_pt.parquet": "event 1: lepton_pT is -1",
        "table_inf.parquet": "row 1: a value is infinite|above are the first of its bad lines",
        "table_no_columns.parquet": "no column",
        "table_truncated.parquet": "can't be read",
        "table_corrupted.parquet": "can't be read|event",
        "table_magic.parquet": "can't be read",
        "table_footer.parquet": "can't be read",
        "table_truncated.root": "can't be read",
        "table_corrupted.root": "can't be read|event",
        "table_magic.root": "can't be read",
        "table_two_trees.root": "2 trees",
        "table_no_trees.root": "neither a TTree",
        "table_missing_branch.root": "no column 'jet_4_b-tag'",
        "table_negative_pt.root": "event 1: lepton_pT",
        "table_no_rows.root": "no events",
        "random.csv": "random.csv",
        "random.csv.gz": "can't be read",
        "utf16.csv": "utf16.csv",
        "nul.csv": "nul.csv",
        "run/checkpoints/best.ckpt": "best.ckpt",
        "run/config.yaml": "config.yaml",
    }.items():
        yield case("predict", kind, f"input=FILES/{name}", rf"(?=.*{escape(name)}).*({says})")
        if not re.search("event [0-9]|[|]event|not HIGGS", says):  # these it describes
            yield case("describe", kind, f"input=FILES/{name}", rf"(?=.*{escape(name)}).*({says})")
    for arguments, says in {
        "input=FILES/short_row.csv": "short_row.csv, line 7: it has 28 columns",
        "input=FILES/semicolons.csv skip_rows=3000": "no events",
        "label=nothing": "no column 'nothing': say label=NAME",
        "columns={lepton_pT:nothing}": "no column 'nothing', which columns names",
        "input=FILES/events.csv columns={lepton_pT:a}": "leave columns away",
    }.items():
        yield case("describe", kind, arguments, says)


# checkpoints -------------------------------------------------------------------------------------------

_DAMAGED = "is not a readable checkpoint"
_NO_CHECKPOINT = "is not a checkpoint|no checkpoint|names no model|is not a file of higgs_lightning"
_NAMES = "names .* as its model|names no model|not one of higgs_lightning"
CHECKPOINTS = {
    **dict.fromkeys(
        ("empty", "truncated", "corrupted", "random", "text", "pickle_int", "pickle_dict"), _DAMAGED
    ),
    **dict.fromkeys(("no_config", "no_state", "a_list", "a_tensor", "config_text"), _NO_CHECKPOINT),
    **dict.fromkeys(("config_list", "state_list", "no_model", "model_text", "model_list"), _NO_CHECKPOINT),
    **dict.fromkeys(("model_none",), _NO_CHECKPOINT),
    **dict.fromkeys(("class_of_another", "class_of_torch", "class_unknown", "class_of_package"), _NAMES),
    **dict.fromkeys(("class_number", "class_list", "class_none", "class_empty"), _NAMES),
    "interpolated_class": _NAMES,
    **dict.fromkeys(("nested_target", "nested_in_list"), "builtins.int|may not"),
    **dict.fromkeys(("args", "recursive", "convert"), "which a file may not"),
    "partial": "model._partial_|another version",
    **dict.fromkeys(("interpolation", "width_e9", "latent_e9", "heads_e9"), "give a whole number"),
    **dict.fromkeys(("layers_e9", "layers_huge", "layers_negative", "layers_float"), "give a whole number"),
    **dict.fromkeys(("layers_text", "layers_true", "layers_list", "layers_none"), "give a whole number"),
    **dict.fromkeys(("dropout_nan", "dropout_2"), "model.dropout"),
    "mirrors_text": "model.average_mirrors",
    "heads_not_dividing": "heads",
    **dict.fromkeys(("other_width", "other_depth", "unknown_key", "wrong_shape"), "another version"),
    **dict.fromkeys(("wrong_name", "missing_weight", "state_empty"), "another version"),
    **dict.fromkeys(("state_text", "state_number"), "another version|is not a checkpoint"),
    **dict.fromkeys(("nan", "infinite"), "not finite"),
    "model_deep": "without end",
    "model_shared": "holds more",
    "stride_0": "holds more than it does",
    **dict.fromkeys(("complex", "sparse", "meta"), "another version|weights|holds more"),
}
SAFETENSORS = {
    **dict.fromkeys(("empty", "truncated", "random", "text", "long_header"), "is damaged"),
    **dict.fromkeys(("no_config", "config_no_json", "config_deep"), "is damaged"),
    **dict.fromkeys(("config_text", "config_list", "config_null"), "names no model"),
    "class_of_another": "names builtins.int as its model",
    "nested_target": "builtins.int",
    **dict.fromkeys(("width_e9", "layers_e9", "layers_infinite"), "give a whole number"),
    **dict.fromkeys(("unknown_key", "wrong_shape", "wrong_name", "missing_weight"), "another version"),
    "no_weights": "another version",
    "nan": "not finite",
    "integers": "another version|weights",
    "flipped": "is damaged",
}
#: What the model has nothing to do with: it is scored as if nothing were wrong.
HARMLESS = (
    "objective_class",
    "data_class",
    "source_class",
    "callbacks_class",
    "optimizer_class",
    "seed_text",
    "state_numbered",
)
#: Of the rest of a configuration, for evaluate, which takes events, objective, seed and precision from it.
FOREIGN = {
    "objective_text": "objective",
    "objective_class": "builtins.int|which a file may not",
    "data_text": "data",
    "data_class": "builtins.int",
    "source_class": "builtins.int|which a file may not",
    "source_list": "events.csv is not a file",
    "split_interpolation": "data.split",
    "fraction_text": "data.val_fraction",
    "seed_text": "seed",
    "trainer_list": "trainer",
    "precision_text": "trainer.precision",
    "trainer_class": "builtins.int",
    "optimizer_class": "builtins.int",
    "callbacks_class": "builtins.int",
    "callbacks_list": "builtins.int|callbacks",
    "identity_text": "damaged|data",
    "identity_list": "damaged|data",
    "data_shared": "holds more",
    "ancestors_number": "ancestors",
    "ancestors_class": "builtins.int|may not",
    "ancestors_data": "ancestors",
    "ancestors_text": "ancestors",
    "ancestors_none": "ancestors",
    "objective_teacher": "objective.teacher",
}
RESUMED = {
    **FOREIGN,
    **{"epoch_text": "checkpoint", "loops_none": "checkpoint", "optimizer_states_none": "checkpoint"},
    **{"train_metrics_none": "checkpoint", "nan": "finite", "wrong_shape": "another version|checkpoint"},
    **{"missing_weight": "another version|checkpoint", "truncated": _DAMAGED, "empty": _DAMAGED},
    **{"class_of_another": "builtins.int", "width_e9": "dim", "args": "may not", "config_text": "checkpoint"},
    **{"no_model": "model", "model_deep": "without end"},
    **{"stride_0": "holds more", "moment_stride_0": "holds more", "wide": "another version"},
    "trainer_devices_text": "say trainer.devices=1",
    **{"trainer_registry": "trainer.model_registry", "trainer_devices": "say trainer.devices=1"},
    **{"trainer_nodes": "trainer.num_nodes=2", "betas_text": "betas", "groups_none": "optimizer"},
    **{"moment_shape": "exp_avg", "schedule_none": "last.ckpt", "callbacks_of_text": "last.ckpt"},
    **{"position_below_0": "-5 batches", "position_text": "'x' batches"},
}


def damaged_checkpoints() -> Iterator[Case]:
    """Checkpoints and weights that are damaged, or a stranger's."""
    kind = "damaged or strange checkpoints"
    for name, says in CHECKPOINTS.items():
        yield case("predict", kind, f"ckpt=FILES/damaged/{name}.ckpt", rf"{name}\.ckpt.*({says})")
    for name, says in SAFETENSORS.items():
        file = f"{name}.safetensors"
        yield case("predict", kind, f"ckpt=FILES/damaged/{file}", rf"{escape(file)}.*({says})")
    for name in HARMLESS:
        yield case(
            "predict", kind, f"ckpt=FILES/damaged/{name}.ckpt", "500 events", status=0, leaves=("scores.csv",)
        )
    for name in ("truncated", "class_of_another", "width_e9", "nan", "pickle_int", "nested_target"):
        for argument in ("init", "teacher"):
            yield case("train", kind, f"{argument}=FILES/damaged/{name}.ckpt", rf"{name}\.ckpt")
        yield case("export", kind, f"ckpt=FILES/damaged/{name}.ckpt", rf"{name}\.ckpt")
        yield case("evaluate", kind, f"ckpt=FILES/damaged/{name}.ckpt", rf"{name}\.ckpt")
    for name, says in FOREIGN.items():
        yield case("evaluate", kind, f"ckpt=FILES/damaged/{name}.ckpt", says)
    for name, says in RESUMED.items():

        def before(cwd: Path, files: Path, name: str = name) -> None:
            shutil.copytree(files / "run", cwd / f"run_{name}")
            shutil.copy(files / "damaged" / f"{name}.ckpt", cwd / f"run_{name}" / "checkpoints" / "last.ckpt")

        yield Case("train", kind, (f"ckpt=run_{name}", "trainer.max_epochs=3"), says, before=before)


# run folders -------------------------------------------------------------------------------------------


def spoilt(name: str, content: str | bytes | None) -> Callable[[Path, Path], None]:
    """Copies the run, and replaces a file of it; None removes it."""

    def before(cwd: Path, files: Path) -> None:
        shutil.copytree(files / "run", cwd / "run")
        path = cwd / "run" / name
        path.unlink()
        if isinstance(content, str):
            path.write_text(content)
        elif content is not None:
            path.write_bytes(content)

    return before


def scored(rows: int, labels: tuple[int, int]) -> Callable[[Path, Path], None]:
    """Copies the run, and gives it other test scores: so many rows, hardly any bytes."""

    def before(cwd: Path, files: Path) -> None:
        import numpy as np
        import pyarrow as pa
        import pyarrow.parquet

        shutil.copytree(files / "run", cwd / "run")
        events = json.loads((cwd / "run" / "metrics.json").read_text())["test/events"]
        size = events if rows == 600 else rows
        label = np.full(size, labels[0], np.float32)
        label[-1] = labels[1]
        table = pa.table({"label": label, "score": np.zeros(size, np.float32)})
        pyarrow.parquet.write_table(table, cwd / "run" / "test_scores.parquet", compression="zstd")

    return before


def led_away(name: str) -> Callable[[Path, Path], None]:
    """Copies the run, and puts a link in the place of a file of it."""

    def before(cwd: Path, files: Path) -> None:
        shutil.copytree(files / "run", cwd / "run")
        path = cwd / "run" / name
        if name == "failure.txt":
            (cwd / "run" / "metrics.json").unlink()
            path.write_text("private")
        path.rename(cwd / name)
        path.symlink_to(cwd / name)

    return before


def edited(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path, Path], None]:
    """Copies the run, and changes its ``metrics.json``."""

    def before(cwd: Path, files: Path) -> None:
        shutil.copytree(files / "run", cwd / "run")
        path = cwd / "run" / "metrics.json"
        metrics = json.loads(path.read_text())
        change(metrics)
        path.write_text(json.dumps(metrics))

    return before


def run_folders() -> Iterator[Case]:
    """Damaged files of run folders, compared and gone on with."""
    kind = "damaged run folders"
    for name, contents in {
        "metrics.json": (
            "",
            "{",
            "[1]",
            "5",
            "null",
            '{"val/auc": "good"}',
            '{"test/auc": [1]}',
            b"\xff\xfe",
        ),
        "config.yaml": (
            "",
            "[",
            "- 1",
            "5",
            "a: !!python/object/apply:builtins.int ['1']",
            b"\xff\xfe",
            "\t",
        ),
        "metrics.csv": (
            *("epoch,val/auc\n0,good\n", b"\xff\xfe\xff", "epoch\n0\n1,2,3\n", "val/auc\n0.5\n"),
        ),
        "test_scores.parquet": ("", "PAR1", b"PAR1" + bytes(100) + b"PAR1", None),
    }.items():
        for content in contents:
            yield Case("compare", kind, ("run", "FILES/second"), escape(name), before=spoilt(name, content))
    for content in ("", "a\n", "epoch\n0\n"):
        yield Case(
            *("compare", kind, ("run", "FILES/second", "output=out"), "comparison|metrics.csv"),
            status=0,
            before=spoilt("metrics.csv", content),
            leaves=("out/*",),
        )
    for change in (
        lambda m: m.update(parameters="many"),
        lambda m: m.update(train_seconds="long"),
        lambda m: m.update(train_seconds=[1]),
        lambda m: m.update({"train/events": None, "parameters": {"a": 1}}),
    ):
        yield Case("compare", kind, ("run", "FILES/second"), "metrics.json", before=edited(change))
    for change in (
        lambda m: m.clear(),
        lambda m: m.pop("test/auc"),
        lambda m: m.pop("parameters"),
        lambda m: m.update({"test/auc": None}),
        lambda m: m.update({"val/auc": None}),
        lambda m: m.update({"test/auc": float("nan")}),
    ):
        yield Case(
            *("compare", kind, ("run", "FILES/second", "output=out"), "comparison: out/compare.html", 0),
            before=edited(change),
            leaves=("out/*",),
        )
    for name, contents in {
        "provenance.json": ("{", "5", "{}", b"\xff\xfe", ""),
        "metrics.csv": ("epoch,val/auc\n0,good\n", "val/auc\n0.5\n", b"\xff\xfe\xff", "epoch\nfirst\n"),
    }.items():
        for content in contents:
            arguments = ("ckpt=run", "trainer.max_epochs=3")
            yield Case("train", kind, arguments, escape(name), before=spoilt(name, content))
    aliases = "a: &a [x, x]\nb: [*a, *a]\n"
    for content in (aliases, "a: &a {b: *a}\n", "a: " + "[" * 2_000, "a:\n" + "- x\n" * 20_000):
        yield Case(
            *("compare", kind, ("run", "FILES/second"), "config.yaml"), before=spoilt("config.yaml", content)
        )
    for rows, labels in ((600, (0, 0)), (600, (0, 2)), (20_000_000, (0, 1)), (5, (0, 1))):
        yield Case(
            *("compare", kind, ("run", "FILES/second"), "test_scores.parquet.*(rows|labels)"),
            before=scored(rows, labels),
        )
    for name in ("config.yaml", "metrics.json", "metrics.csv", "test_scores.parquet", "failure.txt"):
        yield Case(*("compare", kind, ("run", "FILES/second"), f"{name}.*link"), before=led_away(name))
    yield Case(
        *("train", kind, ("ckpt=run", "trainer.max_epochs=3"), "best.ckpt is missing"),
        before=spoilt("checkpoints/best.ckpt", None),
    )
    yield case(
        *("predict", kind, "output=run/test_scores.parquet", "file of a run"), before=spoilt(".lock", None)
    )
    yield Case(
        *("train", kind, ("ckpt=run",), "last.ckpt does not exist"),
        before=spoilt("checkpoints/last.ckpt", None),
    )


def resuming() -> Iterator[Case]:
    """Going on with a run as another."""
    kind = "going on with a run as another"

    def copied(cwd: Path, files: Path) -> None:
        shutil.copytree(files / "run", cwd / "run")

    for arguments, says in {
        "model.num_layers=2": "model.num_layers=1",
        "model.dim=32": "model.dim=16",
        "model=dnn": "model",
        "data.csv=FILES/others.csv": "give the same data.csv",
        "data=sample": "ckpt=run was trained with data",
        "data.test_csv=FILES/others.csv": "data.test_csv",
        "data.seed=2": "data.seed=1",
        "data.val_fraction=0.2": "data.val_fraction=0.1",
        "data.batch_size=32": "data.batch_size=512",
        "data.train_events=500": "data.train_events=600",
        "seed=5": "seed=1",
        "optimizer.lr=0.5": "optimizer.lr=0.002",
        "optimizer._target_=torch.optim.Adam": "optimizer",
        "scheduler=plateau": "scheduler",
        "objective.mask_ratio=0.5": "objective.mask_ratio=0.33",
        "objective.classification_weight=2": "objective.classification_weight=1.0",
        "trainer.accumulate_grad_batches=2": "trainer.accumulate_grad_batches=1",
        "selection.monitor=val/loss": "selection.monitor=val/auc",
        "stage=pretrain": "objective|selection",
        "init=pretrained": "init",
        "teacher=FILES/second": "teacher",
        "trainer.max_epochs=0": "trainer.max_epochs",
        "data=higgs data.csv=FILES/others.csv": "ckpt=run was trained with data",
        "hydra.run.dir=elsewhere": "own run folder",
    }.items():
        lock = ("elsewhere/.lock",)
        yield Case("train", kind, ("ckpt=run", *arguments.split()), says, before=copied, leaves=lock)
    yield Case("train", kind, (*BASE["train"], "hydra.run.dir=run"), "holds a run", before=copied)
    yield Case("evaluate", kind, ("ckpt=run", "hydra.run.dir=run"), "holds a run", before=copied)
    yield Case("train", kind, ("ckpt=FILES/model.safetensors",), "model.safetensors")
    yield Case("train", kind, ("ckpt=pretrained",), "pretrained")


# what must work ----------------------------------------------------------------------------------------


def odd_names() -> Iterator[Case]:
    """Names that look like something else."""
    kind = "odd names that must work"
    scores = ("scores*",)

    def linked(name: str) -> Callable[[Path, Path], None]:
        def before(cwd: Path, files: Path) -> None:
            (cwd / name).parent.mkdir(exist_ok=True)
            (cwd / name).symlink_to(files / "run")

        return before

    for name in ("0", "1", "007", "1e3", "1.5", "true", "null", "nan", "a b", "[/b]", "$x^$", "a,b", "a=b"):
        before = linked(name)
        plain = name in ("0", "1", "007", "a b")
        argument = f"ckpt={name}" if plain else f'ckpt="{name}"'
        yield case(*("predict", kind, (argument,), "500 events"), status=0, before=before, leaves=scores)
    for name in ("0", "1", "[/b]", "$x^$", "a,b"):
        yield Case(
            *("compare", kind, (name, "FILES/second", "output=out"), "out/compare.html"),
            status=0,
            before=linked(name),
            leaves=("out/*",),
            draws=True,
        )
    odd = "odd [names], with = and $x^2$ 'quotes'.csv"
    for output in ("$x^$.csv", "[/b].csv", "1.csv", "scores {1}.parquet"):
        yield case(
            *("predict", kind, (f'output="{output}"',), "500 events"),
            status=0,
            before=lambda cwd, _: (cwd / "[").mkdir(),
            leaves=("*.csv", "*.parquet"),
        )
    yield case(
        "train",
        kind,
        (f'data.csv="FILES/{odd}"', "data.name=null"),
        "odd .names., with = and",
        status=0,
        leaves=TRAINED,
        draws=True,
    )
    yield case(
        *("train", kind, ('data.csv="FILES/a[/b]c.csv"', 'data.name="[/b] $x^$ \\\\frac $"'), "frac"),
        status=0,
        leaves=TRAINED,
        draws=True,
    )
    yield case(
        *("evaluate", kind, ('data.csv="FILES/a[/b]c.csv"', 'data.name="[bold] $ $x^$ _{"'), "bold"),
        status=0,
        leaves=TRAINED,
        draws=True,
    )
    for name in ("header.csv", "quoted_header.csv", "empty_cell.csv", "semicolons.csv", "tabs.csv"):
        yield case("train", kind, f"data.csv=FILES/{name}", escape(name), status=0, leaves=TRAINED)
    listed = "data.csv=[FILES/events.csv,FILES/others.csv]"
    yield case("train", kind, listed, "events.csv and 1 more", status=0, leaves=TRAINED)
    for name in ("one.zip", "semicolons.csv"):
        yield case("predict", kind, f"input=FILES/{name}", "3,000 events", status=0, leaves=scores)
    for name in ("empty_cells", "shuffled_quoted", "index_column", "plain", "misspelt"):
        argument = f"input=FILES/table_{name}.csv"
        yield case("predict", kind, argument, "500 events", status=0, leaves=scores)
    for name in ("good.parquet", "nulls.parquet", "good.root", "good.root:events", "two_trees.root:others"):
        argument = f"input=FILES/table_{name}"
        yield case("predict", kind, argument, "500 events", status=0, leaves=scores)
    yield case("predict", kind, "input=FILES/link.csv", "3,000 events", status=0, leaves=scores)
    yield case("predict", kind, "ckpt=pretrained", "500 events", status=0, leaves=scores)
    yield case("predict", kind, "ckpt=FILES/model.safetensors", "500 events", status=0, leaves=scores)
    yield case("predict", kind, "ckpt=[FILES/run,FILES/second]", "500 events", status=0, leaves=scores)
    for name in ("table_negative_pt.csv", "reversed.csv", "one_row.csv", "table_nulls.parquet", "a[/b]c.csv"):
        argument = f'input="FILES/{name}"'
        yield case("describe", kind, (argument,), "looks like", status=0, leaves=("out/*",))
    yield case("export", kind, ('output="a $x^$.pt2"',), "within", status=0, leaves=("a $x^$.pt2",))


def sweeps() -> Iterator[Case]:
    """Jobs that fail among others, or all of them."""
    kind = "jobs of a sweep"
    for varied, says in {
        "model.num_heads=3,4": "1 of 2 jobs failed .*0",
        "model.num_layers=0,-1": "2 of 2 jobs failed .*0, 1",
        "optimizer.lr=fast,0.001": "1 of 2 jobs failed",
        "data.csv=FILES/events.csv,FILES/nothing.csv": "1 of 2 jobs failed",
        "ckpt=FILES/run,FILES/second": "2 of 2 jobs failed",
    }.items():
        arguments = (*BASE["train"], "-m", "hydra.sweep.dir=sweep", varied)
        yield Case("train", kind, arguments, says, leaves=("sweep/*",), draws=True)
    for command, varied, says in (
        ("evaluate", "ckpt=nowhere,FILES/nothing", "2 jobs failed .0: .*nowhere.*; 1: .*nothing"),
        (
            "predict",
            "input=FILES/table_text.csv,FILES/nothing.csv",
            "2 jobs failed .0: .*many.*; 1: .*nothing",
        ),
        ("export", "ckpt=FILES/seed,FILES/nothing", "2 jobs failed .0: .*as a whole.*; 1: .*nothing"),
        ("describe", "input=FILES/nothing.csv,FILES/empty.csv", "2 jobs failed .0: .*nothing.*; 1: .*empty"),
    ):
        sweep = ("-m", "hydra.sweep.dir=sweep", varied)
        yield Case(command, kind, given(command, *sweep), says, leaves=("sweep/*",))


def ctrl_c() -> Iterator[Case]:
    """Ctrl-C amid work."""

    def is_there(pattern: str) -> Callable[[Path], bool]:
        return lambda cwd: any(cwd.glob(pattern))

    def works_for(seconds: float) -> Callable[[Path], bool]:
        return lambda cwd: time.time() - cwd.stat().st_mtime > seconds

    kind, says = "Ctrl-C", "^interrupted"
    for pattern in (".lock", "provenance.json", "checkpoints/last.ckpt"):
        yield Case(
            *("train", kind, (*BASE["train"], "trainer=default", "trainer.max_epochs=100000"), says, 130),
            leaves=TRAINED,
            interrupt=is_there(f"outputs/*/*/{pattern}"),
        )
    yield Case(
        *("evaluate", kind, ("ckpt=pretrained", "trainer.enable_progress_bar=false"), says, 130),
        leaves=TRAINED,
        interrupt=works_for(4),
    )
    yield case(
        *("predict", kind, "ckpt=pretrained input=FILES/many.csv", says),
        status=130,
        interrupt=is_there(".partial-*/*"),
    )
    yield case("simulate", kind, "events=100000", says, status=130, interrupt=works_for(5))


CASES = [
    *(each for group in (values, together, devices, grammar, paths, damaged_data) for each in group()),
    *(
        each
        for group in (damaged_checkpoints, run_folders, resuming, odd_names, sweeps, ctrl_c)
        for each in group()
    ),
]
