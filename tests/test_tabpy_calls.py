"""Every deployed function as Tableau calls it, on a real TabPy that has nothing of ours, with input that hurts."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from conftest import clean_tabpy

from pipeline.publish.tabpy_build import build_functions
from pipeline.publish.tabpy_server import Running
from tabpy_functions.catalogue import DATES, FUNCTIONS
from tabpy_functions.lookup import build_lookup

CALLED = [name for name, one in FUNCTIONS.items() if any(isinstance(given, list) for given in one.golden)]
"""Those that take rows."""

Columns = list[list[Any]]


METERS = ("M1", "M2")
LOOKED_UP = [["M1"] * 7 + ["M2"] * 7, ["delivered"] * 14, DATES[:7] * 2]
"""Rows that the table of precomputed forecasts knows."""

ROWS = {"forecast_peak_demand": 28 * 24}
"""Rows of the golden call that are enough here: its last weeks, future rows included; of other functions 84 days."""


@pytest.fixture(scope="module")
def tabpy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A TabPy with the whole catalogue, and a table of a week's forecasts of two meters."""
    frame = pd.DataFrame(
        [
            (meter, "delivered", "day", pd.Timestamp(day), 10.0 * kwh, 9.0 * kwh, 11.0 * kwh)
            for meter in METERS
            for kwh, day in enumerate(DATES[:7], start=1)
        ],
        columns=["meter_id", "channel", "grain", "interval_start", "forecast_kwh", "lower_kwh", "upper_kwh"],
    )
    built = build_functions(bound={"lookup_forecast": {"table": build_lookup(frame)}})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("temporary")))
        with clean_tabpy(tmp_path_factory.mktemp("tabpy"), built) as running:
            yield running


def golden(name: str) -> Columns:
    """The golden call as Tableau sends it: a parameter is a list that repeats it."""
    given = LOOKED_UP if name == "lookup_forecast" else FUNCTIONS[name].golden
    rows = max(len(one) for one in given if isinstance(one, list))
    return [(one if isinstance(one, list) else [one] * rows)[-ROWS.get(name, 84) :] for one in given]


def is_number(value: Any) -> bool:
    """True for what Tableau would send of a measure."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def each(columns: Columns, change: Callable[[Any], Any]) -> Columns:
    """Change every number, and leave dates, texts and nulls."""
    return [[change(one) if is_number(one) else one for one in column] for column in columns]


def taken(columns: Columns, rows: list[int]) -> Columns:
    """These rows of every column."""
    return [[column[row] for row in rows] for column in columns]


def shuffled(count: int) -> list[int]:
    """An order of rows that is none."""
    return random.Random(3).sample(range(count), count)


def long(columns: Columns) -> Columns:
    """50,000 hours, the last two weeks to come."""
    count, future = 50_000, 336
    stamps = [(datetime(2019, 1, 1) + timedelta(hours=hour)).strftime("%Y-%m-%d %H:%M:%S") for hour in range(count)]
    found = [[column[row % len(column)] for row in range(count)] for column in columns]
    for place, column in enumerate(columns):
        if isinstance(column[0], str) and column[0][:4].isdigit():
            found[place] = stamps
        elif is_number(column[0]) and column[-1] is None:
            known = [one for one in column if one is not None]
            found[place] = [known[row % len(known)] for row in range(count - future)] + [None] * future
    return found


HOSTILE: dict[str, Callable[[Columns], Columns]] = {
    "as it should be": lambda columns: columns,
    "None here and there": lambda columns: [
        [None if row % 7 == 3 else one for row, one in enumerate(column)] for column in columns
    ],
    "all null": lambda columns: [[None] * len(column) for column in columns],
    "numbers null": lambda columns: each(columns, lambda one: None),
    "unsorted": lambda columns: taken(columns, shuffled(len(columns[0]))),
    "twice": lambda columns: taken(columns, [row // 2 for row in range(2 * len(columns[0]))]),
    "one moment": lambda columns: taken(columns, [0] * len(columns[0])),
    "no rows": lambda columns: taken(columns, []),
    "one row": lambda columns: taken(columns, [0]),
    "three rows": lambda columns: taken(columns, [0, 1, 2]),
    "constant": lambda columns: each(columns, lambda one: 5.0),
    "zero": lambda columns: each(columns, lambda one: 0),
    "negative": lambda columns: each(columns, lambda one: -one),
    "huge": lambda columns: each(columns, lambda one: one * 1e300),
    "tiny": lambda columns: each(columns, lambda one: one * 1e-300),
    "numbers as text": lambda columns: each(columns, str),
    "words": lambda columns: [["*"] * len(column) for column in columns],
    "numbers for dates": lambda columns: [list(range(len(column))) for column in columns],
    "lists in lists": lambda columns: [[[one] for one in column] for column in columns],
    "uneven": lambda columns: [column[: len(column) - place] for place, column in enumerate(columns)],
    "first column only": lambda columns: columns[:1],
    "two years apart": lambda columns: taken(columns, [0, len(columns[0]) - 1]),
    "50,000 rows": long,
}


def script(name: str, columns: Columns) -> str:
    """What Tableau sends for SCRIPT_REAL("return tabpy.query(...)['response']", ...)."""
    return f"return tabpy.query('{name}',{','.join(f'_arg{number + 1}' for number in range(len(columns)))})['response']"


def is_answer(answer: Any, rows: int) -> bool:
    """True for as many values as rows, each a number, a text or null; the client refuses NaN and infinity as JSON."""
    return (
        isinstance(answer, list)
        and len(answer) == rows
        and all(one is None or isinstance(one, float | str) for one in answer)
    )


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("name", CALLED)
def test_every_call_is_answered(tabpy: Running, name: str, hostile: str) -> None:
    """By `/query` and by a script: as many values as rows, valid JSON, no error in the server's log."""
    columns = HOSTILE[hostile](golden(name))
    before = len(tabpy.log)

    by_script = tabpy.client.evaluate(script(name, columns), *columns)  # first: its time is limited
    direct = tabpy.client.query(name, columns)
    said = tabpy.log[before:]

    assert is_answer(direct, len(columns[0]))
    assert by_script == direct
    assert "Traceback" not in said
    assert " ERROR " not in said


