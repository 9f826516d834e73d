"""Numbers that must not be wrong in silence: every score is one, and of the event that it stands beside."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
import torch
import uproot
from conftest import composed, make_events, started, write_csv
from omegaconf import OmegaConf

from higgs_lightning import load_model, save_model, schema
from higgs_lightning.configuration import KINDS, validate
from higgs_lightning.data import HiggsDataModule, sample_csv
from higgs_lightning.data.columns import Reading
from higgs_lightning.data.formats import read_file
from higgs_lightning.data.sources import Source
from higgs_lightning.errors import UserError
from higgs_lightning.evaluation import report, scores
from higgs_lightning.evaluation.metrics import placements
from higgs_lightning.evaluation.prediction import predict
from higgs_lightning.files import output_file, replaced, write_json
from higgs_lightning.models.weights import load_checkpoint
from higgs_lightning.runs import flat
from higgs_lightning.training.testing import evaluate

QUIET = "trainer.enable_progress_bar=false"
NAMES = [feature.name for feature in schema.LOW_LEVEL]
#: Values that no detector measures, by the column that holds one.
IMPOSSIBLE = {"lepton_pT": -1.0, "jet_1_pt": -999.0, "jet_2_pt": 1e30, "jet_1_eta": 90.0, "lepton_phi": 6.0}


def scored(source: Path, output: Path, ckpt: str | Path = "pretrained") -> int:
    options: dict[str, Any] = {"latent": False, "reconstruction": False, "temperature": 1.0}
    return predict(str(ckpt), source, output, **options, batch_size=64, device="cpu")


@pytest.mark.parametrize(("column", "value"), IMPOSSIBLE.items())
def test_what_can_t_be_measured_is_not_scored(column: str, value: float, tmp_path: Path):
    """Row, column and value are named: in predict, in Python, and in the splits of train and evaluate."""
    events = make_events(400)
    events[:, 1:][37, NAMES.index(column)] = value
    file = write_csv(tmp_path / "events.csv", events)
    mend = "if it says that the object was not measured" if value == -999 else "correct it, leave it empty"
    named = rf"{column} is {value:g}, which no detector measures: {mend}"
    with pytest.raises(UserError, match=rf"events.csv, event 38: {named.replace('+', '[+]')}"):
        scored(file, tmp_path / "scores.csv")
    with pytest.raises(ValueError, match=r"row 37 of the features: " + named.replace("+", "[+]")):
        load_model("pretrained").predict_proba(events[:, 1:])
    with pytest.raises(UserError, match=r"events.csv, row 38: " + named.replace("+", "[+]")):
        HiggsDataModule(file, dir=tmp_path).setup("test")
    assert not (tmp_path / "scores.csv").exists()


def test_real_extremes_are_measured():
    features = torch.zeros(2, 21).numpy()
    features[0], features[1] = np.nan, 0.0
    features[1, [NAMES.index("jet_1_phi"), NAMES.index("lepton_phi")]] = (1.7435, -1.7436)
    assert schema.impossible_value(features) is None


def test_weights_that_are_no_numbers_are_refused(run: Path, tmp_path: Path):
    checkpoint = load_checkpoint(run / "checkpoints" / "best.ckpt")
    checkpoint["state_dict"]["model.mask_token"][3] = float("nan")
    torch.save(checkpoint, tmp_path / "bad.ckpt")
    with pytest.raises(UserError, match=r"bad.ckpt: its weights mask_token are not finite"):
        load_model(tmp_path / "bad.ckpt")


def test_scores_that_are_no_numbers_have_no_roc_auc():
    with pytest.raises(ValueError, match="1 of 3 scores are not numbers"):
        placements(np.array([0, 1, 1]), np.array([0.1, np.nan, 0.2]))


def test_json_without_nan(tmp_path: Path):
    write_json(tmp_path / "metrics.json", {"a": float("nan"), "b": [float("inf"), 1.0], "c": {"d": -np.inf}})
    assert json.loads((tmp_path / "metrics.json").read_text(), parse_constant=pytest.fail) == {
        "a": None,
        "b": [None, 1.0],
        "c": {"d": None},
    }


def features_of(path: Path, tree: str = "") -> np.ndarray:
    ((events, _),) = read_file(Source(path, tree), Reading(), needs_label=False)
    return events[:, 1:]


@pytest.mark.parametrize("start", [0, 1])
def test_a_header_that_counts_columns_is_no_event(start: int, tmp_path: Path):
    """As pandas writes a table without names, with its index or without."""
    frame = pd.DataFrame(make_events(20)[:, 1:])
    frame.to_csv(tmp_path / "events.csv", index=bool(start))
    with pytest.raises(UserError, match="its first line counts the columns, as pandas names them"):
        features_of(tmp_path / "events.csv")


def test_names_may_be_quoted_and_an_index_may_stand_before_them(tmp_path: Path):
    events = make_events(20)[:, 1:]
    pd.DataFrame(events, columns=NAMES).to_csv(tmp_path / "events.csv", quoting=2, index=True)
    found = features_of(tmp_path / "events.csv")
    np.testing.assert_allclose(found, events, rtol=1e-6)


def test_bare_carriage_returns_end_no_lines(tmp_path: Path):
    (tmp_path / "events.csv").write_bytes(b"1,2\r3,4\r")
    with pytest.raises(UserError, match=r"events\.csv has 2 columns|events\.csv can't be read"):
        features_of(tmp_path / "events.csv")


def test_a_table_s_own_names_count(tmp_path: Path):
    events = make_events(50)[:, 1:]
    model = load_model("pretrained")
    expected = model.predict_proba(events)
    frame = pd.DataFrame(events, columns=NAMES)
    shuffled = frame[sorted(NAMES)].assign(run=1)
    np.testing.assert_array_equal(model.predict_proba(shuffled), expected)
    np.testing.assert_array_equal(model.predict_proba(pd.DataFrame(events)), expected)
    with pytest.raises(ValueError, match=r"the table has no column 'jet_1_pt' \(1 of 21 are missing\)"):
        model.predict_proba(frame.drop(columns="jet_1_pt"))


def test_rntuples_are_read(tmp_path: Path):
    """What uproot writes by assignment; by its name too, and with what is missing."""
    events = make_events(30)[:, 1:]
    columns = dict(zip(NAMES, events.T, strict=True))
    with uproot.recreate(tmp_path / "events.root") as file:
        file["good"] = columns
    for tree in ("", "good"):
        found = features_of(tmp_path / "events.root", tree)
        np.testing.assert_array_equal(found, events)
    with uproot.recreate(tmp_path / "none.root") as file:
        file["text"] = "no events"
    with pytest.raises(UserError, match="holds neither a TTree nor an RNTuple"):
        features_of(tmp_path / "none.root")


@pytest.mark.parametrize("kind", ["dots", "hard link", "linked folder", "tree"])
def test_the_input_is_never_written_over(kind: str, tmp_path: Path):
    """Whatever it is called: files are compared, not their names."""
    source = write_csv(tmp_path / "events.csv", make_events(20))
    output = source
    if kind == "dots":
        output = tmp_path / ".." / tmp_path.name / "events.csv"
    elif kind == "hard link":
        output = tmp_path / "other.csv"
        os.link(source, output)
    elif kind == "linked folder":
        (tmp_path / "link").symlink_to(tmp_path)
        output = tmp_path / "link" / "events.csv"
    else:
        with uproot.recreate(tmp_path / "ev.root") as file:
            file.mktree("events", dict.fromkeys(NAMES, "float32"))
        source, output = Path(f"{tmp_path / 'ev.root'}:events"), tmp_path / "ev.root"
    before = output.read_bytes()
    with pytest.raises(UserError, match="is the input: give another name"):
        scored(source, output)
    assert output.read_bytes() == before


def test_outputs_are_known_to_be_writable_before_any_work(tmp_path: Path):
    for path, sentence in (
        (tmp_path / "nowhere" / "a.csv", "in a folder that exists"),
        (tmp_path, "in a folder that exists"),
        (tmp_path / "a.txt", "end the name in .csv"),
        (tmp_path / ("a" * 300 + ".csv"), "can't be written"),
    ):
        with pytest.raises(UserError, match=sentence):
            output_file("output", path, [".csv"])
    assert output_file("output", tmp_path / "a.csv", [".csv"]) == tmp_path / "a.csv"
    assert not list(tmp_path.iterdir())


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path):
    path = tmp_path / "a.csv.gz"
    bystander = tmp_path / "partial-a.csv.gz"
    bystander.write_text("of the user")
    with replaced(path) as partial:
        assert partial.name == path.name
        partial.write_text("new")
        assert not path.exists()

    def fail() -> None:
        with replaced(path) as partial:
            partial.write_text("broken")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "new"
    assert {*tmp_path.iterdir()} == {path, bystander}
    assert output_file("output", path, [".csv.gz"]) == path
    assert bystander.read_text() == "of the user"


@pytest.mark.slow
def test_two_processes_evaluate_in_the_order_of_the_file(run: Path, tmp_path: Path):
    """Scores, features and bins belong together, whoever of the two computed them."""
    options = [f"ckpt={run}", QUIET, "data.batch_size=100"]
    alone = evaluate(composed(*options, "data.train_events=20000", name="evaluate"), tmp_path / "alone")
    two = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]
    folder = tmp_path / "together"
    done = started(*options, *two, QUIET, f"hydra.run.dir={folder}", cwd=tmp_path, name="evaluate")
    assert done.returncode == 0, done.stderr
    together = json.loads((folder / "metrics.json").read_text())
    tables = [
        pyarrow.parquet.read_table(path / "test_scores.parquet").to_pandas()
        for path in (tmp_path / "alone", folder)
    ]
    pd.testing.assert_frame_equal(*tables, atol=1e-6)
    binned = [name for name in alone if name.endswith("_gev")]
    assert len(binned) == 8
    assert {name: together[name] for name in binned} == pytest.approx({n: alone[n] for n in binned}, abs=1e-4)


def test_limited_batches_are_evaluated(run: Path, tmp_path: Path):
    cfg = composed(
        f"ckpt={run}", QUIET, "trainer.limit_test_batches=3", "data.train_events=20000", name="evaluate"
    )
    metrics = evaluate(cfg, tmp_path / "out")
    assert metrics["test/events"] == 3 * 512
    assert 0.5 < metrics["test/auc_jet_1_pt_above_135_gev"] < 1


def test_reconstructed_events_are_known_by_their_rows(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    found = {}
    monkeypatch.setattr(scores, "MAX_RECONSTRUCTED", 300)
    monkeypatch.setattr(report, "draw_evaluations", lambda evaluations, *_: found.update(evaluations) or {})
    options = [f"ckpt={run}", QUIET, "data.batch_size=500", "trainer.limit_test_batches=3"]
    evaluate(composed(*options, "data.train_events=20000", name="evaluate"), tmp_path / "out")
    rows, test_events = found["test"].reconstructed, HiggsDataModule(sample_csv(), dir=tmp_path)
    assert len(rows) == 300
    assert rows.max() > 1400
    np.testing.assert_array_equal(found["test"].features, test_events.arrays("test")[0][rows])


@pytest.mark.slow
def test_published_curves_are_drawn_over_what_they_are_for(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What :func:`published` tells of the events, which has a test of its own, is drawn."""
    from higgs_lightning.training import testing

    drawn: list[Any] = []

    def draw(_: Any, *arguments: Any) -> dict[str, Any]:
        drawn.append(arguments)
        return {}

    monkeypatch.setattr(report, "draw_evaluations", draw)
    monkeypatch.setattr(
        testing, "published", lambda data: {"published": 0.88} if data.name == "mine" else None
    )
    for name in ("embedded sample (simulated)", "mine"):
        options = [f"ckpt={run}", QUIET, "data.train_events=20000", f"data.name={name!r}"]
        evaluate(composed(*options, name="evaluate"), tmp_path / name)
    (title, nothing), (other_title, curves) = drawn
    assert (nothing, curves) == (None, {"published": 0.88})
    assert title.startswith("embedded sample (simulated)")
    assert other_title.startswith("mine")


