"""Deployed functions never raise, answer row for row in plain values, say why not, and remember identical calls."""

import json
import logging
import subprocess
import sys
import time

import cloudpickle
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tabpy_functions
from tabpy_functions.answering import LOGGER, Answer, Cache, answers, last_reasons, plain
from tabpy_functions.inputs import InputError, read_rows


@answers
def doubled(values, factor=2):
    """Twice each."""
    return np.array(values, dtype=np.float64) * factor


@answers
def echo(values):
    """What came, as it came."""
    return values


@answers
def refusing(values):
    """No."""
    raise InputError("not today")


@answers
def noting(values):
    """Yes, but."""
    return Answer(values, ("one was odd", "two as well"))


def test_plain_values():
    """Numbers become floats, what JSON does not know becomes None, text stays."""
    assert plain(np.array([1.0, np.nan, np.inf, -np.inf])) == [1.0, None, None, None]
    assert plain(np.array([1, 2])) == [1.0, 2.0]
    assert [type(one) for one in plain([np.float64(1), np.int64(2), 3, "x", None, object()])] == [
        *[float] * 3,
        str,
        *[type(None)] * 2,
    ]


def test_an_answer():
    """By position or by name, with null among the inputs."""
    assert doubled([1, None, 3]) == [2.0, None, 6.0]
    assert doubled(values=[1.5], factor=[4]) == [6.0]


def test_a_refusal_is_nulls_with_a_reason(caplog):
    """One line in the log: the function, an id, rows and why; and the same for `doctor`."""
    assert refusing([1, 2, 3]) == [None, None, None]

    (line,) = [record.getMessage() for record in caplog.records if record.name == LOGGER]
    last = last_reasons()[-1]
    assert line.startswith(f"refusing {last['call_id']}: 3 rows, ")
    assert line.endswith("not today")
    assert (last["function"], last["rows"], last["reason"]) == ("refusing", 3, "not today")


def test_an_error_is_nulls_with_its_place():
    """An unforeseen error does not leave the function; its kind, words and place do."""
    assert doubled(["x", 2]) == [None, None]
    reason = last_reasons()[-1]["reason"]
    assert reason.startswith("ValueError: could not convert string to float: 'x' (doubled, line ")


def test_wrong_arguments_are_an_error_of_the_caller():
    """TabPy passes names on as they came."""
    assert doubled(wrong=[1, 2]) == [None, None]
    assert "unexpected keyword argument 'wrong'" in last_reasons()[-1]["reason"]
    assert doubled() == [None]


def test_another_length_is_never_answered():
    """TabPy does not check lengths and Tableau fails on them, so the decorator does."""
    assert answers(lambda values: values[:-1])([1, 2, 3]) == [None] * 3
    assert "2 values for 3 rows" in last_reasons()[-1]["reason"]


def test_notes_stand_in_the_log():
    """What was odd and still answered."""
    assert noting([1.0]) == [1.0]
    assert last_reasons()[-1]["reason"] == "one was odd; two as well"


def test_reasons_are_bounded():
    """The last hundred are kept."""
    for number in range(150):
        refusing([number])
    assert len(last_reasons()) == 100


def calls_of(function):
    """The same function, counting how often it is worked out."""
    calls = []

    @answers
    def counted(*arguments, **named):
        calls.append(1)
        return function(*arguments, **named)

    return counted, calls


def test_identical_calls_are_worked_out_once():
    """Equal lists, not the same lists; what is given away can be changed without harm."""
    counted, calls = calls_of(lambda values, factor: [one * factor for one in values])
    first = counted([1.0, 2.0], factor=2)
    first[0] = 99.0

    second = counted(list((1.0, 2.0)), factor=2)
    assert second == [2.0, 4.0]
    second[0] = 99.0
    assert counted([1.0, 2.0], factor=2) == [2.0, 4.0]
    assert len(calls) == 1
    counted([1.0, 2.0], factor=3)
    counted([2.0, 1.0], factor=2)
    counted([1, 2.0], factor=2)
    assert len(calls) == 4


