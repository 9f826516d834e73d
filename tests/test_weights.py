"""Weights of events: read from every format, in losses and in metrics, against repeated events."""

import csv
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import uproot
from conftest import SMALL_PARTICLE, command, composed, make_events, write_csv
from sklearn import metrics as sklearn_metrics

from higgs_lightning import read_run, schema
from higgs_lightning.data import HiggsDataModule
from higgs_lightning.data.cache import open_cache, open_events
from higgs_lightning.data.columns import Reading
from higgs_lightning.errors import UserError
from higgs_lightning.evaluation import plots
from higgs_lightning.evaluation.metrics import (
    accuracy,
    background_rejection,
    difference_p_value,
    fit_temperature,
    placements,
    reconstruction_errors,
    reliability,
    roc_auc_interval,
    roc_curve,
    significances,
)
from higgs_lightning.evaluation.scores import Evaluation, Step
from higgs_lightning.models import DeepNetwork, ParticleAutoencoder
from higgs_lightning.training.module import EpochMetrics
from higgs_lightning.training.objective import MaskedObjective
from higgs_lightning.training.run import train
from higgs_lightning.training.testing import evaluate

NAMES = list(schema.CACHED_COLUMNS)
EVENTS = make_events(400)
WEIGHTS = np.random.default_rng(2).gamma(1, 3, 400).astype(np.float32)
FRAME = pd.DataFrame(EVENTS.astype(np.float64), columns=NAMES).assign(
    label=lambda frame: frame["label"].astype(int), mc_weight=WEIGHTS.astype(np.float64)
)
READING = Reading(weights="mc_weight")


# read -------------------------------------------------------------------------------------------------------


def arff(path: Path) -> None:
    head = [f"@attribute '{name}' real" for name in FRAME.columns]
    path.write_text("\n".join(["@relation higgs", *head, "@data", FRAME.to_csv(index=False, header=False)]))


def root(path: Path, kind: str) -> None:
    with uproot.recreate(path) as file:
        columns = {name.replace("b-tag", "btag"): FRAME[name].to_numpy() for name in FRAME}
        getattr(file, f"mk{kind}")("events", columns if kind == "rntuple" else dict.fromkeys(columns, "f8"))
        if kind == "tree":
            file["events"].extend(columns)


