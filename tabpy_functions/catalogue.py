"""Every function that Tableau can call: what it is deployed as, and a call with a known answer that proves it works."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tabpy_functions import VERSION
from tabpy_functions.anomalies import detect_anomalies
from tabpy_functions.carbon import carbon
from tabpy_functions.expected import expected_use
from tabpy_functions.forecasts import forecast, forecast_arima, forecast_peak_demand, forecast_prophet
from tabpy_functions.lookup import lookup_forecast
from tabpy_functions.scenario import policy_scenario


@dataclass(frozen=True)
class Published:
    """A function to deploy.

    Attributes
    ----------
    call : callable
        Takes lists as Tableau sends them.
    description : str
        What it does and what it takes, for Tableau's list of functions. ASCII, no percent sign.
    golden : tuple
        Arguments of a call whose answer is known.
    wrong : callable
        Answer of that call -> what is wrong with it in a few words, or "" when it is right.
    """

    call: Callable[..., Any]
    description: str
    golden: tuple[Any, ...]
    wrong: Callable[[Any], str]


def hyperwatt_version() -> str:
    """Tell the version of the functions that this server has."""
    return VERSION


def equal_to(expected: Any) -> Callable[[Any], str]:
    """Judge an answer that must be exactly this."""
    return lambda answer: "" if answer == expected else f"answered {str(answer)[:60]}, not {str(expected)[:60]}"


def near(expected: Sequence[float | None], share: float) -> Callable[[Any], str]:
    """Judge a list of numbers, each of which may be off by a share of what is expected; None is not looked at."""

    def wrong(answer: Any) -> str:
        if not isinstance(answer, list) or len(answer) != len(expected):
            return f"answered {str(answer)[:60]}, not a list of {len(expected)}"
        for row, (said, right) in enumerate(zip(answer, expected, strict=True)):
            if right is not None and not (isinstance(said, float) and abs(said - right) <= share * abs(right)):
                return f"answered {said} in row {row}, not {right:g} give or take {share:g} of it"
        return ""

    return wrong


# A meter that repeats its week for half a year, with two weeks to come: whatever a model is, it must see that.
WEEK_KWH = (100.0, 110.0, 120.0, 110.0, 100.0, 60.0, 50.0)
KNOWN_DAYS, ALL_DAYS = 182, 196
DATES = [(date(2024, 1, 1) + timedelta(days=day)).isoformat() for day in range(ALL_DAYS)]
TRUE_KWH = [WEEK_KWH[day % 7] for day in range(ALL_DAYS)]
ENERGY_KWH = [*TRUE_KWH[:KNOWN_DAYS], *[None] * (ALL_DAYS - KNOWN_DAYS)]

ODD_DAY = 100
"""On which five times the energy was used, in a half-year that else varies by one part in twenty."""
VARIED_KWH = [one * (0.95 + 0.1 * (day * 7919 % 101) / 100) for day, one in enumerate(TRUE_KWH[:KNOWN_DAYS])]
ODD_KWH = [5 * one if day == ODD_DAY else one for day, one in enumerate(VARIED_KWH)]

# The same for ten weeks of hours: a day's use lies between 8 and 18 o'clock.
HOUR_DAYS, HOUR_KNOWN_DAYS = 70, 63
HOURS = [f"{DATES[day]} {hour:02d}:00:00" for day in range(HOUR_DAYS) for hour in range(24)]
HOUR_KWH = [
    WEEK_KWH[day % 7] * (0.09 if 8 <= hour < 18 else 0.1 / 14) for day in range(HOUR_DAYS) for hour in range(24)
]
HOUR_KNOWN_KWH = [*HOUR_KWH[: HOUR_KNOWN_DAYS * 24], *[None] * ((HOUR_DAYS - HOUR_KNOWN_DAYS) * 24)]
PEAK_KW = [0.09 * WEEK_KWH[day % 7] if day >= HOUR_KNOWN_DAYS else None for day in range(HOUR_DAYS) for _ in range(24)]

AHEAD = [None if day < KNOWN_DAYS else one for day, one in enumerate(TRUE_KWH)]
HOW = "Dates, energy [kWh], then optional: country, temperature [C], what (forecast_kwh, lower_kwh, upper_kwh), share."

FUNCTIONS: dict[str, Published] = {
    "forecast": Published(
        forecast,
        f"Forecast of future rows [kWh] by the models that did best on this meter's past. {HOW}",
        (DATES, ENERGY_KWH),
        near(AHEAD, 0.1),
    ),
    "forecast_prophet": Published(
        forecast_prophet, f"Forecast of future rows [kWh] by Prophet. {HOW}", (DATES, ENERGY_KWH), near(AHEAD, 0.1)
    ),
    "forecast_arima": Published(
        forecast_arima, f"Forecast of future rows [kWh] by ARIMA. {HOW}", (DATES, ENERGY_KWH), near(AHEAD, 0.1)
    ),
    "forecast_peak_demand": Published(
        forecast_peak_demand,
        "Highest demand [kW] of each future day. Times, energy [kWh], then optional: country, temperature [C].",
        (HOURS, HOUR_KNOWN_KWH),
        near(PEAK_KW, 0.1),
    ),
    "hyperwatt_version": Published(
        hyperwatt_version, "Version of the hyperwatt functions on this server.", (), equal_to(VERSION)
    ),
    "expected_use": Published(
        expected_use,
        "Energy that would have been expected [kWh]. Dates, energy [kWh], then optional: country, temperature [C].",
        (DATES, ENERGY_KWH),
        near(TRUE_KWH, 0.05),
    ),
    "detect_anomalies": Published(
        detect_anomalies,
        "How unusual each day was, -1 to 1. Dates, energy [kWh], then optional: country, temperature [C], alerts a "
        "month, what to answer (score, direction, over_kwh, expected_kwh).",
        (
            DATES[:KNOWN_DAYS],
            ODD_KWH,
            None,
            None,
            1.0,
            "over_kwh",
        ),
        near([4 * one if day == ODD_DAY else None for day, one in enumerate(TRUE_KWH[:KNOWN_DAYS])], 0.1),
    ),
    "policy_scenario": Published(
        policy_scenario,
        "Energy, peak, cost or carbon under a policy. Dates, energy [kWh], then optional: share saved, share moved out "
        "of the peak, cars, heat pumps, panels [kW], what to answer (kwh, export_kwh, saved_kwh, peak_kw, cost, "
        "co2_kg), price, export price, country, factor [kg/kWh], temperature [C].",
        (DATES[:7], list(WEEK_KWH), 0.1),
        near([0.9 * one for one in WEEK_KWH], 1e-9),
    ),
    "carbon": Published(
        carbon,
        "Carbon [kg CO2e]. Dates, energy [kWh], then optional: country, factor of each row [kg/kWh], what to answer "
        "(kg, flat_kg, factor).",
        (DATES[:3], [100.0, 200.0, None], "GB", [0.2, 0.1, 0.3]),
        equal_to([20.0, 20.0, None]),
    ),
    "lookup_forecast": Published(
        lookup_forecast,
        "The forecast that was computed last [kWh]. Meter, channel, dates, then optional: what (forecast_kwh, "
        "lower_kwh, upper_kwh), grain (hour, day).",
        (["no such meter"], ["delivered"], [DATES[0]]),
        equal_to([None]),
    ),
}
"""Name in Tableau -> the function."""
