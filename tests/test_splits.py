"""Named splits: disjoint, complete, deterministic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from higgs_lightning.data.splits import draw_balanced, split_rows
from higgs_lightning.errors import UserError


@pytest.mark.parametrize(
    ("name", "num_rows", "sizes"),
    [
        ("random", 10_000, (7_000, 2_000, 1_000)),
        ("gsoc", 1_100_000, (800_000, 200_000, 100_000)),
        ("gsoc", 1_200_000, (800_000, 200_000, 100_000)),
        ("paper", 1_300_000, (300_000, 500_000, 500_000)),
    ],
)
def test_splits_are_disjoint_sorted_and_of_the_promised_size(name, num_rows, sizes):
    split = split_rows(name, num_rows, val_fraction=0.2, test_fraction=0.1, seed=1)
    assert tuple(map(len, split)) == sizes
    joined = np.concatenate(split)
    assert len(np.unique(joined)) == len(joined) == sum(sizes)
    assert joined.max() < num_rows
    assert all((np.diff(rows) > 0).all() for rows in split)


@given(st.integers(1, 2_000), st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**32))
def test_every_row_is_in_one_part(num_rows, val_fraction, test_fraction, seed):
    try:
        split = split_rows("random", num_rows, val_fraction, test_fraction, seed)
    except UserError:
        assert round(val_fraction * num_rows) + round(test_fraction * num_rows) >= num_rows
        return
    assert np.array_equal(np.sort(np.concatenate(split)), np.arange(num_rows))
    assert len(split.val) == round(val_fraction * num_rows)
    assert len(split.test) == round(test_fraction * num_rows)


@given(st.lists(st.booleans(), min_size=2, max_size=200), st.data())
def test_drawn_events_are_balanced_and_different(signal, data):
    labels = np.array(signal)
    rows = np.arange(len(labels)) * 3  # as those of a split, with gaps
    scarcer = min(labels.sum(), (~labels).sum())
    num_events = data.draw(st.integers(0, 2 * int(scarcer)))
    drawn = draw_balanced(rows, labels, num_events, seed=data.draw(st.integers(0, 2**32)))
    assert len(set(drawn.tolist())) == num_events
    assert labels[drawn // 3].sum() == num_events // 2


def test_gsoc_tests_the_last_100k_of_the_first_1_1M():  # noqa: N802
    split = split_rows("gsoc", 1_200_000, 0.1, 0.1, seed=1)
    assert (split.test[0], split.test[-1]) == (1_000_000, 1_099_999)


def test_paper_tests_the_end_of_the_file():
    split = split_rows("paper", 1_300_000, 0.1, 0.1, seed=1)
    assert (split.val[0], split.test[0], split.test[-1]) == (300_000, 800_000, 1_299_999)


def test_the_seed_alone_decides():
    first, again, other = (split_rows("random", 5_000, 0.1, 0.1, seed) for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert (first.test != other.test).any()


@pytest.mark.parametrize(("name", "needed"), [("gsoc", "1,100,000"), ("paper", "1,000,001")])
def test_a_short_file_is_refused_with_the_rows_it_needs(name, needed):
    with pytest.raises(UserError, match=f"data.split={name} needs {needed} rows and the file has 1,000"):
        split_rows(name, 1_000, 0.1, 0.1, seed=1)


def test_unknown_split_and_greedy_fractions_are_refused():
    with pytest.raises(UserError, match=r"data\.split=kaggle is unknown"):
        split_rows("kaggle", 1_000, 0.1, 0.1, seed=1)
    with pytest.raises(UserError, match="leave no training rows"):
        split_rows("random", 1_000, 0.9, 0.1, seed=1)


def test_labelled_training_events_are_balanced_and_seeded():
    rows = np.arange(100, 1_100)
    labels = (np.arange(1_000) % 4 == 0).astype(np.float32)
    drawn = draw_balanced(rows, labels, 101, seed=1)
    assert len(np.unique(drawn)) == 101
    assert (np.diff(drawn) > 0).all()
    assert labels[drawn - 100].sum() == 50
    assert (drawn == draw_balanced(rows, labels, 101, seed=1)).all()
    assert (drawn != draw_balanced(rows, labels, 101, seed=2)).any()


def test_too_many_labelled_events_are_refused_with_the_most_there_are():
    labels = np.array([1, 0, 0, 0, 0])
    with pytest.raises(
        UserError, match="needs 2 signal events to train on and there are 1: ask for at most 2"
    ):
        draw_balanced(np.arange(5), labels, 4, seed=1)
