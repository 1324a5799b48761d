"""Carbon against examples worked by hand, and every way in which factors may come or lack."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabpy_functions.answering import last_reasons
from tabpy_functions.carbon import average_factor, carbon, fill_factors
from tabpy_functions.carbon_factors import region_factors
from tabpy_functions.inputs import InputError
from tabpy_functions.stamps import local_seconds


def test_a_year_of_a_country():
    """GB 2025: 1,000 kWh x 0.17700 = 177 kg; 2024: 0.20705; by hand. The difference is the grid's, not the site's."""
    assert carbon(["2025-06-01", "2024-06-01"], [1000.0, 1000.0]) == pytest.approx([177.0, 207.05])
    assert carbon(["2025-06-01"], [1000.0], what="factor") == [0.177]


def test_india_begins_its_year_in_april():
    """31 March 2024 is of 2023-24 (0.7270), 1 April of 2024-25 (0.7117)."""
    assert carbon(["2024-03-31", "2024-04-01"], [10.0, 10.0], "IN") == pytest.approx([7.27, 7.117])


def test_us_subregions_are_converted_from_pounds():
    """CAMX 429.983 lb/MWh x 0.45359237 / 1000 = 0.195037 kg/kWh."""
    assert carbon(["2023-01-01"], [2.0], "US-CAMX") == pytest.approx([2 * 429.983 * 0.45359237 / 1000], rel=1e-5)


@pytest.mark.parametrize(("country", "grams"), [("US", 369), ("DE", 381), ("fr", 56), ("US-CA", 369), ("GB-SCT", 177)])
def test_other_countries(country, grams):
    """One factor; a part of a country without its own has the country's."""
    assert carbon(["2025-01-01"], [1.0], country) == pytest.approx([grams / 1000])


def test_hourly_factors_weigh_the_hours():
    """Two hours, 10 kWh at 0.1 and 30 at 0.3: 1 + 9 = 10 kg; flat 0.2 on both: 8 kg. By hand."""
    dates, energy, factor = ["2019-01-01 00:00:00", "2019-01-01 18:00:00"], [10.0, 30.0], [0.1, 0.3]

    assert carbon(dates, energy, factor_kg_per_kwh=factor) == pytest.approx([1.0, 9.0])
    assert carbon(dates, energy, "GB", factor, "flat_kg") == pytest.approx([2.0, 6.0])
    assert sum(carbon(dates, energy, "GB", [0.2, 0.2])) == pytest.approx(8.0)
    assert carbon(dates, energy, "GB", 0.5) == pytest.approx([5.0, 15.0])


def test_a_missing_factor_is_that_of_its_month_and_hour():
    """18:00 in January: the mean of the other Januarys' 18:00, 0.2 and 0.4; a note counts it."""
    dates = [f"2019-01-{day:02d} 18:00:00" for day in (1, 2, 3)] + ["2019-01-01 03:00:00"]

    assert carbon(dates, [10.0] * 4, "GB", [0.2, None, 0.4, 0.9]) == pytest.approx([2, 3, 4, 9])
    assert last_reasons()[-1]["reason"] == "1 missing factors are the mean of their month and hour"
    lonely, count = fill_factors(
        np.array([0.1, 0.3, np.nan]), local_seconds(["2019-01-01", "2019-01-02", "2019-07-01"])
    )
    assert (lonely[2], count) == (pytest.approx(0.2), 1)


def test_grams_are_refused():
    """200 is no kg/kWh."""
    assert carbon(["2019-01-01"], [1.0], "GB", [200.0]) == [None]
    assert "is not in kg/kWh: divide grams by 1000" in last_reasons()[-1]["reason"]


def test_years_without_a_factor_are_told():
    """2018 takes 2019's and says so; both that 2019 is unverified; 2025 needs no word."""
    factor, notes = average_factor("GB", local_seconds(["2018-05-05", "2025-05-05"]))

    assert factor.tolist() == [0.2556, 0.177]
    assert notes == (
        "the factor of the nearest known year stands for 2018",
        "factors of 2019 are unverified defaults",
    )
    assert average_factor("GB", local_seconds(["2025-05-05"]))[1] == ()


def test_unknown_countries_are_refused():
    """Null with a reason, not somebody else's factor."""
    with pytest.raises(InputError, match="no emission factor for 'Atlantis'"):
        average_factor("Atlantis", local_seconds(["2025-01-01"]))
    assert carbon(["2025-01-01"], [1.0], "Atlantis") == [None]


def test_what_is_not_known_has_no_carbon():
    """No energy, no date."""
    assert carbon(["2025-01-01", None, "2025-01-01"], [None, 1.0, 1.0]) == [None, None, pytest.approx(0.177)]


def test_no_factor_is_absurd():
    """Every region lies between the cleanest and the dirtiest grid there is; there are two hundred and more."""
    factors = region_factors()

    assert len(factors) > 230
    assert all(0 <= one <= 1.4 for one in factors.values())


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.none() | st.text(max_size=12) | st.dates().map(str), st.none() | st.floats() | st.text())),
    st.none() | st.text() | st.sampled_from(["GB", "IN", "DE"]),
    st.none() | st.floats() | st.lists(st.none() | st.floats(), max_size=4),
)
def test_anything_is_answered(rows, country, factor):
    """As many values back as rows."""
    dates, energy = ([row[part] for row in rows] for part in range(2))

    assert len(carbon(dates, energy, country, factor)) == len(rows)
    with np.errstate(all="ignore"), contextlib.suppress(InputError):
        carbon.__wrapped__(dates, energy, country, factor)
