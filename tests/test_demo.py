"""The demo's campus says in its files what its truth says, and the score counts what it promises to count."""

import csv
import gzip
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.campus import BUILDINGS
from pipeline.campus_faults import FAULTS, KINDS
from pipeline.demo import NOT_FAULTS, Campus, score_findings, write_campus


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Campus:
    """The whole campus, as the demo writes it."""
    return write_campus(tmp_path_factory.mktemp("campus"))


def read_rows(path: Path) -> list[list[str]]:
    """Read a file of the campus as plain CSV, without any of the project's readers."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.reader(text.decode().splitlines()))


def total(cells: list[str]) -> float:
    """Sum the cells that are not blank."""
    return float(np.sum([float(cell) for cell in cells if cell]))


def file_of(campus: Campus, name: str) -> Path:
    """The campus file whose name begins with `name`."""
    (path,) = [path for path in campus.files if path.name.startswith(name)]
    return path


def written(campus: Campus, meter_id: str, channel: str = "delivered") -> float:
    """What the campus says that its files say of a channel."""
    energy = campus.energy.set_index(["meter_id", "channel"])["written_kwh"]
    return float(energy[meter_id, channel])


def test_every_building_and_layout_is_there(campus: Campus) -> None:
    """Twelve buildings come in ten files of five kinds, with a register of meters and a settings file."""
    assert len(campus.files) == 10
    assert sorted(campus.energy["meter_id"].unique()) == sorted(building.name for building in BUILDINGS)
    assert len(read_rows(campus.register)) == 1 + len(BUILDINGS)
    assert campus.settings.name == "hyperwatt.toml"


def test_wide_files_hold_the_energy(campus: Campus) -> None:
    """The rows of a building's two years sum to what the campus says is written."""
    rows = [read_rows(file_of(campus, f"Redwood_Library_{year}"))[1] for year in (2024, 2025)]

    assert sum(total(row[2:]) for row in rows) == pytest.approx(written(campus, "Redwood Library"), rel=1e-12)


def test_wide_files_keep_the_campus_clock(campus: Campus) -> None:
    """November's repeated hour is in the header twice, March's skipped hour not at all."""
    names = read_rows(file_of(campus, "Redwood_Library_2025"))[0]

    assert len(names) == 2 + 8760
    assert names.count("11/02/2025 01:00") == 2
    assert names.count("03/09/2025 02:00") == 0


def test_columns_hold_the_energy(campus: Campus) -> None:
    """Each column sums to what the campus says is written."""
    rows = read_rows(file_of(campus, "south_campus"))
    columns = dict(zip(rows[0], zip(*rows[1:], strict=True), strict=True))

    assert rows[1][0] == "2024-01-01T08:00"
    assert len(columns) == 6
    for name in rows[0][1:]:
        assert total(list(columns[name])) == pytest.approx(written(campus, name), rel=1e-12)


def test_day_rows_hold_the_energy(campus: Campus) -> None:
    """48 cells a day sum to what is written, although autumn has 50 half-hours and spring 46."""
    rows = {(row[0], row[1]): row[2:] for row in read_rows(file_of(campus, "halls"))[1:]}
    alder = [cell for (meter_id, _), cells in rows.items() if meter_id == "Alder Hall" for cell in cells]

    assert total(alder) == pytest.approx(written(campus, "Alder Hall"), rel=1e-12)
    assert [cell == "" for cell in rows["Alder Hall", "2025-03-09"]] == [False] * 4 + [True] * 2 + [False] * 42
    assert float(rows["Alder Hall", "2025-11-02"][2]) > 1.5 * float(rows["Alder Hall", "2025-11-02"][4])
    assert ("Alder Hall", "2025-10-15") not in rows
    assert ("Birch Hall", "2025-11-20") not in rows


@pytest.mark.parametrize("channel", ["delivered", "received"])
def test_long_rows_hold_the_energy(campus: Campus, channel: str) -> None:
    """The last row of each start sums to what is written; four intervals have an earlier row of another value."""
    rows = [row for row in read_rows(file_of(campus, "gymnasium"))[1:] if row[1] == channel]
    autumn = [row[2] for row in rows].count("2025-11-02T01:15")
    wrong = [row for row, after in itertools.pairwise(rows) if row[2] == after[2]]

    assert autumn == 2
    assert len(wrong) == (4 if channel == "delivered" else 0)
    assert total([row[3] for row in rows]) - total([row[3] for row in wrong]) == pytest.approx(
        written(campus, "Gymnasium", channel), rel=1e-12
    )


def test_register_holds_the_energy(campus: Campus) -> None:
    """Steps of the dial, with its rollover and from its reset, sum to what is written."""
    dial = np.array([float(row[2]) for row in read_rows(file_of(campus, "data_center"))[1:]])
    steps = np.diff(dial)
    falls = np.flatnonzero(steps < 0)
    steps[falls] = [steps[falls[0]] + 1e7, dial[falls[1] + 1]]

    assert len(falls) == 2
    assert steps.sum() == pytest.approx(written(campus, "Data Center"), rel=1e-9)
    assert campus.truth.query("rule_id == 'V14'")["first_start_utc"].diff().iloc[-1] > 0