def hdf5(path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file["X"], file["y"], file["mc_weight"] = EVENTS[:, 1:], EVENTS[:, 0], WEIGHTS


def hdf5_of_columns(path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        for name in FRAME:
            file[f"events/{name}"] = FRAME[name].to_numpy()


FORMATS: dict[str, Callable[[Path], Any]] = {
    "csv": lambda path: FRAME.to_csv(path, index=False),
    "csv, weights first": lambda path: FRAME[FRAME.columns[::-1]].to_csv(path, index=False),
    "arff": arff,
    "parquet": lambda path: FRAME.to_parquet(path),
    "parquet of float32": lambda path: FRAME.astype(np.float32).to_parquet(path),
    "ttree": lambda path: root(path, "tree"),
    "rntuple": lambda path: root(path, "rntuple"),
    "npy of records": lambda path: np.save(path, FRAME.to_records(index=False)),
    "npz of rows": lambda path: np.savez(path, X=EVENTS[:, 1:], mc_weight=WEIGHTS, y=EVENTS[:, 0]),
    "npz of columns": lambda path: np.savez(path, **{name: FRAME[name].to_numpy() for name in FRAME}),
    "hdf5": hdf5,
    "hdf5 of columns": hdf5_of_columns,
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format(name: str, tmp_path: Path):
    path = tmp_path / ("events.npz" if "npz" in name else "events.npy" if "npy" in name else "events.dat")
    FORMATS[name](path)
    found = open_cache(path, tmp_path / "cache", READING)
    assert np.array_equal(found.events, EVENTS)
    assert found.weights is not None
    assert np.array_equal(found.weights, WEIGHTS)
    without = open_cache(path, tmp_path / "cache")
    assert without.weights is None
    assert np.array_equal(without.events, EVENTS)


def test_the_cache_of_weights(tmp_path: Path):
    """It lies beside one without, which is what it always was; a damaged one is built anew."""
    FRAME.to_parquet(tmp_path / "events.parquet")
    for reading in (Reading(), READING):
        open_cache(tmp_path / "events.parquet", tmp_path / "cache", reading)
    plain, weighted = sorted(tmp_path.glob("cache/*/"), key=lambda folder: len([*folder.iterdir()]))
    assert {path.name for path in plain.iterdir()} == {"events.npy", "meta.json"}
    meta = json.loads((plain / "meta.json").read_text())
    assert list(meta) == ["version", "columns", "source", "size", "mtime_ns", "skip_rows", "rows", "crc32"]
    assert (plain / "events.npy").read_bytes() == (weighted / "events.npy").read_bytes()
    for content in ((weighted / "weights.npy").read_bytes()[:-1] + b"?", b""):
        (weighted / "weights.npy").write_bytes(content)
        found = open_cache(tmp_path / "events.parquet", tmp_path / "cache", READING).weights
        assert found is not None
        assert np.array_equal(found, WEIGHTS)


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda frame: frame.drop(columns="mc_weight"),
            r"no column 'mc_weight' \(data\.weights=mc_weight\): it has",
        ),
        (
            lambda frame: frame.assign(mc_weight="heavy"),
            "mc_weight (is 'heavy', not a number|holds .*string, not)",
        ),
        (
            lambda frame: frame.assign(mc_weight=WEIGHTS > 1),
            "mc_weight (is '(True|False)', not|holds bool, not numbers)",
        ),
        (
            lambda frame: frame.replace({"mc_weight": {float(WEIGHTS[6]): np.nan}}),
            "row [78].*mc_weight is nan",
        ),
        (
            lambda frame: frame.replace({"mc_weight": {float(WEIGHTS[6]): np.inf}}),
            "row [78].*mc_weight is inf",
        ),
        (lambda frame: frame.replace({"mc_weight": {float(WEIGHTS[6]): 1e60}}), "row [78].*mc_weight is inf"),
    ],
)
def test_weights_that_are_none(form: str, change: Any, sentence: str, tmp_path: Path):
    path, frame = tmp_path / f"events.{form}", change(FRAME)
    frame.to_csv(path, index=False) if form == "csv" else frame.to_parquet(path)
    with pytest.raises(UserError, match=sentence) as error:
        open_cache(path, tmp_path / "cache", READING)
    assert str(path) in str(error.value)
    assert not list(tmp_path.glob("cache/*/"))


@pytest.mark.parametrize("lines", ["archive", "libsvm"])
def test_a_file_without_names_has_no_weights(lines: str, tmp_path: Path):
    path = write_csv(tmp_path / "events.csv", EVENTS)
    if lines == "libsvm":
        path.write_text("1 1:0.5 2:1\n")
    with pytest.raises(
        UserError, match=r"no names of columns, so none of weights: leave data\.weights=mc_weight"
    ):
        open_cache(path, tmp_path / "cache", READING)


# weights of splits ------------------------------------------------------------------------------------------


def made(tmp_path: Path, values: Any = WEIGHTS, **options: Any) -> HiggsDataModule:
    FRAME.assign(mc_weight=values).to_parquet(tmp_path / "events.parquet")
    return HiggsDataModule(tmp_path / "events.parquet", dir=tmp_path, **options)


def test_the_mean_of_each_class_is_one(tmp_path: Path):
    data = made(tmp_path, weights="mc_weight")
    frame = data.frame("train")
    for _, of_class in frame.groupby("label"):
        assert of_class.weight.mean() == pytest.approx(1)
    given = pd.Series(WEIGHTS, index=[row.tobytes() for row in EVENTS])
    ratio = frame.weight / [
        given[row.tobytes()] for row in data.events["train"].cache[data.events["train"].rows]
    ]
    assert ratio.groupby(frame.label).nunique().max() <= 3  # but for rounding
    assert ratio.nunique() >= 2
    assert data.weighting() == {"weighted": "mc_weight"}


