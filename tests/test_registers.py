"""Registers: differences, rollovers of stated digits, resets in a stated window, falls."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SettingsError
from pipeline.sources.registers import Differences, Step, difference_registers

HOUR = 3600


def _differences(*values: float, first: int = 0, **options: object) -> Differences:
    read_at = first + HOUR * np.arange(len(values), dtype=np.int64)
    return difference_registers(read_at, np.array(values, dtype=np.float64), **options)  # type: ignore[arg-type]


def test_energy_is_what_the_register_grew() -> None:
    """Neighbouring reads give the energy between them, and when it began and ended."""
    found = _differences(100, 101.5, 101.5, 110)

    assert found.energy.tolist() == [1.5, 0, 8.5]
    assert found.start.tolist() == [0, HOUR, 2 * HOUR]
    assert found.end.tolist() == [HOUR, 2 * HOUR, 3 * HOUR]
    assert found.step.tolist() == [Step.PLAIN] * 3


def test_unknown_reads_are_passed_over() -> None:
    """A read without a value joins its two intervals into one; nothing is lost."""
    found = _differences(100, np.nan, 105)

    assert (found.start.tolist(), found.end.tolist(), found.energy.tolist()) == ([0], [2 * HOUR], [5])


@pytest.mark.parametrize(
    ("before", "after", "digits", "step", "energy"),
    [
        pytest.param(99990, 10, 5, Step.ROLLOVER, 20, id="rollover"),
        pytest.param(99990, 10, None, Step.FALL, np.nan, id="digits not stated"),
        pytest.param(90000, 10, 5, Step.FALL, np.nan, id="not above 90 %"),
        pytest.param(90001, 9999, 5, Step.ROLLOVER, 19998, id="just above 90 %"),
        pytest.param(99990, 10000, 5, Step.FALL, np.nan, id="not small after"),
        pytest.param(99990, 10, 6, Step.FALL, np.nan, id="a longer dial"),
        pytest.param(144, 96, 5, Step.FALL, np.nan, id="fall"),
    ],
)
def test_rollover(before: float, after: float, digits: int | None, step: Step, energy: float) -> None:
    """Only a dial that was nearly full and is nearly empty has rolled over."""
    found = _differences(before, after, digits=digits)

    assert found.step.tolist() == [step]
    assert found.energy == pytest.approx([energy], nan_ok=True)


@pytest.mark.parametrize(
    ("window", "read_at", "inside"),
    [
        pytest.param(("23:45", "00:15"), 23 * HOUR + 45 * 60, True, id="first second"),
        pytest.param(("23:45", "00:15"), 24 * HOUR, True, id="midnight"),
        pytest.param(("23:45", "00:15"), 24 * HOUR + 15 * 60, True, id="last second"),
        pytest.param(("23:45", "00:15"), 24 * HOUR + 15 * 60 + 1, False, id="a second late"),
        pytest.param(("11:45", "12:15"), 12 * HOUR, True, id="noon"),
        pytest.param(("11:45", "12:15"), 24 * HOUR, False, id="midnight is not noon"),
        pytest.param(("any", "any"), 5 * HOUR, True, id="any time"),
        pytest.param(None, 24 * HOUR, False, id="no window"),
    ],
)
def test_reset_window(window: tuple[str, str] | None, read_at: int, inside: bool) -> None:
    """A fall inside the window begins again at zero; outside it has no energy."""
    found = difference_registers(np.array([0, read_at]), np.array([144.0, 96.0]), reset_window=window)

    assert found.step.tolist() == [Step.RESET if inside else Step.FALL]
    assert found.energy == pytest.approx([96.0 if inside else np.nan], nan_ok=True)


def test_window_is_on_the_wall_clock() -> None:
    """Midnight in the window is the site's midnight, not that of UTC."""
    read_at = np.array([0, 6 * HOUR])

    found = difference_registers(
        read_at, np.array([9.0, 1.0]), reset_window=("23:45", "00:15"), wall_clock=read_at - 6 * HOUR
    )

    assert found.step.tolist() == [Step.RESET]


@pytest.mark.parametrize("window", [("x", "00:15"), ("23:45", "25:00")])
def test_window_must_be_times(window: tuple[str, str]) -> None:
    """A window that is no pair of times is the user's mistake."""
    with pytest.raises(SettingsError, match="two times of day"):
        _differences(2, 1, reset_window=window)


@pytest.mark.parametrize("values", [(), (5.0,), (np.nan,), (np.nan, 5.0)])
def test_too_few_reads(values: tuple[float, ...]) -> None:
    """Fewer than two reads have nothing between them."""
    assert len(_differences(*values, digits=5).energy) == 0


@given(st.lists(st.integers(0, 999), min_size=2, max_size=30))
def test_energy_is_conserved_over_rollovers(uses: list[int]) -> None:
    """Whatever is used between reads comes back, dial turned over or not."""
    dial = np.cumsum([99_500, *uses]) % 100_000

    assert _differences(*dial.tolist(), digits=5).energy.tolist() == uses