def test_a_file_is_called_by_its_name(tmp_path: Path):
    file = write_csv(tmp_path / "events.csv", make_events(300))
    assert HiggsDataModule(file, dir=tmp_path).name == "events.csv"
    assert HiggsDataModule(file, name="mine", dir=tmp_path).name == "mine"


@pytest.mark.parametrize(
    ("options", "dataset"),
    [
        ({}, "a.csv"),
        ({"test_csv": "there/b.csv"}, "a.csv, tested on b.csv"),
        ({"test_csv": "there/b.csv", "name": "mine"}, "mine, tested on b.csv"),
        ({"test_csv": "a.csv"}, "a.csv"),
    ],
)
def test_events_tested_are_told_by_their_file(options: dict[str, Any], dataset: str):
    assert HiggsDataModule("here/a.csv", **options).dataset == dataset


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        (
            "objective.mask_ratio=0.05",
            "of 6 objects hides none: give 0 for a plain autoencoder, or 0.09 or more",
        ),
        ("objective.mask_ratio=-1", "objective.mask_ratio=-1: give a number from 0 below 1"),
        ("objective.mask_ratio=2", "objective.mask_ratio=2: give a number from 0 below 1"),
        ("objective.classification_weight=-1", "objective.classification_weight=-1: give a number from 0"),
        ("model.num_layers=-1", "model.num_layers=-1: give a whole number from 1"),
        (
            "selection.monitor=val/nothing",
            "selection.monitor=val/nothing is no metric of this run: choose one of",
        ),
        ("seed=-1", "seed=-1: give a whole number from 0"),
        ("seed=1.5", "seed=1.5: give a whole number from 0"),
        ("data.batch_size=many", "data.batch_size=many: give a whole number, 1 or more"),
        ("compile=maybe", "compile=maybe: give true or false"),
    ],
)
def test_values_make_sense(override: str, sentence: str, refusal: Callable[..., str]):
    assert sentence in refusal("train", override)