@pytest.mark.parametrize("weights", [None, "mc_weight"])
def test_even_classes(weights: str | None, tmp_path: Path):
    data = made(tmp_path, weights=weights, class_balance=True)
    for split in ("train", "val", "test"):
        frame = data.frame(split)
        sums = frame.groupby("label").weight.sum()
        np.testing.assert_allclose(sums, len(frame) / 2, rtol=1e-5)
    assert data.weighting()["class_balance"]


def test_batches_have_weights_where_there_are_some(tmp_path: Path):
    data = made(tmp_path, weights="mc_weight", batch_size=64)
    data.setup("fit")
    for resident in (False, True):
        events = data.events["train"]
        if resident:
            events = type(events)(events.cache, events.rows, torch.device("cpu"), events.weights)
        positions = torch.tensor([3, 1])
        features, labels, weights = events[positions]  # type: ignore[misc]
        assert events.weights is not None
        assert weights.tolist() == [events.weights[3], events.weights[1]]
        assert np.array_equal(torch.column_stack([labels, features]), events.cache[events.rows[[3, 1]]])
    plain = made(tmp_path)
    plain.setup("fit")
    assert len(plain.events["train"][positions]) == 2


@pytest.mark.parametrize(
    "weights", [0.0, np.where(EVENTS[:, 0] == 1, 0, 1), np.where(EVENTS[:, 0] == 1, -1, 1)]
)
def test_a_class_without_weight_is_refused(weights: Any, tmp_path: Path):
    with pytest.raises(
        UserError, match=r"data\.weights=mc_weight: .* signal events in the train split of .* sum"
    ):
        made(tmp_path, weights, weights="mc_weight").setup("fit")


# metrics ----------------------------------------------------------------------------------------------------


def scored(num_events: int = 500, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, probabilities with ties, and whole weights from 0 to 3 that hang together with them."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(2, size=num_events).astype(np.float32)
    scores = (1 / (1 + np.exp(-generator.normal(labels, 1)))).round(2).astype(np.float32)
    return labels, scores, generator.binomial(3, 0.2 + 0.6 * scores).astype(np.float32)


def test_whole_weights_are_repeated_events():
    labels, scores, weights = scored()
    repeated = np.repeat(np.arange(len(labels)), weights.astype(int))
    many, plain = (labels, scores, weights), (labels[repeated], scores[repeated])
    assert roc_auc_interval(*many).auc == pytest.approx(roc_auc_interval(*plain).auc, abs=1e-12)
    assert accuracy(*many) == pytest.approx(accuracy(*plain))
    for efficiency in (0.3, 0.7):
        assert background_rejection(labels, scores, efficiency, weights) == pytest.approx(
            background_rejection(*plain, efficiency)
        )
    assert fit_temperature(*many) == pytest.approx(fit_temperature(*plain))
    one, other = reliability(*many), reliability(*plain)
    for field in ("score", "signal", "events"):
        np.testing.assert_allclose(getattr(one, field), getattr(other, field), rtol=1e-6)
    assert one.error == pytest.approx(other.error)
    # every cut keeps some of every weight; how many events that is in effect differs
    every = 1 + weights
    repeated = np.repeat(np.arange(len(labels)), every.astype(int))
    weighted = significances(labels, scores, 100, 1000, 0.05, every)
    plainly = significances(labels[repeated], scores[repeated], 100, 1000, 0.05)
    num_shared = min(len(weighted.ams), len(plainly.ams))
    assert num_shared > 10
    for one_cut, other_cut in zip(weighted[:-1], plainly[:-1], strict=True):
        np.testing.assert_allclose(one_cut[-num_shared:], other_cut[-num_shared:])
    first, second = (
        plots.score_histograms(labels, scores, "", weights),
        plots.score_histograms(*plain, ""),
    )
    for one_patch, other_patch in zip(first.axes[0].patches, second.axes[0].patches, strict=True):
        np.testing.assert_allclose(
            np.asarray(one_patch.get_path().vertices), np.asarray(other_patch.get_path().vertices)
        )


def test_the_uncertainty_of_a_share_of_signal():
    """Binomial where all count alike; with weights, that of the share in resampled events."""
    labels, scores, weights = scored(4_000)
    plain = reliability(labels, scores, bins=5)
    np.testing.assert_allclose(plain.uncertainty, np.sqrt(plain.signal * (1 - plain.signal) / plain.events))
    generator = np.random.default_rng(7)
    weights = np.where(generator.random(4_000) < 0.1, -weights, weights)
    samples = []
    for _ in range(300):
        rows = generator.integers(4_000, size=4_000)
        samples.append(reliability(labels[rows], scores[rows], weights[rows], bins=5).signal)
    expected = reliability(labels, scores, weights, bins=5).uncertainty
    np.testing.assert_allclose(np.std(samples, axis=0), expected, rtol=0.2)


def test_reconstruction_errors_of_whole_weights():
    truth, weights = EVENTS[:, 1:], WEIGHTS.round()
    found = truth + np.random.default_rng(3).normal(0, 0.3, truth.shape)
    counted = np.random.default_rng(4).random(truth.shape) < 0.5
    repeated = np.repeat(np.arange(len(truth)), weights.astype(int))
    expected = reconstruction_errors(truth[repeated], found[repeated], counted[repeated])
    assert reconstruction_errors(truth, found, counted, weights) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(3))
