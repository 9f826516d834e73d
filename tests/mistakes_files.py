"""The files that the cases of ``mistakes.py`` are about: good ones, and each damaged in one way."""

import gzip
import json
import os
import pickle
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

SMALL = ("trainer.enable_progress_bar=false", "trainer.max_epochs=2", "data.train_events=600")
NUM_EVENTS = 3_000


def make(folder: Path) -> None:
    """Make all files, and small runs of three models."""
    from conftest import make_events, write_csv

    events = write_csv(folder / "events.csv", make_events(NUM_EVENTS))
    write_csv(folder / "others.csv", make_events(NUM_EVENTS, seed=7))
    odd = folder / "odd [names], with = and $x^2$ 'quotes'.csv"
    shutil.copy(events, odd)
    (folder / "a[").mkdir()
    shutil.copy(events, folder / "a[" / "b]c.csv")  # markup, as rich reads it
    (folder / "folder").mkdir()
    (folder / "folder.csv").mkdir()
    (folder / "linked").symlink_to(folder)
    (folder / "link.csv").symlink_to(events)
    (folder / "dangling.csv").symlink_to(folder / "nothing")
    os.link(events, folder / "hard_link.csv")
    os.mkfifo(folder / "fifo.csv")
    higgs_files(folder, events.read_text().splitlines())
    tables(folder, events.read_text().splitlines())
    small_runs(folder)
    checkpoints(folder)


