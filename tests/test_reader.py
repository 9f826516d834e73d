"""Events in any shape in which people hold them are the same events, for every command, or one sentence."""

import csv
import gzip
import json
import lzma
import math
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import uproot
from conftest import SHARED, make_events, write_csv

from higgs_lightning import schema
from higgs_lightning.data import HiggsDataModule, cache
from higgs_lightning.data.cache import open_events
from higgs_lightning.data.columns import Reading
from higgs_lightning.data.formats import read_file
from higgs_lightning.data.sources import Source, find_sources
from higgs_lightning.errors import UserError

NAMES = list(schema.COLUMNS)
FEATURES = NAMES[1:22]
EVENTS = make_events(300)
FRAME = pd.DataFrame(
    np.hstack([EVENTS, np.ones((300, 7), np.float32)]).astype(np.float64), columns=NAMES
).assign(label=lambda frame: frame["label"].astype(int))


def features_of(path: Path, reading: Reading | None = None) -> np.ndarray:
    """What predict scores."""
    blocks = read_file(Source(path), reading or Reading(prefix=""), needs_label=False)
    return np.concatenate([events[:, 1:] for events, _ in blocks])


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# every shape --------------------------------------------------------------------------------------------


def libsvm(frame: pd.DataFrame) -> str:
    rows = (
        " ".join([f"{row[0]:g}", *(f"{i}:{value:.9g}" for i, value in enumerate(row[1:], 1) if value)])
        for row in frame.to_numpy()
    )
    return "\n".join(rows) + "\n"


def arff(frame: pd.DataFrame) -> str:
    head = [
        "% HIGGS",
        "",
        "@RELATION higgs",
        "@attribute class {0,1}",
        *(f"@attribute '{n}' real" for n in NAMES[1:]),
    ]
    return "\n".join([*head, "@DATA", frame.to_csv(index=False, header=False, na_rep="?")])


def spelt(frame: pd.DataFrame, change: Callable[[str], str]) -> str:
    return frame.rename(columns=change).to_csv(index=False)


def squeezed(name: str) -> str:
    for quantity in ("pt", "eta", "phi", "b-tag"):
        name = name.replace(f"_{quantity}", quantity) if name.startswith("jet") else name
    return name.replace("jet_", "jet").replace("label", "class")


TEXTS: dict[str, str] = {
    "header": FRAME.to_csv(index=False),
    "quoted header": FRAME.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC),
    "index": FRAME.to_csv(index=True),
    "alphabetical": FRAME[sorted(NAMES)].rename(columns={"label": "class_label"}).to_csv(index=False),
    "label last, named": FRAME[[*NAMES[1:], "label"]].to_csv(index=False),
    "label last": FRAME[[*NAMES[1:], "label"]].to_csv(index=False, header=False),
    "label last, 22": FRAME[[*FEATURES, "label"]].to_csv(index=False, header=False),
    "22 columns": FRAME[NAMES[:22]].to_csv(index=False, header=False),
    "btag": spelt(FRAME, lambda name: name.replace("b-tag", "btag")),
    "b_tag": spelt(FRAME, lambda name: name.replace("b-tag", "b_tag")),
    "openml": spelt(FRAME, squeezed),
    "archive's own names": spelt(FRAME, lambda name: name.replace("_", " ").upper()),
    "minus one": FRAME.assign(label=2 * FRAME.label - 1).to_csv(index=False, header=False),
    "minus one, named": FRAME.assign(label=2 * FRAME.label - 1).to_csv(index=False),
    "float labels": FRAME.assign(label=FRAME.label.map("{:.18e}".format)).to_csv(index=False),
    "s and b": FRAME.assign(label=np.where(FRAME.label == 1, "s", "b")).to_csv(index=False, header=False),
    "true and false": FRAME.assign(label=FRAME.label == 1).to_csv(index=False, header=False),
    "semicolons": FRAME.to_csv(index=False, header=False, sep=";"),
    "tabs": FRAME.to_csv(index=False, sep="\t"),
    "spaces": FRAME.to_csv(index=False, header=False, sep=" "),
    "blank lines first": "\n\r\n" + FRAME.to_csv(index=False),
    "byte order mark": "\ufeff" + FRAME.to_csv(index=False),
    "carriage returns": FRAME.to_csv(index=False, lineterminator="\r\n"),
    "libsvm": libsvm(FRAME),
    "arff": arff(FRAME),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_in_every_shape(name: str, tmp_path: Path):
    path = written(tmp_path / "events.csv", TEXTS[name])
    assert np.array_equal(open_events(path, tmp_path / "cache"), EVENTS)
    assert np.array_equal(features_of(path), EVENTS[:, 1:])


