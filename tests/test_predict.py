"""The predict command: any table in, scores out in the same order, bad input in one sentence."""

import gzip
import re
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import uproot
from conftest import command, make_events, started

from higgs_lightning import load_model, models, schema
from higgs_lightning.compilation import fused_multiply_add
from higgs_lightning.errors import UserError
from higgs_lightning.evaluation.prediction import predict, score
from higgs_lightning.models import ParticleAutoencoder

NAMES = [feature.name for feature in schema.LOW_LEVEL]
EVENTS = make_events(500)


def scores(run: Path, source: Path, output: Path, **changed: object) -> np.ndarray:
    arguments: dict[str, object] = {"latent": False, "reconstruction": False, "temperature": 1.0}
    arguments |= {"batch_size": 64, "device": "cpu"}
    assert predict(str(run), source, output, **arguments | changed) == 500  # type: ignore[arg-type]
    read = pd.read_parquet if output.suffix == ".parquet" else pd.read_csv
    return read(output)["score"].to_numpy()


@pytest.fixture(scope="module")
def expected(run: Path) -> np.ndarray:
    with torch.no_grad():
        return load_model(run)(torch.from_numpy(EVENTS[:, 1:])).logits.sigmoid().numpy()


def write(kind: str, folder: Path) -> Path:
    """The same 500 events as different people write them."""
    features = pd.DataFrame(EVENTS[:, 1:], columns=NAMES)
    masses = pd.DataFrame(np.ones((500, 7), np.float32), columns=[f.name for f in schema.HIGH_LEVEL])
    labelled = pd.concat([pd.Series(EVENTS[:, 0], name="label"), features, masses], axis=1)
    path = folder / ("events" + ("." + kind.split()[0]))
    if kind == "csv of 21":
        features.to_csv(path, index=False, header=False)
    elif kind == "csv of 29":
        labelled.to_csv(path, index=False, header=False)
    elif kind == "csv.gz of 28":
        pd.concat([features, masses], axis=1).to_csv(path, index=False, header=False)
    elif kind == "csv with names in another order":
        labelled[labelled.columns[::-1]].to_csv(path, index=False)
    elif kind == "root":
        with uproot.recreate(path) as file:
            branches = dict.fromkeys(NAMES[::-1], "float64") | {"weight": "float32"}
            file.mktree("events", branches).extend(
                {name: features[name].to_numpy(float) for name in NAMES[::-1]} | {"weight": np.ones(500)}
            )
    else:
        labelled.astype(np.float64).assign(run=1).to_parquet(path)
    return path


@pytest.mark.parametrize(
    "kind",
    [
        "csv of 21",
        "csv of 29",
        "csv.gz of 28",
        "csv with names in another order",
        "parquet with more columns",
        "root",
    ],
)
def test_every_kind_of_table(kind: str, run: Path, expected: np.ndarray, tmp_path: Path):
    found = scores(run, write(kind, tmp_path), tmp_path / "scores.parquet")
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_one_look_is_not_the_mean_over_mirror_images(run: Path, tmp_path: Path):
    found = scores(run, write("csv of 21", tmp_path), tmp_path / "scores.parquet", one_look=True)
    model = load_model(run)
    assert isinstance(model, ParticleAutoencoder)
    assert model.average_mirrors
    model.average_mirrors = False
    with torch.no_grad():
        expected = model(torch.from_numpy(EVENTS[:, 1:])).logits.sigmoid().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    mean = scores(run, tmp_path / "events.csv", tmp_path / "mean.parquet")
    assert np.abs(found - mean).max() > 1e-4


