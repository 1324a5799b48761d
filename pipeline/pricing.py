"""What hyperwatt.toml says of money and carbon: `[[tariff]]` and `[carbon]`, refused in one line where it cannot be.

[[tariff]]
name = "day and night"                # as the register has it for a meter
currency = "GBP"
standing_charge = 0.55                # for each local day with data
feed_in_price = 0.15                  # paid for each kWh of the channel `received`
from = 2025-04-01                     # the same name once more, for later prices
default = true                        # of meters that the register gives no tariff

[[tariff.rate]]                       # the first that matches holds; the last one holds where no other does
name = "peak"
price = 0.42
hours = [16, 19]                      # half-open, on the site's wall clock; [22, 6] and ["00:30", "07:30"] too
days = "weekdays"                     # a public holiday is none; also: all, "weekends and holidays",
months = [11, 12, 1, 2]               # "monday to friday", weekends

[[tariff.rate]]
name = "day"
price = 0.27

[carbon]
average_kg_per_kwh = 0.177            # or by year: average_kg_per_kwh = { 2024 = 0.20705, 2025 = 0.177 }
file = "carbon.csv"                   # beside this file; without an average its own mean of each year is taken
"""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.clock import check_timezone
from pipeline.emission_factors import DIRTIEST, Carbon, file_bytes
from pipeline.errors import SettingsError
from pipeline.tariffs import (
    DAYS,
    FEED_IN,
    KINDS,
    MONTHS,
    SLOT,
    SLOTS,
    STANDING,
    Rate,
    Tariff,
    calendar_of,
)

TARIFF_SETTINGS = ("name", "currency", "rate", "standing_charge", "feed_in_price", "from", "default")
RATE_SETTINGS = ("name", "price", "hours", "days", "months")
CARBON_SETTINGS = ("average_kg_per_kwh", "file", "timezone")


@dataclass(frozen=True)
class Pricing:
    """What energy is multiplied by.

    Attributes
    ----------
    tariffs : tuple of Tariff
        Those of a name together, in order of time.
    carbon : Carbon or None
    """

    tariffs: tuple[Tariff, ...] = ()
    carbon: Carbon | None = None

    @property
    def is_set(self) -> bool:
        """True when there is anything to work out."""
        return bool(self.tariffs or self.carbon)

    def is_factors(self, path: Path) -> bool:
        """Tell whether a file is that of factors, which is no meter file though it may lie among them."""
        factors = self.carbon.file if self.carbon else None
        return factors is not None and path.absolute() == factors.absolute()

    def fingerprint(self) -> str:
        """Give a text that is another one when prices, factors or the bytes of their file change.

        Raises
        ------
        SettingsError
            When the file of factors cannot be read.
        """
        said = repr((self.tariffs, self.carbon and (self.carbon.average, self.carbon.timezone))).encode()
        factors = file_bytes(self.carbon.file) if self.carbon and self.carbon.file else b""
        return hashlib.sha256(said + factors).hexdigest()[:16]


NO_PRICES = Pricing()


def read_pricing(said: Mapping[str, Any], folder: Path) -> Pricing:
    """Make pricing of what the settings file says; files are looked for beside it, in `folder`.

    Raises
    ------
    SettingsError
        As for `read_tariffs` and `read_carbon`.
    """
    return Pricing(read_tariffs(said.get("tariff", [])), read_carbon(said.get("carbon"), folder))


def read_carbon(said: Any, folder: Path) -> Carbon | None:
    """Make carbon settings of what `[carbon]` says.

    Raises
    ------
    SettingsError
        An unknown setting, a factor that cannot be in kg/kWh, neither a factor nor a file.
    """
    if said is None:
        return None
    _check_names(said, CARBON_SETTINGS, "[carbon]")
    average, file, timezone = (said.get(name) for name in CARBON_SETTINGS)
    if average is None and file is None:
        raise SettingsError("[carbon] has no factor -> average_kg_per_kwh, file, or both")
    if not isinstance(file, str | None):
        raise SettingsError(f'[carbon]: file = {file!r} is no path -> file = "carbon.csv"')
    if timezone is not None:
        check_timezone(str(timezone))
    path = None if file is None else folder / file
    if not isinstance(average, Mapping):
        return Carbon(None if average is None else _factor(said, "average_kg_per_kwh"), path, timezone)
    if not average or not all(re.fullmatch(r"[12]\d{3}", year) for year in average):
        raise SettingsError(f"[carbon]: average_kg_per_kwh = {dict(average)} -> {{ 2024 = 0.207, 2025 = 0.177 }}")
    return Carbon(tuple(sorted((int(year), _factor(average, year)) for year in average)), path, timezone)


def _factor(said: Mapping[str, Any], name: str) -> float:
    factor = _number(said, name, "[carbon]")
    if not 0 <= factor <= DIRTIEST:
        raise SettingsError(f"[carbon]: {name} = {factor:g} is not in kg/kWh -> divide grams by 1000")
    return factor