def write_root(path: Path, kind: str) -> None:
    columns = {name: FRAME[name].to_numpy(np.float32) for name in NAMES[::-1]}
    with uproot.recreate(path) as file:
        if kind == "assigned":
            file["tree"] = columns
        elif kind == "rntuple":
            file.mkrntuple("events", {n.replace("b-tag", "b_tag"): v for n, v in columns.items()})
        else:
            file.mktree("events", dict.fromkeys(columns, "float32")).extend(columns)


def write_hdf5(path: Path, kind: str) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        if kind == "columns":
            for name in NAMES:
                file[f"events/{name}"] = FRAME[name].to_numpy()
        elif kind == "records":
            file["events"] = FRAME.to_records(index=False)
        else:
            file["x"], file["y"] = FRAME[NAMES[1:]].to_numpy(), FRAME.label.to_numpy()


ROWS = FRAME.to_numpy(np.float32)
BINARY: dict[str, Callable[[Path], Any]] = {
    "parquet": lambda path: FRAME.to_parquet(path),
    "parquet of floats": lambda path: FRAME[NAMES[:22]].astype(np.float32).to_parquet(path),
    "parquet, label a category": lambda path: FRAME.assign(
        label=pd.Categorical(np.where(FRAME.label == 1, "s", "b"))
    ).to_parquet(path),
    "root ttree": lambda path: write_root(path, "ttree"),
    "root rntuple": lambda path: write_root(path, "rntuple"),
    "root assigned": lambda path: write_root(path, "assigned"),
    "npy": lambda path: np.save(path, ROWS),
    "npy, label last": lambda path: np.save(path, np.roll(ROWS, -1, axis=1)),
    "npy in columns": lambda path: np.save(path, np.asfortranarray(ROWS[:, :22])),
    "npy of records": lambda path: np.save(path, FRAME.to_records(index=False)),
    "npz": lambda path: np.savez(path, X=ROWS[:, 1:], y=FRAME.label.to_numpy()),
    "npz, compressed, of columns": lambda path: np.savez_compressed(
        path, **{name: FRAME[name].to_numpy() for name in NAMES}
    ),
    "hdf5 of columns": lambda path: write_hdf5(path, "columns"),
    "hdf5 of records": lambda path: write_hdf5(path, "records"),
    "hdf5 of rows": lambda path: write_hdf5(path, "rows"),
    "gzip": lambda path: path.write_bytes(gzip.compress(TEXTS["alphabetical"].encode())),
    "xz": lambda path: path.write_bytes(lzma.compress(FRAME.to_csv(index=False, header=False).encode())),
    "xz of libsvm": lambda path: path.write_bytes(lzma.compress(TEXTS["libsvm"].encode())),
}


@pytest.mark.parametrize("name", BINARY)
def test_other_formats(name: str, tmp_path: Path):
    """The kind is told by the first bytes, whatever the file is called."""
    path = tmp_path / ("events.npz" if "npz" in name else "events.npy" if "npy" in name else "events.dat")
    BINARY[name](path)
    assert np.array_equal(open_events(path, tmp_path / "cache"), EVENTS)
    assert np.array_equal(features_of(path), EVENTS[:, 1:])


def test_a_zip_of_a_named_table(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "events.zip", "w") as archive:
        archive.writestr("events.csv", TEXTS["alphabetical"])
    assert np.array_equal(open_events(tmp_path / "events.zip", tmp_path / "cache"), EVENTS)


