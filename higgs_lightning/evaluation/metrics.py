"""Numbers that physicists quote, exact over all events."""

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from higgs_lightning import schema

#: Background events that a cut must keep to be considered for its significance.
LEAST_BACKGROUND = 100


class AucInterval(NamedTuple):
    """A ROC-AUC and the bounds of its confidence interval; NaN of events of one class."""

    auc: float
    low: float
    high: float

    @property
    def is_unknown(self) -> bool:
        return math.isnan(self.auc)


def roc_auc_interval(labels: np.ndarray, scores: np.ndarray, level: float = 0.95) -> AucInterval:
    """ROC-AUC, ties counting one half, with DeLong's interval.

    E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44 (1988) 837; in O(N log N) by the
    midranks of X. Sun and W. Xu, IEEE Signal Processing Letters 21 (2014) 1389. Clipped to [0, 1]; the whole
    of it where a class has one event only, whose spread nobody can know.

    Args:
        labels: (N,) 1 for signal, 0 for background.
        scores: (N,), higher for signal.
        level: probability that the interval is to cover.

    Raises:
        ValueError: one class is missing.

    Examples:
        >>> roc_auc_interval(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
        AucInterval(auc=0.75, low=0.057..., high=1.0)
    """
    of_class = placements(labels, scores)
    auc = float(of_class[0].mean())
    half = NormalDist().inv_cdf((1 + level) / 2) * _variance_of_mean(*of_class) ** 0.5
    return AucInterval(auc, max(0.0, auc - half), min(1.0, auc + half))


def difference_p_value(labels: np.ndarray, scores: np.ndarray, other_scores: np.ndarray) -> float:
    """Probability of so large a difference of two ROC-AUCs on the same events if there were none.

    DeLong's two-sided test of correlated curves, see :func:`roc_auc_interval`. 1 where a class has one event
    only, or where the two score all events alike.

    Args:
        labels: (N,) 1 for signal, 0 for background.
        scores: (N,) of one model.
        other_scores: (N,) of the other.

    Raises:
        ValueError: one class is missing.
    """
    of_class, of_class_too = placements(labels, scores), placements(labels, other_scores)
    differences = [one - other for one, other in zip(of_class, of_class_too, strict=True)]
    difference, variance = abs(float(differences[0].mean())), _variance_of_mean(*differences)
    if variance == 0:
        return 1.0 if difference == 0 else 0.0
    return math.erfc(difference / (2 * variance) ** 0.5)


