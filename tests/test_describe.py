"""The describe command: what is counted and measured, what files are taken for, and how it says so."""

import gzip
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import SHARED, command, composed, make_events, write_csv
from omegaconf import OmegaConf

from higgs_lightning import schema
from higgs_lightning.command import require_known_keys
from higgs_lightning.configuration import require_kinds
from higgs_lightning.data import description, sample_csv
from higgs_lightning.data.columns import FEATURES, Reading
from higgs_lightning.data.description import (
    Description,
    coherence,
    measure,
    read,
    read_quantiles,
    significant_digits,
)
from higgs_lightning.data.formats import read_file
from higgs_lightning.data.sources import find_sources
from higgs_lightning.evaluation.description import describe, facts, feature_rows, usage

SCALES = np.array([feature.scale for feature in schema.LOW_LEVEL])
EVENTS = make_events(2_000)


def described(source: Path, **options: object) -> Description:
    found, events = read(str(source), Reading(units="unchecked", **options), None)  # type: ignore[arg-type]
    measure(found, events)
    return found


def sample(rows: int = 20_000) -> pd.DataFrame:
    """Events of the embedded sample, with names."""
    (source,) = find_sources(sample_csv(), "csv")
    events = np.concatenate([events for events, _ in read_file(source, Reading(), needs_label=True)])
    return pd.DataFrame(events[:rows], columns=[schema.LABEL, *FEATURES])


def test_counts_means_and_ranges(tmp_path: Path):
    frame = pd.DataFrame(EVENTS, columns=[schema.LABEL, *FEATURES])
    frame.loc[frame.index % 4 == 0, "jet_4_pt"] = np.nan
    frame = pd.concat([frame, frame[:7]])
    frame.to_csv(tmp_path / "events.csv", index=False)
    found = described(tmp_path / "events.csv")
    assert found.rows == found.kept == 2_007
    assert found.classes["signal"] == (frame.label == 1).sum()
    assert found.classes["background"] == (frame.label == 0).sum()
    assert found.duplicates == 7
    np.testing.assert_allclose(found.mean, frame[FEATURES].mean(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.least, frame[FEATURES].min(), rtol=1e-6)
    np.testing.assert_allclose(found.most, frame[FEATURES].max(), rtol=1e-6)
    np.testing.assert_allclose(found.missing_share, frame[FEATURES].isna().mean())


def test_only_the_first_events_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(description, "_MOST_KEPT", 300)
    pd.DataFrame(EVENTS[:, 1:], columns=FEATURES).to_parquet(tmp_path / "events.parquet", row_group_size=200)
    found = described(tmp_path / "events.parquet")
    assert (found.rows, found.kept) == (2_000, 300)
    np.testing.assert_allclose(found.mean, EVENTS[:, 1:].mean(0, dtype=float), rtol=1e-5, atol=1e-6)
    assert "of the first 300 events" in dict(facts(found))["exact duplicates"]


def test_signal_and_background_in_files_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Callable[..., str]
):
    frame = pd.DataFrame(EVENTS, columns=[schema.LABEL, *FEATURES])
    frame.to_parquet(tmp_path / "both.parquet")
    of_class = {
        name: frame[frame.label == label].drop(columns="label") for name, label in (("s", 1), ("b", 0))
    }
    of_class["s"].to_parquet(tmp_path / "s.parquet")
    for number, part in enumerate((of_class["b"][:300], of_class["b"][300:])):
        part.to_csv(tmp_path / f"b{number}.csv", index=False)
    background = [str(tmp_path / f"b{number}.csv") for number in (0, 1)]
    files = {"background": background, "signal": str(tmp_path / "s.parquet")}
    found = describe(files, tmp_path / "out")
    whole = described(tmp_path / "both.parquet")
    assert found.name == "s.parquet against b0.csv and 1 more"
    assert found.classes == whole.classes
    for name in ("signal", "background"):
        np.testing.assert_array_equal(found.distances[name], whole.distances[name])
    training, scoring = usage(found, files, Reading(prefix=""))
    overrides = shlex.split(training)[3:]
    require_known_keys("train", overrides)
    assert OmegaConf.to_container(composed(*overrides).data.csv) == files
    scored = composed(*shlex.split(scoring)[3:], name="predict")
    assert sorted(scored.input) == [*background, str(tmp_path / "s.parquet")]
    monkeypatch.setattr(description, "_MOST_KEPT", 200)
    some, events = read(files, Reading(units="unchecked"), None)
    assert (some.rows, events[:, 0].sum(), len(events)) == (2_000, 100, 200)

    monkeypatch.chdir(tmp_path)
    labelled = "input={signal: s.parquet, background: both.parquet}"
    assert "both.parquet is said to be background and holds labels of its own" in refusal(
        "describe", labelled
    )
    alone = "input={signal: s.parquet, background: [b0.csv, b1.csv]}"
    told = refusal("describe", alone, "label=y")
    assert "label=y is of no use where input tells the classes: leave it out" in told
    assert "input={'signal': 's.parquet'}: give" in refusal("describe", "input={signal: s.parquet}")
    assert not (tmp_path / "outputs").exists()