WITH_MISSING = FRAME.copy()
WITH_MISSING.loc[::5, [name for name in NAMES if name.startswith("jet_4")]] = np.nan


@pytest.mark.parametrize("mark", ["", "nan", "?", "NA", "-999"])
@pytest.mark.parametrize("kind", ["plain", "named", "arff", "parquet", "root"])
def test_what_is_missing(mark: str, kind: str, tmp_path: Path):
    path, missing = tmp_path / "events.csv", float(mark) if mark == "-999" else None
    filled = WITH_MISSING if missing is None else WITH_MISSING.fillna(missing)
    if kind == "parquet":
        filled.to_parquet(path)
    elif kind == "root":
        with uproot.recreate(path) as file:
            file["events"] = {name: filled[name].to_numpy(np.float32) for name in NAMES}
    elif kind == "arff":
        written(path, arff(filled))
    else:
        filled.to_csv(path, index=False, header=kind == "named", na_rep=mark)
    expected = WITH_MISSING.to_numpy(np.float32)[:, :22]
    reading = Reading(missing=missing)
    assert np.array_equal(open_events(path, tmp_path / "cache", reading), expected, equal_nan=True)
    assert np.array_equal(features_of(path, reading), expected[:, 1:], equal_nan=True)


@pytest.mark.slow
def test_the_shared_cases(tmp_path: Path):
    """All files of ``cases/make_cases.py``, each as its README wants it."""
    script, real = SHARED / "cases" / "make_cases.py", SHARED / "data" / "higgs-real-train.csv.gz"
    if not (script.exists() and real.exists()):
        pytest.skip("the shared files are not here")
    folder = tmp_path / "cases"
    subprocess.run([sys.executable, script, real, folder], check=True)
    wanted = {
        name: np.array(open_events(folder / name, tmp_path / "cache"))
        for name in ("plain.csv", "missing_nan.csv")
    }
    for path in sorted(folder.iterdir()):
        reading = Reading(missing=-999 if path.name == "missing_999.csv" else None)
        found = open_events(path, tmp_path / "cache", reading)
        expected = wanted["missing_nan.csv" if "missing" in path.name else "plain.csv"]
        if path.name == "three_decimals.csv":
            assert np.allclose(found, expected, atol=6e-4)
        elif path.name != "z_scores.csv":
            assert np.array_equal(found, expected, equal_nan=True), path.name
            assert np.array_equal(features_of(path, reading), expected[:, 1:], equal_nan=True), path.name
    for name, sentence in (
        ("missing_999.csv", r"row 1: jet_4_pt is -999, .* say missing=-999 \(in training data.missing=-999"),
        ("z_scores.csv", "these are not HIGGS' units: lepton_pT and 5 more are negative .* data.units=unch"),
    ):
        with pytest.raises(UserError, match=sentence):
            HiggsDataModule(folder / name, dir=tmp_path).setup("fit")


# several files ------------------------------------------------------------------------------------------


def test_several_files_are_read_as_one(tmp_path: Path):
    """A list, a pattern, a folder: the events, their number and their checksum are those of one file."""
    (tmp_path / "sim").mkdir()
    FRAME[:100].to_csv(tmp_path / "sim" / "a.csv", index=False, header=False)
    FRAME[100:150].to_parquet(tmp_path / "sim" / "b.parquet")
    FRAME[150:].to_csv(tmp_path / "sim" / "c.csv", index=False)
    (tmp_path / "sim" / "_SUCCESS").touch()
    files = [str(tmp_path / "sim" / name) for name in ("a.csv", "b.parquet", "c.csv")]
    whole = HiggsDataModule(write_csv(tmp_path / "whole.csv", EVENTS), dir=tmp_path).identity()[0]
    for given in (files, str(tmp_path / "sim" / "*.*"), tmp_path / "sim"):
        module = HiggsDataModule(given, dir=tmp_path)
        found = module.identity()[0]
        assert (found["rows"], found["crc32"]) == (whole["rows"], whole["crc32"])
        assert isinstance(found["file"], str)
    assert HiggsDataModule(files).name == "a.csv and 2 more"
    backwards = open_events(files[::-1], tmp_path / "cache")
    assert np.array_equal(backwards, np.concatenate([EVENTS[150:], EVENTS[100:150], EVENTS[:100]]))


