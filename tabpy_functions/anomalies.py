"""Anomalies: real readings that are unusual, told by an Isolation Forest on what is left over expected use.

Not on raw kWh, where a forest finds the daily peak again. Estimates and suspect readings have weight 0 and take no
part: what validation has explained is no behaviour.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tabpy_functions.answering import Answer, answers
from tabpy_functions.days import SATURDAY, Days
from tabpy_functions.expected import expected_days, known_energy, odd_days
from tabpy_functions.inputs import InputError, Rows, number, read_rows, text

Floats = NDArray[np.float64]

DAYS_PER_MONTH = 30.4375

FEWEST_DAYS = 21
"""Days with readings from which something can be unusual: three of each weekday."""

SAMPLE = 64
"""Days that a tree sees: few, so that a fault of two weeks does not look like a habit. With 256, the paper's, 5 of 100
injected steps fewer were found. [days]"""

BLOCKS = 6
"""Parts of a day that are judged beside the whole: four hours each, so that a night or a working day stands out."""


@dataclass(frozen=True)
class Anomaly:
    """One day on which a channel was used unusually, and the hours that carry it.

    Attributes
    ----------
    row : int
        Of `Days`.
    first_slot, last_slot : int
        The run of slots with the largest surplus or lack, ends included.
    energy_kwh, expected_kwh, over_kwh : float
        Of that run. [kWh]
    score : float
        Over 0 (usual) to 1.
    direction : str
        "high" or "low".
    """

    row: int
    first_slot: int
    last_slot: int
    energy_kwh: float
    expected_kwh: float
    over_kwh: float
    score: float
    direction: str


@dataclass(frozen=True)
class Anomalies:
    """What is unusual in a channel's past.

    Attributes
    ----------
    expected_kwh : array of float64, shape (days, slots)
    score : array of float64, shape (days,)
        0: usual, to 1: like nothing else; NaN where too little is known.
    is_high : array of bool, shape (days,)
        Direction of the score.
    is_alert : array of bool, shape (days, slots)
        Known cells of `found`.
    found : tuple of Anomaly
        In the order of days.
    """

    expected_kwh: Floats
    score: Floats
    is_high: NDArray[np.bool_]
    is_alert: NDArray[np.bool_]
    found: tuple[Anomaly, ...]


def find_anomalies(
    days: Days,
    *,
    alerts_per_month: float = 1.0,
    least_share: float = 0.05,
    trees: int = 100,
    heed_weather: bool = True,
) -> Anomalies:
    """Find the days that are least like what was expected of them.

    Parameters
    ----------
    days : Days
        Rows without energy take no part.
    alerts_per_month : float, default 1
        At most so many runs of anomalous days are told for a month of readings, the most unusual first: the rate that
        a person sees, where a forest's `contamination` would tell a tenth of all days (issue 3 asks for one false alarm
        per meter-month or fewer). [1/month]
    least_share : float, default 0.05
        Surplus or lack that is worth telling, as a share of the day's expected use (chosen).
    trees : int, default 100
        Of the forest (Liu, Ting and Zhou 2008, section 4).
    heed_weather : bool, default True
        As for `expected.expected_days`.

    Returns
    -------
    Anomalies
        Without any where fewer than `FEWEST_DAYS` are known.
    """
    energy = known_energy(days)
    expected = expected_days(days, heed_weather=heed_weather)
    over = energy - expected
    features = residual_features(days, over, expected)
    score = unusual_score(features, trees)
    high, low = (_best_runs(sign * over, _usual_spread(over, days)) for sign in (1, -1))
    is_high = high.total >= low.total
    first, last = (np.where(is_high, one, other) for one, other in ((high.first, low.first), (high.last, low.last)))
    inside = (np.arange(days.slots) >= first[:, None]) & (np.arange(days.slots) <= last[:, None])
    share = np.abs(_sum(over, inside)) / np.maximum(_sum(expected, np.isfinite(over)), 1e-9)
    told = choose_alerts(np.where(share < least_share, 0.0, score), alerts_per_month)
    found = tuple(
        _anomaly(row, int(first[row]), int(last[row]), (energy, expected), float(score[row]), bool(is_high[row]))
        for row in np.flatnonzero(told).tolist()
    )
    return Anomalies(expected, score, is_high, inside & told[:, None] & np.isfinite(over), found)


def _anomaly(row: int, first: int, last: int, cells: tuple[Floats, Floats], score: float, is_high: bool) -> Anomaly:
    known = np.isfinite(cells[0][row, first : last + 1]) & np.isfinite(cells[1][row, first : last + 1])
    energy, expected = (float(one[row, first : last + 1][known].sum()) for one in cells)
    return Anomaly(row, first, last, energy, expected, energy - expected, score, "high" if is_high else "low")


def residual_features(days: Days, over: Floats, expected: Floats) -> Floats:
    """What a forest sees of each day.

    Parameters
    ----------
    days : Days
    over : array of float64, shape (days, slots)
        Energy over expected. [kWh]
    expected : array of float64, shape (days, slots)
        [kWh]

    Returns
    -------
    array of float64, shape (days, features)
        Relative residual of the day and of each of its blocks, and the mean of the day's over three and over seven
        days, all in spreads of a day of its kind (worked or not); NaN where less than half of a day is known.
    """
    known = np.isfinite(over)
    day_expected = _sum(expected, known)
    day_expected = np.where((known.mean(axis=1) >= 0.5) & (day_expected > 0), day_expected, np.nan)
    blocks = np.array_split(np.arange(days.slots), min(BLOCKS, days.slots)) if days.slots > 1 else []
    parts = [np.arange(days.slots), *blocks]
    shares = np.stack([_sum(over[:, part], known[:, part]) / day_expected for part in parts], axis=1)
    is_off = (days.weekday >= SATURDAY) | odd_days(days)
    spreads = np.stack([shares[:, part] / _spread(shares[:, part], is_off) for part in range(len(parts))], axis=1)
    lasting = [_running_mean(spreads[:, 0], width) for width in (3, 7)]
    lasting = [one / _spread(one, np.zeros_like(is_off)) for one in lasting]
    return np.concatenate([spreads, np.stack(lasting, axis=1)], axis=1)


def unusual_score(features: Floats, trees: int) -> Floats:
    """Score each day by how soon a forest isolates it and how far out it lies.

    A forest tells what is different, but not how far: beyond its outermost day all are alike. So its score is
    multiplied by the logarithm of the day's size. Of 100 substantial faults in Cambridge meters (night load, weekend,
    step, lost load) that found 96, 81, 94 and 90, where a forest alone found 92, 79, 88 and 91.

    Parameters
    ----------
    features : array of float64, shape (days, features)
        In spreads.
    trees : int

    Returns
    -------
    array of float64, shape (days,)
        0: usual, which is up to a forest's score of 0.5 (no anomaly, says its paper) at two spreads; to 1. NaN where
        features are, and where fewer than `FEWEST_DAYS` are known.
    """
    from sklearn.ensemble import IsolationForest  # type: ignore[import-untyped,unused-ignore]

    known = np.isfinite(features).all(axis=1)
    score = np.full(len(features), np.nan)
    if known.sum() < FEWEST_DAYS:
        return score
    forest = IsolationForest(n_estimators=trees, max_samples=min(SAMPLE, int(known.sum())), random_state=0)
    isolated = -forest.fit(features[known]).score_samples(features[known])
    value = isolated * np.log1p(_size(features[known]))
    score[known] = np.clip(1 - 0.5 * np.log1p(2) / np.maximum(value, 1e-9), 0, 1)
    return score


def _size(features: Floats) -> Floats:
    return np.asarray(np.sqrt((features**2).mean(axis=1)))


def choose_alerts(score: Floats, alerts_per_month: float) -> NDArray[np.bool_]:
    """Tell the most unusual days, until there are as many runs of them as a person wants to be told.

    Parameters
    ----------
    score : array of float64, shape (days,)
        NaN (not known) and 0 are never told.
    alerts_per_month : float
        [1/month]

    Returns
    -------
    array of bool, shape (days,)
    """
    budget = round(np.isfinite(score).sum() / DAYS_PER_MONTH * alerts_per_month)
    told = np.zeros(len(score) + 2, dtype=np.bool_)
    runs = 0
    for row in np.argsort(-np.nan_to_num(score), kind="stable").tolist():
        runs += (
            1 - int(told[row]) - int(told[row + 2])
        )  # a day beside a told one makes no new run, one between joins two
        if not score[row] > 0 or runs > budget:
            break
        told[row + 1] = True
    return told[1:-1]


@dataclass(frozen=True)
class _Runs:
    """Of each day the run of slots with the largest total: shapes (days,), ends included."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    total: Floats


