"""What a dialect is made of: an invented load, rows written as a publisher writes them, and what must come out."""

import inspect
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Truth:
    """One channel that must come out: where it begins and ends (UTC), how many readings, how long, how much energy."""

    meter_id: str
    channel: str
    first: str
    last: str
    readings: int
    minutes: int
    kwh: float


@dataclass(frozen=True)
class Dialect:
    """A file as a publisher writes it, the options that a reasonable user gives, and what must come of it.

    Attributes
    ----------
    file : str
        Its name, which names the meter where nothing else does.
    content : bytes
    truths : tuple of Truth
        Channels, in any order; none when the file must be refused.
    options : dict
        Of `load_settings`.
    refusal : str
        A part of the sentence that refuses the file.
    findings : tuple of str
        Rules that must speak.
    """

    file: str
    content: bytes
    truths: tuple[Truth, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    refusal: str = ""
    findings: tuple[str, ...] = ()


def dialects_of(module: ModuleType) -> dict[str, Callable[[], Dialect]]:
    """Give what makes the dialects of a module, by name: its functions that need nothing and give one."""
    found = {}
    for name, function in inspect.getmembers(module, inspect.isfunction):
        signature = inspect.signature(function)
        if signature.return_annotation is Dialect and not signature.parameters:
            found[f"{module.__name__.rsplit('.', 1)[-1]}.{name}"] = function
    return found


def load(
    start: str = "2023-01-09",
    days: int = 4,
    minutes: int = 30,
    zone: str = "Europe/London",
    *,
    kw: float = 0.8,
    digits: int = 3,
) -> pd.Series:
    """Invent the energy of a household for some local days. [kWh], by local start"""
    begin = pd.Timestamp(start, tz=zone)
    ends = (begin, begin + pd.DateOffset(days=days))
    when = pd.date_range(*(end.tz_convert("UTC") for end in ends), freq=f"{minutes}min", inclusive="left")
    wall = when.tz_convert(zone)
    hour = wall.hour.to_numpy() + wall.minute.to_numpy() / 60
    generator = np.random.default_rng(zlib.crc32(f"{start}{days}{minutes}{zone}{kw}".encode()))
    shape = 0.4 + 0.9 * np.exp(-(((hour - 19) / 2.5) ** 2)) + 0.3 * np.exp(-(((hour - 8) / 1.5) ** 2))
    power = kw * shape * generator.lognormal(0, 0.15, len(wall))
    return pd.Series((power * minutes / 60).round(digits), index=wall)


def sun(like: pd.Series, kw: float = 3.0, digits: int = 3) -> pd.Series:
    """Invent what a roof feeds in beside a load: nothing at night."""
    hour = like.index.hour.to_numpy() + like.index.minute.to_numpy() / 60
    generator = np.random.default_rng(len(like))
    height = np.clip(np.cos((hour - 12.5) / 5 * np.pi / 2), 0, None) * (np.abs(hour - 12.5) < 5)
    energy = kw * height * generator.uniform(0.4, 1.0, len(like)) * step(like) / 60
    return pd.Series(energy.round(digits), index=like.index)


def step(series: pd.Series) -> int:
    """Length of a series' intervals. [min]"""
    return int((series.index[1] - series.index[0]).total_seconds() // 60)


def truth(
    meter_id: str, series: pd.Series, channel: str = "delivered", *, factor: float = 1.0, minutes: int | None = None
) -> Truth:
    """What must come of a series; `factor` brings its values to kWh, 1440 `minutes` are a local day."""
    known = series.dropna()
    ends = (str(known.index[end].tz_convert("UTC"))[:16] for end in (0, -1))
    return Truth(
        meter_id, channel, *ends, len(known), step(series) if minutes is None else minutes, float(known.sum()) * factor
    )


def mean_kw(series: pd.Series, digits: int = 3) -> pd.Series:
    """The mean power of each interval. [kW]"""
    return (series * 60 / step(series)).round(digits)


def register(series: pd.Series, begin: float = 12345.6, digits: int = 3) -> pd.Series:
    """What an ever-growing register shows at the end of each interval, and first at the start of the first."""
    reads = np.round(begin + np.append(0.0, series.cumsum()), digits)
    return pd.Series(reads, index=series.index.append(series.index[-1:] + pd.Timedelta(minutes=step(series))))


def rows(series: pd.Series, row: str, *, newest_first: bool = False) -> str:
    """Write a line for each reading.

    `row` is a format of `s`, `e` and `m` (start, end, end less a minute, all on the local clock), `v` (the value),
    `c` (the value with a decimal comma) and `n` (counted from 0).
    """
    length = pd.Timedelta(minutes=step(series))
    lines = []
    for number, (start, value) in enumerate(series.items()):
        end = (start.tz_convert("UTC") + length).tz_convert(start.tz)
        text = "" if pd.isna(value) else f"{value:.10g}"
        last = end - pd.Timedelta(minutes=1)
        lines.append(row.format(s=start, e=end, m=last, v=text, c=text.replace(".", ","), n=number) + "\n")
    return "".join(reversed(lines) if newest_first else lines)


def wide(columns: dict[str, pd.Series], stamp: str, names: str, *, delimiter: str = ",") -> str:
    """Write a column for each series; `names` is what stands above the stamps."""
    frame = pd.DataFrame(columns)
    head = delimiter.join([names, *columns])
    lines = (
        delimiter.join([stamp.format(s=start), *("" if pd.isna(each) else f"{each:.10g}" for each in values)])
        for start, values in zip(frame.index, frame.to_numpy(), strict=True)
    )
    return "\n".join([head, *lines]) + "\n"


def day_rows(
    series: pd.Series, date: str, *, delimiter: str = ",", tail: Callable[[pd.Series], str] | None = None
) -> str:
    """Write a line for each local day; `date` is a format of `s`, `tail` gives what stands behind the cells."""
    lines = []
    for _, day in series.groupby(series.index.date):
        cells = [date.format(s=day.index[0]), *(f"{each:.10g}" for each in day)]
        lines.append(delimiter.join([*cells, *([tail(day)] if tail else [])]))
    return "\n".join(lines) + "\n"


def clocks(minutes: int, ends: bool = False) -> Iterable[str]:
    """Give the times of day that name a day's cells: 00:00 … 23:30, or 00:30 … 24:00."""
    first = minutes if ends else 0
    return (f"{at // 60:02d}:{at % 60:02d}" for at in range(first, first + 1440, minutes))
