"""A binned fit of the score, as an analysis would make it, in place of one cut: by pyhf.

The expected counts in bins of the score are templates of signal, times a strength mu, and of background. The
background's normalisation is measured in a control region, a bin without signal whose count is such that it
has the uncertainty of the analysis: with one bin this is the counting experiment behind
:func:`~higgs_lightning.evaluation.metrics.discovery_significance`, to all digits. HistFactory: K. Cranmer et
al., CERN-OPEN-2012-016; pyhf: L. Heinrich, M. Feickert and G. Stark, JOSS 6 (2021) 2823.
"""

import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from higgs_lightning.errors import UserError
from higgs_lightning.evaluation import plots
from higgs_lightning.evaluation.metrics import discovery_significance, effective_number
from higgs_lightning.evaluation.page import Section, Table, Unknown, Value
from higgs_lightning.evaluation.scored import ScoredEvents
from higgs_lightning.evaluation.systematics import DIRECTIONS, Analysis, Scored, Varied

#: The parameters of the workspace.
STRENGTH, NORMALISATION = "mu", "background_normalisation"
_STATISTICAL = "staterror_score"
_CLASSES = ("signal", "background")
_FINEST = 200  # bins of equal signal, of which those of the best significance are made
_LEAST_LEFT = 1e-3  # of a template where a variation would leave nothing, or less
_MOST = 1e6  # of mu: a limit above it is none
_LEVEL = 0.05  # 1 - confidence of the limit


def import_pyhf() -> Any:
    """pyhf, which is an extra.

    Raises:
        UserError: it is not installed.
    """
    try:
        import pyhf
    except ImportError as error:
        raise UserError("a binned fit needs one more package: pip install -e '.[stats]'") from error
    return pyhf


@dataclass(frozen=True)
class Templates:
    """What an analysis expects in K bins of the score.

    Attributes:
        edges: (K + 1,) of the score, from 0 to 1.
        expected: (K,) events by class, ``signal`` and ``background``.
        errors: (K,) their statistical errors, because test events are finitely many.
        variations: (K,) expected events by the name of a systematic uncertainty, class, and ``up``, ``down``.
    """

    edges: np.ndarray
    expected: Mapping[str, np.ndarray]
    errors: Mapping[str, np.ndarray]
    variations: Mapping[str, Mapping[str, Mapping[str, np.ndarray]]]