def test_labels_may_lack(tmp_path: Path):
    pd.DataFrame(EVENTS[:, 1:], columns=FEATURES).to_csv(tmp_path / "events.csv", index=False)
    found = described(tmp_path / "events.csv")
    assert not found.labelled
    assert list(found.distances) == ["all"]
    assert [line.split()[2] for line in usage(found, "events.csv", Reading())] == ["higgs_lightning.predict"]


def test_distances_are_those_of_kolmogorov_and_smirnov(tmp_path: Path):
    """To within the 101 quantiles, against scipy's."""
    stats = pytest.importorskip("scipy.stats")
    generator = np.random.default_rng(0)
    frame = sample(5_000)
    frame["jet_1_pt"] *= 1.1
    frame.to_csv(tmp_path / "events.csv", index=False)
    found = described(tmp_path / "events.csv")
    for group, label in (("signal", 1), ("background", 0)):
        for name in ("lepton_pT", "jet_1_pt", "jet_4_eta"):
            column = FEATURES.index(name)
            points, shares = read_quantiles()[group, column]
            real = np.interp(generator.random(200_000), shares, points)
            ours = frame.loc[frame.label == label, name] * SCALES[column]
            expected = stats.ks_2samp(ours, real).statistic
            assert found.distances[group][column] == pytest.approx(expected, abs=0.012)


def test_the_table_of_quantiles():
    lines = description.QUANTILES.read_text().splitlines()
    assert "CC BY 4.0" in lines[0]
    for (_, column), (points, shares) in read_quantiles().items():
        assert (np.diff(points) >= 0).all()
        assert (np.diff(shares) >= 0).all()
        assert shares[-1] == pytest.approx(1)
        assert len(points) >= (3 if schema.LOW_LEVEL[column].quantity == "btag" else 101)


def test_steps_show_and_digits():
    values = np.random.default_rng(0).normal(size=5_000).astype(np.float32)
    assert coherence(values, 0.001) < 0.05
    assert coherence(values.round(3) + np.float32(0.0004), 0.001) > 0.95
    assert significant_digits(values) == 9
    assert significant_digits(np.array([float(f"{value:.4g}") for value in values], np.float32)) == 4
    assert coherence(np.array([np.nan]), 0.001) == 0


def test_the_embedded_sample_is_simulated():
    found = described(sample_csv())
    assert found.verdict.startswith("events of this package's simulation")
    assert found.digits == 5
    assert found.levels == 1
    assert found.least_pt == pytest.approx((15, 15), abs=0.05)
    assert found.units == "higgs"


def test_with_the_steps_of_the_archive_they_would_be_real(tmp_path: Path):
    frame = sample()
    for column in schema.columns("eta"):
        scaled = (frame[FEATURES[column]].astype(float) * SCALES[column]).round(3)
        frame[FEATURES[column]] = scaled / SCALES[column]
    frame.to_parquet(tmp_path / "events.parquet")
    found = described(tmp_path / "events.parquet")
    assert found.verdict.startswith("real HIGGS events")
    assert "data.name=" in usage(found, "events.parquet", Reading())[0]
    frame[frame.lepton_pT > 1].to_parquet(tmp_path / "events.parquet")
    assert "but selected or changed" in described(tmp_path / "events.parquet").verdict


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (lambda f: f.round(3), "HIGGS events, real or simulated"),
        (lambda f: f[:200], r"HIGGS events, real or simulated, but too few \(200\)"),
        (lambda f: f[:1], "HIGGS events, real or simulated, but too few"),
        (
            lambda f: f.assign(jet_1_eta=f.jet_1_eta + np.linspace(-0.05, 0.05, len(f))),
            "something else .* no",
        ),
        (lambda f: f.assign(jet_1_pt=f.jet_1_pt * 1.3), "something else than HIGGS or .*jet_1_pt"),
        (lambda f: f.assign(**dict.fromkeys(FEATURES, np.nan)), "nothing that could be compared"),
    ],
)
def test_what_else_there_is(change: Callable[[pd.DataFrame], pd.DataFrame], verdict: str, tmp_path: Path):
    change(sample()).to_csv(tmp_path / "events.csv", index=False)
    assert re.match(verdict, described(tmp_path / "events.csv").verdict)