def test_as_scikit_learn_has_it(seed: int):
    labels, scores, _ = scored(seed=seed)
    weights = np.random.default_rng(seed).gamma(1, 2, len(labels))
    assert roc_auc_interval(labels, scores, weights).auc == pytest.approx(
        sklearn_metrics.roc_auc_score(labels, scores, sample_weight=weights)
    )
    assert accuracy(labels, scores, weights) == pytest.approx(
        sklearn_metrics.accuracy_score(labels, scores > 0.5, sample_weight=weights)
    )
    background, signal = roc_curve(labels, scores, weights)
    theirs = sklearn_metrics.roc_curve(labels, scores, sample_weight=weights, drop_intermediate=False)
    np.testing.assert_allclose(background, theirs[0], atol=1e-12)
    np.testing.assert_allclose(signal, theirs[1], atol=1e-12)


def test_equal_weights_are_none():
    """Whatever they are in each class: both scales drop out."""
    labels, scores, _ = scored()
    weights = np.where(labels == 1, 0.3, 7)
    assert roc_auc_interval(labels, scores, weights) == pytest.approx(roc_auc_interval(labels, scores))
    other = scored(seed=1)[1]
    assert difference_p_value(labels, scores, other, weights) == pytest.approx(
        difference_p_value(labels, scores, other)
    )
    for one, two in zip(placements(labels, scores, weights), placements(labels, scores), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-12)


@pytest.mark.parametrize("negative", [0.0, 0.15])
def test_the_interval_covers(negative: float):
    """90 % of samples of weighted events have the true ROC-AUC inside, also where some weights are negative.

    The weights hang together with what is scored, as those of a simulation do: they make of a normal
    distribution of width 1 around 0 one around 1/2. Negative ones, of a generator at next-to-leading order,
    come at random. Each positive event is not one that was repeated, which would be far too sure.
    """
    generator = np.random.default_rng(5)
    truth = 0.5 * (1 + math.erf(0.5 / 2))  # of signal around 1 and background around 1/2
    inside, as_repeated = 0, 0
    for _ in range(500):
        labels = np.repeat([1, 0], 300)
        scores = generator.normal(labels, 1)
        weights = np.where(labels == 1, 1.0, np.exp(0.5 * scores - 0.125))
        weights *= np.where(generator.random(600) < negative, -1, 1)
        interval = roc_auc_interval(labels, scores, weights, level=0.9)
        inside += interval.low <= truth <= interval.high
        if not negative:
            repeated = np.repeat(np.arange(600), generator.poisson(5 * weights))
            narrow = roc_auc_interval(labels[repeated], scores[repeated], level=0.9)
            as_repeated += narrow.low <= truth <= narrow.high
    assert 0.87 < inside / 500 < 0.93
    assert negative or as_repeated / 500 < 0.7