def test_every_kind_of_fault_is_in_the_truth(campus: Campus) -> None:
    """Each kind has its rule; the outage of five meters is one event; no two faults of a meter touch."""
    runs = campus.truth.dropna(subset="meter_id").sort_values(["meter_id", "first_start_utc"])
    same = runs["meter_id"].eq(runs["meter_id"].shift())

    assert set(campus.truth["rule_id"]) == {rule_id for rule_id, _ in KINDS.values()}
    assert {fault.kind for fault in FAULTS} == set(KINDS)
    assert campus.truth["meter_id"].isna().sum() == 1
    assert (runs["first_start_utc"] > runs["last_start_utc"].shift())[same].all()


def test_energy_differs_where_a_fault_took_it(campus: Campus) -> None:
    """Channels without a fault, with a repeated row, or with a register say exactly what was used."""
    differs = campus.energy[~np.isclose(campus.energy["true_kwh"], campus.energy["written_kwh"], rtol=1e-12)]
    lossless = {"Gymnasium", "Data Center"}

    assert set(differs["meter_id"]) == {building.name for building in BUILDINGS} - lossless


def test_same_seed_writes_the_same_bytes(campus: Campus, tmp_path: Path) -> None:
    """Equal seeds write equal files, and another seed does not."""
    again = write_campus(tmp_path / "again", buildings=4, years=2)
    other = write_campus(tmp_path / "other", buildings=4, years=2, seed=2)
    name = "gymnasium_quarter_hours.csv.gz"

    assert file_of(again, name).read_bytes() == file_of(campus, name).read_bytes()
    assert file_of(other, name).read_bytes() != file_of(campus, name).read_bytes()


def test_fewer_buildings_leave_out_their_faults(tmp_path: Path) -> None:
    """One building for one year: one layout, one file, its own fault."""
    campus = write_campus(tmp_path, buildings=1, years=1)

    assert [path.name for path in campus.files] == ["Administration_Building_2025.csv"]
    assert campus.truth["rule_id"].tolist() == ["V05"]


@pytest.mark.parametrize(("buildings", "years"), [(0, 2), (13, 2), (3, 0)])
def test_impossible_campus_is_refused(tmp_path: Path, buildings: int, years: int) -> None:
    """There are one to twelve buildings and at least one year."""
    with pytest.raises(ValueError, match="1 to 12 buildings"):
        write_campus(tmp_path, buildings=buildings, years=years)


TRUTH = pd.DataFrame(
    [("a", "delivered", "V05", 3600, 7200), ("b", "delivered", "V05", 0, 0), (None, None, "V19", 7200, 10800)],
    columns=["meter_id", "channel", "rule_id", "first_start_utc", "last_start_utc"],
)


def score(*findings: tuple[str | None, str | None, str, int, int]) -> dict[str, tuple[int, int, int, int]]:
    """Score findings against `TRUTH`: rule -> injected, detected, findings, right."""
    table = score_findings(TRUTH, pd.DataFrame(list(findings), columns=TRUTH.columns))
    return {row.rule_id: (row.injected, row.detected, row.findings, row.right) for row in table.itertuples()}


def test_a_perfect_score() -> None:
    """All found and nothing else gives one and one."""
    table = score_findings(TRUTH, TRUTH)

    assert table["rule_id"].tolist() == ["V05", "V19", "all"]
    assert table["precision"].tolist() == [1.0, 1.0, 1.0]
    assert table["recall"].tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("finding", "right"),
    [
        pytest.param(("a", "delivered", "V05", 3600, 7200), 1, id="same run"),
        pytest.param(("a", "delivered", "V05", 7200, 9000), 1, id="touches the last interval"),
        pytest.param(("a", "delivered", "V05", 10800, 10800), 0, id="after it"),
        pytest.param(("a", "delivered", "V05", 0, 0), 0, id="before it"),
        pytest.param(("c", "delivered", "V05", 3600, 7200), 0, id="another meter"),
        pytest.param(("a", "received", "V05", 3600, 7200), 0, id="another channel"),
        pytest.param((None, None, "V05", 3600, 7200), 1, id="names no meter"),
    ],
)
def test_a_finding_is_right_when_it_overlaps(finding: tuple[str, str, str, int, int], right: int) -> None:
    """Rule, meter, channel and time must agree."""
    assert score(finding)["V05"] == (2, right, 1, right)


def test_two_findings_of_one_fault_detect_it_once() -> None:
    """Recall counts faults, precision counts findings."""
    assert score(("a", "delivered", "V05", 3600, 3600), ("a", "delivered", "V05", 7200, 7200))["all"] == (3, 1, 2, 2)


def test_an_invented_fault_costs_precision() -> None:
    """A finding of a rule that nothing was injected for is wrong; one of `NOT_FAULTS` does not count."""
    invented = [("a", "delivered", rule_id, 3600, 7200) for rule_id in ("V09", *NOT_FAULTS)]

    assert len(NOT_FAULTS) > 0
    assert score(*invented)["all"] == (3, 0, 1, 0)


def test_no_findings_at_all() -> None:
    """Nothing found: no precision to speak of, recall zero."""
    table = score_findings(TRUTH, TRUTH.iloc[:0]).set_index("rule_id")

    assert np.isnan(table.loc["all", "precision"])
    assert table.loc["all", "recall"] == 0