def test_pretraining_needs_a_decoder(refusal: Callable[..., str]):
    assert "DeepNetwork has no decoder" in refusal("train", "model=dnn", "stage=pretrain")


def test_every_value_of_the_configuration_has_a_kind():
    """But for classes, and the arguments of models and callbacks, which are checked where they are made."""
    for name in ("train", "evaluate", "predict", "describe", "export", "simulate"):
        config: Any = OmegaConf.to_container(composed(name=name))
        keys = {key for key, _ in flat(config) if not key.rsplit(".", 1)[-1].startswith("_")}
        elsewhere = ("model.", "callbacks.", "logger.", "data.csv.", "pruning")
        assert {key for key in keys - set(KINDS[name]) if not key.startswith(elsewhere)} == set()
    validate(OmegaConf.to_container(composed(), resolve=True))  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0.0, 0.37, np.nan])
def test_a_constant_feature_has_a_z_score(value: float, tmp_path: Path):
    """It tells nothing, and must not make the loss nan: dividing by its deviation did."""
    events = make_events(400)
    events[:, 1 + NAMES.index("jet_4_eta")] = value
    data = HiggsDataModule(write_csv(tmp_path / "events.csv", events), dir=tmp_path)
    data.setup("fit")
    mean, std = data.statistics()
    column = NAMES.index("jet_4_eta")
    assert mean[column].item() == pytest.approx(np.nan_to_num(value))
    assert std[column] == 1
    others = np.delete(data.arrays("train")[0], column, axis=1).astype(float)
    np.testing.assert_allclose(np.delete(std.numpy(), column), others.std(axis=0), rtol=1e-6)