@pytest.mark.parametrize("name", sorted(set(CALLED) - {"lookup_forecast"}))
@pytest.mark.parametrize("many", ["as it should be", "50,000 rows"])
def test_rows_with_energy_have_values(tabpy: Running, name: str, many: str) -> None:
    """Nulls would pass for an answer above: future rows are forecast, and other functions answer all they know of."""
    columns = HOSTILE[many](golden(name))
    is_future = [one is None for one in columns[1]]
    forecasts = name.startswith("forecast")

    answer = tabpy.client.query(name, columns)
    values = [one for one, future in zip(answer, is_future, strict=True) if future is forecasts]

    assert values
    assert None not in values


@pytest.mark.parametrize("name", CALLED)
def test_the_order_of_rows_does_not_matter(tabpy: Running, name: str) -> None:
    """Each row gets the answer that it gets in order."""
    columns = golden(name)
    order = shuffled(len(columns[0]))

    in_order, shaken = (tabpy.client.query(name, one) for one in (columns, taken(columns, order)))

    assert shaken == [pytest.approx(in_order[row], rel=1e-6) if in_order[row] is not None else None for row in order]
    assert any(one is not None for one in in_order)


@pytest.mark.parametrize("name", CALLED)
def test_what_cannot_be_answered_has_a_reason(tabpy: Running, name: str) -> None:
    """Nulls come with a line in the log that names the function and the call, and `doctor` can tell it."""
    columns = [["*"] * 3 for _ in golden(name)]

    assert tabpy.client.query(name, columns) == [None] * 3
    reasons = [one for one in tabpy.client.query(name, {"hyperwatt_about": True})["reasons"] if one["function"] == name]

    assert reasons
    assert reasons[-1]["reason"]
    assert f"{name} {reasons[-1]['call_id']}" in tabpy.log


@pytest.mark.parametrize("name", ["forecast_prophet", "forecast", "detect_anomalies"])
def test_temporary_files_do_not_pile_up(tabpy: Running, name: str) -> None:
    """Prophet's backend writes two for each fit and leaves them until the process ends, which a server does not."""
    files = "import os, tempfile; return sum(len(found) for _, _, found in os.walk(tempfile.gettempdir()))"
    columns = golden(name)

    counts = []
    for changed in range(3):  # an identical call would come from the cache
        columns[1] = [None if one is None else one + 0.01 * (changed + 1) for one in columns[1]]
        assert any(one is not None for one in tabpy.client.query(name, columns))
        counts.append(tabpy.client.evaluate(files))

    assert counts[0] == counts[1] == counts[2]
