"""README, CHANGELOG and docs/: their code runs, their commands compose, their links lead somewhere."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import REPOSITORY, command
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf, open_dict, read_write

from higgs_lightning import command as commands
from higgs_lightning.addresses import quoted
from higgs_lightning.configuration import KINDS, require_kinds, validate
from higgs_lightning.errors import UserError

PAGES = [REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
VERBS = ("train", "evaluate", "predict", "describe", "export", "push", "compare", "simulate")
#: What stands for a user's own folder, file or name.
PLACEHOLDERS = re.compile(r"\b(RUN|FILE|TRAIN|TEST|FOLDER|NAME)\b")
#: Recipes of contributing.md add these to a copy of the package.
ADDED = {"model=shallow", "objective=focal", "optimizer=sgd"}


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text_of(page), re.S)


def bash_commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Verb and arguments of each line of a bash block that starts one of the package's commands."""
    for block in blocks(page, "bash"):
        for line in block.splitlines():
            for part in line.split("&&"):
                words = shlex.split(part, comments=True)
                words = words[words.index("-m") - 1 :] if "-m" in words else words
                if len(words) > 2 and words[2].startswith("higgs_lightning."):
                    yield words[2].removeprefix("higgs_lightning."), words[3:]


def inline_commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Verb and arguments of each command in running text and tables; overrides alone are of train."""
    text = re.sub(r"```.*?```", "", text_of(page), flags=re.S)
    for code in re.findall(r"`([^`\n]+)`", text):
        words = code.removeprefix("python -m higgs_lightning.").split(" ")
        if words[0] in VERBS and len(words) > 1 and not any("..." in word for word in words):
            yield words[0], shlex.split(" ".join(words[1:]))
        elif re.fullmatch(r"(data|model|stage|experiment|trainer|optimizer|hparams_search)=[\w.]+", code):
            yield "train", [code, "teacher=RUN"]  # which experiment=distilled needs


def page_commands(page: Path) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for each in (*bash_commands(page), *inline_commands(page)):
        if each not in found:
            found.append(each)
    return found


def check(verb: str, arguments: list[str]) -> None:
    """What a command checks of its arguments before any work.

    Raises:
        UserError, HydraException: it would be refused.
    """
    arguments = [PLACEHOLDERS.sub("some", argument) for argument in arguments]
    if verb == "compare":
        for argument in arguments:
            assert argument == "--help" or argument.startswith("output=") or "=" not in argument
        return
    if arguments == ["--help"] or "--config-path" in arguments:
        return
    arguments = [quoted(argument) for argument in arguments]
    commands.require_known_keys(verb, arguments)
    overrides = []
    for argument in arguments:
        if argument == "-m":
            continue
        override = OverridesParser.create().parse_override(argument)
        if override.is_sweep_override():
            assert "-m" in arguments
            if override.is_choice_sweep() and override.is_hydra_override() is False:
                overrides.append(f"{override.key_or_group}={next(override.sweep_string_iterator())}")
            continue
        overrides.append(argument)
    with initialize_config_dir(commands.CONFIG_DIR, version_base="1.3"):
        cfg = compose(verb, overrides, return_hydra_config=True)
    with read_write(cfg), open_dict(cfg):
        del cfg["hydra"]
    if cfg.get("pruning") is not None:
        cfg.pruning = None  # its name is made of the events
    missing = OmegaConf.missing_keys(cfg)
    assert missing <= {"output"} if verb == "simulate" else not missing, f"{verb} needs {missing}"
    config = OmegaConf.to_container(cfg, resolve=True)
    assert isinstance(config, dict)
    if verb == "train":
        validate(config)  # type: ignore[arg-type]
    elif verb in KINDS:
        require_kinds(verb, config)  # type: ignore[arg-type]


def test_there_are_pages():
    assert len(PAGES) > 9
    assert sum(len(page_commands(page)) for page in PAGES) > 100
    assert len(text_of(REPOSITORY / "README.md").splitlines()) <= 150


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_blocks_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    for block in blocks(page, "python"):
        exec(block, {})
    if page.name == "README.md":
        assert capsys.readouterr().out.startswith("AucInterval(auc=0.8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_compose(page: Path):
    for verb, arguments in page_commands(page):
        if verb in VERBS and not ADDED & set(arguments):
            try:
                check(verb, arguments)
            except Exception as error:
                pytest.fail(f"{page.name}: {verb} {' '.join(arguments)}: {error}")


def test_a_wrong_command_would_be_found():
    for arguments in (["model.num_layer=2"], ["model=nothing"], ["seed=1,2"], ["data.batch_size=none"]):
        with pytest.raises((UserError, HydraException, AssertionError)):
            check("train", arguments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", text_of(page), flags=re.S)
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    for target in targets:
        if target.startswith(("https://", "http://")):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.is_file(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(file), f"{page.name}: {target}"


def anchors(page: Path) -> set[str]:
    """The names that GitHub gives to the headings of a page."""
    text = re.sub(r"```.*?```", "", text_of(page), flags=re.S)
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_and_picture_is_reached():
    """From the README on, by links; each picture of docs/ is on a page."""
    linked = {
        (page.parent / target.split("#")[0]).resolve()
        for page in PAGES
        for target in re.findall(r'\]\(([^)\s]+)\)|src="([^"]+)"', text_of(page))
        for target in target
        if target
    }
    assert set(PAGES[1:]) <= linked
    assert {*(REPOSITORY / "docs").glob("*.png"), *(REPOSITORY / "docs").glob("*.svg")} <= linked


def test_paths_in_the_pages_are_there():
    """Benchmarks and modules that the text names."""
    for page in PAGES:
        for script in re.findall(r"tests/[\w/]+\.py", text_of(page)):
            assert (REPOSITORY / script).is_file(), f"{page.name}: {script}"


def test_the_test_command_is_the_one_that_ci_takes():
    (line,) = re.findall(r"^python3 -m venv .+ -m pytest$", text_of(REPOSITORY / "README.md"), re.M)
    assert "'.[dev]'" in line


# some really run ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_verb_of_the_readme_runs(run: Path, higgs_csv: Path, tmp_path: Path):
    """Train, which made the run, push and simulate have tests that start them as a user would."""
    shutil.copy(higgs_csv, tmp_path / "events.csv.gz")  # told apart by its first bytes
    started = set()
    for verb, arguments in bash_commands(REPOSITORY / "README.md"):
        if verb in ("train", "push", "simulate"):
            continue
        small = ["hydra.run.dir=evaluation"] if verb == "evaluate" else []
        small += ["trainer.enable_progress_bar=false"] if verb == "evaluate" else []
        own = [a.replace("RUN", str(run)).replace("FOLDER", "compared") for a in arguments]
        done = command(*own, *small, cwd=tmp_path, name=verb)
        assert done.returncode == 0, f"{verb} {own}: {done.stderr}"
        started.add(verb)
    assert started == {"evaluate", "predict", "describe", "export", "compare"}
    for name in (
        "scores.parquet",
        "page/describe.html",
        "model.onnx",
        "compared/compare.html",
        "evaluation/metrics.json",
    ):
        assert (tmp_path / name).exists()