def test_negative_weights_leave_numbers():
    labels, scores, weights = scored(2_000)
    weights = np.where(np.random.default_rng(6).random(2_000) < 0.2, -1.0, 1.0).astype(np.float32)
    found = significances(labels, scores, 100, 1000, 0.05, weights)
    for values in found:
        assert np.isfinite(values).all()
    assert len(found.ams) > 20
    assert background_rejection(labels, scores, 0.5, weights) > 1
    assert np.isfinite(reliability(labels, scores, weights).error)
    few = len(reliability(labels, scores, weights, bins=10).events)
    cancelled = (scores >= 0.4) & (scores < 0.5)
    weights[cancelled] = np.arange(cancelled.sum()) % 2 * 2.0 - 1
    in_last = (scores >= 0.8) & (scores < 0.9)
    weights[in_last] = np.where(labels[in_last] == 1, 1, -0.1)
    of_bins = reliability(labels, scores, weights, bins=10)
    assert len(of_bins.events) == few - 1
    assert not ((of_bins.score > 0.4) & (of_bins.score < 0.5)).any()
    assert of_bins.signal.max() > 1
    figure = plots.reliability({"as trained": of_bins}, "title", "sum of weights")
    axes, below = figure.axes
    assert axes.get_ylim() == (0, of_bins.signal.max())
    assert below.get_ylabel() == "sum of weights"
    assert plots.score_histograms(labels, scores, "", weights).axes[0].get_ylim()[0] > 0
    plots.roc({"test": (labels, scores, weights)}, "title")


def test_the_effective_number_of_background_events_decides_which_cuts_count():
    """One heavy background event among the highest scores is no sample of 100."""
    labels = np.repeat([1.0, 0.0], 1_000)
    scores = np.concatenate([np.linspace(0, 1, 1_000), np.linspace(0, 1, 1_000)])
    weights = np.ones(2_000)
    alike = significances(labels, scores, 1, 1, 0).is_certain
    np.testing.assert_array_equal(significances(labels, scores, 1, 1, 0, weights).is_certain, alike)
    weights[-1] = 1_000  # (1000 + n)^2 / (1000^2 + n) is above 100 for n > 9000 only
    assert significances(labels, scores, 1, 1, 0, weights).is_certain.sum() == 1  # no cut at all


# training ---------------------------------------------------------------------------------------------------


def objective(**options: Any) -> MaskedObjective:
    return MaskedObjective(
        **{
            **{"classification_weight": 1.0, "reconstruction_weight": 0.5, "mask_ratio": 0.0},
            **{"mask_fraction": 0.5, "teacher_weight": 0.0, "reflect": False, "smearing": 0.0},
            **options,
        }
    )


def test_a_loss_of_whole_weights_is_that_of_repeated_events(generator: torch.Generator):
    model = ParticleAutoencoder(num_layers=1, dim=16, num_heads=2, latent_dim=4, dropout=0.0).eval()
    events = torch.from_numpy(EVENTS[:60])
    weights = torch.from_numpy(WEIGHTS[:60]).round()
    repeated = events.repeat_interleave(weights.long(), dim=0)
    normed = weights / weights.mean()
    one = objective()(model, events[:, 1:], events[:, 0], generator, normed)
    many = objective()(model, repeated[:, 1:], repeated[:, 0], generator)
    for name in one.losses:
        torch.testing.assert_close(one.losses[name], many.losses[name])