def test_a_parquet_dataset_in_folders(tmp_path: Path):
    """Also where the label is a folder's name."""
    FRAME.to_parquet(tmp_path / "set", partition_cols=["label"])
    order = np.argsort(EVENTS[:, 0], kind="stable")
    assert np.array_equal(open_events(tmp_path / "set", tmp_path / "cache"), EVENTS[order])


def test_files_that_are_none(tmp_path: Path):
    write_csv(tmp_path / "a.csv", EVENTS)
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    (tmp_path / "empty").mkdir()
    for files, sentence in (
        (tmp_path / "*.parquet", r"data\.csv=.*\*\.parquet matches no file"),
        (tmp_path / "empty", "data.csv=.*empty is a folder that holds no files"),
        ([tmp_path / "a.csv", tmp_path / "link.csv"], "link.csv twice: its events would count double"),
        ([], "names no file"),
        ([tmp_path / "a.csv", tmp_path / "b.csv"], r"b\.csv is not a file: give data\.csv=PATH"),
    ):
        with pytest.raises(UserError, match=sentence):
            find_sources(files, "data.csv")


def test_a_file_s_own_name_is_no_pattern(tmp_path: Path):
    path = write_csv(tmp_path / "a[1]*.csv", EVENTS)
    assert find_sources(path, "data.csv") == [Source(path)]


def test_an_unlike_file_among_several_is_named(tmp_path: Path):
    write_csv(tmp_path / "a.csv", EVENTS)
    written(tmp_path / "b.csv", "1,2,3\n")
    with pytest.raises(UserError, match=r"b\.csv has 3 columns"):
        open_events(tmp_path / "*.csv", tmp_path / "cache")
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_a_split_as_a_data_frame(tmp_path: Path):
    data = HiggsDataModule(write_csv(tmp_path / "events.csv", EVENTS), dir=tmp_path)
    frame = data.frame("test")
    features, labels = data.arrays("test")
    assert list(frame.columns) == NAMES[:22]
    assert frame.attrs == {"units": "higgs"}
    assert np.array_equal(frame["label"], labels)
    assert np.array_equal(frame[FEATURES], features)


# names --------------------------------------------------------------------------------------------------


def test_other_names_are_told(tmp_path: Path):
    renamed = {"lepton_pT": "lep_pt", "jet_1_b-tag": "btag of jet 1", "label": "is it"}
    path = tmp_path / "events.csv"
    FRAME.rename(columns=renamed).to_csv(path, index=False)
    columns = {"lepton_pT": "lep_pt", "jet_1_btag": "btag of jet 1"}
    events = HiggsDataModule(path, dir=tmp_path, columns=columns, label="is it")
    assert np.array_equal(events._open()[0].events, EVENTS)
    for reading, sentence in (
        (Reading(), r"no column 'lepton_pT' \(2 of 21 .* say .* data\.columns=\{lepton_pT: NAME\}"),
        (Reading(columns=columns), r"no column 'label': say data\.label=NAME; it has is it, lep_pt"),
        (Reading(columns=columns, label="truth"), "no column 'truth'"),
        (Reading(columns={"lepton_pT": "pt"}), r"no column 'pt', which data\.columns names for lepton_pT"),
    ):
        with pytest.raises(UserError, match=sentence):
            open_events(path, tmp_path / "cache", reading)
    with pytest.raises(UserError, match=r"data\.columns=\{tau: \.\.\.\}: 'tau' is none of HIGGS' columns"):
        Reading(columns={"tau": "tau_pt"})


