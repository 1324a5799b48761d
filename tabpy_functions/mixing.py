"""How much of each model a forecast takes: what errs the other way helps, even where it errs more."""

from collections.abc import Mapping

import numpy as np

from tabpy_functions.averages import FOUR_WEEKS, LAST_WEEK
from tabpy_functions.levels import Floats, mean_of
from tabpy_functions.scoring import Trials


def mixing(trials: Trials, power: float = 4.0, slack: float = 1.25, least: float = 0.05) -> dict[str, float]:
    """Weigh the models by how wrong they have been, together where there is enough to tell, else each alone.

    Parameters
    ----------
    trials : Trials
    power : float, default 4
        Plain weights are the inverse of the relative error to this power: 0 is the plain mean, infinity the best alone.
        2 to 8 are equally good on the Cambridge meters, 0 and the best alone lose 2 and 4 in 100.
    slack : float, default 1.25
        A balanced mixture whose MASE is above gives way to plain weights (giving way above 1 lost 2 in 100), and in
        those a model above has no part. Between 1 and this it may still help a mixture: eight weeks do not tell 0.95
        from 1.05.
    least : float, default 0.05
        A smaller part is left out, and its model need not be fitted.

    Returns
    -------
    dict of str to float
        Heaviest first. Plain weights leave out models above a MASE of 1 where the mixture with them is above 1, and are
        last week repeated alone where nothing is below.
    """
    naive = _mae(trials.actual, trials.naive)
    weights = together(trials, power, least)
    if weights and _mae(trials.actual, mixed(trials.expected, weights)) <= slack * naive:
        return weights
    for most in (slack, 1.0):
        fair = {name: one for name, one in trials.expected.items() if _mae(trials.actual, one) <= most * naive}
        weights = _weights(relative_errors(trials.actual, fair), power, least) if fair else {}
        if weights and _mae(trials.actual, mixed(fair, weights)) <= naive:
            return weights
    return {LAST_WEEK: 1.0}


def together(
    trials: Trials,
    power: float,
    least: float,
    enough: int = 4,
    reach: tuple[int, int] = (2, 28),
    worst: float = 1.25,
) -> dict[str, float]:
    """Weigh the models by their errors together; nothing where the trials do not tell.

    Parameters
    ----------
    trials : Trials
    power, least : float
        As of `mixing`.
    enough : int, default 4
        Fewest origins: as many as there are models.
    reach : (int, int), default (2, 28)
        Shortest and longest horizon. Of single days balanced weights were no better than plain ones (better in the
        median, worse in the mean, 50 cases), and origins of long horizons overlap so much that they count as one.
        [days]
    worst : float, default 1.25
        A model whose relative error is above as many times the four-week mean's has no part: trees that have seen less
        than a year can be far off, and to err the other way by chance is no help. 1.1 to 1.5 cost at most 1 in 100 (216
        cases) and took 3 in 100 from the error of the worst of the protocol's meters.
    """
    origins, horizon = trials.actual.shape[:2]
    if origins < enough or not reach[0] <= horizon <= reach[1] or not trials.expected:
        return {}
    errors = relative_errors(trials.actual, trials.expected)
    most = worst * errors.get(FOUR_WEEKS, np.inf)
    near = {name: error for name, error in errors.items() if error <= most}
    return balanced(trials, _weights(near, power, 0.0), least)


def balanced(trials: Trials, towards: Mapping[str, float], least: float, pull: float = 0.1) -> dict[str, float]:
    """Weights whose mixture has been the least wrong, drawn towards given ones; the smallest goes till none is small.

    Parameters
    ----------
    trials : Trials
    towards : dict of str to float
        Weights that count as no evidence.
    least : float
        Smallest part.
    pull : float, default 0.1
        How strongly, relative to the mean square error of a model. Against `towards` alone the error a week ahead fell
        from 0.87 to 0.85 of the four-week mean's without temperature and from 0.78 to 0.75 with it (geometric means of
        65 and 81 cases on other meters than the protocol's 14); 0.05 to 0.2 are as good.
    """
    names = list(towards)
    errors = _relative([trials.expected[name] - trials.actual for name in names])
    product = errors @ errors.T / max(1, errors.shape[1])
    ridge = pull * np.trace(product) / len(names)
    if not ridge > 0:
        return _sorted({name: part for name, part in towards.items() if part >= least})
    product += ridge * np.eye(len(names))
    kept, aim = np.arange(len(names)), ridge * np.array(list(towards.values()))
    while True:
        part = _of_sum_one(product[np.ix_(kept, kept)], aim[kept])
        if part.min() >= least or len(kept) == 1:
            return _sorted({names[one]: float(value) for one, value in zip(kept, part, strict=True)})
        kept = np.delete(kept, part.argmin())


def _of_sum_one(product: Floats, aim: Floats) -> Floats:
    """The w that makes w'Pw - 2 a'w smallest among those that add up to one."""
    free, shift = np.linalg.solve(product, np.stack([aim, np.ones(len(aim))], axis=1)).T
    return np.asarray(free + shift * (1 - free.sum()) / shift.sum())


def _relative(errors: list[Floats]) -> Floats:
    """Errors over the size of the mean model's at their origin, shape (models, cells known to all)."""
    stacked = np.stack(errors)
    size = np.sqrt(mean_of(stacked.mean(axis=0) ** 2, axis=(1, 2)))[:, None, None]
    flat = (stacked / np.where(size > 0, size, np.nan)).reshape(len(errors), -1)
    return np.asarray(flat[:, np.isfinite(flat).all(axis=0)])


def _mae(actual: Floats, expected: Floats) -> Floats:
    return mean_of(np.abs(actual - expected))


def _weights(errors: Mapping[str, float], power: float, least: float) -> dict[str, float]:
    raw = {name: 1 / max(value, 0.01) ** power for name, value in errors.items()}
    kept = {name: value for name, value in raw.items() if value >= least * sum(raw.values())}
    whole = sum(kept.values())
    return _sorted({name: value / whole for name, value in kept.items()})


def _sorted(weights: Mapping[str, float]) -> dict[str, float]:
    """Heaviest first, adding up to one."""
    whole = sum(weights.values())
    return {name: value / whole for name, value in sorted(weights.items(), key=lambda pair: -pair[1])}


def relative_errors(actual: Floats, expected: Mapping[str, Floats]) -> dict[str, float]:
    """Root mean square error of each model over the mean of all models, origin by origin, and the mean of that.

    Relative, because else the one week with Christmas in it decides alone.
    """
    errors = {name: np.sqrt(mean_of((actual - one) ** 2, axis=(1, 2))) for name, one in expected.items()}
    usual = np.mean(list(errors.values()), axis=0)
    shares = {name: error / np.where(usual > 0, usual, np.nan) for name, error in errors.items()}
    return {name: float(np.nan_to_num(mean_of(share), nan=1.0)) for name, share in shares.items()}


def mixed(expected: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Weighted mean of forecasts."""
    total: Floats = np.sum([part * expected[name] for name, part in weights.items()], axis=0)
    return total