def test_gev_and_placeholders_are_found(tmp_path: Path):
    frame = sample(3_000)
    frame[FEATURES] = frame[FEATURES].astype(float) * SCALES
    frame.loc[frame.index % 5 == 0, ["jet_4_pt", "jet_4_eta", "jet_4_phi", "jet_4_b-tag"]] = -999
    frame = frame.rename(columns={"label": "is signal"})
    frame.to_csv(tmp_path / "my events.csv", index=False)
    reading = Reading(units="unchecked", label="is signal")
    found, events = read(str(tmp_path / "my events.csv"), reading, None)
    measure(found, events)
    assert (found.units, found.missing) == ("gev", -999)
    assert found.missing_share[FEATURES.index("jet_4_phi")] == pytest.approx(0.2)
    assert not found.impossible
    assert feature_rows(found)[1][0][1] == "GeV"
    training, scoring = usage(found, str(tmp_path / "my events.csv"), reading)
    overrides = shlex.split(training)[3:]
    require_known_keys("train", overrides)
    data = composed(*overrides).data
    assert (data.units, data.missing, data.label) == ("gev", -999, "is signal")
    assert data.csv == str(tmp_path / "my events.csv")
    overrides = shlex.split(scoring)[3:]
    require_known_keys("predict", overrides)
    assert composed(*overrides, name="predict").missing == -999
    values: Any = OmegaConf.to_container(composed(*overrides, name="predict"))
    require_kinds("predict", values)


def test_z_scores_are_something_else(tmp_path: Path):
    frame = sample(3_000)
    frame[FEATURES] = (frame[FEATURES] - frame[FEATURES].mean()) / frame[FEATURES].std()
    frame.to_csv(tmp_path / "events.csv", index=False)
    found = describe(tmp_path / "events.csv", tmp_path / "out")
    assert found.units is None
    assert "look scaled" in str(found.units_fault)
    assert "something else than HIGGS" in found.verdict
    (training,) = usage(found, "events.csv", Reading())
    assert training.endswith("data.units=unchecked")
    assert {path.name for path in tmp_path.glob("out/plots/*")} == {"features.png"}


@pytest.mark.slow
def test_the_command(tmp_path: Path):
    write_csv(tmp_path / "<b>.csv", EVENTS)
    done = command('input="<b>.csv"', "output=out", cwd=tmp_path, name="describe")
    assert done.returncode == 0, done.stderr
    for words in ("looks like", "2,000", "KS, signal", "missing_energy_magnitude", "page: out/describe.html"):
        assert words in done.stdout
    page = (tmp_path / "out" / "describe.html").read_text()
    assert "<b>" not in page
    assert page.count("data:image/png") == 2
    assert {path.name for path in (tmp_path / "out" / "plots").iterdir()} == {"features.png", "marks.png"}
    done = command('input="<b>.csv"', cwd=tmp_path, name="describe")
    assert len(list(tmp_path.glob("outputs/*/*-description/describe.html"))) == 1


def test_all_bad_lines_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], refusal: Callable[..., str]
):
    lines = write_csv(tmp_path / "good.csv", EVENTS).read_text().splitlines()
    lines[3] = lines[3] + ",1"
    lines[9] = "2" + lines[9][lines[9].index(",") :]
    lines[1_500] = lines[1_500].replace(",", ";")
    with gzip.open(tmp_path / "bad.csv.gz", "wt") as file:
        file.write("\n\n".join(lines))
    sentence = refusal("describe", f"input={tmp_path / 'bad.csv.gz'}", "output=out")
    assert re.search(r"bad.csv.gz: above are its bad lines, 3; correct or remove them", sentence)
    told = capsys.readouterr().out.splitlines()
    assert [re.findall(r"line (\d+): (\w+ \w+)", line)[0] for line in told] == [
        ("7", "it has"),
        ("19", "the label"),
        ("3001", "it has"),
    ]
    assert not (tmp_path / "out").exists()
    (tmp_path / "many.csv").write_text("\n".join([lines[0], *["1,2"] * 50]))
    assert "the first of its bad lines, 20" in refusal("describe", f"input={tmp_path / 'many.csv'}")


BAD_ROWS: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    "named": lambda frame, path: frame.to_csv(path, index=False),
    "semicolons": lambda frame, path: frame.to_csv(path, index=False, sep=";"),
    "arff": lambda frame, path: path.write_text(
        "\n".join(["@relation higgs", *(f"@attribute '{name}' real" for name in frame.columns), "@data"])
        + "\n"
        + frame.to_csv(index=False, header=False)
    ),
    "parquet": lambda frame, path: frame.to_parquet(path),
    "npy": lambda frame, path: np.save(path, frame.to_records(index=False)),
}


