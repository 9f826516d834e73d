"""The training as an estimator of scikit-learn."""

import pickle
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import pandas as pd
import pytest
import torch
from conftest import make_events
from sklearn.base import clone
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from higgs_lightning import HiggsClassifier, load_model, read_run, schema
from higgs_lightning.errors import UserError

NAMES = [feature.name for feature in schema.LOW_LEVEL]
SMALL: dict[str, Any] = {"stage": None, "model__num_layers": 1, "model__dim": 8, "trainer__max_epochs": 2}
EVENTS = make_events(600)
X, Y = EVENTS[:, 1:], EVENTS[:, 0].astype(int)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("classifier"))
        classifier = HiggsClassifier(**SMALL, optimizer__lr=1e-2, data__batch_size=32).fit(X, Y)
        assert not list(Path("outputs").iterdir())  # it was a temporary one
    return classifier


def test_it_learns_and_predicts(fitted: Any):
    probabilities = fitted.predict_proba(X)
    assert probabilities.shape == (600, 2)
    np.testing.assert_allclose(probabilities, fitted.model_.predict_proba(X))
    np.testing.assert_array_equal(fitted.predict(X), probabilities[:, 1] > 0.5)
    assert fitted.score(X, Y) > 0.6
    assert fitted.classes_.tolist() == [0, 1]
    assert (
        fitted.metrics_["train/events"] + fitted.metrics_["val/events"] + fitted.metrics_["test/events"]
        == 600
    )


def test_tables_with_names(fitted: Any):
    """In any order and spelling, among others."""
    frame = pd.DataFrame(X, columns=[name.replace("-", "_") for name in NAMES]).assign(weight=1.0)
    found = fitted.predict_proba(frame[frame.columns[::-1]])
    np.testing.assert_array_equal(found, fitted.predict_proba(X))
    again = clone(fitted).fit(frame[frame.columns[::-1]], pd.Series(np.where(Y == 1, "s", "b")))
    np.testing.assert_array_equal(again.predict_proba(X), found)  # the same run
    assert set(again.predict(X)) <= {"b", "s"}


def test_weights_of_events(fitted: Any):
    """Equal ones are none; others train another model, and count in its metrics and in its score."""
    same = clone(fitted).fit(X, Y, sample_weight=np.full(600, 3.0))
    np.testing.assert_allclose(same.predict_proba(X), fitted.predict_proba(X), atol=1e-5)
    weights = np.where(X[:, 1] > np.median(X[:, 1]), 5.0, 0.1)
    other = clone(fitted).fit(X, Y, sample_weight=pd.Series(weights))
    assert np.abs(other.predict_proba(X) - fitted.predict_proba(X)).max() > 1e-3
    assert other.metrics_["weighted"] == "weight"
    right = fitted.predict(X) == Y
    assert fitted.score(X, Y, sample_weight=weights) == pytest.approx(np.average(right, weights=weights))


def test_parameters_and_pickles(fitted: Any):
    assert fitted.get_params() == {**SMALL, "optimizer__lr": 1e-2, "data__batch_size": 32, "run_dir": None}
    copy = clone(fitted).set_params(model__dim=16, stage="finetune")
    assert copy.get_params()["model__dim"] == 16
    assert fitted.get_params()["model__dim"] == 8
    assert copy.stage == "finetune"
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))


def test_global_generators_stay(fitted: Any):
    states = np.random.get_state(legacy=False)["state"]["key"], torch.get_rng_state()
    clone(fitted).set_params(trainer__max_epochs=1).fit(X[:200], Y[:200])
    np.testing.assert_array_equal(np.random.get_state(legacy=False)["state"]["key"], states[0])
    assert torch.equal(torch.get_rng_state(), states[1])


def test_units(fitted: Any):
    scales = np.array([feature.scale for feature in schema.LOW_LEVEL], np.float32)
    in_gev = clone(fitted).set_params(data__units="gev").fit(X * scales, Y)
    np.testing.assert_allclose(in_gev.predict_proba(X * scales), fitted.predict_proba(X), atol=1e-4)
    with pytest.raises(ValueError, match="units"):
        in_gev.predict(X)