def test_products_in_bfloat16(run: Path, expected: np.ndarray, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("higgs_lightning.precision._has_bfloat16", lambda device: True)  # or emulated
    changed = {"precision": "bf16-mixed", "device": "cpu:0", "latent": True}
    found = scores(run, write("csv of 21", tmp_path), tmp_path / "scores.parquet", **changed)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert np.abs(found - expected).max() > 1e-5
    assert len(np.unique(found)) > 0.95 * len(np.unique(expected))


@pytest.mark.parametrize("name", ["DeepNetwork", "ScalarTransformer", "TransformerAutoencoderClassifier"])
def test_models_that_answer_in_bfloat16(name: str):
    """Numbers of 32 bits are written, and of each score more than bfloat16's eight bits."""
    torch.manual_seed(1)
    model = getattr(models, name)().eval()
    features = torch.from_numpy(EVENTS[:64, 1:])
    expected = score(model, features, 2.0, latent=True, reconstruction=model.has_decoder)
    with torch.autocast("cpu", torch.bfloat16):
        found = score(model, features, 2.0, latent=True, reconstruction=model.has_decoder)
    assert found.schema == expected.schema
    np.testing.assert_allclose(found["score"], expected["score"], atol=0.02)
    assert np.abs(np.array(found["score"]) - np.array(expected["score"])).max() > 1e-6
    assert len(np.unique(found["score"])) > 60


@pytest.mark.parametrize("name", ["scores.csv", "scores.csv.gz"])
def test_text_as_output(name: str, run: Path, expected: np.ndarray, tmp_path: Path):
    np.testing.assert_allclose(
        scores(run, write("csv of 21", tmp_path), tmp_path / name), expected, atol=1e-6
    )
    assert (tmp_path / name).read_bytes().startswith(b"\x1f\x8b") == name.endswith(".gz")


def test_root_as_output(run: Path, expected: np.ndarray, tmp_path: Path):
    arguments = {
        "latent": True,
        "reconstruction": False,
        "temperature": 1.0,
        "batch_size": 64,
        "device": "cpu",
    }
    predict(str(run), write("root", tmp_path), tmp_path / "scores.root", **arguments)  # type: ignore[arg-type]
    with uproot.open(tmp_path / "scores.root") as file:
        found = file["events"].arrays(library="np")
    np.testing.assert_allclose(found["score"], expected, atol=1e-6)
    assert "latent_31" in found


RUNS, NUMBERS = np.repeat([7, 8], 250), np.arange(2**53 + 1, 2**53 + 501)


def identified(path: Path) -> Path:
    """Events with a run and a number, which no float holds, and a name."""
    frame = pd.DataFrame(EVENTS[:, 1:], columns=NAMES).assign(event=NUMBERS)
    frame.insert(0, "run", RUNS)
    if path.suffix == ".root":
        with uproot.recreate(path) as file:
            branches = {name: frame[name].dtype for name in frame}
            file.mktree("events", branches).extend({name: frame[name].to_numpy() for name in frame})
        return path
    frame = frame.assign(channel=[f"e{number % 3}" for number in range(500)])
    write = frame.to_parquet if path.suffix == ".parquet" else frame.to_csv
    write(path, index=False)
    return path


@pytest.mark.parametrize("source", ["events.csv", "events.parquet", "events.root"])
@pytest.mark.parametrize("output", ["scores.csv.gz", "scores.parquet", "scores.root"])
def test_columns_that_are_kept(source: str, output: str, run: Path, expected: np.ndarray, tmp_path: Path):
    path = identified(tmp_path / source)
    arguments = {
        "latent": False,
        "reconstruction": True,
        "temperature": 1.0,
        "batch_size": 64,
        "device": "cpu",
    }
    predict(str(run), path, tmp_path / output, **arguments, keep=["event", "run"])  # type: ignore[arg-type]
    if output.endswith(".root"):
        with uproot.open(tmp_path / output) as file:
            found = pd.DataFrame(file["events"].arrays(library="np"))
        assert all(name.isidentifier() for name in found)
        assert "jet_1_btag" in found
        names = list(found)
        # and the features in such a file are known by these names
        predict("pretrained", tmp_path / output, tmp_path / "again.csv", **arguments, units="unchecked")  # type: ignore[arg-type]
    else:
        found = (pd.read_parquet if output.endswith(".parquet") else pd.read_csv)(tmp_path / output)
        names = list(found)
        assert "jet_1_b-tag" in names
    assert names[:3] == ["event", "run", "score"]
    np.testing.assert_array_equal(found["event"], NUMBERS)
    np.testing.assert_array_equal(found["run"], RUNS)
    np.testing.assert_allclose(found["score"], expected, atol=1e-6)


def test_text_and_labels_are_kept(run: Path, tmp_path: Path):
    source = identified(tmp_path / "events.csv")
    scores(run, source, tmp_path / "scores.csv", keep="channel")
    assert pd.read_csv(tmp_path / "scores.csv")["channel"].tolist()[:4] == ["e0", "e1", "e2", "e0"]
    scores(run, write("parquet with more columns", tmp_path), tmp_path / "scores.parquet", keep=["label"])
    np.testing.assert_array_equal(pd.read_parquet(tmp_path / "scores.parquet")["label"], EVENTS[:, 0])


@pytest.mark.parametrize(
    ("kind", "output", "keep", "says"),
    [
        ("csv with names in another order", "scores.csv", "event", "has no column 'event', which keep names"),
        ("csv of 21", "scores.csv", "event", "has no names of columns: leave keep away"),
        ("csv of 29", "scores.csv", "event", "has no names of columns: leave keep away"),
        ("identified.csv", "scores.root", "channel", "channel holds text, which is no branch"),
        ("identified.csv", "scores.csv", ["run", "run"], "keep names a column twice"),
        ("score", "scores.csv", "score", "the output has a column of that name"),
        ("lists", "scores.csv", "other", "holds list<.*: keep columns of numbers or text"),
        ("lacking", "scores.root", "other", "column other lacks values"),
        ("two types", "scores.csv", "other", "make its type the same in all files"),
    ],
)
def test_what_can_not_be_kept(kind: str, output: str, keep: Any, says: str, run: Path, tmp_path: Path):
    features = pd.DataFrame(EVENTS[:, 1:], columns=NAMES)
    source: Any = tmp_path / "events.parquet"
    if kind == "identified.csv":
        source = identified(tmp_path / kind)
    elif kind == "score":
        features.assign(score=1.0).to_parquet(source)
    elif kind == "lists":
        features.assign(other=[[1, 2]] * 500).to_parquet(source)
    elif kind == "lacking":
        features.assign(other=pd.array([1, None] * 250, dtype="Int64")).to_parquet(source)
    elif kind == "two types":
        features.assign(other=1).to_parquet(source)
        features.assign(other="a").to_parquet(tmp_path / "more.parquet")
        source = [source, tmp_path / "more.parquet"]
    else:
        source = write(kind, tmp_path)
    with pytest.raises(UserError, match=says):
        scores(run, source, tmp_path / output, keep=keep)
    assert not (tmp_path / output).exists()


def test_which_tree_of_a_root_file(run: Path, tmp_path: Path):
    source = tmp_path / "events.root"
    with uproot.recreate(source) as file:
        file.mktree("other", {"x": "float32"}).extend({"x": np.ones(3)})
        file.mktree("good", dict.fromkeys(NAMES, "float32")).extend(
            dict(zip(NAMES, EVENTS[:, 1:].T, strict=True))
        )
    for name, sentence in (
        ("", r"holds 2 trees \(other, good\): name one as in .*events.root:TREE"),
        (":bad", "has no tree bad: it holds other, good"),
        (":other", "has no column 'lepton_pT'"),
    ):
        with pytest.raises(UserError, match=sentence):
            scores(run, Path(f"{source}{name}"), tmp_path / "scores.parquet")
    scores(run, Path(f"{source}:good"), tmp_path / "scores.parquet")


def test_temperature_divides_the_log_odds(run: Path, expected: np.ndarray, tmp_path: Path):
    found = scores(run, write("csv of 21", tmp_path), tmp_path / "scores.parquet", temperature=2.0)
    odds = np.log(expected / (1 - expected))
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-odds / 2)), atol=1e-5)


