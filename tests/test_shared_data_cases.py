"""Reference answers of other projects: the 33 import cases of Open Energy Dashboard, and openEIS's meter files.

openEIS's answers to load views are met in test_load_views.py and test_rollup.py.
"""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytestmark = pytest.mark.shared_data

Ran = Any
"""`Ran` of conftest.py."""

Run = Callable[..., Ran]
Row = tuple[float, str, str]

# ---- oed_pipeline ----------------------------------------------------------------------------------------------------

OF_METER = {
    "pipe72": {"lengthGap": "60", "lengthVariation": "120"},
    "pipe74": {"duplications": "3"},
    "pipe76": {"endOnly": "true"},
}
"""Switches that stand in the case's meter file and not in its upload."""

CASES = [
    *("pipe1", "pipe2", "pipe4", "pipe6", "pipe7", "pipe9", "pipe10", "pipe12", "pipe14", "pipe16", "pipe18", "pipe20"),
    *("pipe21", "pipe23", "pipe25", "pipe27", "pipe29", "pipe31", "pipe34", "pipe40", "pipe50", "pipe52", "pipe71"),
    *("pipe72", "pipe74", "pipe76", "pipe110", "pipe111", "pipe113", "pipe116", "pipe117", "pipe119", "pipe121"),
]
SPRING = {"pipe111", "pipe113"}
"""There an interval over the spring change is split in two; in UTC it is one, of the same energy."""
AUTUMN = {"pipe116", "pipe117", "pipe119", "pipe121"}
"""There the repeated hour is dropped or prorated; in UTC every reading has its place, and nothing is lost."""


def feed_of(name: str, meter: str, switches: dict[str, str]) -> str:
    """Write the switches of an upload as a feed of hyperwatt.toml."""
    lines = ["[[feed]]", f'glob = "*/{name}"', "strict = true"]
    if switches.get("cumulative") == "true":
        lines.append("is_register = true")
    if switches.get("cumulativeReset") == "true":
        window = [switches.get(f"cumulativeReset{end}", "any") for end in ("Start", "End")]
        lines.append(f'reset_window = ["{window[0]}", "{window[1]}"]')
    for switch, setting in (("lengthGap", "gap_seconds"), ("lengthVariation", "length_seconds")):
        lines += [f"{setting} = {switches[switch]}"] if switch in switches else []
    lines += [f"repeats = {switches['duplications']}"] if "duplications" in switches else []
    lines += ['layout = "periods"'] if switches.get("endOnly") == "true" else []
    lines += ['timezone = "America/Chicago"'] if switches.get("honorDst") == "true" else []
    return "\n".join([*lines, f"[feed.meters.{name.split('.')[0]}]", f'meter_id = "{meter}"', ""])


def uploads(folder: Path) -> dict[str, list[tuple[Path, str]]]:
    """Files of each case, in order, with their feed."""
    found: dict[str, list[tuple[Path, str]]] = {}
    with (folder / "cases.csv").open() as file:
        for row in csv.DictReader(file):
            pairs = zip(row["files"].split(" | "), row["switches"].split(" | "), strict=True)
            for name, text in pairs:
                said = dict(each.split("=") for each in text.split() if "=" in each)
                if "InputMeter" not in name:
                    feed = feed_of(name, row["case"], OF_METER.get(row["case"], {}) | said)
                    found.setdefault(row["case"], []).append((folder / name, feed))
    return found