@pytest.mark.slow
def test_a_run_that_stays(fitted: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """It is a run like another, and a missing object is one."""
    missing = X.copy()
    missing[::3, 5:9] = np.nan
    classifier = clone(fitted).set_params(run_dir=tmp_path / "mine", trainer__max_epochs=1).fit(missing, Y)
    assert read_run(tmp_path / "mine").metrics["test/auc"] == classifier.metrics_["test/auc"]
    assert (tmp_path / "mine" / "plots" / "roc.png").exists()
    np.testing.assert_array_equal(
        load_model(tmp_path / "mine").predict_proba(missing), classifier.predict_proba(missing)
    )
    assert capsys.readouterr().out == ""
    with pytest.raises(UserError, match=r"run_dir=.*mine is there already: give a new folder"):
        classifier.fit(X, Y)


@pytest.mark.slow
def test_it_begins_with_the_shipped_weights():
    classifier = HiggsClassifier(trainer__max_epochs=1, optimizer__lr=0.0).fit(X[:200], Y[:200])
    np.testing.assert_allclose(
        classifier.predict_proba(X[:5]), load_model("pretrained").predict_proba(X[:5]), atol=1e-6
    )


@pytest.mark.slow
def test_cross_validation_and_search():
    scores = cross_val_score(HiggsClassifier(**SMALL), X, Y, cv=2, scoring="roc_auc")
    assert np.isfinite(scores).all()
    search = GridSearchCV(
        HiggsClassifier(**SMALL, data__batch_size=32), {"optimizer__lr": np.array([1e-5, 1e-2])}, cv=2
    ).fit(X, Y)
    assert search.best_params_ == {"optimizer__lr": 1e-2}


def test_permutation_importance(fitted: Any):
    """Signal leans to high momenta, and to nothing else."""
    found = permutation_importance(fitted, X, Y, scoring="roc_auc", n_repeats=2, random_state=1)
    means = found.importances_mean
    is_pt = np.isin(np.arange(21), schema.columns("pt"))
    assert means[is_pt].mean() > means[~is_pt].mean()


@pytest.mark.parametrize(
    ("arguments", "fit", "kind", "says"),
    [
        ({}, (X, Y, np.ones(60)), ValueError, "sample_weight.shape == .*, expected"),
        ({}, (X, Y, -np.ones(600)), ValueError, "Negative values in data passed to `sample_weight`"),
        ({}, (X, Y, 1 - Y), UserError, "signal events in the train split of .* have weights whose sum is 0"),
        ({}, (X[:, :20], Y), ValueError, r"features are \(600, 20\): give \(N, 21\)"),
        ({}, (X * 100, Y), ValueError, "units"),
        ({}, (X, Y[:10]), ValueError, "inconsistent numbers of samples"),
        ({}, (X, np.arange(600) % 3), ValueError, "y has 3 class"),
        ({}, (X, X[:, 0]), ValueError, "Unknown label type"),
        ({}, (X[:4], [0, 1, 0, 1]), UserError, "split"),
        ({"model__dims": 3}, (X, Y), UserError, "model.dims is not a key .* model.dim is the nearest"),
        ({"model__dim": "many"}, (X, Y), UserError, "model.dim=many: give a whole number"),
        ({"data__csv": "a.csv"}, (X, Y), UserError, r"HiggsClassifier\(data.csv=...\): fit is given"),
        ({"stage": "finetune"}, (X, Y), UserError, "was trained with model"),
        ({"run_dir": "mine", "optimizer__lr": -1}, (X, Y), UserError, "optimizer.lr=-1: give"),
    ],
)
def test_mistakes(arguments: dict[str, Any], fit: Any, kind: type[Exception], says: str, tmp_path: Path):
    classifier = HiggsClassifier(**{**SMALL, **arguments})
    with pytest.raises(kind, match=says):
        classifier.fit(*fit)
    assert not [path for path in tmp_path.rglob("*") if path.name != "outputs"]


# scikit-learn's own checks ----------------------------------------------------------------------------------

_SHAPE = "its features are not 21, and those of an event are"
_WEIGHTS = "events are split and batched, so that weight 2 is not the same training as an event twice"
_WORDS = "refused, but in words of our own"
#: What can't pass, and why. What the first kind would show, the tests above do with events.
FAILED = {
    **dict.fromkeys(
        (
            *("check_fit_score_takes_y", "check_estimators_overwrite_params"),
            *("check_dont_overwrite_parameters", "check_estimators_fit_returns_self"),
            *("check_readonly_memmap_input", "check_n_features_in_after_fitting"),
            *("check_positive_only_tag_during_fit", "check_estimators_dtypes", "check_dtype_object"),
            *("check_pipeline_consistency", "check_estimators_pickle", "check_f_contiguous_array_estimator"),
            *("check_classifier_data_not_an_array", "check_classifiers_classes", "check_classifiers_train"),
            *("check_supervised_y_2d", "check_methods_sample_order_invariance"),
            *("check_methods_subset_invariance", "check_dict_unchanged", "check_fit_idempotent"),
            *("check_fit_check_is_fitted", "check_n_features_in", "check_fit2d_predict1d"),
            *("check_sample_weights_pandas_series", "check_sample_weights_not_an_array"),
            *("check_sample_weights_list", "check_all_zero_sample_weights_error"),
            *("check_sample_weights_shape", "check_sample_weights_not_overwritten"),
            "check_classifiers_one_label_sample_weights",
        ),
        _SHAPE,
    ),
    "check_sample_weight_equivalence_on_dense_data": _WEIGHTS,
    **dict.fromkeys(("check_estimators_empty_data_messages", "check_fit2d_1feature"), _WORDS),
}


@pytest.mark.slow
@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [HiggsClassifier(**SMALL)], expected_failed_checks=lambda _: FAILED, xfail_strict=True
)
def test_scikit_learn_s_checks(estimator: Any, check: Any):
    check(estimator)


@pytest.mark.slow
def test_within_a_program_that_is_hydra_s(tmp_path: Path):
    """It composes a configuration of its own there, and leaves the program's as it was."""
    (tmp_path / "conf.yaml").write_text("events: 300\n")
    with hydra.initialize_config_dir(str(tmp_path), version_base="1.3"):
        HiggsClassifier(**SMALL, run_dir=tmp_path / "run").fit(X[:300], Y[:300])
        assert hydra.compose("conf").events == 300
    assert "a program in Python" in (tmp_path / "run" / "report.html").read_text()