def _best_runs(over: Floats, spread: Floats) -> _Runs:
    """Find the run of slots that holds most over what scatters anyway (largest sum of a run, by cumulated sums)."""
    sums = np.cumsum(np.nan_to_num(over - spread), axis=1)
    before = np.concatenate([np.zeros((len(over), 1)), sums[:, :-1]], axis=1)
    least = np.minimum.accumulate(before, axis=1)
    last = np.argmax(sums - least, axis=1)
    row = np.arange(len(over))
    is_start = (before == least[row, last][:, None]) & (np.arange(over.shape[1]) <= last[:, None])
    first = over.shape[1] - 1 - np.argmax(is_start[:, ::-1], axis=1)
    return _Runs(first, last, (sums - least)[row, last])


def _usual_spread(over: Floats, days: Days) -> Floats:
    """Median size of a slot's residual on days of its kind, shape (days, slots). [kWh]"""
    is_off = (days.weekday >= SATURDAY) | odd_days(days)
    spread = np.zeros(over.shape)
    for kind in (is_off, ~is_off):
        ordered = np.sort(np.abs(over[kind]), axis=0)
        middle = np.isfinite(ordered).sum(axis=0) // 2
        if kind.any():
            spread[kind] = np.nan_to_num(ordered[np.minimum(middle, len(ordered) - 1), np.arange(days.slots)])
    return spread