def test_more_columns_on_request(run: Path, tmp_path: Path):
    source = write("csv of 21", tmp_path)
    scores(run, source, tmp_path / "all.parquet", latent=True, reconstruction=True)
    table = pd.read_parquet(tmp_path / "all.parquet")
    model, features = load_model(run), torch.from_numpy(EVENTS[:, 1:])
    with torch.no_grad():
        output = model(features)
        decoded = model.reconstruct(output.encoded, features).features.numpy()
    latent = table[[f"latent_{number}" for number in range(output.latent.shape[1])]].to_numpy()
    np.testing.assert_allclose(latent, output.latent.numpy(), atol=1e-5)
    np.testing.assert_allclose(table["lepton_pT"], decoded[:, 0], atol=1e-4)


def test_missing_objects_are_masked(run: Path, tmp_path: Path):
    """Empty fields, nan and null are all the same."""
    events = EVENTS[:, 1:].copy()
    events[::3, 5:9] = np.nan
    with torch.no_grad():
        expected = load_model(run)(torch.from_numpy(events)).logits.sigmoid().numpy()
    frame = pd.DataFrame(events, columns=NAMES)
    frame.to_csv(tmp_path / "empty.csv", index=False)
    frame.to_csv(tmp_path / "nan.csv", index=False, header=False, na_rep="nan")
    frame.to_parquet(tmp_path / "null.parquet")
    for name in ("empty.csv", "nan.csv", "null.parquet"):
        found = scores(run, tmp_path / name, tmp_path / "scores.parquet")
        np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.slow