def higgs_files(folder: Path, lines: list[str]) -> None:
    """Damaged files in HIGGS format, for training."""

    def changed(row: int, column: int, value: str) -> list[str]:
        fields = lines[row - 1].split(",")
        fields[column] = value
        return [*lines[: row - 1], ",".join(fields), *lines[row:]]

    from higgs_lightning.schema import COLUMNS

    texts: dict[str, list[str]] = {
        "empty": [],
        "blank": ["", "", ""],
        "short_row": [*lines[:6], lines[6].rsplit(",", 1)[0], *lines[7:]],
        "long_row": [*lines[:6], lines[6] + ",1", *lines[7:]],
        "text": changed(7, 3, "many"),
        "empty_cell": changed(7, 3, ""),
        "inf": changed(7, 3, "inf"),
        "huge": changed(7, 3, "1e300"),
        "label_nan": changed(7, 0, "nan"),
        "label_2": changed(7, 0, "2"),
        "label_half": changed(7, 0, "0.5"),
        "label_text": changed(7, 0, "signal"),
        "negative_pt": changed(7, 1, "-1"),
        "minus_999": changed(7, 6, "-999"),
        "e30": changed(7, 1, "1e30"),
        "eta_90": changed(7, 2, "90"),
        "quoted": changed(7, 2, '"1.0"'),
        "header": [",".join(COLUMNS), *lines],
        "quoted_header": [",".join(f'"{name}"' for name in COLUMNS), *lines],
        "counted_header": [",".join(str(number) for number in range(29)), *lines],
        "index_column": [f"{number},{line}" for number, line in enumerate(lines)],
        "reversed": [",".join(line.split(",")[::-1]) for line in lines],
        "semicolons": [line.replace(",", ";") for line in lines],
        "tabs": [line.replace(",", "\t") for line in lines],
        "signal_only": [line for line in lines if line.startswith("1,")],
        "background_only": [line for line in lines if line.startswith("0,")],
        "one_row": lines[:1],
        "three_rows": lines[:3],
        "features_only": [",".join(line.split(",")[1:22]) for line in lines],
        "test_short_row": [*lines[:6], lines[6].rsplit(",", 1)[0]],
    }
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text("".join(f"{line}\n" for line in text))
    whole = "".join(f"{line}\n" for line in lines).encode()
    packed = gzip.compress(whole, 1)
    (folder / "events.csv.gz").write_bytes(packed)
    (folder / "truncated.csv.gz").write_bytes(packed[: len(packed) // 2])
    (folder / "corrupted.csv.gz").write_bytes(_flipped(packed))
    (folder / "header_alone.csv.gz").write_bytes(packed[:10])
    (folder / "random.csv").write_bytes(bytes((i * i * 31 + i) % 256 for i in range(40_000)))
    (folder / "random.csv.gz").write_bytes(b"\x1f\x8b" + bytes((i * 97) % 256 for i in range(4_000)))
    (folder / "utf16.csv").write_bytes(whole.decode().encode("utf-16"))
    (folder / "nul.csv").write_bytes(whole[:5000] + b"\0\0\0" + whole[5000:])
    (folder / "classic_mac.csv").write_bytes(whole.replace(b"\n", b"\r"))
    for name, members in {
        "two.zip": {"a.csv": whole, "b.csv": whole},
        "none.zip": {"a.txt": whole},
        "one.zip": {"a.csv": whole},
    }.items():
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
    zipped = (folder / "one.zip").read_bytes()
    (folder / "truncated.zip").write_bytes(zipped[: len(zipped) // 2])
    (folder / "corrupted.zip").write_bytes(_flipped(zipped))


def _flipped(content: bytes) -> bytes:
    """Some bytes in the middle are others."""
    middle = len(content) // 2
    return (
        content[:middle]
        + bytes(255 - each for each in content[middle : middle + 64])
        + content[middle + 64 :]
    )


def tables(folder: Path, lines: list[str]) -> None:
    """Good and damaged tables, for scoring."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    import uproot

    from higgs_lightning.schema import LOW_LEVEL

    names = [feature.name for feature in LOW_LEVEL]
    rows = [line.split(",")[1:22] for line in lines[:500]]
    values = np.array(rows, np.float32)

    def write(name: str, header: list[str] | None, body: list[list[str]]) -> None:
        text = [",".join(header)] if header else []
        text += [",".join(row) for row in body]
        (folder / f"table_{name}.csv").write_text("".join(f"{line}\n" for line in text))

    def changed(row: int, column: int, value: str) -> list[list[str]]:
        return [[*r[:column], value, *r[column + 1 :]] if i == row - 1 else r for i, r in enumerate(rows)]

    shuffled = [f'"{name}"' for name in names[::-1]]
    write("plain", None, rows)
    (folder / "many.csv").write_text((folder / "table_plain.csv").read_text() * 80)
    write("named", names, rows)
    write("shuffled_quoted", shuffled, [row[::-1] for row in rows])
    write("empty_cells", names, changed(4, 2, ""))
    write("index_column", ["", *names], [[str(i), *row] for i, row in enumerate(rows)])
    write("counted_index", ["", *map(str, range(21))], [[str(i), *row] for i, row in enumerate(rows)])
    write("counted", list(map(str, range(21))), rows)
    write("index_unnamed", None, [[str(i), "1", *row] for i, row in enumerate(rows)])
    write("twice", [*names, names[3]], [[*row, row[3]] for row in rows])
    write("missing_column", names[:-1], [row[:-1] for row in rows])
    write("misspelt", ["lepton_pt", *names[1:]], rows)
    write("short_row", names, [*rows[:4], rows[4][:-1], *rows[5:]])
    write("long_row", names, [*rows[:4], [*rows[4], "1"], *rows[5:]])
    write("text", names, changed(4, 2, "many"))
    write("inf", names, changed(4, 2, "inf"))
    write("negative_pt", names, changed(4, 0, "-1"))
    write("minus_999", names, changed(4, 5, "-999"))
    write("e30", names, changed(4, 0, "1e30"))
    write("eta_90", names, changed(4, 1, "90"))
    write("header_only", names, [])
    write("27_columns", None, [[*row, *"123456"] for row in rows])
    write("one_column", None, [["1"]] * 5)
    write("reversed", None, [row[::-1] for row in rows])
    table = pa.table({name: values[:, i] for i, name in enumerate(names)})
    for name, written in {
        "good": table,
        "missing_column": table.drop_columns([names[5]]),
        "text": table.set_column(2, names[2], pa.array(["a"] * 500)),
        "nested": table.set_column(2, names[2], pa.array([{"x": 1.0, "y": 2.0}] * 500)),
        "lists": table.set_column(2, names[2], pa.array([[1.0, 2.0]] * 500)),
        "no_rows": table.slice(0, 0),
        "twice": table.append_column(names[3], pa.array(values[:, 3])),
        "negative_pt": table.set_column(0, names[0], pa.array([-1.0] * 500)),
        "inf": table.set_column(2, names[2], pa.array([np.inf] * 500)),
        "nulls": table.set_column(2, names[2], pa.array([None] * 500, pa.float32())),
        "no_columns": pa.table({}),
    }.items():
        pq.write_table(written, folder / f"table_{name}.parquet")
    labels = np.array([float(line.split(",")[0]) for line in lines[:500]])
    for name, weights in {
        "good": np.ones(500),
        "negative": np.where(np.arange(500) % 10, 1.0, -1.0),
        "zero": labels,
        "nan": np.where(np.arange(500) == 6, np.nan, 1.0),
        "inf": np.where(np.arange(500) == 6, np.inf, 1.0),
        "text": np.array(["heavy"] * 500),
    }.items():
        labelled = table.append_column("label", pa.array(labels)).append_column("w", pa.array(weights))
        pq.write_table(labelled, folder / f"weights_{name}.parquet")
    good = (folder / "table_good.parquet").read_bytes()
    (folder / "table_truncated.parquet").write_bytes(good[: len(good) // 2])
    (folder / "table_corrupted.parquet").write_bytes(_flipped(good))
    (folder / "table_magic.parquet").write_bytes(b"PAR1")
    footer = len(good) - 8 - int.from_bytes(good[-8:-4], "little")
    (folder / "table_footer.parquet").write_bytes(good[:footer] + bytes(64) + good[footer + 64 :])
    branches = {name: values[:, i] for i, name in enumerate(names)}
    for name, trees in {
        "good": {"events": branches},
        "two_trees": {"events": branches, "others": branches},
        "no_trees": {},
        "missing_branch": {"events": {name: branches[name] for name in names[:-1]}},
        "negative_pt": {"events": {**branches, names[0]: -branches[names[0]]}},
        "no_rows": {"events": {name: column[:0] for name, column in branches.items()}},
    }.items():
        with uproot.recreate(folder / f"table_{name}.root") as file:
            for tree, columns in trees.items():
                file.mktree(tree, dict.fromkeys(columns, "float32")).extend(columns)
    root = (folder / "table_good.root").read_bytes()
    (folder / "table_truncated.root").write_bytes(root[: len(root) // 2])
    (folder / "table_corrupted.root").write_bytes(_flipped(root))
    (folder / "table_magic.root").write_bytes(b"root")
    with gzip.open(folder / "table_good.csv.gz", "wb") as packed:
        packed.write((folder / "table_named.csv").read_bytes())
    whole = (folder / "table_good.csv.gz").read_bytes()
    (folder / "table_truncated.csv.gz").write_bytes(whole[: len(whole) // 2])
    (folder / "table_corrupted.csv.gz").write_bytes(_flipped(whole))


def small_runs(folder: Path) -> None:
    """A run of the default model, of ``dnn`` and ``seed``, and an evaluation, without plots."""
    from higgs_lightning.evaluation import report

    report.draw_history = report.draw_evaluations = lambda *_: {}  # type: ignore[assignment]
    data = ("data=higgs", f"data.csv={folder / 'events.csv'}", *SMALL)
    particle = ("model.num_layers=1", "model.dim=16")
    _call("train", *data, *particle, f"hydra.run.dir={folder / 'run'}")
    _call("train", *data, *particle, "trainer.max_epochs=1", "seed=2", f"hydra.run.dir={folder / 'second'}")
    for model in ("dnn", "seed", "scalar"):
        _call("train", *data, "trainer.max_epochs=1", f"model={model}", f"hydra.run.dir={folder / model}")
    _call("evaluate", f"ckpt={folder / 'run'}", f"hydra.run.dir={folder / 'evaluation'}")
    sweep = folder / "sweep"
    sweep.mkdir()
    for name, run in (("0", "run"), ("1", "second")):
        shutil.copytree(folder / run, sweep / name)


def _call(command: str, *arguments: str) -> None:
    sys.argv = [command, *arguments]
    import_module(f"higgs_lightning.{command}").main()


class Calls:
    """What a stranger's pickle may hold: a harmless function of the interpreter, and its argument."""

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("1",)


#: Changes of a model's configuration in a file, by the name of the file: none may be built, or act.
MODEL_CHANGES: dict[str, dict[str, Any]] = {
    "class_of_another": {"_target_": "builtins.int"},
    "class_of_torch": {"_target_": "torch.nn.Linear"},
    "class_unknown": {"_target_": "higgs_lightning.models.Nothing"},
    "class_of_package": {"_target_": "higgs_lightning.models.Ensemble"},
    "class_number": {"_target_": 5},
    "class_list": {"_target_": ["builtins.int"]},
    "class_none": {"_target_": None},
    "class_empty": {"_target_": ""},
    "nested_target": {"dim": {"_target_": "builtins.int", "_args_": ["16"]}},
    "nested_in_list": {"dim": [{"_target_": "builtins.int"}]},
    "args": {"_args_": [1, 2]},
    "recursive": {"_recursive_": False},
    "convert": {"_convert_": "all"},
    "partial": {"_partial_": True},
    "interpolation": {"dim": "${oc.env:HOME}"},
    "interpolated_class": {"_target_": "${oc.env:HOME}"},
    "layers_e9": {"num_layers": 10**9},
    "width_e9": {"dim": 10**9},
    "latent_e9": {"latent_dim": 10**9},
    "heads_e9": {"num_heads": 10**9},
    "layers_huge": {"num_layers": 10**40},
    "layers_negative": {"num_layers": -1},
    "layers_float": {"num_layers": 1.5},
    "layers_text": {"num_layers": "1"},
    "layers_true": {"num_layers": True},
    "layers_list": {"num_layers": [1]},
    "layers_none": {"num_layers": None},
    "dropout_nan": {"dropout": float("nan")},
    "dropout_2": {"dropout": 2.0},
    "mirrors_text": {"average_mirrors": "yes"},
    "heads_not_dividing": {"num_heads": 3},
    "other_width": {"dim": 32},
    "other_depth": {"num_layers": 2},
    "unknown_key": {"colour": "blue"},
}


def checkpoints(folder: Path) -> None:
    """Damaged and strange checkpoints and .safetensors files, in ``damaged/`` by their names."""
    import torch
    from safetensors.torch import save_file

    from higgs_lightning.models.weights import save_model

    damaged = folder / "damaged"
    damaged.mkdir()
    best = folder / "run" / "checkpoints" / "best.ckpt"
    whole = best.read_bytes()
    for name, content in {
        "empty": b"",
        "truncated": whole[: len(whole) // 2],
        "corrupted": _flipped(whole),
        "random": bytes((i * i * 7) % 256 for i in range(5_000)),
        "text": b"a checkpoint\n",
        "pickle_int": pickle.dumps({"config": Calls(), "state_dict": {}}),
        "pickle_dict": pickle.dumps({"config": {"model": {}}, "state_dict": {}}),
    }.items():
        (damaged / f"{name}.ckpt").write_bytes(content)

    def read() -> dict[str, Any]:
        return torch.load(best, weights_only=True)

    def save(name: str, change: Callable[[dict[str, Any]], Any]) -> None:
        checkpoint = read()
        changed = change(checkpoint)
        torch.save(checkpoint if changed is None else changed, damaged / f"{name}.ckpt")

    sys.setrecursionlimit(20_000)  # to write it
    deep: Any = []
    for _ in range(1_500):
        deep = [deep]
    for name, values in MODEL_CHANGES.items():
        save(name, lambda c, values=values: c["config"]["model"].update(values))  # type: ignore[misc]
    for name, change in strange(deep):
        save(name, change)

    save_model(best, folder / "model.safetensors")
    tensors = {k.removeprefix("model."): v for k, v in read()["state_dict"].items()}
    config = read()["config"]["model"]
    packed = (folder / "model.safetensors").read_bytes()
    for name, content in {
        "empty": b"",
        "truncated": packed[: len(packed) // 2],
        "random": bytes((i * i * 7) % 256 for i in range(5_000)),
        "text": b"weights\n",
        "long_header": b"\xff" * 8 + packed[8:],
    }.items():
        (damaged / f"{name}.safetensors").write_bytes(content)
    first = next(iter(tensors))
    for name, metadata in {
        "no_config": {},
        "config_text": {"model": json.dumps("particle")},
        "config_list": {"model": json.dumps([1, 2])},
        "config_no_json": {"model": "{"},
        "config_null": {"model": "null"},
        "config_deep": {"model": "[" * 100_000},
        "class_of_another": {"model": json.dumps({**config, "_target_": "builtins.int"})},
        "nested_target": {"model": json.dumps({**config, "dim": {"_target_": "builtins.int"}})},
        "width_e9": {"model": json.dumps({**config, "dim": 10**9})},
        "layers_e9": {"model": json.dumps({**config, "num_layers": 10**9})},
        "layers_infinite": {"model": json.dumps({**config, "num_layers": float("inf")})},
        "unknown_key": {"model": json.dumps({**config, "colour": "blue"})},
        "flipped": {"model": json.dumps(config), "crc32": "00000000"},
    }.items():
        save_file(tensors, damaged / f"{name}.safetensors", metadata)
    for name, changed in {
        "wrong_shape": {**tensors, first: torch.zeros(3, 5)},
        "nan": {**tensors, first: torch.full_like(tensors[first], float("nan"))},
        "wrong_name": {**tensors, "another": torch.zeros(1)},
        "missing_weight": {k: v for k, v in tensors.items() if k != first},
        "integers": {**tensors, first: tensors[first].to(torch.int32)},
        "no_weights": {},
    }.items():
        save_file(changed, damaged / f"{name}.safetensors", {"model": json.dumps(config)})


tripwire = {"_target_": "builtins.int", "_args_": ["1"]}


def shared() -> Any:
    """A list of one list, of one list and so on: few bytes, and 10^10 values to who goes through them."""
    values: Any = ["x"] * 10
    for _ in range(9):
        values = [values] * 10
    return values


def wide(torch: Any) -> Any:
    return torch.zeros(1, dtype=torch.float64).expand(10**10)


def ancestor(checkpoint: dict[str, Any]) -> dict[str, Any]:
    return {"file": "x", "data": checkpoint["data"], "options": {}}


def stretched(checkpoint: dict[str, Any], torch: Any) -> None:
    """A large model, each of whose tensors is one number."""
    from higgs_lightning.models.weights import build_model

    checkpoint["config"]["model"].update(dim=4096, num_layers=12, decoder_layers=4)
    with torch.device("meta"):
        state = build_model(checkpoint["config"]["model"]).state_dict()
    checkpoint["state_dict"] = {f"model.{name}": torch.zeros(1).expand(w.shape) for name, w in state.items()}


def strange(deep: Any) -> Iterator[tuple[str, Callable[[dict[str, Any]], Any]]]:
    """Checkpoints that hold something else: a name, and what changes their content or takes its place."""
    import torch

    def first(checkpoint: dict[str, Any]) -> str:
        return next(name for name in checkpoint["state_dict"] if name.startswith("model."))

    def weight(value: Callable[[Any], Any]) -> Callable[[dict[str, Any]], Any]:
        return lambda c: c["state_dict"].update({first(c): value(c["state_dict"][first(c)])})

    def configured(key: str, value: Any) -> Callable[[dict[str, Any]], Any]:
        return lambda c: c["config"].update({key: value})

    def inside(key: str, **values: Any) -> Callable[[dict[str, Any]], Any]:
        return lambda c: c["config"][key].update(values)

    def missing(checkpoint: dict[str, Any]) -> None:
        del checkpoint["state_dict"][first(checkpoint)]

    yield "no_config", lambda c: {"state_dict": c["state_dict"]}
    yield "no_state", lambda c: {"config": c["config"]}
    yield "no_model", lambda c: c["config"].pop("model") and None
    yield "a_list", lambda c: [1, 2, 3]
    yield "a_tensor", lambda c: torch.zeros(3)
    yield "config_text", lambda c: {**c, "config": "model: particle"}
    yield "config_list", lambda c: {**c, "config": [1, 2]}
    yield "state_list", lambda c: {**c, "state_dict": [1, 2]}
    yield "state_empty", lambda c: {**c, "state_dict": {}}
    yield "state_text", weight(lambda w: "text")
    yield "state_number", weight(lambda w: 1.0)
    yield "state_numbered", lambda c: c["state_dict"].update({1: torch.zeros(1)})
    yield "model_text", configured("model", "particle")
    yield "model_list", configured("model", ["particle"])
    yield "model_none", configured("model", None)
    yield "model_deep", lambda c: c["config"]["model"].update(dim=deep)
    yield "wrong_shape", weight(lambda w: torch.zeros(3, 5))
    yield "nan", weight(lambda w: torch.full_like(w, float("nan")))
    yield "infinite", weight(lambda w: torch.full_like(w, float("inf")))
    yield "complex", weight(lambda w: w.to(torch.complex64))
    yield "sparse", weight(lambda w: torch.zeros(w.shape).to_sparse())
    yield "meta", weight(lambda w: torch.empty(w.shape, device="meta"))
    yield "wrong_name", lambda c: c["state_dict"].update({"model.another": torch.zeros(1)})
    yield "missing_weight", missing
    yield "objective_text", configured("objective", "masked")
    yield "objective_class", configured("objective", {"_target_": "builtins.int", "_args_": ["1"]})
    yield "data_text", configured("data", "higgs")
    yield "data_class", configured("data", {"_target_": "builtins.int"})
    yield "source_class", inside("data", csv={"_target_": "builtins.int", "_args_": ["1"]})
    yield "source_list", inside("data", csv=["events.csv"])
    yield "split_interpolation", inside("data", split="${oc.env:HOME}")
    yield "fraction_text", inside("data", val_fraction="half")
    yield "seed_text", configured("seed", "first")
    yield "trainer_list", configured("trainer", [1])
    yield "precision_text", inside("trainer", precision="banana")
    yield "trainer_class", inside("trainer", _target_="builtins.int")
    yield "optimizer_class", inside("optimizer", _target_="builtins.int")
    yield "callbacks_class", inside("callbacks", more={"_target_": "builtins.int"})
    yield "callbacks_list", configured("callbacks", [{"_target_": "builtins.int"}])
    yield "identity_text", lambda c: c.update(data="events")
    yield "identity_list", lambda c: c.update(data=[{"rows": "many"}])
    yield "stride_0", lambda c: stretched(c, torch)
    yield "model_shared", lambda c: c["config"]["model"].update(dim=shared())
    yield "data_shared", inside("data", csv=shared())
    yield "objective_teacher", inside("objective", teacher="x")
    yield "trainer_registry", inside("trainer", model_registry="x")
    yield "trainer_devices", inside("trainer", devices=1_000)
    yield "trainer_nodes", inside("trainer", num_nodes=2)
    yield "trainer_devices_text", inside("trainer", devices="500")
    yield "moment_stride_0", lambda c: c["optimizer_states"][0]["state"][0].update(exp_avg=wide(torch))
    yield "wide", lambda c: c["config"]["model"].update(dim=4096, num_layers=4096)
    yield "ancestors_number", lambda c: c.update(ancestors=[1])
    yield "ancestors_class", lambda c: c.update(ancestors=[{**ancestor(c), "options": {"seed": tripwire}}])
    yield "ancestors_data", lambda c: c.update(ancestors=[{**ancestor(c), "data": "x"}])
    yield "ancestors_text", lambda c: c.update(ancestors="x")
    yield "ancestors_none", lambda c: c.update(ancestors=None)
    yield "betas_text", lambda c: c["optimizer_states"][0]["param_groups"][0].update(betas="x")
    yield "groups_none", lambda c: c["optimizer_states"][0].update(param_groups=None)
    yield "moment_shape", lambda c: c["optimizer_states"][0]["state"][0].update(exp_avg=torch.zeros(3))
    yield "schedule_none", lambda c: c.update(lr_schedulers=[None])
    yield "position_below_0", lambda c: c["HiggsDataModule"].update(position=-5)
    yield "position_text", lambda c: c["HiggsDataModule"].update(position="x")
    yield "callbacks_of_text", lambda c: c.update(callbacks=dict.fromkeys(c["callbacks"], "x"))
    yield "epoch_text", lambda c: c.update(epoch="first")
    yield "loops_none", lambda c: c.update(loops=None)
    yield "optimizer_states_none", lambda c: c.update(optimizer_states=None)
    yield "train_metrics_none", lambda c: c.update(train_metrics=None)