def test_a_saved_model_is_the_model(run: Path, tmp_path: Path):
    save_model(run, tmp_path / "weights.safetensors")
    features = torch.from_numpy(make_events(20)[:, 1:])
    with torch.no_grad():
        torch.testing.assert_close(
            load_model(tmp_path / "weights.safetensors")(features).logits, load_model(run)(features).logits
        )


ALIKE: dict[str, Callable[[np.ndarray], Any]] = {
    "masked": lambda e: np.ma.masked_invalid(e),
    "masked, with odd values below": lambda e: np.ma.masked_array(np.nan_to_num(e, nan=-999.0), np.isnan(e)),
    "nullable": lambda e: pd.DataFrame(e, columns=NAMES).astype("Float32"),
    "arrow": lambda e: pd.DataFrame(e, columns=NAMES).astype("float[pyarrow]"),
    "other spellings": lambda e: pd.DataFrame(e, columns=NAMES).rename(
        columns=lambda n: n.replace("_b-tag", "b_tag").replace("jet_", "jet")
    ),
    "reversed columns": lambda e: np.ascontiguousarray(e[:, ::-1])[:, ::-1],
    "in columns": np.asfortranarray,
    "lists": lambda e: e.tolist(),
    "read-only": lambda e: np.frombuffer(e.tobytes(), np.float32).reshape(e.shape),
}