def test_names_that_two_columns_bear(tmp_path: Path):
    path = tmp_path / "events.csv"
    FRAME.assign(jet1pt=1.0).to_csv(path, index=False)
    assert np.array_equal(open_events(path, tmp_path / "cache"), EVENTS)  # the exact name counts
    FRAME.rename(columns={"jet_1_pt": "jet1pt"}).assign(jet_1pt=1.0).to_csv(path, index=False)
    with pytest.raises(UserError, match=r"both 'jet1pt' and 'jet_1pt' .* data.columns=\{jet_1_pt: NAME\}"):
        open_events(path, tmp_path / "cache")
    FRAME.rename(columns={"label": "class"}).assign(target=1).to_csv(path, index=False)
    with pytest.raises(UserError, match=r"both 'class' and 'target' may be label; say data\.label=NAME"):
        open_events(path, tmp_path / "cache")
    assert len(open_events(path, tmp_path / "cache", Reading(label="class"))) == 300


def test_a_header_in_another_order_can_t_be_skipped(tmp_path: Path):
    """By position its columns would be scrambled; one in HIGGS' order may be, as earlier versions advised."""
    path = written(tmp_path / "events.csv", TEXTS["alphabetical"])
    with pytest.raises(UserError, match=r"data\.skip_rows=1 skips names the columns in another order"):
        open_events(path, tmp_path / "cache", Reading(skip_rows=1))


def test_columns_without_names_that_have_no_label(tmp_path: Path):
    features = FRAME[FEATURES]
    features.to_csv(tmp_path / "21.csv", index=False, header=False)
    FRAME[NAMES[1:]].to_csv(tmp_path / "28.csv", index=False, header=False)
    pd.concat([features, features["lepton_pT"]], axis=1).to_csv(
        tmp_path / "22.csv", index=False, header=False
    )
    for width in (21, 28):
        assert np.array_equal(features_of(tmp_path / f"{width}.csv"), EVENTS[:, 1:])
        with pytest.raises(UserError, match=f"has {width} columns without names, so no label"):
            open_events(tmp_path / f"{width}.csv", tmp_path / "cache")
    for read in (features_of, lambda path: open_events(path, tmp_path / "cache")):
        with pytest.raises(UserError, match="22 columns without names, and neither the first nor the last"):
            read(tmp_path / "22.csv")
    with pytest.raises(UserError, match=r"has no names of columns: leave data\.label away"):
        open_events(tmp_path / "21.csv", tmp_path / "cache", Reading(label="label"))


@pytest.mark.parametrize("row", ["NA", "nan", "?", ""])
def test_a_first_row_without_values_is_no_header(row: str, tmp_path: Path):
    text = FRAME[FEATURES].to_csv(index=False, header=False)
    found = features_of(written(tmp_path / "events.csv", ",".join([row] * 21) + "\n" + text))
    assert np.isnan(found[0]).all()
    assert np.array_equal(found[1:], EVENTS[:, 1:])


# labels -------------------------------------------------------------------------------------------------


def test_labels_that_are_none(tmp_path: Path):
    for number, (label, sentence) in enumerate(
        {
            "2": "row 9: the label is 2 and must be 0 or 1, -1 or 1, or s or b",
            "tau": "row 9: the label is tau and must be",
            "": "row 9: the label is missing and must be 0 or 1: leave the row out",
        }.items()
    ):
        labels = FRAME.label.astype(object)
        labels[7] = label
        path = tmp_path / f"{number}.csv"
        FRAME.assign(label=labels).to_csv(path, index=False)
        with pytest.raises(UserError, match=sentence):
            open_events(path, tmp_path / "cache")
        assert np.array_equal(features_of(path), EVENTS[:, 1:])


@pytest.mark.parametrize("header", [True, False])
def test_background_is_0_or_minus_1_and_not_both(header: bool, tmp_path: Path):
    labels = FRAME.label.copy()
    labels[labels[labels == 0].index[-1]] = -1
    FRAME.assign(label=labels).to_csv(tmp_path / "events.csv", index=False, header=header)
    with pytest.raises(UserError, match=r"others are 0: write all|labels are 0 and -1; write all"):
        open_events(tmp_path / "events.csv", tmp_path / "cache")


