"""What if: efficiency, load shifted to the night, electric cars, heat pumps, solar panels. Arrays in, arrays out.

Measures act in this order: efficiency, shift, cars and heat pumps, solar. A shift conserves the energy of a local day.
Profiles are plain shapes whose yearly totals are the defaults below; each is a setting, to be replaced by a site's own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tabpy_functions.answering import Answer, answers
from tabpy_functions.carbon import factors
from tabpy_functions.days import Days
from tabpy_functions.inputs import InputError, Rows, as_list, number, numbers, read_rows, text
from tabpy_functions.stamps import local_seconds

Floats = NDArray[np.float64]

HEATING_DEGREES = 5.75
"""Mean and amplitude of a year's heating degrees where no temperature is given, coldest on 25 January: 2,100 degree
days to base 15.5 C a year, about what the UK has (working value, not measured). [K]"""


@dataclass(frozen=True)
class Policy:
    """The measures of a scenario.

    Attributes
    ----------
    efficiency_share : float
        Part of all use that is saved.
    shift_share : float
        Part of the use in the peak hours that moves to the cheap hours of the same local day.
    ev_count, heat_pump_count : float
        Cars and households' heat pumps that are added.
    solar_kwp : float
        Panels' rated power. [kW]
    peak_hours, cheap_hours : tuple of float
        From and to on the wall clock: 16 to 19 is the winter peak of British tariffs, 0 to 7 the seven hours of Economy
        7 (both chosen). [h]
    ev_hours : tuple of float
        When cars charge, evenly: from 18 on when nobody manages it (chosen). May pass midnight. [h]
    ev_kwh_per_day : float
        One car: 7,400 miles a year at 0.3 kWh a mile (working values, of the order of the British travel survey). [kWh]
    heat_pump_kwh_per_year : float
        One household: 11,500 kWh of gas a year, Ofgem's medium use, burnt at 0.85, by a pump of factor 2.8 (working
        values). Spread over days by degrees below 15.5 C, evenly over the hours of a day. [kWh]
    solar_kwh_per_kwp : float
        A year's yield of a kW of panels in England (working value). [kWh/kW]
    latitude : float
        For the length of days. [degrees north]
    """

    efficiency_share: float = 0.0
    shift_share: float = 0.0
    ev_count: float = 0.0
    heat_pump_count: float = 0.0
    solar_kwp: float = 0.0
    peak_hours: tuple[float, float] = (16.0, 19.0)
    cheap_hours: tuple[float, float] = (0.0, 7.0)
    ev_hours: tuple[float, float] = (18.0, 24.0)
    ev_kwh_per_day: float = 7400 * 0.3 / 365
    heat_pump_kwh_per_year: float = 11_500 * 0.85 / 2.8
    solar_kwh_per_kwp: float = 950.0
    latitude: float = 52.0


@dataclass(frozen=True)
class Outcome:
    """What a scenario makes of a channel.

    Attributes
    ----------
    import_kwh, export_kwh : array of float64, shape (days, slots)
        Taken from the grid, and given to it where panels yield more than is used; NaN where use is not known. [kWh]
    peak_kw : array of float64, shape (days,)
        Largest mean power of a slot of each day; NaN where nothing is known. [kW]
    """

    import_kwh: Floats
    export_kwh: Floats
    peak_kw: Floats


def apply_policy(days: Days, policy: Policy) -> Outcome:
    """Apply the measures of a policy to what a channel used.

    Parameters
    ----------
    days : Days
        Delivered energy. Temperatures, where there are any, place the use of heat pumps.
    policy : Policy

    Returns
    -------
    Outcome
    """
    use = days.energy_kwh * (1 - policy.efficiency_share)
    use = shift_load(use, policy.shift_share, policy.peak_hours, policy.cheap_hours)
    use = use + policy.ev_count * policy.ev_kwh_per_day * share_of_hours(policy.ev_hours, days.slots)
    use = use + policy.heat_pump_count * policy.heat_pump_kwh_per_year * heating_profile(days)
    net = use - policy.solar_kwp * policy.solar_kwh_per_kwp * solar_profile(days, policy.latitude)
    taken, given = (np.where(np.isfinite(net), np.maximum(one, 0), np.nan) for one in (net, -net))
    if policy.solar_kwp == 0:  # a channel that already gives back keeps what it has
        taken, given = net, np.zeros_like(net) + np.where(np.isfinite(net), 0, np.nan)
    power = np.where(np.isfinite(taken), taken, -np.inf).max(axis=1) * days.slots / 24
    return Outcome(taken, given, np.where(np.isfinite(power), power, np.nan))


def share_of_hours(hours: tuple[float, float], slots: int) -> Floats:
    """Spread 1 evenly over hours of a day.

    Parameters
    ----------
    hours : tuple of float
        From and to; a "to" before the "from" is of the next day, and wraps. Nothing between them is the whole day. [h]
    slots : int
        A slot that lies partly in the hours has that part.

    Returns
    -------
    array of float64, shape (slots,)
        Sums to 1.
    """
    begin, end = (hour % 24 for hour in hours)
    spans = [(begin, end)] if begin < end else [(begin, 24.0), (0.0, end)]
    edges = np.arange(slots + 1) * 24 / slots
    parts = [np.clip(np.minimum(edges[1:], last) - np.maximum(edges[:-1], first), 0, None) for first, last in spans]
    return np.asarray(sum(parts) / sum(last - first for first, last in spans))


def shift_load(use: Floats, share: float, peak_hours: tuple[float, float], cheap_hours: tuple[float, float]) -> Floats:
    """Move a part of the use in the peak hours to the cheap hours of the same day, evenly; each day keeps its energy.

    Parameters
    ----------
    use : array of float64, shape (days, slots)
        Where a cheap cell is not known its part goes to the others; a day that knows none shifts nothing. [kWh]
    share : float
    peak_hours, cheap_hours : tuple of float
        [h]
    """
    slots = use.shape[1]
    if slots == 1:
        return use.copy()
    is_peak, cheap = share_of_hours(peak_hours, slots) > 0, share_of_hours(cheap_hours, slots)
    room = np.where(np.isfinite(use) & ~is_peak, cheap, 0)
    moved = np.where(np.isfinite(use) & is_peak & (use > 0), use * share, 0)
    moved[room.sum(axis=1) == 0] = 0
    total = np.maximum(room.sum(axis=1, keepdims=True), 1e-12)
    return np.asarray(use - moved + moved.sum(axis=1, keepdims=True) * room / total)


def heating_profile(days: Days) -> Floats:
    """Spread a year's heating over cells, by the degrees that each day lacks to 15.5 C.

    Returns
    -------
    array of float64, shape (days, slots)
        A year of usual weather sums to 1; a cold one to more.
    """
    angle = 2 * np.pi * (_day_of_year(days) - 24) / 365.25
    degrees = HEATING_DEGREES * (1 + np.cos(angle))
    if days.temperature_c is not None:
        known = np.isfinite(days.temperature_c)
        mean = np.where(known, days.temperature_c, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        degrees = np.where(known.any(axis=1), np.maximum(0, 15.5 - mean), degrees)
    return np.repeat(degrees[:, None] / (HEATING_DEGREES * 365.25) / days.slots, days.slots, axis=1)


def solar_profile(days: Days, latitude: float) -> Floats:
    """Spread a year's yield of level panels over cells by the height of the sun; clouds are as many all year.

    Parameters
    ----------
    days : Days
        The wall clock counts as solar time.
    latitude : float
        [degrees north]

    Returns
    -------
    array of float64, shape (days, slots)
        A year sums to 1.
    """
    year = _sun_height(np.arange(365.25), days.slots, latitude).sum()
    return np.asarray(_sun_height(_day_of_year(days), days.slots, latitude) / max(year, 1e-9))


def _sun_height(day_of_year: Floats, slots: int, latitude: float) -> Floats:
    """Sine of the sun's height, mean over each slot, 0 at night (declination by Cooper 1969); shape (days, slots)."""
    declination = np.radians(23.45) * np.sin(2 * np.pi * (284 + day_of_year + 1) / 365)[:, None]
    fine = slots * -(-96 // slots)  # quarter-hours, or parts of a slot that are no longer
    hour_angle = 2 * np.pi * ((np.arange(fine) + 0.5) / fine - 0.5)
    north = np.radians(latitude)
    height = np.sin(north) * np.sin(declination) + np.cos(north) * np.cos(declination) * np.cos(hour_angle)
    return np.asarray(np.maximum(0, height).reshape(len(day_of_year), slots, -1).sum(axis=2) / fine)


def _day_of_year(days: Days) -> Floats:
    dates = (days.first_day + np.arange(len(days.energy_kwh))).astype("M8[D]")
    return np.asarray((dates - dates.astype("M8[Y]")).astype(np.float64))


WHAT = ("kwh", "export_kwh", "saved_kwh", "peak_kw", "cost", "co2_kg")


@answers
def policy_scenario(  # noqa: PLR0913, PLR0917 - what Tableau sends, by position
    dates: list[object],
    energy_kwh: list[object],
    efficiency_share: object = 0.0,
    shift_share: object = 0.0,
    ev_count: object = 0.0,
    heat_pump_count: object = 0.0,
    solar_kwp: object = 0.0,
    what: object = "kwh",
    price_per_kwh: object = 0.25,
    export_price_per_kwh: object = 0.0,
    country: object = "GB",
    factor_kg_per_kwh: object = None,
    temperature_c: object = None,
) -> Answer:
    """What each interval would use, cost and emit under a policy.

    Parameters
    ----------
    dates, energy_kwh : list
        Hours or parts of hours; of days and longer, a shift and the hours of panels cannot be told. [kWh]
    efficiency_share, shift_share : float
        0 to 1: of all use saved; of the use from 16 to 19 moved to 0 to 7 of the same day.
    ev_count, heat_pump_count, solar_kwp : float
        Cars, heat pumps and panels that are added. [-, -, kW]
    what : str, default "kwh"
        "kwh": taken from the grid. "export_kwh": given to it. "saved_kwh": taken before less taken now. "peak_kw":
        largest mean power of the row's day (MAX over any time is the peak of that time). "cost": taken times price less
        given times its price. "co2_kg": taken times the average factor; what is given earns none.
    price_per_kwh, export_price_per_kwh : list or float
        Flat, or of each row. [currency/kWh; 0.25 is only a start]
    country, factor_kg_per_kwh : as for `carbon`
        [kg CO2e/kWh]
    temperature_c : list, optional
        Outside air, which places the use of heat pumps. [degrees Celsius]

    Returns
    -------
    list of float or None
        None where use is not known.
    """
    wanted = text(what, "kwh", WHAT) or "kwh"
    rows = read_rows(dates, energy_kwh, temperature_c=temperature_c)
    policy = Policy(
        efficiency_share=number(efficiency_share, 0.0, 0.0, 1.0),
        shift_share=number(shift_share, 0.0, 0.0, 1.0),
        ev_count=number(ev_count, 0.0, 0.0, 1e9),
        heat_pump_count=number(heat_pump_count, 0.0, 0.0, 1e9),
        solar_kwp=number(solar_kwp, 0.0, 0.0, 1e9),
    )
    outcome = apply_policy(rows.days, policy)
    said = rows.notes
    if rows.days.slots == 1 and (policy.shift_share > 0 or policy.solar_kwp > 0):
        said += ("rows are days or longer: a shift changes nothing, and panels are set against the whole day",)
    if wanted == "peak_kw":
        return Answer(_peaks(rows, outcome), said)
    taken, given = rows.answer(outcome.import_kwh), rows.answer(outcome.export_kwh)
    if wanted == "cost":
        price, export_price = (_column(one, len(taken)) for one in (price_per_kwh, export_price_per_kwh))
        return Answer(taken * price - given * export_price, said)
    if wanted == "co2_kg":
        factor, notes = factors(country, factor_kg_per_kwh, local_seconds(as_list(dates)))
        return Answer(taken * factor, said + notes)
    values = {"kwh": taken, "export_kwh": given, "saved_kwh": rows.answer(rows.days.energy_kwh) - taken}
    return Answer(values[wanted], said)


def _peaks(rows: Rows, outcome: Outcome) -> Floats:
    """Largest power of the days of each row, where the row itself is known."""
    if rows.grain not in ("interval", "day"):
        raise InputError("a peak needs days or parts of days")
    slots = rows.days.slots
    day = np.where(rows.span > 0, rows.first // slots, 0)
    return np.where(np.isfinite(rows.answer(outcome.import_kwh)), outcome.peak_kw[day], np.nan)


def _column(given: object, rows: int) -> Floats:
    values = numbers(given, rows)
    if not np.isfinite(values).any():
        raise InputError("a cost needs a price")
    return values