def test_an_error_is_not_remembered_but_a_refusal_is():
    """An error may pass (memory, a lock); that lists differ in length stays so."""
    broken, tries = calls_of(lambda values: 1 / 0)
    broken([1])
    broken([1])
    assert len(tries) == 2

    refused, calls = calls_of(lambda values: read_rows(values, []))
    refused(["2019-01-01"])
    refused(["2019-01-01"])
    assert len(calls) == 1


def test_a_cache_is_bounded():
    """By calls and by values; the least recently used leaves first."""
    cache = Cache(most_calls=2, most_values=10)
    cache.put(b"a", [1.0])
    cache.put(b"b", [2.0])
    assert cache.get(b"a") == [1.0]
    cache.put(b"c", [3.0])
    assert (cache.get(b"b"), cache.get(b"a"), cache.get(b"c")) == (None, [1.0], [3.0])
    cache.put(b"d", [4.0] * 10)
    assert (cache.get(b"a"), cache.get(b"c"), cache.get(b"d")) == (None, None, [4.0] * 10)
    cache.put(b"e", [5.0] * 11)
    assert cache.get(b"e") is None
    cache.put(b"d", [6.0])
    cache.put(b"f", [7.0] * 9)
    assert cache.get(b"d") == [6.0]


def test_without_a_memory():
    """A function that reads a table needs none."""
    calls = []
    counted = answers(lambda values: calls.append(1) or values, remember=False)
    counted([1.0])
    counted([1.0])
    assert len(calls) == 2


def test_a_repeated_call_is_quick():
    """800 rows come from the cache in a few hundred microseconds."""
    dates = [f"2019-03-01 00:{second // 60:02d}:{second % 60:02d}" for second in range(800)]
    slow = answers(lambda dates, values: values)
    values = [None if row > 600 else row * 0.1 for row in range(800)]
    slow(dates, values)

    def seconds():
        begun = time.process_time()
        slow(dates, values)
        return time.process_time() - begun

    assert min(seconds() for _ in range(50)) < 0.0005


ELSEWHERE = """
import logging, pickle, sys
sys.modules["tabpy_functions"] = None  # whoever imports it now gets an error
one, two, three = (pickle.load(open(path, "rb")) for path in sys.argv[1:])
assert one([1.0, 2.0]) == [2.0, 4.0] and one([1.0, 2.0]) == [2.0, 4.0]
assert two([1.0]) == [None] and two([1.0]) == [None]
assert len(logging.getLogger("hyperwatt.tabpy").handlers) == 1
assert [reason["reason"] for reason in three()] == ["not today"]
"""


def test_functions_travel(tmp_path):
    """Functions, pickled by value, answer where this package is not, and know each other's reasons."""
    modules = [tabpy_functions, sys.modules[__name__]]
    doubled([5.0])
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        for name, function in (("one", doubled), ("two", refusing), ("three", last_reasons)):
            (tmp_path / name).write_bytes(cloudpickle.dumps(function))
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)
    run = subprocess.run(
        [sys.executable, "-P", "-c", ELSEWHERE, *(str(tmp_path / name) for name in ("one", "two", "three"))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (run.returncode, run.stderr[-500:]) == (0, run.stderr[-500:])


def test_a_quiet_call_leaves_no_warning(caplog):
    """An answered call is logged for those who ask for it only."""
    with caplog.at_level(logging.DEBUG, LOGGER):
        doubled([8.5])
    assert [record.levelno for record in caplog.records if record.name == LOGGER] == [logging.DEBUG]


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=2),
)


@pytest.mark.parametrize("function", [doubled, echo, refusing, noting])
@given(values=anything)
def test_anything_is_answered(function, values):
    """Never an error, as many values as were asked for, valid JSON."""
    answer = function(values)

    assert len(answer) == (len(values) if isinstance(values, list) else 1)
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
