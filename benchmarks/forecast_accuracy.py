"""How wrong forecasts are, by a protocol for all to repeat: `python -m benchmarks.forecast_accuracy --data FOLDER`.

Protocol
--------
**Data.** A folder with one wide file (`*wide*.csv` or `.csv.gz`: a stamp, then a column a meter, hourly kWh), or such a
file itself; `weather*/*.csv` beside it (`datetime,air_temperature ...`) is the outside air. The stamps are taken as
they are: on the Cambridge file, labelled UTC, a day's profile moves by an hour at the clock changes, for every model.
**Meters.** `--meters` of the file's columns at even distances (14), or `--meters 0` for all.
**Origins.** Week ahead: 55 weeks one after another from `--first` (2018-12-17 for Cambridge, else 26 weeks after the
beginning); forecasts of 168 hours from midnight. Day ahead: 10 days, 37 days apart so that weekdays differ; 24 hours.
`--every 4` takes each fourth of the weekly origins.
**What a model gets.** At most 78 weeks of values before the origin, holidays of `--country`, and nothing about the
future but those and, in the runs "with temperature", the weather of the horizon **as it came** (a perfect weather
forecast). The runs "without" have no temperature at all; both are printed. Readings that look doubtful in those past
values alone (zero-filled, stuck, spikes: `tabpy_functions.doubt`) teach nothing.
**Error of a case** (a meter and an origin): root mean square error over mean energy, over the hours whose true value is
not doubtful by the same rules; no case where less than half of the hours is left. A model's figure is the median of all
cases (and the mean). The references are computed on the raw values: last week repeated, and the plain mean of the same
hour over four weeks, which know no holidays.
**Tenths.** Meters in order of their ratio to the four-week mean (mean error of the meter's cases over that of the
reference's), in ten parts; the ratio of the worst part is printed.
**Coverage.** Share of all scored hours within the bounds of `forecast` that shall enclose 80 of 100.

`forecast` is `tabpy_functions.choosing.choose_forecast`, the function behind the deployed `forecast` and the
precomputed results; `prophet` and `arima` are those behind `forecast_prophet` and `forecast_arima`. Nothing was tuned
on a single meter; the choices that were (numbers with a source in the docstrings) were made on every fourth or fifth of
the meters and twenty to thirty of the origins. Two of them, `reach` and `worst` of `tabpy_functions.mixing.together`,
were settled with a look at five of the origins of the 14 meters themselves.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.config import single_threaded
from tabpy_functions.arima import fit_arima
from tabpy_functions.calendars import is_holiday
from tabpy_functions.choosing import choose_forecast
from tabpy_functions.days import Days
from tabpy_functions.doubt import without_doubtful
from tabpy_functions.levels import WEEK, cut
from tabpy_functions.prophet_days import fit_prophet

Floats = NDArray[np.float64]

NAIVE, MEAN, FORECAST = "last week repeated", "four-week mean", "forecast"
ALONE = {"prophet": fit_prophet, "arima": fit_arima}
WEEK_AHEAD, DAY_AHEAD = 7, 1
DAY_ORIGINS, DAY_STEP = 10, 37
CAMBRIDGE = "2018-12-17"


@dataclass(frozen=True)
class Meters:
    """A wide file, by days.

    Attributes
    ----------
    names : list of str
    first_day : int
        [days since 1970-01-01]
    energy_kwh : array of float64, shape (meters, days, 24)
    temperature_c : array of float64, shape (days, 24), or None
    holiday : array of bool, shape (days,)
    """

    names: list[str]
    first_day: int
    energy_kwh: Floats
    temperature_c: Floats | None
    holiday: NDArray[np.bool_]

    def days(self, meter: int, *, with_temperature: bool) -> Days:
        """One meter's whole history."""
        energy = self.energy_kwh[meter]
        weather = self.temperature_c if with_temperature else None
        weight = np.isfinite(energy).astype(np.float64)
        return Days(self.first_day, len(energy), energy, weight, self.holiday, weather)