@pytest.mark.parametrize("name", ALIKE)
def test_features_in_every_shape_score_alike(name: str):
    events = make_events(50)[:, 1:]
    events[::3, 17:] = np.nan
    model = load_model("pretrained")
    expected = model.predict_proba(events)
    assert np.isfinite(expected).all()
    given = ALIKE[name](events)
    np.testing.assert_array_equal(model.predict_proba(given), expected)


def test_whole_numbers_are_features():
    events = make_events(20)[:, 1:].round().clip(-1, 1)
    model = load_model("pretrained")
    expected = model.predict_proba(events, "unchecked")  # b-tags of 1 are none of HIGGS' levels
    np.testing.assert_array_equal(model.predict_proba(events.astype(int), "unchecked"), expected)
    table = pd.DataFrame(events, dtype="Int64")
    np.testing.assert_array_equal(model.predict_proba(table, "unchecked"), expected)


def test_the_mode_of_a_model_does_not_matter_and_stays():
    model, events = load_model("pretrained"), make_events(20)[:, 1:]
    expected = model.predict_proba(events)
    model.train()
    next(model.children()).eval()
    modes = [part.training for part in model.modules()]
    np.testing.assert_array_equal(model.predict_proba(events), expected)
    assert [part.training for part in model.modules()] == modes


def with_value(value: float, column: str = "jet_1_pt") -> np.ndarray:
    events = make_events(5)[:, 1:].astype(np.float64)
    events[2, NAMES.index(column)] = value
    return events


REFUSED: dict[str, tuple[Any, str]] = {
    "bool": (np.ones((5, 21), bool), "the features hold bool, not numbers"),
    "text": (np.full((5, 21), "0.5"), "the features hold <U3, not numbers"),
    "complex": (np.ones((5, 21), complex), "the features hold complex128, not numbers"),
    "objects": ([[None] * 21], "the features hold object, not numbers"),
    "a column of text": (pd.DataFrame(with_value(1), columns=NAMES).assign(jet_1_pt="1"), "not numbers"),
    "a column of bool": (pd.DataFrame(with_value(1), columns=NAMES).assign(jet_1_pt=True), "hold bool"),
    "infinite": (with_value(np.inf), "row 2 of the features: jet_1_pt is inf, which no detector"),
    "minus infinity": (with_value(-np.inf, "jet_1_b-tag"), "row 2 of the features: jet_1_b-tag is -inf"),
    "too large": (with_value(1e300), "row 2 of the features: jet_1_pt is inf"),
    "b-tag": (
        with_value(-999, "jet_2_b-tag"),
        "row 2 of the features: jet_2_b-tag is -999, .* leave it empty",
    ),
    "two spellings": (
        pd.DataFrame(with_value(1), columns=NAMES).rename(columns={"jet_1_pt": "jet1pt"}).assign(jet_1pt=1.0),
        "two columns, 'jet1pt' and 'jet_1pt', that may be jet_1_pt",
    ),
}


@pytest.mark.parametrize(("features", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_number_is_not_scored(features: Any, sentence: str):
    with pytest.raises(ValueError, match=sentence) as raised:
        load_model("pretrained").predict_proba(features)
    assert "\n" not in str(raised.value)