def test_the_command(run: Path, tmp_path: Path):
    source = write("csv of 29", tmp_path)
    done = command(f"ckpt={run}", f"input={source}", "output=scores.csv", cwd=tmp_path, name="predict")
    assert done.returncode == 0, done.stderr
    assert re.search(r"500 events in .* a second\): scores.csv", done.stdout)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.csv", "scores.csv"]


def test_what_the_command_needs(refusal: Callable[..., str]):
    assert "error: say output=...: this command needs" in refusal("predict", "ckpt=pretrained", "input=a.csv")


ROW = ",".join(["1"] * 21)
BAD = {
    "missing": (None, "is not a file"),
    "empty": (b"", "holds no events"),
    "only names": (",".join(NAMES).encode() + b"\n", "holds no events"),
    "columns": (b"1,2,3\n", "has 3 columns: without names there must be 21"),
    "names": (b"a,b,c\n1,2,3\n", "has no column 'lepton_pT' .21 of 21 are missing"),
    "twice": (f"{NAMES[0]},{','.join(NAMES)}\n".encode(), "has two columns of one name"),
    "text": (
        f"{ROW}\n{ROW[:-1]}abc\n".encode(),
        "row 2: jet_4_b-tag is 'abc', not a number; correct or remove",
    ),
    "short row": (f"{ROW}\n{ROW[:-2]}\n".encode(), "row 2: it has 20 columns, not 21; correct or remove"),
    "infinite": (f"{ROW}\n{ROW[:-1]}inf\n".encode(), "row 2: a value is infinite"),
    "damaged gzip": (gzip.compress(f"{ROW}\n".encode() * 9000)[:-20], "can't be read"),
    "not parquet": (b"PAR1 and nothing else", "can't be read"),
    "not root": (b"root and nothing else", "can't be read"),
}


@pytest.mark.parametrize(("content", "sentence"), BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    content: bytes | None, sentence: str, run: Path, tmp_path: Path
):
    source = tmp_path / "events"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(UserError, match=sentence) as raised:
        scores(run, source, tmp_path / "scores.parquet")
    assert "\n" not in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ([] if content is None else ["events"])


