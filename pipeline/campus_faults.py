"""What goes wrong on the invented campus: which meter, when, what it reports instead, and which rule must say so."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipeline.campus import TIMEZONE, Floats, Load

DIAL_DIGITS = 7
SENTINEL = 4294967.295
TRUTH_COLUMNS = ["meter_id", "channel", "rule_id", "first_start_utc", "last_start_utc", "intervals", "note"]


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong at one meter.

    Attributes
    ----------
    start : str
        First interval concerned, on the campus clock.
    intervals : int
        0: to the end of the data.
    """

    meter_id: str
    kind: str
    start: str
    intervals: int
    note: str


FLEET = ("Physics Laboratory", "Engineering Hall", "Aquatic Center", "Student Union", "Cove Street Garage")
FAULTS = (
    Fault("Physics Laboratory", "gap", "2025-02-11 14:00", 1, "one reading lost"),
    Fault("Administration Building", "gap", "2025-05-06 22:00", 9, "nine readings lost overnight"),
    Fault("Alder Hall", "gap", "2025-10-14 00:00", 3 * 48, "three days never sent"),
    Fault("Student Union", "zero", "2025-04-16 09:00", 14, "zero in a building that never sleeps"),
    Fault("Redwood Library", "stuck", "2025-03-18 05:00", 40, "the same value for forty hours"),
    Fault("Chemistry Laboratory", "spike", "2025-08-13 11:00", 1, "nine times the load for one hour"),
    Fault("Aquatic Center", "negative", "2025-06-24 10:00", 3, "a current transformer put on the wrong way round"),
    Fault("Engineering Hall", "sentinel", "2025-01-22 03:00", 2, "the meter's word for 'no value' read as energy"),
    Fault("Gymnasium", "repeat", "2025-09-09 17:00", 4, "sent twice with different values"),
    Fault("Engineering Hall", "catch_up", "2025-07-15 04:00", 10, "nine hours of zero, then all their energy at once"),
    *(Fault(meter_id, "fleet", "2025-11-12 13:00", 5, "logger silent: zero on five meters") for meter_id in FLEET),
    Fault("Data Center", "reset", "2025-03-26 00:00", 1, "register set to zero: the meter was changed"),
    Fault("Birch Hall", "stale", "2025-11-20 00:00", 0, "nothing since: the feed has died"),
)
"""Every kind of fault once, each where people have met it; all in the last year of the data."""

KINDS: dict[str, tuple[str, Callable[[Floats], Floats]]] = {
    "gap": ("V05", lambda energy: np.full_like(energy, np.nan)),
    "zero": ("V08", np.zeros_like),
    "stuck": ("V09", lambda energy: np.full_like(energy, energy[0])),
    "spike": ("V10", lambda energy: (9 * energy).round(1)),
    "negative": ("V07", np.negative),
    "sentinel": ("V11", lambda energy: np.full_like(energy, SENTINEL)),
    "repeat": ("V02", np.copy),
    "catch_up": ("V13", lambda energy: np.append(np.zeros(len(energy) - 1), energy.sum().round(1))),
    "fleet": ("V19", np.zeros_like),
    "reset": ("V14", np.copy),
    "stale": ("V22", lambda energy: np.full_like(energy, np.nan)),
}
"""Kind of fault to (the rule that must name it, what the meter reports instead of the true energy)."""


def position_of(load: Load, fault: Fault) -> slice:
    """Where in a channel's readings a fault lies."""
    first = int(np.searchsorted(load.starts, int(pd.Timestamp(fault.start, tz=TIMEZONE).timestamp())))
    return slice(first, first + fault.intervals if fault.intervals else len(load.starts))


def _faults(load: Load) -> list[Fault]:
    return [fault for fault in FAULTS if fault.meter_id == load.building.name and load.channel == "delivered"]


def inject(load: Load) -> Load:
    """Give what the meter reports in place of its true readings."""
    energy = load.energy.copy()
    for fault in _faults(load):
        position = position_of(load, fault)
        energy[position] = KINDS[fault.kind][1](energy[position])
    return replace(load, energy=energy)


def list_faults(loads: Iterable[Load]) -> pd.DataFrame:
    """List the faults as the findings that must come of them; those of a register come from its dial.

    An event of a whole site is one row that names no meter; a dead feed begins with its newest reading.
    """
    rows = []
    for load in loads:
        for fault in _faults(load):
            position = position_of(load, fault)
            first, last = load.starts[position.start - (fault.kind == "stale")], load.starts[position.stop - 1]
            row = _row(load, KINDS[fault.kind][0], first, last, position.stop - position.start, fault.note)
            rows.append((None, None, *row[2:]) if fault.kind == "fleet" else row)
    truth = pd.DataFrame(rows, columns=TRUTH_COLUMNS).drop_duplicates()
    return truth[truth["rule_id"] != KINDS["reset"][0]]


def _row(load: Load, rule_id: str, first: int, last: int, intervals: int, note: str) -> tuple[object, ...]:
    return (load.building.name, load.channel, rule_id, int(first), int(last), intervals, note)


def list_repeated(loads: list[Load]) -> pd.DataFrame:
    """Rows that an earlier, wrong transmission left in the file before the right ones."""
    rows = []
    for load in loads:
        for fault in _faults(load):
            if fault.kind == "repeat":
                position = position_of(load, fault)
                wrong = zip(load.starts[position], (load.energy[position] * 0.7).round(3), strict=True)
                rows += [(fault.meter_id, load.channel, start, energy) for start, energy in wrong]
    return pd.DataFrame(rows, columns=["meter_id", "channel", "start_utc", "energy_kwh"])


def read_dial(load: Load, opening: float = 9_200_000.0) -> Floats:
    """What the register shows before the first interval and after each: it rolls over, and is once set to zero."""
    dial = opening + np.append(0.0, np.cumsum(load.energy))
    for fault in _faults(load):
        if fault.kind == "reset":
            first = position_of(load, fault).start
            dial[first:] -= dial[first - 1]
    return np.asarray((dial % 10**DIAL_DIGITS).round(load.building.decimals))


def list_dial_faults(load: Load, dial: Floats) -> pd.DataFrame:
    """List where a register's dial falls: once when its digits are full, once when it is set to zero."""
    rows = []
    for fall in np.flatnonzero(np.diff(dial) < 0):
        is_full = dial[fall] > 0.9 * 10**DIAL_DIGITS
        note = f"{DIAL_DIGITS} digits are full: the register rolls over" if is_full else "register set to zero"
        rows.append(_row(load, "V14", load.starts[fall], load.starts[fall], 1, note))
    return pd.DataFrame(rows, columns=TRUTH_COLUMNS)