def test_weights_of_one_are_none_in_training(generator: torch.Generator):
    """With masked events, mirrors and a teacher; and other weights make another loss."""
    model = ParticleAutoencoder(num_layers=1, dim=16, num_heads=2, latent_dim=4, dropout=0.0).train()
    teacher = DeepNetwork(num_layers=1, dim=8)
    made = objective(mask_ratio=0.3, reflect=True, smearing=0.1, teacher=teacher, teacher_weight=0.5)
    features, labels = torch.from_numpy(EVENTS[:, 1:]), torch.from_numpy(EVENTS[:, 0])

    def losses(weights: torch.Tensor | None) -> list[float]:
        step = made(model, features, labels, torch.Generator().manual_seed(1), weights)
        return [float(loss.detach()) for loss in step.losses.values()]

    plain = losses(None)
    assert losses(torch.ones(400)) == pytest.approx(plain, rel=1e-5)
    assert losses(2 * torch.ones(400)) == pytest.approx([2 * loss for loss in plain], rel=1e-5)
    weighted = losses(torch.from_numpy(WEIGHTS / WEIGHTS.mean()))
    assert all(abs(one - two) > 1e-4 for one, two in zip(weighted, plain, strict=True))


def test_metrics_of_an_epoch_and_of_one_that_is_continued():
    labels, scores, weights = scored(300)
    metrics, continued = EpochMetrics("train", ["loss"]), EpochMetrics("train", ["loss"])
    nothing = torch.zeros(0, 21)
    for number, start in enumerate(range(0, 300, 100)):
        part = [torch.from_numpy(column[start : start + 100]) for column in (scores, labels, weights)]
        loss = {"loss": torch.tensor(float(number))}
        step = Step(loss, part[0], part[1], torch.zeros(100, 2), nothing, nothing, nothing > 0, part[2])
        metrics.update(step)
        continued.update(step)
        if number == 1:
            state, continued = continued.state(), EpochMetrics("train", ["loss"])
            continued.add_state(state)
    found = metrics.compute()
    assert continued.compute() == found
    assert float(found["train/auc"]) == pytest.approx(
        sklearn_metrics.roc_auc_score(labels, scores, sample_weight=weights), abs=1e-6
    )
    assert float(found["train/accuracy"]) == pytest.approx(accuracy(labels, scores, weights))
    assert float(found["train/loss"]) == 1
    assert not metrics.weights


def test_an_evaluation_of_one_class_by_weight_is_unknown():
    labels, scores, _ = scored()
    table = np.zeros((0, 21), np.float32)
    none = np.zeros(0, int)
    found = Evaluation({}, labels, scores, none, table[:, :2], none, table, table, table > 0, weights=labels)
    assert found.auc.is_unknown