# faults -------------------------------------------------------------------------------------------------

HEADER = ",".join(NAMES)
ROW = ",".join(["1", *["0.5"] * 28])
FAULTS: dict[str, tuple[str | bytes, str]] = {
    "text": (f"{HEADER}\n{ROW}\n{ROW[:4]}many{ROW[5:]}\n", "row 3: lepton_pT is '0.many"),
    "short row": (f"{HEADER}\n{ROW}\n{ROW[:-4]}\n", "row 3: it has 28 columns, not 29; correct or remove"),
    "infinite": (f"{HEADER}\n{ROW}\n{ROW.replace('0.5', 'inf', 1)}\n", "row 3: a value is infinite, of col"),
    "only names": (f"{HEADER}\n", "holds no events"),
    "names that are none": ("a,b\n1,2\n", r"no column 'lepton_pT' \(21 of 21"),
    "utf-16": (f"{HEADER}\n{ROW}\n".encode("utf-16"), "it is UTF-16, not UTF-8"),
    "libsvm, a word": ("1 1:0.5\n1 1:many\n", r"line 2: '1 1:many' is no label and pairs"),
    "libsvm, an index": ("1 1:0.5\n1 0:0.5\n", "line 2: '1 0:0.5' is no label"),
    "libsvm, a label": ("1 1:0.5\n3 1:0.5\n", "row 2: the label is 3.0 and must be"),
    "arff without data": ("@relation x\n@attribute a real\n", "has no line @data"),
    "not numpy": (b"\x93NUMPY and nothing else", "can't be read"),
    "truncated xz": (lzma.compress(TEXTS["header"].encode())[:-300], "can't be read"),
}


@pytest.mark.parametrize(("content", "sentence"), FAULTS.values(), ids=FAULTS)
def test_faults(content: str | bytes, sentence: str, tmp_path: Path):
    path = written(tmp_path / "events", content)
    with pytest.raises(UserError, match=sentence) as raised:
        open_events(path, tmp_path / "cache")
    assert str(raised.value).startswith(str(path))
    assert "\n" not in str(raised.value)
    assert [each.suffix for each in (tmp_path / "cache").iterdir()] == [".lock"]


def test_arrays_that_are_no_events(tmp_path: Path):
    for number, (arrays, sentence) in enumerate(
        (
            ({"a": ROWS[:, 1:], "b": ROWS[:, 1:]}, r"holds a \(300, 28\), b .*: give one array of rows"),
            ({"a": ROWS[:, 1:], "y": ROWS[:5, 0]}, "arrays of different lengths"),
            ({"a": ROWS[:, :5]}, "has 5 columns: without names"),
            ({"a": ROWS[:, 1:].astype(str), "y": ROWS[:, 0]}, "column lepton_pT holds <U32, not numbers"),
            ({"a": ROWS[:, 1:].astype(complex), "y": ROWS[:, 0]}, "holds complex128, not numbers"),
        )
    ):
        path = tmp_path / f"{number}.npz"
        np.savez(path, **arrays)
        with pytest.raises(UserError, match=sentence):
            open_events(path, tmp_path / "cache")


def test_pickles_are_not_opened(tmp_path: Path):
    np.save(tmp_path / "events.npy", np.array([{"a": 1}], dtype=object))
    with pytest.raises(UserError, match="can't be read"):
        open_events(tmp_path / "events.npy", tmp_path / "cache")


def test_names_of_a_file_are_one_line_of_a_terminal(tmp_path: Path, refusal: Callable[..., str]):
    """Not the terminal's commands that they may hold."""
    names = "\x1b[31mred\x07,b\n" + "1,2\n"
    written(tmp_path / "e.csv", names)
    FRAME.rename(columns={"label": "\x1b]0;owned\x07\nline"}).to_parquet(tmp_path / "e.parquet")
    for file in ("e.csv", "e.parquet"):
        sentence = refusal("train", f"data.csv={file}")
        assert sentence.startswith("error: ")
        assert sentence.isprintable()


