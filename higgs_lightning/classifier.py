"""A training with the habits of scikit-learn: ``HiggsClassifier().fit(X, y).predict_proba(X)``."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import hydra
import numpy as np
import pyarrow as pa
import pyarrow.parquet
from lightning.pytorch.utilities.seed import isolate_rng
from numpy.typing import ArrayLike

from higgs_lightning import runs, schema
from higgs_lightning.command import configurations, require_known_keys, said
from higgs_lightning.errors import UserError
from higgs_lightning.models.base import checked_features
from higgs_lightning.models.weights import load_model
from higgs_lightning.training.run import begun, train

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import (
        _check_sample_weight,
        assert_all_finite,
        check_consistent_length,
        check_is_fitted,
        column_or_1d,
    )
except ImportError as error:
    raise ImportError("HiggsClassifier needs one more package: pip install -e '.[sklearn]'") from error

_WEIGHT = "weight"  # the column of sample_weight
#: What :meth:`HiggsClassifier.fit` decides, because it is given the events.
_DECIDED = (
    *("ckpt", "data", "data.csv", "data.test_csv", "data.dir", "data.skip_rows", "data.columns"),
    *("data.label", "data.missing", "data.weights"),
)


class HiggsClassifier(ClassifierMixin, BaseEstimator):
    """The training of ``python -m higgs_lightning.train`` as an estimator of scikit-learn.

    By default it begins with the weights that come with the package, ``stage=finetune``, and says nothing. As
    in the command, a tenth of the events validates and a tenth tests (``data__val_fraction``,
    ``data__test_fraction``), and the rest is trained on.

    Args:
        stage: ``finetune``, ``pretrain``, or None for a training from random weights, which other models and
            sizes need.
        run_dir: a new folder for the run, with its checkpoints, plots and events, see docs/runs.md; None for
            a temporary one below ``outputs/``, of which no plots are drawn.
        overrides: other keys and groups of the command's configuration, with ``__`` for each dot, as in
            ``optimizer__lr=1e-4`` or ``model="dnn"``; or with dots, ``**{"optimizer.lr": 1e-4}``.
            ``data__units="gev"`` is the units of what is fitted and predicted;
            ``trainer__enable_progress_bar=True`` prints what the command prints.

    Attributes:
        classes_: (2,) the labels: background, then signal.
        n_features_in_: 21.
        model_: the trained :class:`~higgs_lightning.models.Model`, on the CPU.
        metrics_: the content of the run's ``metrics.json``.
    """

    def __init__(
        self, stage: str | None = "finetune", run_dir: str | Path | None = None, **overrides: Any
    ) -> None:
        self.stage = stage
        self.run_dir = run_dir
        self._overrides = overrides

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Every argument by its name, as it was given."""
        return {"stage": self.stage, "run_dir": self.run_dir, **self._overrides}

    def set_params(self, **params: Any) -> Self:
        """Change arguments, or add some; what is no key of the configuration is refused by :meth:`fit`."""
        for name, value in params.items():
            if name in ("stage", "run_dir"):
                setattr(self, name, value)
            else:
                self._overrides[name] = value
        return self

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:  # noqa: N803
        """Train on events.

        Args:
            X: (N, 21) as for :meth:`~higgs_lightning.models.Model.predict_proba`: an array in HIGGS' order,
                or a table with names; NaN is missing.
            y: (N,) two labels, of which the one that is sorted last is the signal: 0 and 1, -1 and 1, ``b``
                and ``s``.
            sample_weight: (N,) of the events, none negative, as ``data.weights`` of the command takes them:
                within each class they are divided by their mean. None where all count alike.

        Raises:
            ValueError: the events, the labels or the weights can't be used.
            UserError: an override is unknown or makes no sense, ``run_dir`` holds a run, or the events are
                too few to be split.
        """
        if y is None:
            raise ValueError("HiggsClassifier requires y to be passed, but the target y is None: give labels")
        classes, labels = _two_classes(y)
        overrides = self._command_line()
        with configurations():
            cfg = hydra.compose("train", overrides)
            if cfg.init is not None:
                cfg = begun(cfg, said("train", overrides))
        units = cfg.data.units
        features = checked_features(X, units)
        check_consistent_length(features, labels)
        weights = None if sample_weight is None else _checked_weights(sample_weight, features)
        with _run_folder(self.run_dir) as folder:
            data = folder.absolute() / "data"
            data.mkdir(parents=True)
            _write(features, labels, weights, data / "events.parquet")
            cfg.data.csv, cfg.data.dir = str(data / "events.parquet"), str(data)
            cfg.data.weights = None if weights is None else _WEIGHT
            cfg.data.units = "higgs" if units == "gev" else units  # of what is written
            is_quiet = not cfg.trainer.enable_progress_bar
            with isolate_rng(), redirect_stdout(StringIO()) if is_quiet else nullcontext():
                self.metrics_ = train(cfg, folder, reports=self.run_dir is not None)
                self.model_ = load_model(folder, cfg.model._target_)
        self._units = units
        self.classes_ = classes
        self.n_features_in_ = schema.NUM_FEATURES
        return self

    def predict_proba(self, X: ArrayLike) -> np.ndarray:  # noqa: N803
        """(N, 2) the probabilities of background and of signal; see :meth:`fit` for the events.

        Raises:
            ValueError: the events can't be used.
            sklearn.exceptions.NotFittedError: nothing was fitted.
        """
        check_is_fitted(self)
        return self.model_.predict_proba(X, self._units)

    def predict(self, X: ArrayLike) -> np.ndarray:  # noqa: N803
        """(N,) the label that is more probable, of :attr:`classes_`; as :meth:`predict_proba`."""
        signal = self.predict_proba(X)[:, 1] > 0.5
        labels: np.ndarray = self.classes_[signal.astype(int)]
        return labels

    def _command_line(self) -> list[str]:
        """What the command would be given.

        Raises:
            UserError: an override is unknown, or is not the caller's to say.
        """
        given = {name.replace("__", "."): value for name, value in self._overrides.items()}
        for key in given:
            if key in _DECIDED:
                raise UserError(f"HiggsClassifier({key}=...): fit is given the events; leave it out")
        own: dict[str, Any] = {"trainer.enable_progress_bar": False, "data.name": "events of fit"}
        if self.stage is not None:
            own["stage"] = self.stage
        if self.run_dir is None:
            own["figures_every"] = 0  # nobody would see them
        lines = [f"{key}={_as_override(value)}" for key, value in {**own, **given}.items()]
        require_known_keys("train", lines)
        return lines

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags


def _as_override(value: Any) -> str:
    """A value as Hydra's command line has it."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_as_override(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_as_override, value)) + "]"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def _two_classes(y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """The two labels in order, and (N,) 1 for the second."""
    labels = column_or_1d(y, warn=True)
    assert_all_finite(labels, input_name="y")
    check_classification_targets(labels)
    classes, signal = np.unique(labels, return_inverse=True)
    if len(classes) != 2:
        raise ValueError(
            f"Only binary classification is supported: y has {len(classes)} class(es), and needs two, "
            "background and signal"
        )
    return classes, signal


def _checked_weights(sample_weight: ArrayLike, features: np.ndarray) -> np.ndarray:
    """(N,) the weights of the events (N, 21), finite, none negative."""
    weights: np.ndarray = _check_sample_weight(sample_weight, features, ensure_non_negative=True)
    return weights


def _write(features: np.ndarray, signal: np.ndarray, weights: np.ndarray | None, path: Path) -> None:
    """Write events as a file that the data module reads."""
    columns = {schema.LABEL: signal.astype(np.int8)} | ({} if weights is None else {_WEIGHT: weights})
    columns |= {feature.name: features[:, place] for place, feature in enumerate(schema.LOW_LEVEL)}
    pyarrow.parquet.write_table(pa.table(columns), path)


@contextmanager
def _run_folder(run_dir: str | Path | None) -> Iterator[Path]:
    """A folder for a run: a temporary one, or a new one that stays if a run comes of it."""
    if run_dir is None:
        runs.RUNS.mkdir(exist_ok=True)
        with TemporaryDirectory(prefix="classifier-", dir=runs.RUNS) as temporary:
            yield Path(temporary)
        return
    folder = Path(str(run_dir))
    if folder.exists():
        raise UserError(f"run_dir={folder} is there already: give a new folder, or None for a temporary one")
    try:
        yield folder
    except BaseException:
        if not runs.holds_run(folder):
            shutil.rmtree(folder, ignore_errors=True)
        raise