def read_tariffs(said: Any) -> tuple[Tariff, ...]:
    """Make tariffs of what `[[tariff]]` says, those of a name in order of time.

    Raises
    ------
    SettingsError
        An unknown or missing setting, a value that cannot be, a time that no rate matches, two tariffs of the same name
        that hold from the same day, two defaults.
    """
    if not isinstance(said, list):
        raise SettingsError("tariff is no list of tables -> [[tariff]], in two brackets")
    found = [_tariff(one, number) for number, one in enumerate(said, start=1)]
    keys = [(one.name, one.since) for one in found]
    if twice := [name for name, since in keys if keys.count((name, since)) > 1]:
        raise SettingsError(
            f"[[tariff]] {twice[0]!r} is there twice for the same time -> say from when: from = 2025-04-01"
        )
    defaults = sorted({one.name for one in found if one.is_default})
    if len(defaults) > 1:
        raise SettingsError(f"[[tariff]]: {' and '.join(map(repr, defaults))} are both the default -> keep one")
    return tuple(sorted(found, key=lambda one: (one.name, one.since or date.min)))


def _tariff(said: Any, number: int) -> Tariff:
    where = f"[[tariff]] number {number}"
    _check_names(said, TARIFF_SETTINGS, where)
    name = said.get("name")
    if not isinstance(name, str) or not name:
        raise SettingsError(f"{where} has no name -> that which the register has for its meters")
    where = f"[[tariff]] {name!r}"
    own = said.get("rate")
    if not isinstance(own, list) or not own:
        raise SettingsError(f"{where} has no prices -> [[tariff.rate]] with name and price")
    rates = tuple(_rate(rate, f"{where}, rate number {position}") for position, rate in enumerate(own, start=1))
    _check_whole(rates, where)
    standing, fed_in = (_number(said, key, where) if key in said else None for key in TARIFF_SETTINGS[3:5])
    return Tariff(name, _currency(said, where), rates, standing, fed_in, _since(said, where), _is_default(said, where))


def _currency(said: Mapping[str, Any], where: str) -> str:
    currency = said.get("currency")
    if not isinstance(currency, str) or not re.fullmatch("[A-Z]{3}", currency):
        raise SettingsError(f"{where}: currency = {currency!r} -> three capitals of ISO 4217, such as EUR")
    return currency


def _since(said: Mapping[str, Any], where: str) -> date | None:
    since = said.get("from")
    if since is not None and (not isinstance(since, date) or isinstance(since, datetime)):
        raise SettingsError(f"{where}: from = {since!r} is no day -> from = 2025-04-01")
    return since


def _is_default(said: Mapping[str, Any], where: str) -> bool:
    is_default = said.get("default", False)
    if not isinstance(is_default, bool):
        raise SettingsError(f"{where}: default = {is_default!r} -> true or false")
    return is_default


def _rate(said: Any, where: str) -> Rate:
    _check_names(said, RATE_SETTINGS, where)
    name, days, months = said.get("name"), said.get("days", "all"), said.get("months", list(MONTHS))
    if not isinstance(name, str) or not name or name in (STANDING, FEED_IN):
        raise SettingsError(f'{where}: name = {name!r} -> a band such as "peak", not {STANDING!r} or {FEED_IN!r}')
    if not isinstance(days, str) or days not in DAYS:
        raise SettingsError(f"{where}: days = {days!r} -> one of {', '.join(map(repr, DAYS))}")
    if not isinstance(months, list) or not months or not all(month in MONTHS for month in months):
        raise SettingsError(f"{where}: months = {months!r} -> a list of 1 to 12")
    return Rate(
        name, _number(said, "price", where), _hours(said.get("hours", [0, 24]), where), DAYS[days], tuple(months)
    )


def _hours(said: Any, where: str) -> tuple[int, int]:
    """Quarters of an hour of `[16, 19]`, `[22, 6]` or `["00:30", "07:30"]`."""
    slots = [_slot(one) for one in said] if isinstance(said, list) else []
    first, end = slots if len(slots) == 2 else (None, None)
    if first is None or end is None or first in (end, SLOTS):
        raise SettingsError(
            f"{where}: hours = {said!r} -> two times of day on quarters of an hour that differ: [16, 19] or "
            '["00:30", "07:30"]; across midnight: [22, 6]'
        )
    return first, end


def _slot(said: Any) -> int | None:
    if isinstance(said, str) and re.fullmatch(r"\d\d?:\d\d", said):
        hours, minutes = said.split(":")
        said = int(hours) + int(minutes) / 60 if int(minutes) < 60 else None
    if isinstance(said, bool) or not isinstance(said, int | float):
        return None
    slot = said * 3600 / SLOT
    return int(slot) if 0 <= slot <= SLOTS and slot == int(slot) else None


def _check_whole(rates: Sequence[Rate], where: str) -> None:
    """Refuse a tariff that leaves a time without a price."""
    months, kinds, slots = np.nonzero(calendar_of(rates) < 0)
    if len(slots):
        time = f"{slots[0] // 4:02}:{slots[0] % 4 * 15:02}"
        raise SettingsError(
            f"{where} has no price for {KINDS[kinds[0]]} at {time} in month {months[0] + 1} -> end with a "
            "[[tariff.rate]] without hours, days and months: it holds where no other does"
        )


def _check_names(said: Any, known: Sequence[str], where: str) -> None:
    if not isinstance(said, Mapping):
        raise SettingsError(f"{where} is no table -> known settings: {', '.join(known)}")
    if unknown := sorted(set(said) - set(known)):
        raise SettingsError(f"{where}: unknown setting {unknown[0]!r} -> known: {', '.join(known)}")


def _number(said: Mapping[str, Any], name: str, where: str) -> float:
    value = said.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise SettingsError(f"{where}: {name} = {value!r} is no number -> {name} = 0.25")
    return float(value)