# a slow and obvious reader ------------------------------------------------------------------------------


def slow_and_obvious(text: str) -> np.ndarray | None:
    """The events of a table with a header, or None where it is to be refused."""
    rows = list(csv.reader(text.splitlines()))
    names = rows[0]
    events = []
    for row in rows[1:]:
        if not row:
            continue
        if len(row) != len(names):
            return None
        values = dict(zip(names, row, strict=True))
        event = []
        for name in NAMES[:22]:
            value = values[name]
            if value in ("", "nan", "?", "NA"):
                event.append(math.nan)
                continue
            try:
                event.append(float(value))
            except ValueError:
                return None
        if event[0] not in (0, 1) or not all(abs(value) < 3e38 or value != value for value in event):
            return None
        events.append(event)
    return np.array(events, np.float32) if events else None


@pytest.mark.slow
def test_fuzz(tmp_path: Path):
    """400 tables with names are read as by the slow reader, or refused in one sentence."""
    generator = np.random.default_rng(1)
    pieces = ["", "nan", "?", "NA", "inf", "x", "1e60", "-", "0.25", '"0.25"', "7e-3", "0x1", "1,2", "2"]
    accepted = 0
    for number in range(400):
        rows = int(generator.integers(1, 6))
        order = list(generator.permutation([*NAMES, "weight", "run"]))
        lines = [order, *([f"{generator.random():.6g}" for _ in order] for _ in range(rows))]
        for line in lines[1:]:
            line[order.index("label")] = str(generator.integers(2))
        for _ in range(generator.integers(3)):
            lines[generator.integers(1, rows + 1)][generator.integers(len(order))] = str(
                generator.choice(pieces)
            )
        text = "".join(",".join(line) + "\n" for line in lines)
        path = written(tmp_path / f"{number}.csv", text)
        expected, found, sentence = slow_and_obvious(text), None, str(path)
        try:
            found = open_events(path, tmp_path / "cache")
        except UserError as error:
            sentence = str(error)
        assert sentence.startswith(str(path))
        assert "\n" not in sentence
        assert (found is None) == (expected is None), text
        if found is not None and expected is not None:
            assert np.array_equal(found, expected, equal_nan=True), text
            accepted += 1
        shutil.rmtree(tmp_path / "cache")
    assert 100 < accepted < 350


# the cache ----------------------------------------------------------------------------------------------


def test_a_cache_of_an_earlier_version_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Its folder is named by the path and the lines skipped, and its description has no options."""
    path = write_csv(tmp_path / "events.csv", EVENTS)
    open_events(path, tmp_path / "cache")
    folder = tmp_path / "cache" / f"events-{sha256(f'{path} 0'.encode()).hexdigest()[:12]}"
    meta = json.loads((folder / "meta.json").read_text())
    assert set(meta) == {"version", "columns", "source", "size", "mtime_ns", "skip_rows", "rows", "crc32"}
    assert (meta["source"], meta["skip_rows"], meta["rows"]) == (str(path), 0, 300)
    monkeypatch.setattr(cache, "build", lambda *_: pytest.fail("built again"))
    open_events(path, tmp_path / "cache")


def test_options_have_caches_of_their_own(tmp_path: Path):
    path = tmp_path / "events.csv"
    FRAME.assign(other=1 - FRAME.label).to_csv(path, index=False)
    for reading in (Reading(), Reading(label="other"), Reading(missing=-999), Reading(units="gev")):
        open_events(path, tmp_path / "cache", reading)
    open_events(path, tmp_path / "cache", Reading(units="unchecked"))  # the same numbers as by default
    assert len([each for each in (tmp_path / "cache").iterdir() if each.suffix != ".lock"]) == 4
    flipped = open_events(path, tmp_path / "cache", Reading(label="other"))
    assert np.array_equal(flipped[:, 0], 1 - EVENTS[:, 0])