def placements(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """DeLong's placement values: where each event stands among those of the other class.

    Returns:
        For each signal event the share of background that it outscores, and for each background event the
        share of signal that outscores it; ties count one half. The mean of either is the ROC-AUC.

    Raises:
        ValueError: one class is missing, or a score is not a number.
    """
    is_signal = _is_signal(labels)
    if np.isnan(scores).any():
        raise ValueError(f"{int(np.isnan(scores).sum())} of {len(is_signal)} scores are not numbers")
    signal, background = np.asarray(scores)[is_signal], np.asarray(scores)[~is_signal]
    ranks = midranks(np.concatenate([signal, background]))
    of_signal = (ranks[: len(signal)] - midranks(signal)) / len(background)
    of_background = 1 - (ranks[len(signal) :] - midranks(background)) / len(signal)
    return of_signal, of_background


def _variance_of_mean(of_signal: np.ndarray, of_background: np.ndarray) -> float:
    """DeLong's variance of a ROC-AUC (or of a difference), from placement values."""
    return sum(
        float(np.var(p, ddof=1)) / len(p) if len(p) > 1 else float("inf") for p in (of_signal, of_background)
    )


def weighted_auc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> tuple[float, np.ndarray]:
    """ROC-AUC of weighted events, ties counting one half, and how much each event (N,) moves it.

    The probability that a signal event outscores a background event, both drawn by their weights. An event's
    influence is what its mean would change if it were there once more, relative to its class: the variance of
    the ROC-AUC is that of the mean influence of signal plus that of background. With all weights 1 these are
    DeLong's placements and variance, see :func:`roc_auc_interval`; of two ROC-AUCs of the same events the
    difference of the influences gives the variance of the difference.

    Args:
        labels: (N,) 1 for signal, 0 for background.
        scores: (N,), higher for signal.
        weights: (N,), 0 or more.

    Raises:
        ValueError: one class is missing, or weighs nothing.
    """
    is_signal = _is_signal(labels)
    if min(weights[is_signal].sum(), weights[~is_signal].sum()) <= 0:
        raise ValueError("the events of a class weigh nothing")
    values, place = np.unique(scores, return_inverse=True)
    of_signal, of_background = (
        np.bincount(place, weights * chosen, len(values)) for chosen in (is_signal, ~is_signal)
    )
    below, above = (
        (np.cumsum(each) - each / 2) / each.sum() for each in (of_background, of_signal)
    )  # the share of the other class that an event outscores, and that does not outscore it
    placements = np.where(is_signal, below[place], 1 - above[place])
    auc = float(np.average(placements[is_signal], weights=weights[is_signal]))
    mean_weight = np.where(is_signal, weights[is_signal].mean(), weights[~is_signal].mean())
    return auc, weights * (placements - auc) / mean_weight


def midranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, those of equal values averaged.

    Examples:
        >>> midranks(np.array([0.2, 0.7, 0.2])).tolist()
        [1.5, 3.0, 1.5]
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def roc_curve(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Background and signal efficiency of every cut, from the tightest, (0, 0), to none, (1, 1).

    Raises:
        ValueError: one class is missing.
    """
    order = np.argsort(-np.asarray(scores), kind="stable")
    passed = _is_signal(labels)[order]
    # the last of equal scores
    ends = np.append(np.flatnonzero(np.diff(np.asarray(scores)[order])), len(order) - 1)
    signal, background = np.cumsum(passed)[ends], np.cumsum(~passed)[ends]
    return np.append(0.0, background / background[-1]), np.append(0.0, signal / signal[-1])


def background_rejection(labels: np.ndarray, scores: np.ndarray, signal_efficiency: float) -> float:
    """1 / background efficiency of the tightest cut that keeps ``signal_efficiency`` of the signal.

    Infinite where that cut keeps no background.

    Raises:
        ValueError: one class is missing.
    """
    background, signal = roc_curve(labels, scores)
    passed = background[np.searchsorted(signal, signal_efficiency)]
    return float("inf") if passed == 0 else float(1 / passed)


def discovery_significance(
    signal: ArrayLike, background: ArrayLike, relative_uncertainty: float = 0.0
) -> np.ndarray:
    """Expected significance, in standard deviations, of ``signal`` events on top of ``background`` ones.

    The median significance for the Asimov data set: G. Cowan, K. Cranmer, E. Gross and O. Vitells, Eur. Phys.
    J. C 71 (2011) 1554, eq. 97; with an uncertain background, G. Cowan, "Discovery sensitivity for a counting
    experiment with background uncertainty" (2012), eq. 20. 0 where no background is expected.

    Args:
        signal: expected signal events that pass, any shape.
        background: expected background events that pass, the same shape.
        relative_uncertainty: standard deviation of the background expectation, as a share of it.
    """
    s, b = np.asarray(signal, float), np.asarray(background, float)
    known = b > 0
    b = np.where(known, b, 1.0)
    if relative_uncertainty == 0:
        squared = (s + b) * np.log1p(s / b) - s
    else:
        variance = (relative_uncertainty * b) ** 2
        squared = (s + b) * np.log1p(s * b / (b**2 + (s + b) * variance))
        squared -= b**2 / variance * np.log1p(variance * s / (b * (b + variance)))
    return np.where(known, np.sqrt(2 * np.maximum(squared, 0)), 0.0)


def approximate_median_significance(
    signal: ArrayLike, background: ArrayLike, regularisation: float = 10.0
) -> np.ndarray:
    """AMS of the HiggsML challenge: :func:`discovery_significance` with ``regularisation`` more background.

    C. Adam-Bourdarios et al., JMLR Workshop and Conference Proceedings 42 (2015) 19.
    """
    return discovery_significance(signal, np.asarray(background, float) + regularisation)


class Significances(NamedTuple):
    """What an analysis can expect of every cut, from the tightest to none; all fields (K,).

    Attributes:
        signal_efficiency: of the cut.
        without_uncertainty: discovery significance if the background were known.
        with_uncertainty: the same with its uncertainty.
        ams: approximate median significance.
        is_certain: whether the cut keeps at least :data:`LEAST_BACKGROUND` of the events' background, or all
            of it: below, its efficiency hangs on chance, and the best of such cuts would be a lucky one.
    """

    signal_efficiency: np.ndarray
    without_uncertainty: np.ndarray
    with_uncertainty: np.ndarray
    ams: np.ndarray
    is_certain: np.ndarray

    def best(self, significance: np.ndarray) -> int:
        """The position of the best of the certain cuts, by one of the fields."""
        return int(np.where(self.is_certain, significance, -np.inf).argmax())


def significances(
    labels: np.ndarray, scores: np.ndarray, signal: float, background: float, uncertainty: float
) -> Significances:
    """Significance of every cut on the scores (N,), for so many events of each class before the cut.

    Raises:
        ValueError: one class is missing.
    """
    of_background, of_signal = roc_curve(labels, scores)
    num_background = int((~_is_signal(labels)).sum())
    s, b = signal * of_signal, background * of_background
    return Significances(
        of_signal,
        discovery_significance(s, b),
        discovery_significance(s, b, uncertainty),
        approximate_median_significance(s, b),
        np.rint(of_background * num_background) >= min(LEAST_BACKGROUND, num_background),
    )


class Reliability(NamedTuple):
    """How often events are signal, by what their score says; all fields (K,), of the bins that hold events.

    Attributes:
        score: mean score.
        signal: share of signal.
        events: number of events.
    """

    score: np.ndarray
    signal: np.ndarray
    events: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error: the mean distance of share and score, over events."""
        return float((np.abs(self.signal - self.score) * self.events).sum() / self.events.sum())


def reliability(labels: np.ndarray, probabilities: np.ndarray, bins: int = 20) -> Reliability:
    """Compare probabilities (N,) with the share of signal in bins of equal width.

    C. Guo, G. Pleiss, Y. Sun and K. Weinberger, ICML 2017.
    """
    bin_of = np.minimum((np.asarray(probabilities) * bins).astype(int), bins - 1)
    events = np.bincount(bin_of, minlength=bins)
    score = np.bincount(bin_of, probabilities, bins)
    signal = np.bincount(bin_of, np.asarray(labels) > 0.5, bins)
    held = events > 0
    return Reliability(score[held] / events[held], signal[held] / events[held], events[held])


def fit_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The number that log-odds must be divided by for their probabilities to fit the labels best (least BCE).

    Above 1 the model was too sure of itself. It can't mend that the events to score hold another share of
    signal than the labels did. C. Guo, G. Pleiss, Y. Sun and K. Weinberger, ICML 2017; by Newton's method on
    the inverse, in which the loss is convex.

    Args:
        labels: (N,) 1 for signal, 0 for background.
        probabilities: (N,) of signal.

    Raises:
        ValueError: one class is missing.
    """
    is_signal, odds = _is_signal(labels), log_odds(probabilities)
    inverse = 1.0
    for _ in range(50):
        fitted = 1 / (1 + np.exp(-inverse * odds))
        slope = np.mean((fitted - is_signal) * odds)
        curvature = np.mean(fitted * (1 - fitted) * odds**2)
        step = slope / curvature if curvature > 0 else 0.0
        # a step may lead far away where the curve is flat; not beyond a half of the way to 0
        inverse -= min(step, inverse / 2)
        if abs(step) < 1e-9:
            break
    return float(1 / inverse)


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities whose log-odds are divided by a temperature."""
    return 1 / (1 + np.exp(-log_odds(probabilities) / temperature))


def log_odds(probabilities: np.ndarray) -> np.ndarray:
    """log p / (1 - p) of probabilities in float32, finite at 0 and 1."""
    p = np.clip(np.asarray(probabilities, float), 1e-7, 1 - 1e-7)
    log_of_odds: np.ndarray = np.log(p / (1 - p))
    return log_of_odds


def reconstruction_errors(
    truth: np.ndarray, reconstructed: np.ndarray, counted: np.ndarray
) -> dict[str, float]:
    """Error of each object's reconstruction, as a share of what one constant for all events would have.

    The mean of the shares of its features: of the squared error of log pT and pseudorapidity (the constant is
    their mean), of 1 - cos Delta phi (the mean direction), and of the wrong b-tag levels (the most common
    level). 0 is perfect, 1 no better than the constant; NaN for an object that was never counted.

    Args:
        truth: (N, 21) in HIGGS units.
        reconstructed: (N, 21) in HIGGS units.
        counted: (N, 21) bool, the features that were to be reconstructed.
    """
    shares: dict[str, list[float]] = {name: [] for name in schema.OBJECTS}
    for i, feature in enumerate(schema.LOW_LEVEL):
        chosen = counted[:, i]
        if not chosen.any():
            shares[feature.object].append(np.nan)
            continue
        true, found = (values[chosen, i].astype(float) * feature.scale for values in (truth, reconstructed))
        if feature.quantity == "btag":
            levels = np.bincount(np.rint(true).astype(int), minlength=1)
            error, constant = (
                np.mean(np.rint(true) != np.rint(found)),
                1 - levels.max() / max(1, levels.sum()),
            )
        elif feature.quantity == "phi":
            error = np.mean(1 - np.cos(true - found))
            constant = 1 - np.hypot(np.mean(np.cos(true)), np.mean(np.sin(true)))
        else:
            if feature.quantity == "pt":
                true, found = np.log(np.maximum(true, 1)), np.log(np.maximum(found, 1))
            error, constant = np.mean((true - found) ** 2), np.var(true)
        shares[feature.object].append(float(error / constant) if constant > 0 else np.nan)
    return {name: float(np.mean(values)) for name, values in shares.items()}


def _is_signal(labels: np.ndarray) -> np.ndarray:
    """Labels as (N,) bool, once both classes are there."""
    is_signal = np.asarray(labels) > 0.5
    num_signal = int(is_signal.sum())
    if num_signal in (0, len(is_signal)):
        raise ValueError(
            f"a ROC curve needs both classes: {num_signal} signal and {len(is_signal) - num_signal} "
            "background events"
        )
    return is_signal
