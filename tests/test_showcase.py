"""`hyperwatt demo`, whole: what was put in is found, nothing else is, and no energy is lost on the way."""

import pytest

from pipeline.progress import silent
from pipeline.showcase import Showcase, run_demo
from pipeline.stores.extracts import EXTRACTS
from pipeline.stores.hyper_read import read_extract


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Showcase:
    """The demo, run once."""
    return run_demo(tmp_path_factory.mktemp("demo"), silent)


def test_every_fault_is_found_and_nothing_else(shown: Showcase) -> None:
    """Precision and recall are one over more than ten kinds of fault."""
    last = shown.score.iloc[-1]

    assert last["rule_id"] == "all"
    assert last["injected"] >= 14
    assert (last["precision"], last["recall"]) == (1.0, 1.0)


def test_energy_is_conserved(shown: Showcase) -> None:
    """What the database keeps as read is what the files say, channel by channel."""
    assert len(shown.energy) == 13
    assert shown.energy["read_kwh"].to_numpy() == pytest.approx(shown.energy["written_kwh"].to_numpy(), rel=1e-9)


def test_estimates_are_near_the_truth(shown: Showcase) -> None:
    """Where the feed does not end early, the energy after validation is within 0.1 % of what was really used."""
    stale = shown.campus.truth.loc[shown.campus.truth["rule_id"] == "V22", "meter_id"]
    whole = shown.energy[~shown.energy["meter_id"].isin(stale)]

    assert whole["final_kwh"].to_numpy() == pytest.approx(whole["true_kwh"].to_numpy(), rel=1e-3)


def test_extracts_hold_it_all(shown: Showcase) -> None:
    """The extracts are there, and the readings' one has a row for every interval of the database."""
    rows = {name: len(read_extract(shown.out / "extracts" / f"{name}.hyper")) for name in EXTRACTS}

    assert rows["readings"] == shown.energy["readings"].sum()
    assert rows["daily"] > 8_000
    assert rows["findings"] == len(shown.report.findings)


def test_costs_and_carbon(shown: Showcase) -> None:
    """Every day of every meter has a price and a factor of its hours; panels are paid for what they feed in."""
    costs = read_extract(shown.out / "extracts" / "costs.hyper")
    energy = costs.groupby("channel")["energy_kwh"].sum()
    bands = costs.groupby("band", dropna=False)["cost"].sum()

    assert energy.sum() == pytest.approx(shown.energy["final_kwh"].sum(), rel=1e-9)
    assert sorted(bands.index) == ["day", "evening", "feed-in", "night", "standing charge"]
    assert bands["feed-in"] == pytest.approx(-0.06 * energy["received"])
    assert costs.loc[costs["channel"] == "delivered", "hourly_factor_share"].dropna().round(9).eq(1).all()
    assert 0.9 < costs["co2_hourly_kg"].sum() / costs["co2_average_kg"].sum() < 1.1


def test_again_changes_nothing(shown: Showcase) -> None:
    """A second demo in the same folder finds everything loaded, and scores the same."""
    again = run_demo(shown.out, silent)

    assert sorted(again.report.known) == sorted(again.campus.files)
    assert again.report.written == (0, 0, 0)
    assert again.score.equals(shown.score)