def test_a_parquet_column_of_text(run: Path, tmp_path: Path):
    frame = pd.DataFrame(EVENTS[:, 1:], columns=NAMES).assign(jet_1_pt="high")
    frame.to_parquet(tmp_path / "events.parquet")
    with pytest.raises(UserError, match=r"column jet_1_pt holds .*, not numbers"):
        scores(run, tmp_path / "events.parquet", tmp_path / "scores.parquet")


@pytest.mark.parametrize(
    ("output", "changed", "sentence"),
    [
        ("scores.xlsx", {}, "end the name in .parquet, .csv, .csv.gz, .root"),
        ("nowhere/scores.csv", {}, "a folder that exists"),
        ("events.csv", {}, "is the input"),
        ("scores.csv", {"batch_size": 0}, "batch_size=0: give a whole number"),
        ("scores.csv", {"temperature": 0.0}, "temperature=0.0: give a number above 0"),
    ],
)
def test_bad_arguments(output: str, changed: dict[str, object], sentence: str, run: Path, tmp_path: Path):
    source = write("csv of 21", tmp_path)
    with pytest.raises(UserError, match=sentence):
        scores(run, source, tmp_path / output, **changed)


@pytest.mark.parametrize(
    ("precision", "is_ours"), [("32-true", True), ("bf16-mixed", True), ("32-true", False)]
)
def test_threads_score_side_by_side(precision: str, is_ours: bool, run: Path, tmp_path: Path, monkeypatch):
    """All in the same precision; but not by a class of the user's, which may keep what it looks at."""
    monkeypatch.setattr("higgs_lightning.precision._has_bfloat16", lambda device: True)  # or emulated
    threads, call = set(), ParticleAutoencoder.__call__

    def seen(model: ParticleAutoencoder, features: torch.Tensor) -> Any:
        threads.add(threading.get_ident())
        time.sleep(0.01)  # so that each has its turn
        return call(model, features)

    source = write("parquet", tmp_path)
    alone = scores(run, source, tmp_path / "alone.parquet", threads=1, precision=precision)
    monkeypatch.setattr(ParticleAutoencoder, "__call__", seen)
    if not is_ours:
        monkeypatch.setattr(ParticleAutoencoder, "__module__", "mine")
    together = scores(run, source, tmp_path / "together.parquet", threads=3, precision=precision)
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert len(threads) == (3 if is_ours else 1)
    assert (threading.get_ident() in threads) == (not is_ours)


@pytest.mark.usefixtures("without_shape_checks")
def test_compiled(run: Path, tmp_path: Path, expected: np.ndarray, monkeypatch: pytest.MonkeyPatch):
    """By a backend that needs no compiler: the same scores, of one graph for whole batches."""
    graphs: list[torch.fx.GraphModule] = []
    num_calls = 0

    def backend(graph: torch.fx.GraphModule, _: list[Any], options: dict[str, Any]) -> Any:
        assert options == fused_multiply_add()
        graphs.append(graph)
        time.sleep(0.1)  # meanwhile others would compile it too

        def compiled(*values: Any) -> Any:
            nonlocal num_calls
            num_calls += 1
            return graph(*values)

        return compiled

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=backend))
    changed = {"compile": True, "latent": True, "threads": 3}
    found = scores(run, write("parquet", tmp_path), tmp_path / "scores.parquet", **changed)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert num_calls == 1 + 500 // 64  # the first, for the compiler
    assert len(graphs) == 1


@pytest.mark.slow
def test_without_a_compiler(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CXX", str(tmp_path / "g++"))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    source = write("parquet", tmp_path)
    arguments = (f"ckpt={run}", f"input={source}", "output=scores.csv", "compile=true", "batch_size=64")
    done = started(*arguments, cwd=tmp_path, name="predict")  # which compiler there is, a process asks once
    assert done.returncode == 1
    assert "error: compile=true needs a C++ compiler" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "scores.csv").exists()
