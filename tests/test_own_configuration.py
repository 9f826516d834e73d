"""A run owns its configuration: what goes on with it or uses it starts from there."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from conftest import REPOSITORY, SMALL_PARTICLE, command, composed, make_events, write_csv

from higgs_lightning import load_model, read_run, save_model, schema
from higgs_lightning.data import HiggsDataModule
from higgs_lightning.errors import UserError
from higgs_lightning.models.weights import load_checkpoint
from higgs_lightning.runs import own_configuration, read_history
from higgs_lightning.training.run import begun, train
from higgs_lightning.training.testing import evaluate, own_evaluation

pytestmark = pytest.mark.usefixtures("without_plots")
QUIET = "trainer.enable_progress_bar=false"
OLD = REPOSITORY / "tests" / "data" / "run_e693426"


@pytest.fixture(scope="module")
def other(higgs_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose every choice differs from the defaults."""
    folder = tmp_path_factory.mktemp("own")
    options = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={folder}", "data.seed=7", "seed=5"]
    options += [
        "data.train_events=null",
        "data.val_fraction=0.2",
        "objective.mask_ratio=0.5",
        "scheduler=plateau",
    ]
    train(composed(*SMALL_PARTICLE, *options), folder / "run")
    return folder / "run"


def test_only_what_is_said_changes():
    recorded = {"a": {"x": 1, "y": {"_target_": "One", "p": 1}}, "b": 2}
    composed = {"a": {"x": 0, "y": {"_target_": "Two", "q": 1}, "z": 5}, "b": 0, "c": 3}
    assert own_configuration(recorded, composed, []) == {
        "a": {"x": 1, "y": {"_target_": "One", "p": 1}, "z": 5},
        "b": 2,
        "c": 3,
    }
    assert own_configuration(recorded, composed, ["a.x", "a.y._target_", "c"]) == {
        "a": {"x": 0, "y": {"_target_": "Two", "q": 1}, "z": 5},
        "b": 2,
        "c": 3,
    }


