"""What the cells of the first rows prove of a column."""

import pytest

from pipeline.sources.evidence import (
    are_clock_numbers,
    are_epochs,
    are_ids,
    begins_anew,
    growth,
    is_coarser,
    is_derived,
    is_signed,
    repeats,
    take_turns,
)
from pipeline.sources.table import Table


def table(*columns: list[object]) -> Table:
    """A table of some columns, the first rows of a file."""
    rows = [[str(cell) for cell in row] for row in zip(*columns, strict=True)]
    names = tuple(f"column {n}" for n in range(len(columns)))
    return Table(names, True, ",", ".", 0, 1, rows)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(["1200023305967"] * 4, True, id="thirteen digits"),
        pytest.param(["0042"] * 4, True, id="zeros in front"),
        pytest.param(["4200"] * 4, False, id="four digits"),
        pytest.param(["12000233.5"] * 4, False, id="a fraction"),
        pytest.param(["12000233", "12000234", "12000235", "12000236"], False, id="never the same"),
    ],
)
def test_ids_are_long_and_repeat(cells: list[object], expected: bool) -> None:
    """Eight digits or zeros in front, over and over, are the name of something."""
    assert are_ids(table(cells), 0) is expected


def test_seconds_since_1970_go_one_way() -> None:
    """Ten digits that always rise or always fall are instants; others are not."""
    rising = [1_700_000_000 + 600 * n for n in range(5)]

    assert are_epochs(table(rising), 0)
    assert are_epochs(table(rising[::-1]), 0)
    assert not are_epochs(table([rising[0], rising[2], rising[1]]), 0)
    assert not are_epochs(table(range(5)), 0)