def read_meters(data: Path, country: str) -> Meters:
    """Read the wide file and the weather beside it."""
    path = data if data.is_file() else next(iter(sorted(data.glob("*wide*.csv*"))))
    wide = pd.read_csv(path, index_col=0, parse_dates=True)
    stamps = pd.DatetimeIndex(wide.index).tz_localize(None)
    begin, end = stamps.min().ceil("D"), (stamps.max() + pd.Timedelta(hours=1)).floor("D")
    hours = pd.date_range(begin, end, freq="h", inclusive="left")
    values = wide.set_axis(stamps)[~stamps.duplicated()].reindex(hours)
    first_day = int((begin - pd.Timestamp(0)).days)
    return Meters(
        names=[str(name) for name in wide.columns],
        first_day=first_day,
        energy_kwh=np.ascontiguousarray(values.to_numpy(np.float64).T).reshape(len(wide.columns), -1, 24),
        temperature_c=read_weather(path.parent, hours),
        holiday=is_holiday(country, first_day, len(hours) // 24),
    )


def read_weather(folder: Path, hours: pd.DatetimeIndex) -> Floats | None:
    """Outside air of every hour, shape (days, 24); None where there is no weather."""
    paths = sorted(folder.glob("weather*/*.csv"))
    if not paths:
        return None
    weather = pd.concat([pd.read_csv(path, index_col=0, parse_dates=True) for path in paths])
    column = next(name for name in weather.columns if "temperature" in name)
    found = weather[column].groupby(level=0).mean().reindex(hours)
    return found.to_numpy(np.float64).reshape(-1, 24)


@dataclass(frozen=True)
class Case:
    """One meter from one origin.

    Attributes
    ----------
    meter, origin : int
    errors : dict of str to float
        Model to RMSE over mean energy.
    inside, scored : int
        Hours within the bounds of `forecast`, and hours scored.
    """

    meter: int
    origin: int
    errors: dict[str, float]
    inside: int
    scored: int


def cases_of(
    meter: int, meters: Meters, origins: Sequence[int], horizon: int, *, with_temperature: bool, history: int = 78
) -> list[Case]:
    """Forecast one meter from every origin."""
    days = meters.days(meter, with_temperature=with_temperature)
    truth = np.where(without_doubtful(days).weight > 0, days.energy_kwh, np.nan)
    cases = [_case(meter, days, truth, origin, horizon, history) for origin in origins]
    return [case for case in cases if case is not None]


def _case(meter: int, days: Days, truth: Floats, origin: int, horizon: int, history: int) -> Case | None:
    actual = truth[origin : origin + horizon]
    scored = np.isfinite(actual)
    if scored.mean() < 0.5 or actual[scored].mean() <= 0:
        return None
    past = without_doubtful(_since(cut(days, origin, horizon), max(0, origin - WEEK * history)))
    chosen = choose_forecast(past).forecast
    weeks = np.stack([days.energy_kwh[origin - WEEK * back :][:horizon] for back in (1, 2, 3, 4)])
    expected = {NAIVE: weeks[0], MEAN: weeks.mean(axis=0), FORECAST: chosen.expected_kwh}
    expected |= {name: fit(past)(past) for name, fit in ALONE.items()}
    errors = {name: _share(actual, one, scored) for name, one in expected.items()}
    inside = (chosen.lower_kwh <= actual) & (actual <= chosen.upper_kwh)
    return Case(meter, origin, errors, int(inside[scored].sum()), int(scored.sum()))


def _since(days: Days, row: int) -> Days:
    weather = days.temperature_c
    return replace(
        days,
        first_day=days.first_day + row,
        origin=days.origin - row,
        energy_kwh=days.energy_kwh[row:],
        weight=days.weight[row:],
        is_holiday=days.is_holiday[row:],
        temperature_c=None if weather is None else weather[row:],
    )


def _share(actual: Floats, expected: Floats, scored: NDArray[np.bool_]) -> float:
    known = scored & np.isfinite(expected)
    return float(np.sqrt(np.mean((actual - expected)[known] ** 2)) / actual[scored].mean()) if known.any() else np.nan


def table(cases: Sequence[Case]) -> pd.DataFrame:
    """Errors of all cases that have all references, a column a model, and the meter."""
    errors = pd.DataFrame([case.errors | {"meter": case.meter} for case in cases])
    return errors.dropna(subset=[NAIVE, MEAN])


def tenths(errors: pd.DataFrame, model: str) -> list[float]:
    """Ratio to the four-week mean in each tenth of the meters, the best first."""
    mean = errors.groupby("meter")[[NAIVE, MEAN, FORECAST, *ALONE]].mean()
    mean = mean.iloc[np.argsort((mean[model] / mean[MEAN]).to_numpy())]
    parts = np.array_split(np.arange(len(mean)), min(10, len(mean)))
    return [float(mean[model].iloc[part].mean() / mean[MEAN].iloc[part].mean()) for part in parts]


def report(cases: Sequence[Case]) -> Iterator[str]:
    """The table and the ratios, line by line."""
    errors = table(cases)
    yield f"  {len(errors)} cases of {errors['meter'].nunique()} meters"
    yield f"  {'model':20s} {'median':>7s} {'mean':>7s} {'to mean':>8s} {'to last week':>13s} {'worst tenth':>12s}"
    for name in [NAIVE, MEAN, FORECAST, *ALONE]:
        middle, mean = errors[name].median(), errors[name].mean()
        ratios = middle / errors[MEAN].median(), middle / errors[NAIVE].median()
        worst = tenths(errors, name)[-1]
        yield f"  {name:20s} {middle:7.1%} {mean:7.1%} {ratios[0]:8.3f} {ratios[1]:13.3f} {worst:12.3f}"
    scored = sum(case.scored for case in cases)
    yield f"  nominal 80 % intervals of forecast cover {sum(case.inside for case in cases) / scored:.1%}"


def week_origins(meters: Meters, first: str | None, count: int = 55, every: int = 1) -> list[int]:
    """Rows of the weekly origins that have four weeks before and a week after."""
    start = 26 * WEEK if first is None else int((pd.Timestamp(first) - pd.Timestamp(0)).days) - meters.first_day
    rows = [start + WEEK * week for week in range(0, count, every)]
    return [row for row in rows if 4 * WEEK <= row <= meters.energy_kwh.shape[1] - WEEK]


def day_origins(meters: Meters, first: str | None) -> list[int]:
    """Rows of the day-ahead origins, of as many weekdays as there are."""
    start = week_origins(meters, first, count=1)[0]
    rows = [start + 16 + DAY_STEP * number for number in range(DAY_ORIGINS)]
    return [row for row in rows if row < meters.energy_kwh.shape[1]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the protocol."""
    asked = _arguments(arguments)
    meters = read_meters(asked.data, asked.country)
    first = asked.first or (CAMBRIDGE if "cambridge" in str(asked.data).lower() else None)
    chosen = np.unique(np.linspace(0, len(meters.names) - 1, asked.meters or len(meters.names)).astype(int)).tolist()
    runs = {
        WEEK_AHEAD: week_origins(meters, first, every=asked.every),
        DAY_AHEAD: day_origins(meters, first),
    }
    weathers = [True, False] if meters.temperature_c is not None else [False]
    with single_threaded(), ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
        for with_temperature in weathers:
            for horizon, origins in runs.items():
                work = partial(
                    cases_of, meters=meters, origins=origins, horizon=horizon, with_temperature=with_temperature
                )
                heading = f"{horizon * 24} h ahead, {'with' if with_temperature else 'without'} temperature"
                cases = []
                for number, found in enumerate(pool.map(work, chosen), start=1):
                    cases += found
                    sys.stderr.write(f"{heading}: {number} of {len(chosen)} meters, {len(cases)} cases\n")
                sys.stdout.write("\n".join([heading, *report(cases), ""]) + "\n")
                sys.stdout.flush()


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How wrong forecasts are; the protocol stands in the module.")
    parser.add_argument("--data", type=Path, required=True, help="folder or wide file")
    parser.add_argument("--meters", type=int, default=14, help="how many, at even distances; 0: all")
    parser.add_argument("--first", help="first origin, YYYY-MM-DD")
    parser.add_argument("--every", type=int, default=1, help="take each n-th of the 55 weekly origins")
    parser.add_argument("--country", default="GB-ENG", help="whose holidays")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