def bin_edges(
    labels: np.ndarray,
    scores: np.ndarray,
    binning: str,
    bins: int,
    least_background: int,
    analysis: Analysis,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Edges (K + 1,) of bins of the score, which is in a bin if it is not below its lower edge.

    ``equal_signal``: each bin has the same share of the signal; ``significance``: of all ways to put together
    bins of 1/200 of the signal, the one whose expected discovery significance is highest if the background is
    known, found by dynamic programming. A bin that has too little background is one with its neighbour; of
    weighted events the effective number counts.

    Args:
        labels: (N,) 1 for signal.
        scores: (N,) of these events.
        binning: ``equal_signal`` or ``significance``.
        bins: how many there are at most.
        least_background: events of the N that each bin has at least.
        analysis: of which the significance is expected.
        weights: (N,) of the events; None for 1 each.

    Raises:
        UserError: there is not so much background altogether.
    """
    is_signal = labels > 0.5
    num_background = background_number(labels, weights)
    if num_background < least_background:
        raise UserError(
            f"fit.least_background={least_background}: the test events have {num_background:,} of "
            "background; give fewer, or more events"
        )
    weights = np.ones(len(scores)) if weights is None else weights.astype(float)
    signal, of_signal = scores[is_signal], weights[is_signal]
    order = np.argsort(signal, kind="stable")
    below = np.maximum.accumulate(np.cumsum(of_signal[order]) - of_signal[order])
    finest = bins if binning == "equal_signal" else _FINEST
    wanted = np.arange(1, finest) * of_signal.sum() / finest
    # of equal scores, all are in one bin
    inner = np.unique(signal[order[np.searchsorted(below, wanted * (1 + 1e-9), side="right") - 1]])
    edges = np.concatenate([[0.0], inner[(inner > 0) & (inner < 1)], [1.0]])
    background, squares = (
        _counts(scores[~is_signal], edges, weights[~is_signal] ** power) for power in (1, 2)
    )
    if binning == "equal_signal":
        return edges[_enough(background, squares, least_background)]
    s = _counts(signal, edges, of_signal) * analysis.signal / of_signal.sum()
    b = background * analysis.background / background.sum()
    return edges[_best(s, b, background, squares, bins, least_background)]


def background_number(labels: np.ndarray, weights: np.ndarray | None) -> int:
    """How many background events there are; of weighted ones, the effective number."""
    of_background = np.ones(len(labels)) if weights is None else weights.astype(float)
    of_background = of_background[labels <= 0.5]
    return int(effective_number(of_background.sum(), np.square(of_background).sum()) + 1e-9)


def _counts(scores: np.ndarray, edges: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """(K,) events in each bin; the last one ends where scores do."""
    place = np.searchsorted(edges[1:-1], scores, side="right")
    return np.bincount(place, weights, len(edges) - 1).astype(float)


def _enough(background: np.ndarray, squares: np.ndarray, least: int) -> list[int]:
    """Which edges stay if bins are joined, from the highest on, until each has enough background."""
    kept = [len(background)]
    for place in range(len(background) - 1, 0, -1):
        joined, rest = slice(place, kept[-1]), slice(0, place)
        if all(_is_enough(background[part].sum(), squares[part].sum(), least) for part in (joined, rest)):
            kept.append(place)
    return [0, *kept[::-1]]


def _is_enough(background: np.ndarray, squares: np.ndarray, least: int) -> np.ndarray:
    """Whether sums of weights tell as much as so many events; those of equal weights may be rounded."""
    enough: np.ndarray = effective_number(background, squares) >= least * (1 - 1e-9)
    return enough


def _best(
    s: np.ndarray, b: np.ndarray, background: np.ndarray, squares: np.ndarray, bins: int, least: int
) -> list[int]:
    """Which edges stay for the largest sum over bins of the squared significance."""
    first, last = np.triu_indices(len(s) + 1, 1)
    of_edges = (np.append(0, np.cumsum(each)) for each in (s, b, background, squares))
    of_s, of_b, of_background, of_squares = (each[last] - each[first] for each in of_edges)
    squared = np.full((len(s) + 1, len(s) + 1), -np.inf)  # of a bin, by its edges
    found = discovery_significance(np.maximum(of_s, 0), of_b) ** 2
    squared[first, last] = np.where(_is_enough(of_background, of_squares, least), found, -np.inf)
    best = squared[0]  # up to each edge, with one bin
    sums, before = [best], [np.zeros(len(best), int)]
    for _ in range(1, bins):
        candidates = best[:, None] + squared
        before.append(candidates.argmax(axis=0))
        best = candidates.max(axis=0)
        sums.append(best)
    number = int(np.argmax([each[-1] for each in sums]))
    kept = [len(s)]
    for step in range(number, -1, -1):
        kept.append(int(before[step][kept[-1]]))
    return kept[::-1]


def templates(
    labels: np.ndarray,
    scores: np.ndarray,
    edges: np.ndarray,
    analysis: Analysis,
    varied: Varied | None = None,
    weights: np.ndarray | None = None,
) -> Templates:
    """What an analysis expects in each bin.

    Args:
        labels: (N,) 1 for signal.
        scores: (N,) of these events.
        edges: (K + 1,), see :func:`bin_edges`.
        analysis: events of each class.
        varied: some of these events with systematic uncertainties moved; a template moves by the ratio that
            they say. Without a down, it is as far below as the up is above.
        weights: (N,) of the events; None for 1 each.

    Raises:
        UserError: a bin has no background, or a negative number of events.
    """
    weights = np.ones(len(scores)) if weights is None else weights
    expected, errors = {}, {}
    for name, of_class in _of_classes(labels):
        scale = getattr(analysis, name) / weights[of_class].sum()
        counts = _counts(scores[of_class], edges, weights[of_class])
        for place in np.flatnonzero(counts < 0):
            raise UserError(
                f"bin {place + 1} of the fit, scores {edges[place]:.4g} to {edges[place + 1]:.4g}, has "
                f"{counts[place]:g} events of {name}: weights are negative; give fewer bins"
            )
        expected[name] = counts * scale
        errors[name] = np.sqrt(_counts(scores[of_class], edges, weights[of_class] ** 2)) * scale
    for place in np.flatnonzero(expected["background"] == 0):
        raise UserError(
            f"bin {place + 1} of the fit, scores {edges[place]:.4g} to {edges[place + 1]:.4g}, has no "
            "background: give fewer bins, or fit.least_background=1 or more"
        )
    variations: dict[str, dict[str, dict[str, np.ndarray]]] = {}
    for name, moved in (varied.moved if varied is not None else {}).items():
        if varied is not None and isinstance(moved["up"], Scored):
            variations[name] = {
                each: _variation(expected[each], varied, moved, of_class, edges)
                for each, of_class in _of_classes(varied.labels)
            }
    return Templates(edges, expected, errors, variations)


def _of_classes(labels: np.ndarray) -> list[tuple[str, np.ndarray]]:
    return [("signal", labels > 0.5), ("background", labels <= 0.5)]


def _variation(
    expected: np.ndarray,
    varied: Varied,
    moved: Mapping[str, Scored | Unknown],
    of_class: np.ndarray,
    edges: np.ndarray,
) -> dict[str, np.ndarray]:
    """A template (K,) with an uncertainty up and down."""
    weights = varied.weights[of_class]
    before = _counts(varied.scores[of_class], edges, weights)
    found: dict[str, np.ndarray] = {}
    for direction in DIRECTIONS:
        each = moved[direction]
        if isinstance(each, Scored):
            after = _counts(each.scores[of_class], edges, each.factors[of_class] * weights)
            ratio = np.where(before > 0, after / np.where(before > 0, before, 1), 1)
        else:
            ratio = 2 - found["up"] / np.where(expected > 0, expected, 1)
        found[direction] = expected * np.maximum(ratio, _LEAST_LEFT)
    return found


def workspace(found: Templates, uncertainty: float, statistical_errors: bool = True) -> dict[str, Any]:
    """The workspace that pyhf reads, with background alone as its observation.

    The expected limit depends on the data through the parameters that they are fitted for; with background
    alone, and what was expected of everything else, ``pyhf cls`` says the same as we do.

    Args:
        found: the templates.
        uncertainty: of the background, as a share of it; 0 leaves the control region out.
        statistical_errors: whether each bin may differ by the statistical error of its templates.
    """
    samples = []
    for name in _CLASSES:
        modifiers: list[dict[str, Any]] = []
        if name == "signal":
            modifiers.append({"name": STRENGTH, "type": "normfactor", "data": None})
        elif uncertainty > 0:
            modifiers.append({"name": NORMALISATION, "type": "normfactor", "data": None})
        if statistical_errors:
            modifiers.append({"name": _STATISTICAL, "type": "staterror", "data": found.errors[name].tolist()})
        for systematic, of_class in found.variations.items():
            modifiers += _modifiers(systematic, found.expected[name], of_class[name])
        samples.append({"name": name, "data": found.expected[name].tolist(), "modifiers": modifiers})
    channels = [{"name": "score", "samples": samples}]
    observed = {"score": found.expected["background"].tolist()}
    if uncertainty > 0:
        count = [1 / uncertainty**2]  # whose Poisson error is the uncertainty
        modifier = {"name": NORMALISATION, "type": "normfactor", "data": None}
        control = {"name": "background", "data": count, "modifiers": [modifier]}
        channels.append({"name": "control_region", "samples": [control]})
        observed["control_region"] = count
    parameters = [{"name": STRENGTH, "inits": [1.0], "bounds": [[0.0, 2 * _MOST]]}]
    return {
        "channels": channels,
        "observations": [{"name": name, "data": data} for name, data in observed.items()],
        "measurements": [{"name": "expected", "config": {"poi": STRENGTH, "parameters": parameters}}],
        "version": "1.0.0",
    }


def _modifiers(name: str, expected: np.ndarray, moved: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """An uncertainty of one class as a change of all bins together, and one of the shape; one parameter."""
    if not expected.sum():
        return []
    up, down = (moved[direction].sum() / expected.sum() for direction in DIRECTIONS)
    shapes = {"hi_data": (moved["up"] / up).tolist(), "lo_data": (moved["down"] / down).tolist()}
    return [
        {"name": name, "type": "normsys", "data": {"hi": float(up), "lo": float(down)}},
        {"name": name, "type": "histosys", "data": shapes},
    ]


class Limit(NamedTuple):
    """An expected upper limit on mu at 95 % confidence, without signal.

    Attributes:
        median: as many pseudo-experiments have a higher as a lower one.
        low: the limit if background fluctuates down by one standard deviation.
        high: the same, up.
    """

    median: float
    low: float
    high: float


@contextmanager
def _backend() -> Iterator[Any]:
    """pyhf in double precision with fits to all digits and no word of each modifier, then as it was."""
    pyhf = import_pyhf()
    before = pyhf.get_backend()
    log = logging.getLogger("pyhf")
    level = log.level
    log.setLevel(logging.WARNING)
    pyhf.set_backend("numpy", pyhf.optimize.scipy_optimizer(tolerance=1e-12, maxiter=100_000))
    try:
        yield pyhf
    except pyhf.exceptions.FailedMinimization as error:
        raise UserError(
            "the fit of the score finds no minimum: lower fit.bins, raise fit.least_background, or leave it "
            "out with fit.binning=null"
        ) from error
    finally:
        log.setLevel(level)
        pyhf.set_backend(*before)


def significance(spec: Mapping[str, Any]) -> float:
    """The expected discovery significance of a workspace, of signal with mu = 1.

    The root of the likelihood ratio q0 of the Asimov data, in which everything is as expected: G. Cowan, K.
    Cranmer, E. Gross and O. Vitells, Eur. Phys. J. C 71 (2011) 1554, eq. 12. The best fit of these data is
    known, so that only the one without signal has to be found.
    """
    with _backend() as pyhf:
        model = pyhf.Workspace(spec).model()
        truth = _parameters(model, 1.0)
        data = model.expected_data(truth)
        _, without = pyhf.infer.mle.fixed_poi_fit(0.0, data, model, return_fitted_val=True)
        q0 = without - pyhf.infer.mle.twice_nll(truth, data, model)
        return math.sqrt(max(0.0, float(np.ravel(q0)[0])))


def limit(spec: Mapping[str, Any]) -> Limit:
    """The expected upper limit on mu of a workspace.

    By CLs in the asymptotic approximation: A. L. Read, J. Phys. G 28 (2002) 2693; Cowan et al., as in
    :func:`significance`, section 4.3. Of the Asimov data without signal, of which the best fit is known, the
    likelihood ratio q of the limit has a root of N + z, where background fluctuates by N deviations and z is
    the normal quantile of 1 - 0.05 Phi(N).
    """
    normal = NormalDist()
    with _backend() as pyhf:
        from scipy.optimize import brentq

        model = pyhf.Workspace(spec).model()
        truth = _parameters(model, 0.0)
        data = model.expected_data(truth)
        best = pyhf.infer.mle.twice_nll(truth, data, model)
        start = truth

        def root(strength: float) -> float:
            nonlocal start
            values, found = pyhf.infer.mle.fixed_poi_fit(
                strength, data, model, init_pars=start, return_fitted_val=True
            )
            start = [float(value) for value in values]  # the next one is near
            return math.sqrt(max(0.0, float(np.ravel(found - best)[0])))

        limits: list[float] = []
        for deviations in (-1, 0, 1):
            wanted = deviations + normal.inv_cdf(1 - _LEVEL * normal.cdf(deviations))
            low, high = 0.0, limits[-1] if limits else 1.0
            while root(high) > 2 * wanted:
                high /= 2
            while high < _MOST and root(high) < wanted:
                low, high = high, 2 * high
            beyond = high >= _MOST
            limits.append(math.inf if beyond else brentq(lambda mu: root(mu) - wanted, low, high, rtol=1e-9))  # noqa: B023
    return Limit(low=limits[0], median=limits[1], high=limits[2])


def _parameters(model: Any, strength: float) -> list[float]:
    """Everything as expected."""
    values = [float(value) for value in model.config.suggested_init()]
    values[model.config.poi_index] = strength
    return values


def impacts(spec: Mapping[str, Any], uncertainty: float) -> dict[str, tuple[float, float]]:
    """How far the fitted mu moves if an uncertainty is held one standard deviation up and down.

    Of the Asimov data with mu = 1. Statistical errors of single bins are left out.

    Args:
        spec: a workspace.
        uncertainty: of the background's normalisation.
    """
    with _backend() as pyhf:
        model = pyhf.Workspace(spec).model()
        truth = _parameters(model, 1.0)
        data = model.expected_data(truth)
        found = {}
        for name in model.config.par_order:
            if name in (STRENGTH, _STATISTICAL):
                continue
            place = model.config.par_slice(name).start
            size = uncertainty if name == NORMALISATION else 1.0
            shifts = []
            for sign in (1, -1):
                start, fixed = list(truth), list(model.config.suggested_fixed())
                start[place], fixed[place] = truth[place] + sign * size, True
                fitted = pyhf.infer.mle.fit(data, model, init_pars=start, fixed_params=fixed)
                shifts.append(float(fitted[model.config.poi_index]) - 1)
            found[name] = (shifts[0], shifts[1])
        return found


def edges_for(
    scored: ScoredEvents, analysis: Analysis, binning: str, bins: int, least_background: int
) -> np.ndarray | None:
    """Edges (K + 1,) of bins that can be fitted; None where there is too little background. It takes no time.

    Args: see :func:`section`.

    Raises:
        UserError: a bin has no background, or a negative number of events; or the background may be less than
            nothing within its uncertainty.
    """
    if analysis.uncertainty > 1:
        raise UserError(
            f"analysis.uncertainty={analysis.uncertainty:g}: a fit moves the background by one of it up and "
            "down, and it can't be below 0: say at most 1, or leave fit out of report"
        )
    if background_number(scored.labels, scored.weights) < least_background:
        return None
    events = scored.labels, scored.probabilities
    edges = bin_edges(*events, binning, bins, least_background, analysis, scored.weights)
    templates(*events, edges, analysis, weights=scored.weights)
    return edges


def section(
    scored: ScoredEvents,
    analysis: Analysis,
    varied: Varied | None,
    binning: str,
    bins: int,
    least_background: int,
    statistical_errors: bool,
) -> Section:
    """What the fit can expect, and the workspace.

    Args:
        scored: test events of both classes.
        analysis: events of each class, and the background's uncertainty.
        varied: with systematic uncertainties moved, see :func:`templates`.
        binning: see :func:`bin_edges`.
        bins: the same.
        least_background: the same; of fewer events altogether, nothing is fitted.
        statistical_errors: see :func:`workspace`.
    """
    labels, scores, weights = scored.labels, scored.probabilities, scored.weights
    title, edges = "Binned fit", edges_for(scored, analysis, binning, bins, least_background)
    if edges is None:
        number = f"{background_number(labels, weights):,}"
        reason = f"{number} background events, fewer than fit.least_background={least_background}"
        return Section(title, [f"Not made: {reason}."], metrics={"fit/significance": Unknown(reason)})
    found = templates(labels, scores, edges, analysis, varied, weights)
    spec = workspace(found, analysis.uncertainty, statistical_errors)
    without = workspace(Templates(edges, found.expected, found.errors, {}), analysis.uncertainty, False)
    known = workspace(Templates(edges, found.expected, found.errors, {}), 0.0, False)
    expected_limit = limit(spec)
    significances = {
        "everything": significance(spec),
        "background normalisation alone": significance(without),
        "background known": significance(known),
    }
    moved = impacts(spec, analysis.uncertainty)
    chosen = "equal signal" if binning == "equal_signal" else "best significance"
    rows: list[list[Value]] = [
        [
            f"{number + 1}",
            float(edges[number]),
            float(edges[number + 1]),
            *(float(of[name][number]) for name in _CLASSES for of in (found.expected, found.errors)),
        ]
        for number in range(len(edges) - 1)
    ]
    metrics: dict[str, Value] = {
        "fit/bins": len(edges) - 1,
        "fit/significance": significances["everything"],
        "fit/significance_of_normalisation_alone": significances["background normalisation alone"],
        "fit/significance_of_known_background": significances["background known"],
        **{
            f"fit/{name}": value if math.isfinite(value) else Unknown(f"above {_MOST:,.0f}")
            for name, value in zip(("limit", "limit_low", "limit_high"), expected_limit, strict=True)
        },
    }
    for name, (up, down) in moved.items():
        metrics |= {f"fit/impact_{name}_up": up, f"fit/impact_{name}_down": down}
    bounds = f"{expected_limit.median:.3g}, {expected_limit.low:.3g} to {expected_limit.high:.3g}"
    return Section(
        title,
        [
            f"The score in {len(edges) - 1} bins of {chosen}, each with {least_background:,} of these "
            f"background events or more. Expected before are {analysis.signal:g} signal and "
            f"{analysis.background:g} \u00b1 {analysis.uncertainty:.1%} background events. The median "
            f"discovery significance is {significances['everything']:.3g}; without signal, its strength mu "
            f"is expected to be limited to below {bounds} (one standard deviation) at 95 % confidence.",
            "workspace.json holds the model, for pyhf. Bars: what the fitted mu moves by if an uncertainty "
            "is held one standard deviation off.",
        ],
        tables={
            "fit_significance": Table(
                ["uncertain", "significance"], [list(each) for each in significances.items()]
            ),
            "fit_bins": Table(["bin", "from", "to", "signal", "error", "background", "error"], rows),
            "fit_impacts": Table(["uncertainty", "mu, up", "mu, down"], [[n, *v] for n, v in moved.items()]),
        },
        figures={"fit": plots.binned_fit(edges, found.expected, _band(found, analysis), moved, scored.about)},
        metrics=metrics,
        documents={"workspace.json": spec},
    )


def _band(found: Templates, analysis: Analysis) -> np.ndarray:
    """(K,) the uncertainty of signal and background together before any fit: all of them in quadrature."""
    squared = (analysis.uncertainty * found.expected["background"]) ** 2
    squared = squared + sum(errors**2 for errors in found.errors.values())
    for of_class in found.variations.values():
        up, down = (sum(of_class[name][d] - found.expected[name] for name in _CLASSES) for d in DIRECTIONS)
        squared = squared + ((up - down) / 2) ** 2
    band: np.ndarray = np.sqrt(squared)
    return band
