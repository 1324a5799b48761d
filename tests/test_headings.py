"""Headings above a row of names that says the same of several columns."""

import pytest

from pipeline.sources.headings import headed_names

TIME = "Time"


@pytest.mark.parametrize(
    ("rows", "names", "units"),
    [
        ([["", "A", "B"], [TIME, "kWh", "kWh"]], [TIME, "A", "B"], ["", "kWh", "kWh"]),
        ([["", "A", "B"], ["", "kWh", "MWh"], [TIME, "Value", "Value"]], [TIME, "A", "B"], ["", "kWh", "MWh"]),
        ([["", "A", "", "B", ""], [TIME, *["kWh", "kW"] * 2]], [TIME, "A kWh", "A kW", "B kWh", "B kW"], None),
        ([["", "1001", "1002"], [TIME, "Export", "Export"]], [TIME, "1001 Export", "1002 Export"], ["", "", ""]),
        ([["", "PV [kWh]", "B"], [TIME, "Counter", "Counter"]], [TIME, "PV [kWh]", "B"], ["", "", ""]),
        ([["", "A", "B"], [TIME, "Demand", "Demand"]], [TIME, "A Demand", "B Demand"], ["", "", ""]),
    ],
)
def test_headings_that_name(rows: list[list[str]], names: list[str], units: list[str] | None) -> None:
    """What the row of names says stays in the name where it says more than energy."""
    found = headed_names(rows)

    assert found is not None
    assert found[0] == names
    assert units is None or found[1] == units


@pytest.mark.parametrize(
    "rows",
    [
        [[TIME, "kWh", "kWh"]],
        [["Account", "12345", "Smith"], [TIME, "Import kWh", "Export kWh"]],
        [["Account", "12345", "Name", "Smith"], [TIME, "kWh", "kWh", "kW"]],
        [["", "A", ""], [TIME, "kWh", "kWh"]],
        [["", "", "B"], [TIME, "kWh", "kWh"]],
        [["", "2024-03-01", "2024-03-02"], [TIME, "kWh", "kWh"]],
        [["", "A", "B"], [TIME, "Hall", "Tower"]],
    ],
)
def test_rows_that_are_no_headings(rows: list[list[str]]) -> None:
    """Lines of a preamble, one name for two columns, dates, and names that need none."""
    assert headed_names(rows) is None