def test_clock_numbers_have_no_minute_60() -> None:
    """15, 30, 45, 100 … 2400 are times of day; 1 to 24 are hours, and 1260 is no time."""
    quarters = [at // 60 * 100 + at % 60 for at in range(15, 1441, 15)]

    assert are_clock_numbers(table(quarters), 0)
    assert not are_clock_numbers(table(range(1, 25)), 0)
    assert not are_clock_numbers(table([*quarters, 1260]), 0)


@pytest.mark.parametrize(
    ("cells", "rarely"),
    [
        pytest.param([n + n % 5 / 10 for n in range(50)], True, id="only grows"),
        pytest.param([100 - n for n in range(50)], True, id="newest first"),
        pytest.param([n % 49 for n in range(100)], True, id="turns over"),
        pytest.param([n % 7 for n in range(50)], False, id="goes up and down"),
    ],
)
def test_a_register_rarely_turns(cells: list[object], rarely: bool) -> None:
    """Fewer than one change in twenty goes against the others."""
    assert growth(table(cells), 0, None).rarely_turns is rarely


def test_each_meter_grows_for_itself() -> None:
    """Rows of two registers by turns are two registers."""
    meters, cells = ["a", "b"] * 30, [value for n in range(30) for value in (1000 + n, 5 + n)]

    assert growth(table(meters, cells), 1, 0).against == 0
    assert growth(table(meters, cells), 1, None).against > 20


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param([51234 + n // 3 for n in range(60)], True, id="whole kWh"),
        pytest.param([1000 + n / 100 for n in range(60)], True, id="the same each time"),
        pytest.param([51234 + 4 * n for n in range(13)], True, id="twelve rises, a thousandth of the level"),
        pytest.param([51234 + 4 * n for n in range(12)], False, id="eleven rises"),
        pytest.param([1000 + 10 * n for n in range(25)], True, id="read each day"),
        pytest.param([n // 2 + n // 6 for n in range(90)], True, id="new, whole kWh"),
        pytest.param(range(90), False, id="counts the rows"),
        pytest.param([5.0] * 90, False, id="a load that never changes"),
        pytest.param([0.0] * 90, False, id="nothing"),
        pytest.param([5.0] * 60 + [5.1] * 30, False, id="stuck, and stuck again"),
        pytest.param([1 + n / 10 for n in range(24)], False, id="a load that rises for a day"),
        pytest.param([51234 + n // 3 for n in range(60)] + [51200], False, id="falls once"),
    ],
)
def test_what_only_grows_is_a_register(cells: list[object], expected: bool) -> None:
    """The less a column rises beside where it stands, the fewer rises prove it; one fall denies it."""
    assert growth(table(cells), 0).only_grows is expected


def test_a_few_rises_prove_nothing() -> None:
    """Ten reads that stand high and never fall may be a register's; a load that rises in the morning is none."""
    assert growth(table([51234 + 4 * n for n in range(10)]), 0).may_grow
    assert not growth(table([1 + n / 10 for n in range(24)]), 0).may_grow
    assert not growth(table([5.0] * 90), 0).may_grow


def test_counters_of_the_day_begin_anew_each_for_itself() -> None:
    """Two inverters by turns fall at every row; each alone falls at midnight, whichever read stands first."""
    meters, cells = ["a", "b"] * 60, [value for n in range(60) for value in (n % 20 / 4, n % 20 * 2)]
    seen = table(meters, cells)

    assert begins_anew(seen, 1, 0)
    assert begins_anew(table(meters[::-1], cells[::-1]), 1, 0)
    assert not begins_anew(seen, 1)


@pytest.mark.parametrize(
    ("negative", "expected"),
    [
        pytest.param([-0.5] * 30, True, id="a third, as large"),
        pytest.param([-0.5], False, id="one alone"),
        pytest.param([-0.001] * 30, False, id="a third, next to nothing"),
    ],
)
def test_signed_columns_hold_what_is_fed_in(negative: list[object], expected: bool) -> None:
    """Values below zero must be a hundredth of all, in number and in sum."""
    assert is_signed(table([*([0.7] * 150), *negative]), 0) is expected


def test_a_single_fault_in_a_day_is_not_signed() -> None:
    """Else a meter of a nightly file would feed in from then on."""
    assert not is_signed(table([*([0.7] * 23), -7.4]), 0)
    assert is_signed(table([*([0.7] * 20), *([-2.4] * 4)]), 0)


def test_a_meter_wired_backwards_is_not_signed() -> None:
    """All below zero is a fault."""
    assert not is_signed(table([-0.7] * 100), 0)


def test_totals_and_nets_are_derived() -> None:
    """A sum of the others, or what is used less what is fed in, is no meter; a single other is no sum."""
    used, fed = [1.0, 2.0, 0.5], [0.0, 0.25, 3.0]
    total, net = [1.0, 2.25, 3.5], [1.0, 1.75, -2.5]
    seen = table(used, fed, total, net, [1.0, 2.0, 0.6])

    assert is_derived(seen, 2, [0, 1], [])
    assert is_derived(seen, 3, [0, 1], [1])
    assert not is_derived(seen, 3, [0, 1], [])
    assert not is_derived(seen, 4, [0, 1], [])
    assert not is_derived(seen, 0, [0], [])


def test_hours_beside_quarters_are_coarser() -> None:
    """A column that stands in every fourth row, with the sum of four of another, says nothing new."""
    quarters = [0.5 + n % 3 / 10 for n in range(40)]
    hours = ["-" if n % 4 else f"{sum(quarters[n : n + 4]):.2f}" for n in range(40)]
    others = ["-" if n % 4 else f"{n:.2f}" for n in range(40)]
    seen = table(quarters, hours, others)

    assert is_coarser(seen, 1, 0)
    assert not is_coarser(seen, 2, 0)
    assert not is_coarser(seen, 0, 1)


def test_a_meter_that_begins_later_is_no_sum() -> None:
    """Blank at first, and then row by row what another meter reads: two meters, not sums of single rows."""
    energy = [5 + n % 7 for n in range(100)]

    assert not is_coarser(table(energy, [value if n >= 60 else "" for n, value in enumerate(energy)]), 1, 0)


def test_tariffs_take_turns() -> None:
    """Kinds that never share an instant, and change again and again, are tariffs; two that follow once are not."""
    stamps = [f"2024-01-01 {hour:02d}:00" for hour in range(6)]
    turns = [("m", kind) for kind in ("night", "day", "day", "night", "night", "day")]
    once = [("m", kind) for kind in ("one", "one", "one", "two", "two", "two")]

    assert take_turns(table(stamps), turns, [0])
    assert not take_turns(table(stamps), once, [0])
    assert not take_turns(table(stamps * 2), [*turns, *reversed(turns)], [0])


def test_rows_that_say_again_are_counted() -> None:
    """By the columns that should name a reading."""
    seen = table(["a", "a", "b"], [1, 1, 1])

    assert repeats(seen, (0, 1, None)) == 1
    assert repeats(seen, (1,)) == 2
