"""Permutation importance is scikit-learn's, and what is hidden is hidden."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import make_events
from sklearn.inspection import permutation_importance

from higgs_lightning import schema
from higgs_lightning.evaluation.importance import GROUPS, permutation_losses, section
from higgs_lightning.evaluation.metrics import roc_auc_interval
from higgs_lightning.evaluation.page import Unknown
from higgs_lightning.evaluation.scored import ScoredEvents
from higgs_lightning.masking import hidden_or_missing
from higgs_lightning.models.base import Model, Output
from higgs_lightning.shapes import Features, ObjectMask

NAMES = [feature.name for feature in schema.LOW_LEVEL]


class Momenta(Model):
    """Scores events by the lepton's transverse momentum, and by half that of jet 1; what is hidden is 0."""

    has_decoder = False

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([1.0, 0.5]))

    def forward(self, features: Features, hidden: ObjectMask | None = None) -> Output:
        hidden = hidden_or_missing(features, hidden)
        lepton = features[:, 0].nan_to_num().masked_fill(hidden[:, 0], 0)
        jet = features[:, 5].nan_to_num().masked_fill(hidden[:, 2], 0)
        logits = self.weight[0] * lepton + self.weight[1] * jet
        return Output(logits, logits[:, None], logits[:, None])


def scored(events: np.ndarray) -> ScoredEvents:
    features, labels = events[:, 1:], events[:, 0]
    model = Momenta().eval()
    found = ScoredEvents(model, features, labels, np.empty(0), "a test", 512)
    return ScoredEvents(model, features, labels, found.score(features), "a test", 512)


class AsEstimator:
    """The same scores, as scikit-learn asks for them."""

    _estimator_type = "classifier"
    classes_ = np.array([0.0, 1.0])

    def fit(self, features: np.ndarray, labels: np.ndarray) -> "AsEstimator":
        return self

    def predict_proba(self, features: np.ndarray) -> np.ndarray:
        signal = ScoredEvents(Momenta().eval(), features, np.empty(0), np.empty(0), "", 512).score(features)
        return np.stack([1 - signal, signal], axis=1)


def roc_auc(estimator: AsEstimator, features: np.ndarray, labels: np.ndarray) -> float:
    return roc_auc_interval(labels, estimator.predict_proba(features)[:, 1]).auc


def test_it_is_scikit_learn_s():
    events = scored(make_events(4_000))
    ours = dict(permutation_losses(events, 10, GROUPS[:21]))
    theirs = permutation_importance(
        AsEstimator(), events.features, events.labels, scoring=roc_auc, n_repeats=10, random_state=1
    )
    assert ours["lepton_pT"].mean() > ours["jet_1_pt"].mean() > 0.01
    for name, losses, mean, deviation in zip(
        NAMES, ours.values(), theirs.importances_mean, theirs.importances_std, strict=True
    ):
        # of ten permutations each, the means are known to a third of a deviation
        assert losses.mean() == pytest.approx(mean, abs=2 * deviation + 1e-9), name
        assert (losses == 0).all() == (name not in ("lepton_pT", "jet_1_pt"))


def test_groups_hold_every_feature_by_object_and_by_quantity():
    for kind in ("feature", "object", "quantity"):
        features = [i for group in GROUPS if group.kind == kind for i in group.features]
        assert sorted(features) == list(range(schema.NUM_FEATURES))


def test_section_says_it_in_numbers_and_in_a_picture(tmp_path: Path):
    events = make_events(600)
    events[:50, 1] = np.nan
    found = section(scored(events), events=500, repeats=3, seed=1)
    alone = found.metrics["test/auc_without_nothing"]
    for names in combinations(("lepton", "missing_energy", "jet_1", "jet_2", "jet_3", "jet_4"), 2):
        without = found.metrics[f"test/auc_without_{'_and_'.join(names)}"]
        assert (without == alone) == (not {"lepton", "jet_1"} & {*names}), names
    assert found.metrics["test/auc_without_lepton_and_jet_1"] == 0.5
    assert found.metrics["test/importance_lepton"] == found.metrics["test/importance_lepton_pT"]
    assert found.metrics["test/importance_all_b-tags"] == 0
    assert len(found.tables["importance"].rows) == 31
    assert len(found.tables["hidden_objects"].rows) == 22
    found.figures["importance"].savefig(tmp_path / "figure.png")


class LooksTwice(Momenta):
    """Knows nothing of whole events, as if from another look; with a mask it is :class:`Momenta`."""

    def forward(self, features: Features, hidden: ObjectMask | None = None) -> Output:
        output = super().forward(features, hidden)
        return output if hidden is not None else output._replace(logits=0 * output.logits)


def test_all_of_it_is_of_one_look_at_some_events_of_a_file_in_order_of_class():
    events = make_events(2_000)
    events = events[np.argsort(events[:, 0])]
    ordered = replace(scored(events), model=LooksTwice().eval())
    found = section(ordered, events=500, repeats=2, seed=1)
    assert "Of 500 test events" in found.text[0]
    assert float(str(found.metrics["test/auc_without_nothing"])) > 0.6
    assert float(str(found.metrics["test/importance_lepton"])) > 0.05
    assert found.metrics == section(ordered, events=500, repeats=2, seed=1).metrics
    assert found.metrics != section(ordered, events=500, repeats=2, seed=2).metrics
    drawn, everything = ordered.drawn(500, 1), {row.tobytes() for row in ordered.features}
    assert len({row.tobytes() for row in drawn.features} & everything) == 500
    assert (np.diff(drawn.labels) >= 0).all()  # in their order
    assert ordered.drawn(2_000, 1) is ordered


def test_events_of_one_class_are_a_sentence():
    found = section(scored(make_events(50, label=0.0)), events=20, repeats=2, seed=1)
    (value,) = found.metrics.values()
    assert isinstance(value, Unknown)
    assert "the 20 events are of one class only" in found.text[0]
