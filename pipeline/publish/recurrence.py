"""How often a site refreshes an extract by itself: the recurrence of a task on Tableau Cloud, as it is declared."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from pipeline.errors import SettingsError

WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTH = (*map(str, range(1, 32)), "LastDay")
FREQUENCIES = ("Hourly", "Daily", "Weekly", "Monthly")
EXAMPLE = 'schedule = { frequency = "Daily", start = "06:00" }'
STEP = 5
"""Of a start: Tableau Cloud takes no finer one (Tableau's Migration SDK, `CloudScheduleValidator`). [minutes]"""


@dataclass(frozen=True)
class Recurrence:
    """When a task runs, in the time zone of the site.

    Attributes
    ----------
    frequency : str
        "Hourly", "Daily", "Weekly" or "Monthly".
    start : time
        Of the first run of a day.
    end : time or None
        Of the last one, when it runs hourly.
    days : frozenset of str
        Of the week, or of the month: "1" to "31" and "LastDay".
    """

    frequency: str
    start: time
    end: time | None
    days: frozenset[str]

    def __str__(self) -> str:
        until = "" if self.end is None else f" to {self.end:%H:%M}"
        order = MONTH if self.frequency == "Monthly" else WEEK
        days = "" if self.days == set(WEEK) else f" on {', '.join(sorted(self.days, key=order.index))}"
        return f"{self.frequency} at {self.start:%H:%M}{until}{days}"


def read_schedule(said: Any, where: str) -> str | Recurrence:
    """Read the name of a schedule, or `{ frequency, start, end, days }`.

    Raises
    ------
    SettingsError
        What Tableau Cloud would not take, by the rules that Tableau's Migration SDK keeps.
    """
    if isinstance(said, dict):
        return _recurrence(said, where)
    if not isinstance(said, str) or not said:
        raise SettingsError(f"{where}: schedule = {said!r} -> the name of one of the server's, or {EXAMPLE}")
    return said


def _recurrence(said: Mapping[str, Any], where: str) -> Recurrence:
    unknown = set(said) - {"frequency", "start", "end", "days"}
    frequency = said.get("frequency")
    if unknown or frequency not in FREQUENCIES:
        wrong = f"unknown setting {min(unknown)!r}" if unknown else f"frequency = {frequency!r}"
        raise SettingsError(f"{where} schedule: {wrong} -> {' or '.join(FREQUENCIES)}, as in {EXAMPLE}")
    start = _time(said, "start", where)
    end = _time(said, "end", where) if frequency == "Hourly" else None
    if "end" in said and end is None:
        raise SettingsError(f"{where} schedule: end is for Hourly alone -> leave it out")
    if end is not None and (end <= start or end.minute != start.minute):
        raise SettingsError(f"{where} schedule: end must be whole hours after start -> as 06:00 and 18:00")
    return Recurrence(frequency, start, end, _days(frequency, said, where))


def _time(said: Mapping[str, Any], name: str, where: str) -> time:
    try:
        found = time.fromisoformat(str(said.get(name, "")))
    except ValueError:
        found = None
    if found is None or found.second or found.minute % STEP:
        raise SettingsError(
            f"{where} schedule: {name} = {said.get(name)!r} -> a time in steps of {STEP} minutes: 06:00"
        )
    return found


def _days(frequency: str, said: Mapping[str, Any], where: str) -> frozenset[str]:
    known = MONTH if frequency == "Monthly" else WEEK
    every = said.get("days", WEEK if frequency in ("Hourly", "Daily") else ())
    days = frozenset(map(str, every)) if isinstance(every, (list, tuple)) else frozenset()
    if not days or not days <= set(known) or (frequency == "Weekly" and len(days) > 1):
        want = {
            "Weekly": 'one day of the week, as ["Monday"]',
            "Monthly": 'days of the month, as [1, 15] or ["LastDay"]',
        }
        advice = want.get(frequency, 'days of the week, as ["Monday", "Friday"]')
        raise SettingsError(f"{where} schedule: days = {said.get('days')!r} -> {advice}")
    return days


def to_interval(wanted: Recurrence) -> Any:
    """Give a recurrence as Tableau's client has it."""
    import tableauserverclient

    tsc: Any = tableauserverclient
    order = MONTH if wanted.frequency == "Monthly" else WEEK
    days = sorted(wanted.days, key=order.index)
    if wanted.frequency == "Hourly":
        return tsc.HourlyInterval(wanted.start, wanted.end, (1, *days))
    if wanted.frequency == "Monthly":
        return tsc.MonthlyInterval(wanted.start, tuple(days))
    made = tsc.DailyInterval if wanted.frequency == "Daily" else tsc.WeeklyInterval
    return made(wanted.start, *days)


def is_same(wanted: Recurrence, interval: Any) -> bool:
    """Tell whether the recurrence of a task, as Tableau's client reads it, is what is wanted."""
    if interval is None or interval._frequency != wanted.frequency:
        return False
    pairs = interval._interval_type_pairs()
    days = {value for kind, value in pairs if kind in ("weekDay", "monthDay")}
    hours = {float(value) for kind, value in pairs if kind not in ("weekDay", "monthDay")}
    every = {1.0} if wanted.frequency == "Hourly" else set()
    ends = (interval.start_time, getattr(interval, "end_time", None))
    return days == wanted.days and hours == every and ends == (wanted.start, wanted.end)
