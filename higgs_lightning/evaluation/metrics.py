"""Numbers that physicists quote, exact over all events."""

import math
from collections.abc import Sequence
from functools import partial
from statistics import NormalDist
from typing import Any, NamedTuple

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


def accuracy(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Share of events on the right side of a probability of 1/2.

    Args:
        labels: (N,) 1 for signal, 0 for background.
        probabilities: (N,) of signal.
        weights: (N,) of the events; None where all count alike.
    """
    is_right = (probabilities > 0.5) == (labels > 0.5)
    return float(is_right.mean() if weights is None else np.average(is_right, weights=weights))


def roc_auc_interval(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None, level: float = 0.95
) -> AucInterval:
    """ROC-AUC, ties counting one half, with DeLong's interval.

    E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44 (1988) 837; by one sort,
    as X. Sun and W. Xu, IEEE Signal Processing Letters 21 (2014) 1389. Clipped to [0, 1]; the whole of it
    where a class has one event only, whose spread nobody can know.

    With weights w, the ROC-AUC is the weighted mean A of the placement values V of either class, and each
    class adds n / (n - 1) sum w^2 (V - A)^2 / (sum w)^2 to its variance, that of a ratio of two means (W. G.
    Cochran, Sampling Techniques, 1977, chapter 6): an event of weight 2 is not two events.

    Args:
        labels: (N,) 1 for signal, 0 for background.
        scores: (N,), higher for signal.
        weights: (N,) of the events, some perhaps negative, with a positive sum in each class; None where all
            count alike.
        level: probability that the interval is to cover.

    Raises:
        ValueError: one class is missing.

    Examples:
        >>> roc_auc_interval(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
        AucInterval(auc=0.75, low=0.057..., high=1.0)
    """
    of_class, of_weights = placements(labels, scores, weights), _by_class(labels, weights)
    auc = float(np.average(of_class[0], weights=of_weights[0]))
    half = NormalDist().inv_cdf((1 + level) / 2) * _variance_of_mean(of_class, of_weights) ** 0.5
    return AucInterval(auc, max(0.0, auc - half), min(1.0, auc + half))


def difference_p_value(
    labels: np.ndarray, scores: np.ndarray, other_scores: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Probability of so large a difference of two ROC-AUCs on the same events if there were none.

    DeLong's two-sided test of correlated curves, see :func:`roc_auc_interval`. 1 where a class has one event
    only, or where the two score all events alike.

    Args:
        labels: (N,) 1 for signal, 0 for background.
        scores: (N,) of one model.
        other_scores: (N,) of the other.
        weights: (N,) of the events, as there; None where all count alike.

    Raises:
        ValueError: one class is missing.
    """
    of_class, of_class_too = (placements(labels, each, weights) for each in (scores, other_scores))
    differences = [one - other for one, other in zip(of_class, of_class_too, strict=True)]
    of_weights = _by_class(labels, weights)
    difference = abs(float(np.average(differences[0], weights=of_weights[0])))
    variance = _variance_of_mean(differences, of_weights)
    if variance == 0:
        return 1.0 if difference == 0 else 0.0
    return math.erfc(difference / (2 * variance) ** 0.5)


def placements(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """DeLong's placement values: where each event stands among those of the other class.

    With weights, see :func:`roc_auc_interval`, shares are of the sum of weights.

    Returns:
        For each signal event the share of background that it outscores, and for each background event the
        share of signal that outscores it; ties count one half. The mean of either is the ROC-AUC.

    Raises:
        ValueError: one class is missing, or a score is not a number.
    """
    is_signal = _is_signal(labels)
    if np.isnan(scores).any():
        raise ValueError(f"{int(np.isnan(scores).sum())} of {len(is_signal)} scores are not numbers")
    _, place = np.unique(scores, return_inverse=True)  # one sort for all
    places = place[is_signal], place[~is_signal]
    below = []
    for of_class, of_weights in zip(places, _by_class(labels, weights), strict=True):
        sums = np.bincount(of_class, of_weights, place.max() + 1)
        below.append((np.cumsum(sums) - sums / 2) / sums.sum())
    of_signal, of_background = below
    return of_background[places[0]], 1 - of_signal[places[1]]


def _by_class(labels: np.ndarray, weights: np.ndarray | None) -> tuple[Any, Any]:
    """The weights of signal and of background, or None and None."""
    if weights is None:
        return None, None
    is_signal, weights = _is_signal(labels), np.asarray(weights, float)
    return weights[is_signal], weights[~is_signal]


def _variance_of_mean(placements: Sequence[np.ndarray], weights: Sequence[Any]) -> float:
    """DeLong's variance of a ROC-AUC (or of a difference), from placement values of both classes."""
    variance = 0.0
    for p, w in zip(placements, weights, strict=True):
        if len(p) == 1:
            return float("inf")
        if w is None:
            variance += float(np.var(p, ddof=1)) / len(p)
        else:
            squares = np.square(w * (p - np.average(p, weights=w)))
            variance += float(squares.sum()) / float(w.sum()) ** 2 * len(p) / (len(p) - 1)
    return variance


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
    of_weights = _by_class(labels, weights)
    if min(weight.sum() for weight in of_weights) <= 0:
        raise ValueError("the events of a class weigh nothing")
    of_class = placements(labels, scores, weights)
    auc = float(np.average(of_class[0], weights=of_weights[0]))
    influence = np.empty(len(labels))
    is_signal = _is_signal(labels)
    for chosen, values, weight in zip((is_signal, ~is_signal), of_class, of_weights, strict=True):
        influence[chosen] = weight * (values - auc) / weight.mean()
    return auc, influence


def roc_curve(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Background and signal efficiency of every cut, from the tightest, (0, 0), to none, (1, 1).

    With weights, efficiencies are shares of their sums, which negative ones make fall here and there.

    Raises:
        ValueError: one class is missing.
    """
    order, ends = _cuts(scores)
    passed = _is_signal(labels)[order]
    counts = 1 if weights is None else np.asarray(weights, float)[order]
    signal, background = np.cumsum(passed * counts)[ends], np.cumsum(~passed * counts)[ends]
    return np.append(0.0, background / background[-1]), np.append(0.0, signal / signal[-1])


def _cuts(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The order of events from the highest score, and the position of the last one that each cut keeps."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    # the last of equal scores
    return order, np.append(np.flatnonzero(np.diff(np.asarray(scores)[order])), len(order) - 1)


def threshold(scores_of_signal: np.ndarray, efficiency: float, weights: np.ndarray | None = None) -> float:
    """The tightest cut, ``score >= threshold``, that keeps so much of the signal (M,), M > 0."""
    order = np.argsort(-scores_of_signal, kind="stable")
    counts = np.ones(len(order)) if weights is None else weights[order].astype(float)
    kept = np.cumsum(counts) >= efficiency * counts.sum() * (1 - 1e-9)
    return float(scores_of_signal[order[np.argmax(kept)]])


def effective_number(sums: ArrayLike, squares: ArrayLike) -> np.ndarray:
    """How many equal events tell as much as weighted ones, (sum w)^2 / sum w^2; 0 of a sum below 0.

    Args:
        sums: of the weights, any shape.
        squares: sums of their squares, the same shape.
    """
    squares = np.asarray(squares, float)
    number: np.ndarray = np.maximum(sums, 0) ** 2 / np.where(squares > 0, squares, 1)
    return number


def background_rejection(
    labels: np.ndarray, scores: np.ndarray, signal_efficiency: float, weights: np.ndarray | None = None
) -> float:
    """1 / background efficiency of the tightest cut that keeps ``signal_efficiency`` of the signal.

    Infinite where that cut keeps no background.

    Raises:
        ValueError: one class is missing.
    """
    background, signal = roc_curve(labels, scores, weights)
    passed = background[np.argmax(signal >= signal_efficiency)]
    return float("inf") if passed <= 0 else float(1 / passed)


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
    labels: np.ndarray,
    scores: np.ndarray,
    signal: float,
    background: float,
    uncertainty: float,
    weights: np.ndarray | None = None,
) -> Significances:
    """Significance of every cut on the scores (N,), for so many events of each class before the cut.

    Of weighted events, that of :data:`LEAST_BACKGROUND` is the effective number of those that a cut keeps,
    (sum w)^2 / sum w^2, which has the same relative uncertainty.

    Raises:
        ValueError: one class is missing.
    """
    of_background, of_signal = roc_curve(labels, scores, weights)
    is_background = ~_is_signal(labels)
    if weights is None:
        effective = np.rint(of_background * is_background.sum())
    else:
        order, ends = _cuts(scores)
        of_event = (np.asarray(weights, float) * is_background)[order]
        sums, squares = np.cumsum(of_event)[ends], np.cumsum(of_event**2)[ends]
        # a cut with less than no background left is none
        effective = np.append(0.0, effective_number(sums, squares))
    s, b = signal * np.maximum(of_signal, 0), background * np.maximum(of_background, 0)
    return Significances(
        of_signal,
        discovery_significance(s, b),
        discovery_significance(s, b, uncertainty),
        approximate_median_significance(s, b),
        effective >= min(LEAST_BACKGROUND, effective[-1]),
    )


class Reliability(NamedTuple):
    """How often events are signal, by what their score says; all fields (K,), of the bins that hold events.

    Attributes:
        score: mean score.
        signal: share of signal.
        events: number of events, or the sum of their weights.
        uncertainty: statistical, one standard deviation, of the share of signal.
    """

    score: np.ndarray
    signal: np.ndarray
    events: np.ndarray
    uncertainty: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error: the mean distance of share and score, over events."""
        return float((np.abs(self.signal - self.score) * self.events).sum() / self.events.sum())


def reliability(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray | None = None, bins: int = 20
) -> Reliability:
    """Compare probabilities (N,) with the share of signal in bins of equal width.

    C. Guo, G. Pleiss, Y. Sun and K. Weinberger, ICML 2017. Bins are left out whose sum of weights is below
    its own statistical error, the root of the sum of their squares: some are negative there, and cancel. The
    uncertainty of a share is that of a ratio of two sums over the same events (W. G. Cochran, Sampling
    Techniques, 1977, chapter 6), without weights the binomial one.
    """
    bin_of = np.minimum((np.asarray(probabilities) * bins).astype(int), bins - 1)
    counts = np.ones(len(bin_of)) if weights is None else np.asarray(weights, float)
    is_signal = np.asarray(labels) > 0.5
    events = np.bincount(bin_of, counts, bins)
    held = (events > 0) & (events**2 >= np.bincount(bin_of, counts**2, bins) * (1 - 1e-9))
    of_held = np.where(held, events, 1)
    score, signal = (
        np.bincount(bin_of, each * counts, bins) / of_held for each in (probabilities, is_signal)
    )
    squares = np.bincount(bin_of, (counts * (is_signal - signal[bin_of])) ** 2, bins)
    return Reliability(*(each[held] for each in (score, signal, events, np.sqrt(squares) / of_held)))


def fit_temperature(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """The number that log-odds must be divided by for their probabilities to fit the labels best (least BCE).

    Above 1 the model was too sure of itself. It can't mend that the events to score hold another share of
    signal than the labels did. C. Guo, G. Pleiss, Y. Sun and K. Weinberger, ICML 2017; by Newton's method on
    the inverse, in which the loss is convex.

    Args:
        labels: (N,) 1 for signal, 0 for background.
        probabilities: (N,) of signal.
        weights: (N,) of the events, none negative; None where all count alike.

    Raises:
        ValueError: one class is missing.
    """
    is_signal, odds = _is_signal(labels), log_odds(probabilities)
    inverse = 1.0
    for _ in range(50):
        fitted = 1 / (1 + np.exp(-inverse * odds))
        slope = np.average((fitted - is_signal) * odds, weights=weights)
        curvature = np.average(fitted * (1 - fitted) * odds**2, weights=weights)
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
    truth: np.ndarray, reconstructed: np.ndarray, counted: np.ndarray, weights: np.ndarray | None = None
) -> dict[str, float]:
    """Error of each object's reconstruction, as a share of what one constant for all events would have.

    The mean of the shares of its features: of the squared error of log pT and pseudorapidity (the constant is
    their mean), of 1 - cos Delta phi (the mean direction), and of the wrong b-tag levels (the most common
    level). 0 is perfect, 1 no better than the constant; NaN for an object that was never counted.

    Args:
        truth: (N, 21) in HIGGS units.
        reconstructed: (N, 21) in HIGGS units.
        counted: (N, 21) bool, the features that were to be reconstructed.
        weights: (N,) of the events, none negative; None where all count alike.
    """
    shares: dict[str, list[float]] = {name: [] for name in schema.OBJECTS}
    for i, feature in enumerate(schema.LOW_LEVEL):
        chosen = counted[:, i]
        of_chosen = np.ones(chosen.sum()) if weights is None else weights[chosen]
        if not of_chosen.sum() > 0:
            shares[feature.object].append(np.nan)
            continue
        mean = partial(np.average, weights=None if weights is None else of_chosen)
        true, found = (values[chosen, i].astype(float) * feature.scale for values in (truth, reconstructed))
        if feature.quantity == "btag":
            levels = np.bincount(np.rint(true).astype(int), of_chosen)
            error, constant = mean(np.rint(true) != np.rint(found)), 1 - levels.max() / levels.sum()
        elif feature.quantity == "phi":
            error = mean(1 - np.cos(true - found))
            constant = 1 - np.hypot(mean(np.cos(true)), mean(np.sin(true)))
        else:
            if feature.quantity == "pt":
                true, found = np.log(np.maximum(true, 1)), np.log(np.maximum(found, 1))
            error, constant = mean((true - found) ** 2), mean((true - mean(true)) ** 2)
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