@pytest.mark.slow
def test_a_run_goes_on_as_it_began(other: Path, tmp_path: Path):
    """`train ckpt=last trainer.max_epochs=3`, and nothing else: the README's own line."""
    folder = tmp_path / "outputs" / "2026-01-01" / "12-00-00"
    shutil.copytree(other, folder)  # moved, with its best epoch
    composition = (other / ".hydra" / "config.yaml").read_text()
    before = load_checkpoint(folder / "checkpoints" / "best.ckpt")
    done = command("ckpt=last", "trainer.max_epochs=3", "figures_every=0", QUIET, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    config, own = (yaml.safe_load((run / "config.yaml").read_text()) for run in (folder, other))
    assert config["trainer"]["max_epochs"] == 3
    assert {**config, "trainer": 0, "ckpt": 0, "data": 0, "figures_every": 0, "callbacks": 0} == {
        **own, "trainer": 0, "ckpt": 0, "data": 0, "figures_every": 0, "callbacks": 0
    }  # fmt: skip
    assert {**config["data"], "dir": 0} == {**own["data"], "dir": 0}
    first, second = json.loads((folder / "provenance.json").read_text())
    assert second["changes"]["trainer.max_epochs"] == [2, 3]
    assert first["data"] == second["data"]
    assert [row["epoch"] for row in read_history(folder / "metrics.csv")] == [0, 1, 2]
    assert (folder / "metrics.csv").read_text().splitlines()[0].split(",").count("epoch") == 1
    assert (folder / ".hydra" / "config.yaml").read_text() == composition
    # the best epoch before still counts
    after = load_checkpoint(folder / "checkpoints" / "best.ckpt")
    aucs = [row["val/auc"] for row in read_history(folder / "metrics.csv")]
    assert after["epoch"] == int(np.argmax(aucs))
    assert before["epoch"] == int(np.argmax(aucs[:2]))


@pytest.mark.slow
def test_a_moved_run_keeps_its_best_epoch(higgs_csv: Path, tmp_path: Path):
    """The first epoch, with the highest learning rate, is the best; going on must not replace it."""
    options = [
        *SMALL_PARTICLE,
        "data=higgs",
        f"data.csv={higgs_csv}",
        f"data.dir={tmp_path}",
        "selection.monitor=lr",
    ]
    train(composed(*options), tmp_path / "here")
    (tmp_path / "here").rename(tmp_path / "there")
    (tmp_path / "link").symlink_to(tmp_path / "there")
    link = tmp_path / "link"
    train(composed(*options, "trainer.max_epochs=3", "optimizer.lr=1e-2", f"ckpt={link}"), link)
    checkpoint = load_checkpoint(tmp_path / "there" / "checkpoints" / "best.ckpt")
    assert checkpoint["epoch"] == 0
    assert str(tmp_path) not in str(checkpoint["callbacks"])


@pytest.mark.parametrize(
    "override",
    [
        *("optimizer.lr=1e-5", "optimizer.weight_decay=0.5", "scheduler=cosine", "data.batch_size=100"),
        *("data.seed=2", "data.val_fraction=0.1", "data.train_events=1000", "objective.mask_ratio=0.33"),
        *("seed=1", "trainer.accumulate_grad_batches=2", "selection.mode=min", "selection.monitor=val/loss"),
        *("data.statistics=all", "data.split=gsoc", "stage=pretrain"),
    ],
)
def test_what_can_t_change_is_refused_by_name(override: str, other: Path, refusal: Callable[..., str]):
    said = refusal("train", f"ckpt={other}", override)
    assert re.search(
        r"error: ckpt=.* was trained with [\w.]+=.* can't be applied to a run that goes on: .*init=", said
    )
    assert override.split("=")[0].split(".")[0] in said or "stage" in override


def test_other_events_are_refused(other: Path, tmp_path: Path, refusal: Callable[..., str]):
    data = write_csv(tmp_path / "others.csv", make_events(3_000, seed=9))
    assert re.search(
        r"was trained on 3,000 events of .*others.csv holds 3,000 others",
        refusal("train", f"ckpt={other}", f"data.csv={data}"),
    )


def test_the_same_events_may_lie_elsewhere(other: Path, higgs_csv: Path, tmp_path: Path):
    shutil.copy(higgs_csv, tmp_path / "moved.csv")
    cfg = composed(f"ckpt={other}", QUIET, "data.dir=cache", name="evaluate")
    cfg.data.dir = str(tmp_path)
    cfg = own_evaluation(cfg, ["data.dir"])
    cfg.data.csv = str(tmp_path / "moved.csv")
    metrics = evaluate(cfg, tmp_path / "out")
    assert metrics["test/events_trained_on"] == 0


@pytest.mark.slow
def test_an_evaluation_is_of_the_run_s_own_events(other: Path, tmp_path: Path):
    """Nothing said but the run: its file, split, masks, seed."""
    done = command(f"ckpt={other}", QUIET, cwd=tmp_path, name="evaluate")
    assert done.returncode == 0, done.stderr
    (folder,) = tmp_path.glob("outputs/*/*-evaluation")
    trained, evaluated = (json.loads((f / "metrics.json").read_text()) for f in (other, folder))
    own = {name: value for name, value in trained.items() if "/" in name}
    assert {name: evaluated[name] for name in own} == own
    assert evaluated["test/events_trained_on"] == 0
    assert evaluated["data"] == trained["data"]


def test_events_that_were_trained_on_are_refused(other: Path, tmp_path: Path, refusal: Callable[..., str]):
    said = refusal("evaluate", f"ckpt={other}", "data.seed=1", QUIET)
    assert re.search(
        r"error: .*best.ckpt was trained on \d+ of the 300 test events.* allow_seen_events=true", said
    )
    cfg = composed(f"ckpt={other}", QUIET, "allow_seen_events=true", name="evaluate")
    cfg = own_evaluation(cfg, [])
    cfg.data.seed = 1
    metrics = evaluate(cfg, tmp_path / "out")
    own = HiggsDataModule(**{k: v for k, v in cfg.data.items() if k != "_target_"} | {"seed": 7})
    now = HiggsDataModule(**{k: v for k, v in cfg.data.items() if k != "_target_"})
    for module in (own, now):
        module.setup("test")
    expected = len(np.intersect1d(own.events["train"].rows, now.events["test"].rows))
    assert metrics["test/events_trained_on"] == expected > 0
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["test/events_trained_on"] == expected


def test_seen_events_are_found_in_another_file(
    other: Path, higgs_csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """By what they hold: fifty training events in another order, and others."""
    own = HiggsDataModule(higgs_csv, dir=tmp_path, seed=7, val_fraction=0.2)
    features, labels = own.arrays("train")
    seen = np.hstack([labels[:, None], features])[:0:-40][:50]
    file = write_csv(tmp_path / "test.csv", np.vstack([make_events(200, seed=4), seen]))
    cfg = own_evaluation(composed(f"ckpt={other}", QUIET, name="evaluate"), [])
    cfg.data.test_csv, cfg.data.dir = str(file), str(tmp_path)
    with pytest.raises(UserError, match="was trained on 50 of the 250 test events"):
        evaluate(cfg, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    cfg.data.test_csv = str(write_csv(tmp_path / "fresh.csv", make_events(200, seed=4)))
    assert evaluate(cfg, tmp_path / "out")["test/events_trained_on"] == 0
    assert "other events than the run's" in capsys.readouterr().err


def test_what_can_t_be_known_is_said(other: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The run's file is gone."""
    folder = tmp_path / "run"
    shutil.copytree(other, folder)
    checkpoint = load_checkpoint(folder / "checkpoints" / "best.ckpt")
    checkpoint["config"]["data"]["csv"] = checkpoint["data"][0]["file"] = str(tmp_path / "gone.csv")
    torch.save(checkpoint, folder / "checkpoints" / "best.ckpt")
    cfg = own_evaluation(composed(f"ckpt={folder}", QUIET, name="evaluate"), [])
    cfg.data.csv = str(write_csv(tmp_path / "others.csv", make_events(500, seed=3)))
    metrics = evaluate(cfg, tmp_path / "out")
    assert metrics["test/events_trained_on"] is None
    assert "best.ckpt was trained on is not known" in metrics["unknown"]["test/events_trained_on"]
    assert "is not known" in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_ensembles_are_checked_member_by_member(other: Path, higgs_csv: Path, tmp_path: Path):
    options = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}", "data.seed=3"]
    train(composed(*SMALL_PARTICLE, *options), tmp_path / "second")
    cfg = own_evaluation(composed(f"ckpt=[{other},{tmp_path / 'second'}]", QUIET, name="evaluate"), [])
    assert cfg.data.seed == 7
    with pytest.raises(UserError, match=r"second/checkpoints/best.ckpt was trained on"):
        evaluate(cfg, tmp_path / "out")


@pytest.mark.slow
def test_sweeps_over_seeds_share_their_test_events(higgs_csv: Path, tmp_path: Path):
    """So that compare has differences and p-values."""
    options = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}", "trainer.max_epochs=1"]
    for seed in (1, 2):
        train(composed(*SMALL_PARTICLE, *options, f"seed={seed}"), tmp_path / str(seed))
    scores = [(tmp_path / str(seed) / "test_scores.parquet").read_bytes() for seed in (1, 2)]
    assert scores[0] != scores[1]
    from higgs_lightning.evaluation.comparison import compare

    compared = compare([tmp_path / "1", tmp_path / "2"], tmp_path / "out")
    assert compared["p-value"].notna().tolist() == [False, True]
    assert composed("seed=4").data.seed == 1
    assert composed("seed=4", "data.seed=${seed}").data.seed == 4


def test_weights_keep_the_z_scores_that_they_were_trained_with(higgs_csv: Path, tmp_path: Path):
    """A dnn that begins with another's weights, on other events at rate 0, scores as that one does."""
    first = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}", "model=dnn", "model.dim=16"]
    small = ["data.train_events=500", "trainer.max_epochs=1", QUIET]
    train(composed(*first, *small), tmp_path / "first")
    events = make_events(800, seed=2)
    events[:, 1] *= 1.5
    file = write_csv(tmp_path / "others.csv", events)
    again = [*first, *small, f"data.csv={file}", f"init={tmp_path / 'first'}", "optimizer.lr=0.0"]
    train(composed(*again), tmp_path / "second")
    features = torch.from_numpy(events[:, 1:])
    with torch.no_grad():
        one, two = (load_model(tmp_path / name)(features).logits for name in ("first", "second"))
    assert torch.equal(one, two)


# a run of revision e693426, the last before runs owned their configuration ----------------------------------


@pytest.fixture
def old(tmp_path: Path) -> dict[str, Any]:
    """Its folder in a copy, and its events, which were made up."""
    shutil.copytree(OLD, tmp_path / "run")
    return {"run": tmp_path / "run", "csv": write_csv(tmp_path / "events.csv", make_events(600))}


def test_an_old_run_scores_and_is_evaluated(old: dict[str, Any], tmp_path: Path):
    assert sum(p.numel() for p in load_model(old["run"]).parameters()) == 2074
    cfg = own_evaluation(composed(f"ckpt={old['run']}", QUIET, name="evaluate"), [])
    assert (cfg.data.seed, cfg.data.batch_size, cfg.seed) == (2, 64, 2)
    cfg.data.csv, cfg.data.dir = str(old["csv"]), str(tmp_path)
    metrics = evaluate(cfg, tmp_path / "out")
    own = json.loads((OLD / "metrics.json").read_text())
    for split in ("train", "val", "test"):
        assert metrics[f"{split}/auc"] == pytest.approx(own[f"{split}/auc"], abs=1e-6)
        assert metrics[f"{split}/loss"] == pytest.approx(own[f"{split}/loss"], abs=1e-5)
    assert metrics["test/events_trained_on"] == 0


@pytest.mark.slow
def test_an_old_run_goes_on(old: dict[str, Any], tmp_path: Path):
    arguments = [
        f"ckpt={old['run']}",
        f"data.csv={old['csv']}",
        "trainer.max_epochs=3",
        f"data.dir={tmp_path}",
    ]
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = read_history(old["run"] / "metrics.csv")
    assert [row["epoch"] for row in rows] == [0, 1, 2]
    assert rows[:2] == [
        {key: pytest.approx(value) for key, value in row.items()} for row in read_history(OLD / "metrics.csv")
    ]


@pytest.mark.slow
def test_an_old_run_is_compared_and_repeated(old: dict[str, Any], tmp_path: Path):
    from higgs_lightning.evaluation.comparison import compare

    assert len(compare([old["run"]], tmp_path / "out")) == 1
    assert read_run(old["run"]).config["objective.mask_ratio"] == 0.33
    composition = ["--config-path", str(old["run"] / ".hydra"), "--config-name", "config"]
    done = command(*composition, f"data.csv={old['csv']}", f"data.dir={tmp_path}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (again,) = tmp_path.glob("outputs/*/*/metrics.json")
    own = json.loads((OLD / "metrics.json").read_text())
    assert json.loads(again.read_text())["test/auc"] == pytest.approx(own["test/auc"], abs=1e-4)


def test_an_old_cache_is_taken(higgs_csv: Path, tmp_path: Path):
    """Its version is what it was; a new one would read gigabytes again."""
    from higgs_lightning.data.cache import CACHE_VERSION

    assert CACHE_VERSION == 1


def test_a_file_in_any_folder_is_no_run_to_go_on_in(other: Path, tmp_path: Path, refusal: Callable[..., str]):
    """Else the folder above, whatever it is, would be written into."""
    (tmp_path / "models").mkdir()
    (tmp_path / "config.yaml").write_text("mine: 1")
    path = shutil.copy(other / "checkpoints" / "last.ckpt", tmp_path / "models" / "last.ckpt")
    assert "lies in no run folder to go on in" in refusal("train", f"ckpt={path}", "trainer.max_epochs=3")
    assert (tmp_path / "config.yaml").read_text() == "mine: 1"


@pytest.mark.slow
def test_last_is_recorded_as_the_run_that_it_meant(
    other: Path, higgs_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """And what a run began from is not needed to go on with it."""
    monkeypatch.chdir(tmp_path)
    first = tmp_path / "outputs" / "2026-01-01" / "12-00-00"
    shutil.copytree(other, first)
    options = [*SMALL_PARTICLE, "data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}"]
    options += ["data.seed=7", "data.val_fraction=0.2"]
    train(composed(*options, "init=last", "teacher=last"), tmp_path / "run")
    config = load_checkpoint(tmp_path / "run" / "checkpoints" / "last.ckpt")["config"]
    assert (config["init"], config["teacher"]) == (str(first), str(first))
    cfg = own_evaluation(composed("ckpt=last", QUIET, name="evaluate"), [])
    assert evaluate(cfg, tmp_path / "out")["ckpt"] == str(first)
    alone = tmp_path / "alone"
    train(composed(*options, f"init={first}"), alone)
    shutil.rmtree(first)
    train(composed(*options, f"init={first}", "trainer.max_epochs=3", f"ckpt={alone}"), alone)
    assert load_checkpoint(alone / "checkpoints" / "last.ckpt")["epoch"] == 2


@pytest.mark.slow
def test_events_behind_the_beginning_and_the_teacher_are_seen_events(
    other: Path, higgs_csv: Path, tmp_path: Path
):
    """A run that began with another's weights, tested on what that one was trained on, its folder gone."""
    first = tmp_path / "first"
    shutil.copytree(other, first)
    events = make_events(600, seed=8)
    options = [*SMALL_PARTICLE, "data=higgs", f"data.dir={tmp_path}", "trainer.max_epochs=1"]
    options += [f"data.csv={write_csv(tmp_path / 'others.csv', events)}", "data.train_events=null"]
    for how in ("init", "teacher"):
        train(composed(*options, f"{how}={first}"), tmp_path / how)
    train(composed(*options, f"init={tmp_path / 'teacher'}"), tmp_path / "grandchild")
    with pytest.raises(UserError, match=r"first/checkpoints/best.ckpt was trained on 2,100 of the 3,000"):
        train(composed(*options, f"init={first}", f"data.test_csv={higgs_csv}"), tmp_path / "refused")
    assert not (tmp_path / "refused").exists()
    shutil.rmtree(first)
    for name in ("init", "teacher", "grandchild"):
        cfg = own_evaluation(composed(f"ckpt={tmp_path / name}", QUIET, name="evaluate"), [])
        assert evaluate(cfg, tmp_path / f"{name}-out")["test/events_trained_on"] == 0
        cfg.data.test_csv = str(higgs_csv)
        with pytest.raises(UserError, match=r"first/checkpoints/best.ckpt was trained on 2,100 of the 3,000"):
            evaluate(cfg, tmp_path / "out")
    # of an earlier version, which kept no ancestors
    path = tmp_path / "init" / "checkpoints" / "best.ckpt"
    checkpoint = load_checkpoint(path)
    del checkpoint["ancestors"]
    torch.save(checkpoint, path)
    cfg = own_evaluation(composed(f"ckpt={tmp_path / 'init'}", QUIET, name="evaluate"), [])
    assert evaluate(cfg, tmp_path / "old-out")["test/events_trained_on"] is None


GROUPS_OF_ONE_S_OWN = {
    "mine/as_default.yaml": "# @package _global_\ndata:\n  seed: 1\n",
    "experiment/as_default.yaml": "# @package _global_\ndefaults:\n  - override /scheduler: cosine\n",
}


@pytest.mark.parametrize(
    ("chosen", "key", "value"),
    [
        ("+mine=as_default", "data.seed", 1),
        ("experiment=as_default", "scheduler._target_", "warmup_cosine"),
        ("scheduler=cosine", "scheduler._target_", "warmup_cosine"),
    ],
)
def test_a_group_of_one_s_own_is_said(
    chosen: str, key: str, value: Any, other: Path, tmp_path: Path, refusal: Callable[..., str]
):
    """Although it says what the defaults say: the run is otherwise."""
    for name, content in GROUPS_OF_ONE_S_OWN.items():
        (tmp_path / "conf" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "conf" / name).write_text(content)
    said = refusal("train", "--config-dir", f"{tmp_path / 'conf'}", f"ckpt={other}", chosen)
    assert re.search(rf"was trained with {key}=\S+, and {key}=\S*{value} can't be applied", said)


@pytest.mark.slow
def test_what_is_said_may_refer_to_the_run(other: Path, tmp_path: Path, refusal: Callable[..., str]):
    """`data.seed=${seed}`: the run's own seed, 5, and not the command's default."""
    said = refusal("evaluate", f"ckpt={other}", "data.seed=${seed}", QUIET)
    assert "allow_seen_events=true" in said
    shutil.copytree(other, tmp_path / "run")
    options = ["data.seed=${seed}", "allow_seen_events=true"]
    done = command(f"ckpt={tmp_path / 'run'}", *options, QUIET, cwd=tmp_path, name="evaluate")
    assert done.returncode == 0, done.stderr
    (config,) = tmp_path.glob("outputs/*/*-evaluation/config.yaml")
    assert yaml.safe_load(config.read_text())["data"]["seed"] == 5


@pytest.mark.slow
def test_a_repeated_composition_goes_on(other: Path, tmp_path: Path):
    """`--config-path RUN/.hydra --config-name config ckpt=RUN`, where no config is named train."""
    shutil.copytree(other, tmp_path / "run")
    composition = ["--config-path", str(tmp_path / "run" / ".hydra"), "--config-name", "config"]
    options = [f"ckpt={tmp_path / 'run'}", "trainer.max_epochs=3", QUIET]
    refused = command(*composition, *options, cwd=tmp_path)  # there, the folder is Hydra's choice
    assert f"with hydra.run.dir={tmp_path / 'run'}" in refused.stderr
    options.append(f"hydra.run.dir={tmp_path / 'run'}")
    done = command(*composition, *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [row["epoch"] for row in read_history(tmp_path / "run" / "metrics.csv")] == [0, 1, 2]


@pytest.mark.parametrize("name", ["plots", "tensorboard", "checkpoints", "config.yaml"])
def test_nothing_is_written_through_a_link(
    name: str, other: Path, tmp_path: Path, refusal: Callable[..., str]
):
    """A run folder of a stranger's may hold some, to anywhere."""
    run, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    shutil.copytree(other, run)
    if (run / name).exists():
        (run / name).rename(elsewhere)
    else:
        elsewhere.mkdir()
    (run / name).symlink_to(elsewhere)

    def contents() -> list[Any]:
        return [(p, p.is_file() and p.read_bytes()) for p in sorted(tmp_path.glob("elsewhere/**/*"))]

    before = contents(), elsewhere.is_file() and elsewhere.read_bytes()
    said = refusal("train", f"ckpt={run}", "trainer.max_epochs=3")
    assert f"{run / name} is a link, and a run writes into its own folder" in said
    assert before == (contents(), elsewhere.is_file() and elsewhere.read_bytes())


def test_weights_alone_in_an_ensemble_leave_it_unknown(other: Path, tmp_path: Path):
    save_model(other, tmp_path / "weights.safetensors")
    ckpt = f"ckpt=[{other},{tmp_path / 'weights.safetensors'}]"
    cfg = own_evaluation(composed(ckpt, QUIET, name="evaluate"), [])
    assert evaluate(cfg, tmp_path / "out")["test/events_trained_on"] is None


@pytest.mark.slow
def test_seen_events_are_found_behind_another_header(higgs_csv: Path, tmp_path: Path):
    """The same events with a line before them, and without."""
    headed = tmp_path / "headed.csv"
    headed.write_text("a line\n" + higgs_csv.read_text())
    options = [*SMALL_PARTICLE, "data=higgs", f"data.dir={tmp_path}", "trainer.max_epochs=1"]
    train(composed(*options, f"data.csv={headed}", "data.skip_rows=1"), tmp_path / "run")
    cfg = own_evaluation(composed(f"ckpt={tmp_path / 'run'}", QUIET, name="evaluate"), [])
    cfg.data.csv, cfg.data.skip_rows = str(higgs_csv), 0
    assert evaluate(cfg, tmp_path / "out")["test/events_trained_on"] == 0
    cfg.data.seed = 2
    with pytest.raises(UserError, match="test events, whose metrics would flatter it"):
        evaluate(cfg, tmp_path / "again")


@pytest.mark.parametrize("override", ["+optimizer.amsgrad=true", "+optimizer.betas=[0.1,0.2]"])
def test_what_is_new_is_refused_too(override: str, other: Path, refusal: Callable[..., str]):
    """The optimizer goes on as it was saved."""
    said = refusal("train", f"ckpt={other}", override, "trainer.max_epochs=3")
    assert re.search(
        r"was trained with optimizer.\w+=null, and .* can't be applied to a run that goes on", said
    )


@pytest.mark.parametrize("override", ["~callbacks.figures", "~objective.reflect"])
def test_nothing_is_taken_away(override: str, other: Path, refusal: Callable[..., str]):
    assert refusal("train", f"ckpt={other}", override).startswith("error: ")


@pytest.mark.slow
def test_what_follows_what_is_said_changes_with_it(other: Path, tmp_path: Path):
    """`figures_every` is an option of a callback, by an interpolation."""
    run = tmp_path / "run"
    shutil.copytree(other, run)
    done = command(f"ckpt={run}", "figures_every=7", "trainer.max_epochs=3", QUIET, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["callbacks"]["figures"]["every"] == config["figures_every"] == 7
    changes = json.loads((run / "provenance.json").read_text())[-1]["changes"]
    assert {"figures_every", "callbacks.figures.every"} <= set(changes)


def test_a_second_file_may_hold_training_events(higgs_csv: Path, tmp_path: Path):
    """The run's own test events are looked at too: here they are the very events of the first file."""
    options = [*SMALL_PARTICLE, "data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}"]
    options += [f"data.test_csv={higgs_csv}", "trainer.max_epochs=1"]
    with pytest.raises(UserError, match=r"this run was trained on 1,500 of the 3,000 test events"):
        train(composed(*options), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert (
        train(composed(*options, "allow_seen_events=true"), tmp_path / "run")["test/events_trained_on"]
        == 1500
    )
    cfg = own_evaluation(composed(f"ckpt={tmp_path / 'run'}", QUIET, name="evaluate"), [])
    with pytest.raises(UserError, match="was trained on 1,500 of the 3,000 test events"):
        evaluate(cfg, tmp_path / "out")


@pytest.mark.slow
def test_an_older_run_that_goes_on_keeps_what_is_not_known(other: Path, higgs_csv: Path, tmp_path: Path):
    """Earlier versions kept no ancestors: of those that the configuration names, nothing is known."""
    options = [*SMALL_PARTICLE, "data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}"]
    options += ["data.seed=7", "data.val_fraction=0.2", f"init={other}"]
    train(composed(*options), tmp_path / "run")
    path = tmp_path / "run" / "checkpoints" / "last.ckpt"
    checkpoint = load_checkpoint(path)
    del checkpoint["ancestors"]
    torch.save(checkpoint, path)
    goes_on = [*options, f"ckpt={tmp_path / 'run'}", "trainer.max_epochs=3"]
    metrics = train(composed(*goes_on), tmp_path / "run")
    assert metrics["test/events_trained_on"] is None
    assert metrics["unknown"] == {
        "test/events_trained_on": f"which events {other} was trained on is not known"
    }
    assert load_checkpoint(path)["ancestors"] == [{"file": str(other), "data": None, "options": {}}]


@pytest.mark.slow
def test_a_teacher_may_lie_elsewhere_when_a_run_goes_on(other: Path, higgs_csv: Path, tmp_path: Path):
    shutil.copytree(other, tmp_path / "teacher")
    options = [*SMALL_PARTICLE, "data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}"]
    options += ["data.seed=7", "data.val_fraction=0.2", "trainer.max_epochs=1"]
    train(composed(*options, f"teacher={tmp_path / 'teacher'}"), tmp_path / "run")
    (tmp_path / "teacher").rename(tmp_path / "moved")
    goes_on = [*options[:-1], f"ckpt={tmp_path / 'run'}", "trainer.max_epochs=2"]
    with pytest.raises(UserError, match=r"^teacher=\S+teacher: .* does not exist"):
        train(composed(*goes_on, f"teacher={tmp_path / 'teacher'}"), tmp_path / "run")
    train(composed(*goes_on, f"teacher={tmp_path / 'moved'}"), tmp_path / "run")
    *_, last = json.loads((tmp_path / "run" / "provenance.json").read_text())
    assert last["changes"]["teacher"] == [str(tmp_path / "teacher"), str(tmp_path / "moved")]


@pytest.mark.slow
def test_seen_events_of_several_files(tmp_path: Path):
    """Files that are trained on together, and one of them alone, as a run's own and behind another."""
    files = [write_csv(tmp_path / f"{seed}.csv", make_events(400, seed=seed)) for seed in (11, 12, 13)]
    options = [*SMALL_PARTICLE, "data=higgs", f"data.dir={tmp_path}", "data.train_events=null"]
    both = f"data.csv=[{files[0]},{files[1]}]"
    train(composed(*options, both), tmp_path / "both")
    train(composed(*options, f"data.csv={files[2]}", f"init={tmp_path / 'both'}"), tmp_path / "next")
    for name in ("both", "next"):
        cfg = own_evaluation(composed(f"ckpt={tmp_path / name}", QUIET, name="evaluate"), [])
        assert evaluate(cfg, tmp_path / f"{name}-out")["test/events_trained_on"] == 0
        cfg.data.test_csv = str(files[1])
        with pytest.raises(
            UserError, match=r"both/checkpoints/best.ckpt was trained on 3\d\d of the 400 test"
        ):
            evaluate(cfg, tmp_path / "out")


@pytest.mark.slow
def test_seen_events_of_files_of_one_class_and_in_other_units(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    events = {name: make_events(400, 11, label) for name, label in (("background", 0.0), ("signal", 1.0))}
    for name, of_class in events.items():
        frame = pd.DataFrame(of_class, columns=list(schema.CACHED_COLUMNS)).drop(columns="label")
        frame.to_parquet(tmp_path / f"{name}.parquet")
    csv = ",".join(f"{name}:{tmp_path}/{name}.parquet" for name in events)
    options = [*SMALL_PARTICLE, "data=higgs", f"data.dir={tmp_path}", "data.train_events=null"]
    train(composed(*options, f"data.csv={{{csv}}}"), tmp_path / "run")
    cfg = own_evaluation(composed(f"ckpt={tmp_path / 'run'}", QUIET, name="evaluate"), [])
    both = np.concatenate(list(events.values()))
    cfg.data.test_csv = str(write_csv(tmp_path / "both.csv", both))
    with pytest.raises(UserError, match=r"best.ckpt was trained on 640 of the 800 test events"):
        evaluate(cfg, tmp_path / "out")

    gev = pd.DataFrame(both.astype(float), columns=list(schema.CACHED_COLUMNS))
    for feature in schema.LOW_LEVEL:
        gev[feature.name] *= feature.scale
    rounded = gev.round({"lepton_pT": 1})  # what a program between the two may do to digits
    rounded.to_parquet(tmp_path / "gev.parquet")
    pd.concat([gev, rounded]).to_parquet(tmp_path / "some.parquet")
    options = [f"ckpt={tmp_path / 'run'}", QUIET, "data=higgs", "data.units=gev", f"data.dir={tmp_path}"]
    own = composed(*options, f"data.csv={tmp_path / 'gev.parquet'}", name="evaluate")
    own.data.test_csv = own.data.csv
    metrics = evaluate(own, tmp_path / "in-gev")
    assert metrics["test/events_trained_on"] is None
    assert "best.ckpt was trained on is not known" in metrics["unknown"]["test/events_trained_on"]
    said = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert "These are in units=gev and those in higgs, so whether test events are among its training" in said
    own.data.csv = own.data.test_csv = str(tmp_path / "some.parquet")
    with pytest.raises(UserError, match=r"best.ckpt was trained on [1-9]\d* of the 1,600 test events"):
        evaluate(own, tmp_path / "some")


def test_a_run_that_begins_with_weights_has_their_model(tmp_path: Path):
    """Whatever the defaults are by then; what the command line says of the model is kept, and refused."""
    unusual = [
        "model.num_layers=1",
        "model.dim=16",
        "model.num_heads=2",
        "model.detector_missing_energy=false",
    ]
    small = ["data.train_events=300", "trainer.max_epochs=1", f"data.dir={tmp_path}"]
    first = tmp_path / "first"
    train(composed(*small, *unusual), first, reports=False)
    cfg = begun(composed(f"init={first}", "optimizer.lr=0.0"), ["optimizer.lr", "init"])
    assert cfg.model == composed(*unusual).model
    assert cfg.optimizer.lr == 0
    of_another = ["model.dim=32", "model.dropout=0.1"]
    other = begun(composed(f"init={first}", *of_another), [each.partition("=")[0] for each in of_another])
    assert (other.model.dim, other.model.num_heads, other.model.dropout) == (32, 2, 0.1)
    with pytest.raises(UserError, match=r"was trained with model\.dim=16"):
        train(other, tmp_path / "other")