@pytest.mark.parametrize("form", BAD_ROWS)
def test_all_bad_rows_of_other_formats_are_told(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], refusal: Callable[..., str]
):
    frame = pd.DataFrame(EVENTS.astype(float), columns=[schema.LABEL, *FEATURES])
    frame.loc[3, "jet_1_pt"] = np.inf
    frame.loc[9, "label"] = 7
    frame.loc[1_500, "lepton_phi"] = 1e60
    path = tmp_path / ("bad.npy" if form == "npy" else "bad.csv")
    BAD_ROWS[form](frame, path)
    before = {"named": 1, "semicolons": 1, "arff": 24}.get(form, 0)
    assert "above are its bad lines, 3; correct" in refusal("describe", f"input={path}", "label=label")
    told = [re.findall(r"row (\d+): (.*)", line)[0] for line in capsys.readouterr().out.splitlines()]
    assert [(int(row) - before - 1, words) for row, words in told] == [
        (3, "jet_1_pt is infinite"),
        (9, "the label is 7.0 and must be 0 or 1, -1 or 1, or s or b"),
        (1_500, "lepton_phi is infinite"),
    ]
    frame["jet_1_pt"] = np.inf
    BAD_ROWS[form](frame, path)
    assert "the first of its bad lines, 20" in refusal("describe", f"input={path}")


def test_all_bad_rows_of_text_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], refusal: Callable[..., str]
):
    """What pyarrow stops at: numbers of columns and words; and pairs of LIBSVM."""
    frame = pd.DataFrame(EVENTS[:50], columns=[schema.LABEL, *FEATURES])
    lines = frame.to_csv(index=False).splitlines()
    lines[5] += ",1"
    lines[9] = lines[9].replace(",", ",many,", 1).rsplit(",", 1)[0]
    path = tmp_path / "bad.csv"
    path.write_text("\n\n".join(lines))
    assert "above are its bad lines, 2" in refusal("describe", f"input={path}")
    assert [re.findall(r"row (\d+): (.*)", line)[0] for line in capsys.readouterr().out.splitlines()] == [
        ("11", "it has 23 columns, not 22"),
        ("19", "lepton_pT is 'many', not a number"),
    ]
    pairs = ["1 1:0.5 2:-1", "1 1:0.5 two:1", "0 1:1", "0 99:1"]
    path.write_text("\n".join(pairs))
    assert "above are its bad lines, 2" in refusal("describe", f"input={path}")
    assert re.findall(r"line (\d+)", capsys.readouterr().out) == ["2", "4"]
    path.write_text(lines[0] + "\n" + lines[5])
    assert "row 2: it has 23 columns" in refusal("describe", f"input={path}")
    assert not capsys.readouterr().out


def test_impossible_values_are_told(tmp_path: Path):
    frame = pd.DataFrame(EVENTS, columns=[schema.LABEL, *FEATURES])
    frame.loc[5, "lepton_pT"] = -1
    frame.loc[8, "jet_2_eta"] = 40
    frame.to_csv(tmp_path / "a.csv", index=False)
    found = described(tmp_path / "a.csv")
    assert [each.split(", ")[1] for each in found.impossible] == [
        "event 6: lepton_pT is -1",
        "event 9: jet_2_eta is 40",
    ]
    assert "2 events" in dict(facts(found))["impossible"]
    frame[FEATURES] = 300.0
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert len(described(tmp_path / "a.csv").impossible) in (0, 20)


def test_several_files_are_one(tmp_path: Path):
    for number, part in enumerate(np.array_split(EVENTS, 3)):
        pd.DataFrame(part[:, 1:], columns=FEATURES).to_parquet(tmp_path / f"{number}.parquet")
    found = described(tmp_path)
    assert found.rows == 2_000
    assert found.name == "0.parquet and 2 more"


def test_where_the_page_may_not_go(higgs_csv: Path, tmp_path: Path, refusal: Callable[..., str]):
    (tmp_path / "file").touch()
    assert "output=file is a file" in refusal("describe", f"input={higgs_csv}", "output=file")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml").touch()
    assert "output=run is a run" in refusal("describe", f"input={higgs_csv}", "output=run")
    assert {path.name for path in tmp_path.iterdir()} == {"file", "run"}


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the real events are not at hand")
@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("higgs-real-test", "real HIGGS events"),
        ("simulated-pgs", "events of this package's simulation"),
        ("simulated-higgs", "something else than HIGGS or this package's simulation"),
    ],
)
def test_real_and_simulated_events_are_told_apart(name: str, verdict: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(description, "_MOST_KEPT", 100_000)
    assert described(SHARED / "data" / f"{name}.csv.gz").verdict.startswith(verdict)