def _spread(values: Floats, is_off: NDArray[np.bool_], least: float = 1e-3) -> Floats:
    """Robust standard deviation of a day of its kind, never under half of that of all days; shape (days,)."""
    usual = [_deviation(values[kind]) for kind in (np.ones_like(is_off), is_off, ~is_off)]
    floor = max(usual[0] / 2, least)
    return np.where(is_off, max(usual[1], floor), max(usual[2], floor))


def _deviation(values: Floats) -> float:
    """1.4826 x the median size, a standard deviation where values are normal; 0 where none is known."""
    known = values[np.isfinite(values)]
    return float(1.4826 * np.median(np.abs(known))) if len(known) else 0.0


def _running_mean(values: Floats, width: int) -> Floats:
    """Mean of what is known of the last days, the own among them."""
    known = np.isfinite(values)
    total, count = (np.cumsum(one) for one in (np.where(known, values, 0), known))
    total[width:], count[width:] = total[width:] - total[:-width], count[width:] - count[:-width]
    return np.where(known, total / np.maximum(count, 1), np.nan)


def _sum(values: Floats, where: NDArray[np.bool_]) -> Floats:
    return np.asarray(np.where(where & np.isfinite(values), values, 0).sum(axis=1))


WHAT = ("score", "direction", "over_kwh", "expected_kwh")


@answers
def detect_anomalies(  # noqa: PLR0913, PLR0917 - what Tableau sends, by position
    dates: list[object],
    energy_kwh: list[object],
    country: object = None,
    temperature_c: object = None,
    alerts_per_month: object = 1.0,
    what: object = "score",
    weight: object = None,
) -> Answer:
    """Unusual use, row by row: how unusual, whether too high or too low, and by how much.

    Parameters
    ----------
    dates, energy_kwh : list
        Hours or days of at least three weeks, in any order. [kWh]
    country : str, optional
        "GB", "US-CA": whose holidays hold.
    temperature_c : list, optional
        Outside air. [degrees Celsius]
    alerts_per_month : float, default 1
        How many runs of unusual days are told for a month of readings.
    what : str, default "score"
        "score": of the row's day, -1 to 1, below 0 where less was used than expected, 0 where all is usual.
        "direction": 1 where a told anomaly is high, -1 where it is low, 0 where none is told.
        "over_kwh": energy over expected where an anomaly is told, else 0. [kWh]
        "expected_kwh": what was expected. [kWh]
    weight : list, optional
        0 for a row that is estimated or suspect: it is not judged.

    Returns
    -------
    list of float or None
        None where nothing is known, as in the future.
    """
    wanted = text(what, "score", WHAT)
    rows = read_rows(dates, energy_kwh, country=country, temperature_c=temperature_c, weight=weight)
    energy = known_energy(rows.days)
    if np.isfinite(energy).any(axis=1).sum() < FEWEST_DAYS:
        raise InputError(f"fewer than {FEWEST_DAYS} days with energy: what is usual is not known")
    found = find_anomalies(rows.days, alerts_per_month=number(alerts_per_month, 1.0, 0.0, 31.0))
    return Answer(_column(rows, energy, found, wanted or "score"), rows.notes)


def _column(rows: Rows, energy: Floats, found: Anomalies, what: str) -> Floats:
    known = np.isfinite(energy)
    sign = np.where(found.is_high, 1.0, -1.0)[:, None]
    if what == "expected_kwh":
        return rows.answer(found.expected_kwh)
    if what == "over_kwh":
        return rows.answer(np.where(known, np.where(found.is_alert, energy - found.expected_kwh, 0.0), np.nan))
    cells = found.is_alert * sign if what == "direction" else (found.score[:, None] * sign).repeat(rows.days.slots, 1)
    return rows.answer(np.where(known, cells + 0.0, np.nan)) / np.maximum(rows.span, 1)  # no -0.0