@pytest.fixture(scope="module")
def weighted_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was trained with weights, beside its events.parquet."""
    folder = tmp_path_factory.mktemp("weighted")
    events = make_events(2_000)
    weights = np.random.default_rng(2).gamma(1, 3, 2_000)
    pd.DataFrame(events.astype(float), columns=NAMES).assign(
        mc_weight=weights, signed=weights - 1
    ).to_parquet(folder / "events.parquet")
    options = [*of(folder), "data.weights=mc_weight", "data.class_balance=true", "model=dnn", "model.dim=8"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        metrics = train(
            composed("trainer.max_epochs=2", *options[:-2], *options[-2:], *SILENT), folder / "run"
        )
    assert metrics["weighted"] == "mc_weight"
    assert metrics["class_balance"] is True
    return folder


SILENT = ["trainer.enable_progress_bar=false", "figures_every=0"]


def of(folder: Path) -> list[str]:
    return ["data=higgs", f"data.csv={folder / 'events.parquet'}", f"data.dir={folder}"]


def evaluated(folder: Path, out: Path, *options: str) -> dict[str, Any]:
    quiet = "trainer.enable_progress_bar=false"
    return evaluate(composed(f"ckpt={folder / 'run'}", *of(folder), quiet, *options, name="evaluate"), out)


@pytest.mark.slow
def test_a_run_with_weights_and_its_evaluation(weighted_run: Path, tmp_path: Path):
    trained = read_run(weighted_run / "run")
    assert trained.metrics["test/auc"] == pytest.approx(
        sklearn_metrics.roc_auc_score(
            trained.scores.label, trained.scores.score, sample_weight=trained.scores.weight
        )
    )
    metrics = evaluated(
        weighted_run,
        tmp_path / "out",
        "data.weights=mc_weight",
        "data.class_balance=true",
        "fit_temperature=true",
    )
    numbers = trained.metrics.filter(like="/").drop("test/events_trained_on")
    assert {name: metrics[name] for name in numbers.index} == pytest.approx(numbers.to_dict())
    scores = read_run(tmp_path / "out").scores
    assert metrics["test/calibration_error"] == pytest.approx(
        reliability(*(scores[name].to_numpy() for name in ("label", "score", "weight"))).error
    )
    # without weights the same scores have another verdict
    with (tmp_path / "out" / "tables" / "calibration_bins.csv").open(newline="") as file:
        sums = [float(row["sum of weights"]) for row in csv.DictReader(file)]
    assert sum(sums) == pytest.approx(2 * metrics["test/events"], rel=1e-6)  # as trained and tempered
    plain = evaluated(weighted_run, tmp_path / "plain")
    assert "weighted" not in plain
    assert plain["test/auc"] != metrics["test/auc"]
    np.testing.assert_array_equal(read_run(tmp_path / "plain").scores.score, scores.score)
    assert plain["test/events_trained_on"] == 0


@pytest.mark.slow
def test_negative_weights_are_evaluated_and_not_trained_with(weighted_run: Path, tmp_path: Path):
    metrics = evaluated(weighted_run, tmp_path / "out", "data.weights=signed")
    scores = read_run(tmp_path / "out").scores
    assert (scores.weight < 0).any()
    signal, background = (scores[scores.label == label] for label in (1, 0))
    outscored = (signal.score.to_numpy()[:, None] > background.score.to_numpy()) + 0.5 * (
        signal.score.to_numpy()[:, None] == background.score.to_numpy()
    )
    pairs = signal.weight.to_numpy()[:, None] * background.weight.to_numpy()
    assert metrics["test/auc"] == pytest.approx((outscored * pairs).sum() / pairs.sum(), abs=1e-5)
    with pytest.raises(UserError, match="fit_temperature=true: some validation events have negative weights"):
        evaluated(weighted_run, tmp_path / "other", "data.weights=signed", "fit_temperature=true")
    with pytest.raises(
        UserError, match=r"signed: \d+ of 1,600 events in the train split of .* below 0.* absolute"
    ):
        train(composed(*of(weighted_run), "data.weights=signed", *SILENT), tmp_path / "refused")
    assert not (tmp_path / "refused").exists()


@pytest.mark.slow
def test_an_objective_that_takes_no_weights(
    weighted_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def of_old(self: Any, model: Any, features: Any, labels: Any, generator: Any) -> None: ...

    monkeypatch.setattr(MaskedObjective, "__call__", of_old)
    with pytest.raises(
        UserError, match="MaskedObjective takes no weights of events: give it an argument weights"
    ):
        train(composed(*of(weighted_run), "data.class_balance=true", *SILENT), tmp_path / "run")


# files of one class -----------------------------------------------------------------------------------------


def test_signal_and_background_in_two_files(tmp_path: Path):
    """Or trees: the same events in the order of the classes."""
    signal, background = (FRAME[FRAME.label == label].drop(columns="label") for label in (1, 0))
    signal.to_parquet(tmp_path / "s.parquet")
    for number, part in enumerate((background[:100], background[100:])):
        part.to_csv(tmp_path / f"b{number}.csv", index=False)
    with uproot.recreate(tmp_path / "both.root") as file:
        for name, frame in (("sig", signal), ("bkg", background)):
            file[name] = {column.replace("b-tag", "btag"): frame[column].to_numpy() for column in frame}
    expected = np.concatenate([EVENTS[EVENTS[:, 0] == label] for label in (1, 0)])
    for files in (
        {"signal": tmp_path / "s.parquet", "background": tmp_path / "b*.csv"},
        {"background": [tmp_path / "b0.csv", tmp_path / "b1.csv"], "signal": [tmp_path / "s.parquet"]},
        {"signal": f"{tmp_path}/both.root:sig", "background": f"{tmp_path}/both.root:bkg"},
    ):
        found = open_cache(files, tmp_path / "cache", READING)
        assert np.array_equal(found.events, expected)
        assert found.weights is not None
        np.testing.assert_allclose(
            found.weights, np.concatenate([WEIGHTS[EVENTS[:, 0] == label] for label in (1, 0)])
        )
    swapped = {"signal": tmp_path / "b*.csv", "background": tmp_path / "s.parquet"}
    assert open_events(swapped, tmp_path / "cache")[0, 0] == 1
    assert HiggsDataModule(swapped).name == "b*.csv against s.parquet"


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (
            {"signal": "plain.parquet", "background": "labelled.parquet"},
            "labelled.* said to be background and holds",
        ),
        (
            {"signal": "archive.csv", "background": "plain.parquet"},
            r"archive\.csv is said to be signal and holds",
        ),
        (
            {"signal": "plain.parquet", "background": "plain.parquet"},
            "as signal and as background: it can't be both",
        ),
        ({"signal": "plain.parquet", "background": "none.csv"}, r"none\.csv is not a file"),
        ({"signal": "plain.parquet"}, r"say data\.csv=\{signal: FILES, background: FILES\}"),
        ({"signal": "plain.parquet", "ttbar": "plain.parquet"}, r"say data\.csv=\{signal: FILES"),
    ],
)
def test_files_of_one_class_that_are_none(
    files: dict[str, str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    FRAME.drop(columns="label").to_parquet("plain.parquet")
    FRAME.to_parquet("labelled.parquet")
    write_csv(Path("archive.csv"), EVENTS)
    with pytest.raises(UserError, match=sentence):
        open_cache(files, "cache")
    with pytest.raises(UserError, match=sentence):
        HiggsDataModule(files).setup("fit")


def test_a_label_beside_classes_is_refused():
    with pytest.raises(UserError, match=r"data\.label=y is of no use where data\.csv tells the classes"):
        HiggsDataModule({"signal": "a", "background": "b"}, label="y")


@pytest.mark.slow
def test_a_run_of_two_files_and_its_evaluation(run: Path, tmp_path: Path):
    """In the command's words; a run of one file is evaluated on two, and the other way round."""
    for label, name in ((1, "s"), (0, "b")):
        frame = FRAME[FRAME.label == label].drop(columns="label")
        pd.concat([frame] * 2).to_parquet(tmp_path / f"{name}.parquet")
    FRAME.to_parquet(tmp_path / "one.parquet")
    files = f"data.csv={{signal:{tmp_path}/s.parquet,background:{tmp_path}/b.parquet}}"
    options = [
        "data=higgs",
        *SMALL_PARTICLE,
        "data.train_events=null",
        "trainer.max_epochs=1",
        f"data.dir={tmp_path}",
    ]
    done = command(files, *options, "hydra.run.dir=mine", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    own = command("ckpt=mine", "hydra.run.dir=own", cwd=tmp_path, name="evaluate")
    assert own.returncode == 0, own.stderr
    metrics = [json.loads((tmp_path / folder / "metrics.json").read_text()) for folder in ("mine", "own")]
    assert metrics[0]["test/auc"] == metrics[1]["test/auc"]
    assert metrics[1]["test/events_trained_on"] == 0
    assert metrics[0]["dataset"] == "s.parquet against b.parquet"
    other = command(
        "ckpt=mine",
        "data.csv=one.parquet",
        "data.weights=mc_weight",
        "hydra.run.dir=other",
        "allow_seen_events=true",
        cwd=tmp_path,
        name="evaluate",
    )
    assert other.returncode == 0, other.stderr
    assert re.search(r"weighted.*mc_weight", (tmp_path / "other" / "metrics.json").read_text())
    sample = command(
        f"ckpt={run}", files, "data.train_events=null", "hydra.run.dir=sample", cwd=tmp_path, name="evaluate"
    )
    assert sample.returncode == 0, sample.stderr
    again = command("ckpt=mine", "trainer.max_epochs=2", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
