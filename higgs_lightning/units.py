"""Whether numbers are in the units that they are said to be in.

What is looked at is far from anything that HIGGS events do. Of 120,616 real and 1,920,000 simulated events
the median of an event's six transverse momenta lies between 0.30 and 7.9 in HIGGS units; in GeV the same
events have 17 to 450. So a single event tells one from the other, and the bounds of 0.1 and 10 lie between.
"""

from collections.abc import Sequence

import numpy as np

from higgs_lightning import schema

#: What features may be in: the archive's units; GeV, radians and b-tag levels; or the archive's, unchecked.
UNITS = ("higgs", "gev", "unchecked")
_PT, _ETA, _PHI, _BTAG = (schema.columns(quantity) for quantity in ("pt", "eta", "phi", "btag"))
_SCALES = np.array([feature.scale for feature in schema.LOW_LEVEL])
_LEAST_PT, _MOST_PT = 0.1, 10  # medians, in HIGGS units
_MOST_NEGATIVE = 0.25  # of transverse momenta; of z-scores it is more than half
_MOST_BEYOND = 0.05  # of azimuths; of radians in HIGGS units it is 44 %
_MOST_ODD = 0.2  # of b-tags
_ODD = 0.05  # levels; 2 digits of a number in HIGGS units are within it, a level 1 is not
_PLACEHOLDER = -90  # what is below is a way to say that a value is missing, such as -99 or -999


def wrong_units(events: np.ndarray, units: str = "higgs", key: str = "units") -> str | None:
    """What shows that events are not in the units that they are said to be in, and what to write instead.

    Args:
        events: (N, 21) features, brought into HIGGS units; NaN is missing.
        units: what they are said to have been in, of :data:`UNITS`.
        key: what says so, for the sentence.

    Returns:
        The rest of a sentence, or None where nothing speaks against the units.
    """
    if units == "unchecked":
        return None
    in_gev = units == "gev"
    given = events.astype(np.float64) * (_SCALES if in_gev else 1)  # as the file has them
    features = np.where(given < _PLACEHOLDER, np.nan, events)
    given = np.where(np.isnan(features), np.nan, given)
    faults = []

    pt = features[:, _PT]
    known = pt[~np.isnan(pt)]
    looks_scaled = looks_gev = False
    if len(known) and (known < 0).mean() > _MOST_NEGATIVE:
        looks_scaled = True
        columns = [place for place in _PT if (features[:, place] < 0).any()]
        faults.append(f"{_named(columns)} {_are(columns)} negative in {(known < 0).mean():.0%} of cases")
    elif _is_min_max(features):
        looks_scaled = True
        faults.append("all columns lie between 0 and 1, eta and phi too")
    elif len(known) and not _LEAST_PT <= np.median(known) <= _MOST_PT:
        medians = {p: np.nanmedian(pt[:, i]) for i, p in enumerate(_PT) if not np.isnan(pt[:, i]).all()}
        columns = [p for p, median in medians.items() if not _LEAST_PT <= median <= _MOST_PT] or list(_PT)
        median = float(np.nanmedian(given[:, columns]))
        usual = float(np.median(_SCALES[columns])) if in_gev else 1.0
        looks_gev = not in_gev and np.median(known) < 1000
        faults.append(f"the median of {_named(columns)} is {median:.3g}, about {usual:.2g} in these units")

    phi = features[:, _PHI]
    most = np.pi / _SCALES[_PHI[0]] * 1.01
    known = np.abs(phi[~np.isnan(phi)])
    if len(known) and (known > most).mean() > _MOST_BEYOND:
        columns = [place for place in _PHI if (np.abs(features[:, place]) > most).any()]
        reach = float(np.nanmax(np.abs(given[:, columns])))
        limit = np.pi if in_gev else most / 1.01
        faults.append(f"{_named(columns)} {_reach(columns)} {reach:.4g}, at most {limit:.4g} in these units")
        looks_gev = looks_gev and reach <= np.pi * 1.01

    levels = features[:, _BTAG] * _SCALES[_BTAG]
    is_odd = np.abs(levels - levels.round().clip(0, schema.NUM_BTAG_LEVELS - 1)) > _ODD
    odd = is_odd & ~np.isnan(levels)
    if odd.sum() > _MOST_ODD * max(1, (~np.isnan(levels)).sum()) and not looks_scaled:
        columns = [place for i, place in enumerate(_BTAG) if odd[:, i].any()]
        values = given[:, _BTAG][odd]
        levels_of = [0, 1, 2] if in_gev else [round(n / _SCALES[columns[0]], 3) for n in range(3)]
        faults.append(
            f"{_named(columns)} {_are(columns)} such as {values[0]:.4g}, and the levels are "
            f"{', '.join(f'{level:g}' for level in levels_of)} in these units"
        )
        looks_gev = looks_gev and bool((np.abs(values - values.round().clip(0, 2)) < 0.01).all())

    if not faults:
        return None
    if looks_scaled:
        mend = f"they look scaled (z-scores or to a range): undo that, or say {key}=unchecked"
    elif looks_gev:
        mend = f"if they are GeV, radians and b-tag levels 0, 1, 2, say {key}=gev"
    else:
        mend = (
            f"look whether columns are shifted; give HIGGS' own units ({key}=higgs), or GeV, radians and "
            f"b-tag levels 0, 1, 2 ({key}=gev); {key}=unchecked takes any numbers for HIGGS' own"
        )
    name = "GeV, radians and b-tag levels" if in_gev else "HIGGS' units"
    return f"these are not {name}: {'; '.join(faults)}; {mend}"


def _is_min_max(features: np.ndarray) -> bool:
    """Whether everything lies between 0 and 1, also what has either sign in all units."""
    signed = features[:, [*_ETA, *_PHI]]
    known = signed[~np.isnan(signed)]
    return len(known) >= 30 and bool((known >= 0).all()) and bool(np.nanmax(features) <= 1)


def _named(columns: Sequence[int]) -> str:
    name = schema.LOW_LEVEL[columns[0]].name
    return name if len(columns) == 1 else f"{name} and {len(columns) - 1} more"


def _are(columns: Sequence[int]) -> str:
    return "is" if len(columns) == 1 else "are"


def _reach(columns: Sequence[int]) -> str:
    return "reaches" if len(columns) == 1 else "reach"
