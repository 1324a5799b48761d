"""What Tableau sends, in every form: read right, laid out as days, and answered in its own order."""

import datetime
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabpy_functions.calendars import is_holiday
from tabpy_functions.inputs import InputError, number, numbers, read_rows, text
from tabpy_functions.stamps import NO_DATE, local_seconds


def stamps(count, start="2019-03-01", minutes=60):
    """Dates as TabPy gets them from Tableau."""
    times = np.datetime64(start, "s") + np.arange(count) * np.timedelta64(minutes * 60, "s")
    return [str(one).replace("T", " ") for one in times]


def day_number(text):
    """Days since 1970."""
    return int(np.datetime64(text, "D").astype(np.int64))


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2019-03-01 00:00:00", "2019-03-01T00:00:00"),
        ("2019-03-01", "2019-03-01T00:00:00"),
        ("2019-03-01T01:02:03", "2019-03-01T01:02:03"),
        ("2019-03-01T01:02:03.456Z", "2019-03-01T01:02:03"),
        ("2019-03-01 01:02:03.000000", "2019-03-01T01:02:03"),
        ("2019-07-01T01:00:00+01:00", "2019-07-01T01:00:00"),
        ("2019-03-01 01:02", "2019-03-01T01:02:00"),
        ("2019-3-1", "2019-03-01T00:00:00"),
        ("2019/03/01 4:05", "2019-03-01T04:05:00"),
        ("#2019-03-01#", "2019-03-01T00:00:00"),
        ("3/1/2019 1:00:00 AM", "2019-03-01T01:00:00"),
        ("3/1/2019 12:00:00 AM", "2019-03-01T00:00:00"),
        ("03/01/2019 12:30 pm", "2019-03-01T12:30:00"),
        ("3/1/2019", "2019-03-01T00:00:00"),
        ("31/1/2019", "2019-01-31T00:00:00"),
        ("1.3.2019 14:00", "2019-03-01T14:00:00"),
        (1551398400, "2019-03-01T00:00:00"),
        (1551398400.0, "2019-03-01T00:00:00"),
        (1551398400000, "2019-03-01T00:00:00"),
        ("1551398400", "2019-03-01T00:00:00"),
        (20190301, "2019-03-01T00:00:00"),
        ("20190301", "2019-03-01T00:00:00"),
        (43523, "2019-03-01T00:00:00"),
        ("2020-02-29", "2020-02-29T00:00:00"),
    ],
)
def test_a_date_in_any_form(given, read):
    """The clock that is shown is the clock that is meant; zones are not applied."""
    assert local_seconds([given]) == np.datetime64(read, "s").astype(np.int64)


@pytest.mark.parametrize(
    "given",
    [
        *(None, "", "x", "*", "2019-02-29", "2019-13-01", "2019-03-01 24:30:00", "0001-01-01", {}, [1], True, np.nan),
        *(1e300, 10**400, "2019-03-01 00:00:00 and more", "13/13/2019", "\ud800", "\x00", -5, 7),
    ],
)
def test_what_is_no_date(given):
    """Is none, and no error."""
    assert local_seconds([given]).tolist() == [NO_DATE]


def test_a_column_with_the_day_first():
    """One 31/1 shows how the whole column is meant."""
    assert local_seconds(["1/2/2019", "31/1/2019"])[0] == np.datetime64("2019-02-01", "s").astype(np.int64)


def test_a_column_of_many_forms():
    """Each row is read for itself."""
    mixed = ["2019-03-01", "3/1/2019", None, 1551398400, "2019-03-01T00:00:00Z"]

    assert len(set(local_seconds(mixed).tolist()) - {NO_DATE}) == 1
    assert (local_seconds(mixed) == NO_DATE).tolist() == [False, False, True, False, False]