@pytest.fixture(scope="module")
def oed(run_files: Run, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """All cases in one run; some are the same bytes under another name, which is the name of their meter."""
    cases = uploads(shared_data / "oed_pipeline")
    config = tmp_path_factory.mktemp("oed") / "hyperwatt.toml"
    config.write_text("".join(feed for files in cases.values() for _, feed in files))
    ran = run_files([path for files in cases.values() for path, _ in files], config=config, timezone="UTC")
    return dict.fromkeys(cases, ran)


def given(ran: Ran, meter: str) -> list[Row]:
    """What was read of a meter: value, start and end on the wall clock."""
    own = ran.of(meter).dropna(subset="kwh")
    ends = own["interval_start_utc"] + pd.to_timedelta(own["interval_minutes"], unit="min")
    offset = own["interval_start"] - own["interval_start_utc"]
    rows = zip(own["kwh"], own["interval_start"], ends + offset, strict=True)
    return [(kwh, str(start), str(end)) for kwh, start, end in rows]


def expected(folder: Path, case: str) -> list[Row]:
    """What the reference import makes of a case."""
    with (folder / f"{case}Expected.csv").open() as file:
        return [(float(value), start, end) for value, start, end in csv.reader(file)]


def test_oed_cases_are_all_there(shared_data: Path) -> None:
    """33 cases, none left out below."""
    assert list(uploads(shared_data / "oed_pipeline")) == CASES


@pytest.mark.parametrize("case", [case for case in CASES if case not in SPRING | AUTUMN])
def test_oed_cases(oed: dict[str, Ran], shared_data: Path, case: str) -> None:
    """Value, start and end of every reading are those of the reference; a rejected upload leaves nothing."""
    rows = expected(shared_data / "oed_pipeline", case)
    refused = [file.path.name for file in oed[case].report.refused if file.path.name.startswith(f"{case}Input")]

    assert given(oed[case], case) == rows
    assert refused == ([] if rows else [f"{case}Input.csv"])


OED_REFUSALS = {
    "pipe7": ("V14", "the register fell", "line 4"),
    "pipe9": ("V14", "the register fell", "line 4"),
    "pipe27": ("V01", "without a readable time", "line 2: '48,2021-06-02 00:00:00,2021-06-32 00:00:00'"),
    "pipe29": ("V21", "without a readable number", "line 4: '240.x,2021-06-04"),
}


@pytest.mark.parametrize("case", OED_REFUSALS)
def test_oed_rejections_say_why(oed: dict[str, Ran], case: str) -> None:
    """A rejected upload names the rule, the reason and the line, and how the other rows could be loaded."""
    rule_id, reason, line = OED_REFUSALS[case]
    refusal = oed[case].file(f"{case}Input.csv").refusal

    assert refusal.rule_id == rule_id
    assert reason in refusal.reason
    assert line in refusal.reason
    assert "--strict" in refusal.remedy


@pytest.mark.parametrize(
    ("case", "rule_id", "count", "said"),
    [
        ("pipe14", "V04", 4, "the length differs from the reading before by more than 0 s"),
        ("pipe16", "V04", 1, "the length differs from the reading before by more than 120 s"),
        ("pipe18", "V05", 1, "there is a gap before a reading"),
        ("pipe31", "V05", 2, "does not begin where the one before it ended"),
        ("pipe34", "V04", 1, "a reading without length was left out"),
        ("pipe72", "V05", 1, "there is a gap before a reading"),
    ],
)
def test_oed_warnings_are_findings(oed: dict[str, Ran], case: str, rule_id: str, count: int, said: str) -> None:
    """What the reference warns of is told as a finding, as often as there."""
    found = [one for one in oed[case].findings(rule_id) if one.file and case in one.file.name and said in one.detail]

    assert sum(one.intervals for one in found) == count


def test_oed_first_reads_are_told(oed: dict[str, Ran]) -> None:
    """The first read of a register has nothing before it, and the first end no start: both are said."""
    assert any("the first, line 5, only begins it" in note for note in oed["pipe4"].file("pipe4Input.csv").notes)
    assert any("the first, line 1, has no start" in note for note in oed["pipe23"].file("pipe23Input.csv").notes)


@pytest.mark.parametrize("case", sorted(SPRING))
def test_oed_spring_is_whole_in_utc(oed: dict[str, Ran], shared_data: Path, case: str) -> None:
    """An interval over the spring change stays one; the reference's two parts add up to it."""
    rows = expected(shared_data / "oed_pipeline", case)
    ours = given(oed[case], case)

    assert [row[:2] for row in ours] == [row[:2] for row in (rows[0], (rows[1][0] + rows[2][0], rows[1][1]), rows[3])]


OED_AUTUMN = {
    "pipe116": [(60.0, "05:00"), (-1.0, "06:00"), (120.0, "07:00")],
    "pipe119": [(23.0, "06:23"), (-1.0, "06:46"), (-2.0, "07:09"), (46.0, "07:32"), (69.0, "07:55"), (92.0, "08:18")],
    "pipe121": [(23.0, "06:23"), (-1.0, "06:46"), (-2.0, "07:09"), (46.0, "07:32"), (69.0, "07:55"), (92.0, "08:18")],
}


@pytest.mark.parametrize("case", OED_AUTUMN)
def test_oed_autumn_loses_nothing(oed: dict[str, Ran], case: str) -> None:
    """All readings of the repeated hour have their place in UTC; the negative placeholders are V07."""
    own = oed[case].of(case)
    starts = own["interval_start_utc"].dt.strftime("%H:%M")
    negative = own.loc[own["kwh"] < 0]

    assert list(zip(own["kwh"], starts, strict=True)) == OED_AUTUMN[case]
    assert (negative["rule_id"] == "V07").all()
    assert negative["raw_kwh"].tolist() == negative["kwh"].tolist()


def test_oed_autumn_day_has_25_hours(oed: dict[str, Ran]) -> None:
    """A day of 25 hours keeps its 3,000 units, of which the reference loses 120."""
    ran = oed["pipe117"]

    assert [row[0] for row in given(ran, "pipe117")] == [1440.0, 3000.0, 4320.0]
    assert ran.of("pipe117")["interval_minutes"].tolist() == [1440, 1500, 1440]
    assert ran.day("pipe117", "2022-11-06")["energy_kwh"] == 3000.0


def test_oed_register_goes_on_in_the_next_file(run_files: Run, shared_data: Path, tmp_path: Path) -> None:
    """Two uploads in two runs, the later file first too: the interval between them is not lost."""
    files = uploads(shared_data / "oed_pipeline")["pipe52"]
    config = tmp_path / "hyperwatt.toml"
    config.write_text("".join(files[1][1].replace("pipe52B", f"pipe52{letter}") for letter in "AB"))
    for order in ([0, 1], [1, 0]):
        out = tmp_path / str(order[0])
        for number in order:
            ran = run_files([files[number][0]], out, config=config, timezone="UTC")

        assert given(ran, "pipe52") == expected(shared_data / "oed_pipeline", "pipe52")


def test_oed_meter_files_are_no_readings(run_files: Run, shared_data: Path) -> None:
    """The case's meter files and tables hold no readings, and none are made of them."""
    folder = shared_data / "oed_pipeline"
    ran = run_files([*sorted(folder.glob("*InputMeter.csv")), folder / "cases.csv"], timezone="UTC")

    assert sum(ran.report.written) == 0


# ---- openeis_refs ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def openeis(run_files: Run, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """Each input in a run of its own, since they share the names of their columns."""
    names = {path.name: path for path in (shared_data / "openeis_refs").glob("*_data*.csv")}
    return {
        name: run_files([path], timezone="America/Los_Angeles", unit="kW", date_format="month-first")
        for name, path in names.items()
        if name != "energy_signature_data.csv"
    }


HOURS = ["floats", "floatsandmissing", "missing", "onetofive"]
DAYS = ["floats", "missingandfloats", "onetofive", "samenumber", "withmissing"]
OPENEIS = {
    **dict.fromkeys(("load_duration_data.csv", "heat_map_data.csv", "load_profiling_data.csv"), HOURS),
    "longitudinal_bm_data.csv": HOURS,
    "daily_summary_data.csv": DAYS,
    "daily_summary_data_insufficient.csv": ["onetofive"],
    "whole_building_energy_savings_data.csv": ["whole-bldg-elec-W"],
}
"""Inputs and their columns of power."""


@pytest.mark.parametrize("name", OPENEIS)
def test_openeis_inputs_are_read_whole(openeis: dict[str, Ran], shared_data: Path, name: str) -> None:
    """Every column of power is a meter, with every value that is not blank, at its hour."""
    ran = openeis[name]
    frame = pd.read_csv(shared_data / "openeis_refs" / name, skipinitialspace=True)
    frame = frame.drop_duplicates(frame.columns[0], keep="last")
    meters = sorted(set(ran.readings["meter_id"]))

    assert ran.report.refused == []
    assert sorted(meters) == sorted(OPENEIS[name])
    assert [ran.kwh(meter) for meter in meters] == pytest.approx([frame[meter].sum() for meter in meters])
    assert [ran.of(meter)["kwh"].count() for meter in meters] == [frame[meter].count() for meter in meters]


def test_openeis_a_stamp_twice_is_told(openeis: dict[str, Ran]) -> None:
    """Midnight of 6 April 1987 stands twice with different values: the last is kept, and told (V02)."""
    ran = openeis["whole_building_energy_savings_data.csv"]

    assert ran.runs("V02") == [("1987-04-06 07:00", 1)]
    assert ran.day("whole-bldg-elec-W", "1987-04-05")["expected_intervals"] == 23