@pytest.mark.parametrize("minutes", [15, 30, 60, 1440])
def test_steps_of_a_day(minutes):
    """Quarter-hours, half-hours, hours and days are inferred, in any order, with holes."""
    dates = stamps(400, minutes=minutes)
    energy = np.random.default_rng(1).uniform(1, 9, 400)
    order = np.random.default_rng(2).permutation(400)[:380]
    rows = read_rows([dates[one] for one in order], energy[order].tolist())

    assert (rows.step_minutes, rows.days.slots) == (minutes, 1440 // minutes)
    assert rows.grain == ("day" if minutes == 1440 else "interval")
    assert rows.days.first_day == day_number("2019-03-01")
    np.testing.assert_allclose(rows.answer(rows.days.energy_kwh), energy[order])
    assert np.isfinite(rows.days.energy_kwh).sum() == 380


def test_weeks():
    """A week's energy lies evenly on its seven days and comes back whole."""
    dates = stamps(10, "2019-03-04", 7 * 1440)
    rows = read_rows(dates, [7.0 * week for week in range(1, 11)])

    assert (rows.grain, rows.days.slots, len(rows.days.energy_kwh)) == ("week", 1, 70)
    assert rows.days.energy_kwh[7:14, 0].tolist() == [2.0] * 7
    assert rows.answer(rows.days.energy_kwh).tolist() == pytest.approx([7.0 * week for week in range(1, 11)])


@pytest.mark.parametrize(("grain", "months"), [("month", 1), ("quarter", 3), ("year", 12)])
def test_calendar_periods(grain, months):
    """A period's energy lies evenly on its days, however many; a future period is the sum of its days."""
    firsts = [str(one.astype("M8[D]")) for one in np.arange(8) * months + np.datetime64("2017-01", "M")]
    days = np.diff([day_number(one) for one in firsts])
    rows = read_rows(firsts, [*(10.0 * days[:6]).tolist(), None, None])

    assert rows.grain == grain
    assert rows.days.energy_kwh[: days[:6].sum(), 0].tolist() == pytest.approx([10.0] * days[:6].sum())
    assert rows.days.origin == days[:6].sum()
    assert rows.is_future.tolist() == [False] * 6 + [True] * 2
    ahead = rows.answer_future(np.full((rows.days.horizon, 1), 20.0))
    assert ahead[6] == pytest.approx(20 * days[6])
    assert np.isnan(ahead[:6]).all()


def test_future_rows():
    """Dates without energy after the last energy are the future; a hole before it is not."""
    energy = [1.0] * 30 + [None] + [2.0] * 17 + [None] * 24
    rows = read_rows(stamps(72), energy)

    assert rows.days.origin == 2
    assert rows.days.horizon == 1
    assert rows.is_future.sum() == 24
    assert np.isnan(rows.days.energy_kwh[1, 6])
    ahead = rows.answer_future(np.arange(24.0)[None])
    assert ahead[48:].tolist() == list(range(24))
    assert np.isnan(ahead[:48]).all()


def test_a_day_that_has_begun():
    """Energy ends at noon: the origin is that day, and only its afternoon is future."""
    rows = read_rows(stamps(48), [1.0] * 36 + [None] * 12)

    assert rows.days.origin == 1
    assert np.flatnonzero(rows.is_future).tolist() == list(range(36, 48))


def test_order_is_that_of_the_caller():
    """Backwards in, backwards out."""
    rows = read_rows(stamps(48)[::-1], np.arange(48.0).tolist())

    assert rows.days.energy_kwh[0, 0] == 47
    assert rows.answer(rows.days.energy_kwh).tolist() == list(range(48))


def test_a_repeated_autumn_hour():
    """Two rows of one clock hour are one slot, their mean; both are answered, and a note says so."""
    dates = stamps(48, "2019-10-27")
    rows = read_rows([*dates[:2], dates[1], *dates[2:]], [1.0, 2.0, 4.0, *[1.0] * 46])

    assert rows.days.energy_kwh[0, 1] == 3
    assert rows.answer(rows.days.energy_kwh)[1:3].tolist() == [3, 3]
    assert rows.notes == ("1 rows share the date of another and were averaged: is the calculation partitioned?",)


def test_rows_without_a_date_have_no_answer():
    """The rest is answered; a note counts them."""
    rows = read_rows(["2019-03-01", None, "2019-03-02", "rubbish"], [1.0, 5.0, 2.0, 6.0])

    np.testing.assert_array_equal(rows.answer(rows.days.energy_kwh), [1, np.nan, 2, np.nan])
    assert rows.notes == ("2 rows without a date",)


def test_years_before_the_first_energy_cost_nothing():
    """Days begin where energy begins; earlier rows have no place."""
    rows = read_rows(["1900-01-01", *stamps(3, minutes=1440)], [None, 1.0, 2.0, 3.0])

    assert len(rows.days.energy_kwh) == 3
    assert np.isnan(rows.answer(np.ones((3, 1)))[0])


def test_country_temperature_and_weight():
    """Parameters may be lists that repeat them; what is no temperature is none."""
    rows = read_rows(
        stamps(3, "2019-12-24", 1440),
        [1.0, 2.0, 3.0],
        country=["gb", "gb", "gb"],
        temperature_c=[5.0, None, 999.0],
        weight=[1.0, 0.5, None],
    )

    assert rows.days.is_holiday.tolist() == [False, True, True]
    np.testing.assert_array_equal(rows.days.temperature_c[:, 0], [5, np.nan, np.nan])
    assert rows.days.weight[:, 0].tolist() == [1, 0.5, 0]


@pytest.mark.parametrize(
    ("dates", "energy", "said"),
    [
        ([], [], "no rows"),
        (None, [1.0], "no row has a date"),
        (["x", None], [1.0, 2.0], "no row has a date"),
        (stamps(2), [None, None], "no row has both"),
        (stamps(2), [np.inf, 1e200], "no row has both"),
        (stamps(2), [1.0], "differ in length: 2 dates, 1 values"),
        ([*stamps(3, minutes=1), "2189-01-01"], [1.0, 1.0, 1.0, 1.0], "too many for steps of 1 minutes"),
    ],
)
def test_what_cannot_be_answered(dates, energy, said):
    """Is refused in words."""
    with pytest.raises(InputError, match=said):
        read_rows(dates, energy)


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%m/%d/%Y %I:%M:%S %p"])
def test_fifty_thousand_rows(form):
    """Are laid out in well under 0.2 s of the processor's time."""
    start = datetime.datetime(2019, 1, 1)
    dates = [(start + datetime.timedelta(hours=hour)).strftime(form) for hour in range(50_000)]
    energy = [None if hour % 100 == 0 else hour % 24 for hour in range(50_000)]

    def seconds():
        begun = time.process_time()
        rows = read_rows(dates, energy)
        rows.answer(rows.days.energy_kwh)
        return time.process_time() - begun

    assert min(seconds() for _ in range(5)) < 0.2


def test_parameters():
    """The first that is there; a number is kept inside its bounds, a text must be a choice."""
    assert number([None, "0.3", 0.3], 0.1) == 0.3
    assert number(None, 0.1) == 0.1
    assert number([], 0.1) == 0.1
    assert number(5, 0.1, 0, 1) == 1
    assert text([None, " GB "]) == "GB"
    assert text(None, "kwh", ("kwh",)) == "kwh"
    with pytest.raises(InputError, match="'nonsense' is none of kwh, cost"):
        text("nonsense", "kwh", ("kwh", "cost"))


def test_numbers_in_any_form():
    """Text and truth count, what is no finite number is none; a single one holds for all rows."""
    np.testing.assert_array_equal(
        numbers([1, "2.5", None, "x", np.inf, [3], 10**400, True], 8), [1, 2.5, *[np.nan] * 5, 1]
    )
    assert numbers(0.2, 3).tolist() == [0.2] * 3


def test_unknown_countries_have_no_holidays():
    """No country, no such country, no such part of it."""
    assert not any(is_holiday(name, day_number("2019-12-25"), 1).any() for name in (None, "", "XX", "GB-NOWHERE"))
    assert is_holiday("GB-SCT", day_number("2019-01-02"), 1).all()
    assert not is_holiday("GB-ENG", day_number("2019-01-02"), 1).any()


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.sampled_from(stamps(30)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@given(st.lists(anything, max_size=30), st.lists(anything, max_size=30))
def test_any_lists(dates, energy):
    """Either refused in words, or laid out with an answer for each row."""
    try:
        rows = read_rows(dates, energy)
    except InputError:
        return
    assert rows.answer(rows.days.energy_kwh).shape == rows.is_future.shape == (len(dates),)
    assert np.isfinite(rows.days.energy_kwh[0]).any()
    assert 0 <= rows.days.origin <= len(rows.days.energy_kwh)
