"""Cost and carbon by day and band, against the same worked out reading by reading in pandas."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.clock import utc_offsets
from pipeline.costs import open_book, roll_up_costs
from pipeline.emission_factors import Carbon
from pipeline.load_views import multiply_by_time
from pipeline.pricing import Pricing, read_tariffs
from pipeline.schema import Quality

PEAK = {"name": "peak", "price": 0.4, "hours": [16, 19], "days": "weekdays"}
DAY = {"name": "day", "price": 0.25}
TARIFF = {"name": "t", "currency": "GBP", "rate": [PEAK, DAY], "standing_charge": 0.5, "feed_in_price": 0.15}
LONDON = "Europe/London"


def book_of(*tariffs, carbon=None, **tariff_of):
    """The book of some tariffs, and what the register says of meters."""
    meters = pd.DataFrame({"meter_id": list(tariff_of), "tariff": list(tariff_of.values())})
    return open_book(Pricing(read_tariffs(list(tariffs)), carbon), meters)


def rolled(grid, book, holidays=None):
    """Rows as pandas has them, in order."""
    rows = roll_up_costs(grid, book, holidays).to_pandas().astype({"date": str})
    rows = rows.sort_values(["meter_id", "channel", "date", "band"], ignore_index=True)
    texts = ["tariff", "band", "currency"]
    return rows.assign(**rows[texts].astype(object).where(rows[texts].notna(), None))


def write_factors(path, first="2024-03-01", hours=24 * 40):
    """Half-hourly factors that rise and fall, one of them blank; give them as a series too."""
    starts = pd.date_range(first, periods=2 * hours, freq="30min")
    factor = pd.Series(0.2 + 0.1 * np.sin(np.arange(len(starts)) / 7), index=starts)
    factor.iloc[100] = np.nan
    factor.rename_axis("start_utc").rename("kg_per_kwh").to_csv(path)
    return factor


@pytest.mark.parametrize(("first", "days"), [("2024-03-28", 6), ("2024-10-25", 5)])
@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_each_reading_at_its_price_and_factor(make_grid, tmp_path, first, days, minutes):
    """Across both clock changes, with a gap: every day and band has the sum of its own readings and nothing else."""
    factor = write_factors(tmp_path / "c.csv", pd.Timestamp(first) - pd.Timedelta(days=1), 24 * 4)
    count = days * 1440 // minutes
    energy = np.random.default_rng(1).uniform(1, 5, (2, count))
    energy[0, 3:9] = np.nan
    begin = pd.Timestamp(first, tz=LONDON).tz_convert("UTC").tz_localize(None)
    quality = np.where(np.arange(count) % 5 == 0, Quality.ESTIMATED, Quality.ACTUAL).astype(np.uint8)
    grid = make_grid(energy, str(begin), minutes, LONDON)
    grid = replace(grid, quality=np.where(np.isnan(energy), np.uint8(Quality.MISSING), quality))
    found = rolled(grid, book_of(TARIFF, carbon=Carbon(0.2, tmp_path / "c.csv"), m0="t", m1="t"))

    wall = pd.to_datetime(grid.starts + utc_offsets(LONDON, grid.starts), unit="s")
    starts = pd.to_datetime(grid.starts, unit="s")
    parts = [starts + pd.Timedelta(minutes=part) for part in range(0, minutes, 30)]
    own = np.mean([factor.reindex(part.floor("30min")) for part in parts], axis=0)
    for meter in (0, 1):
        reading = pd.DataFrame({"date": wall.strftime("%Y-%m-%d"), "energy": energy[meter], "factor": own})
        reading["band"] = np.where((wall.hour >= 16) & (wall.hour < 19) & (wall.day_of_week < 5), "peak", "day")
        reading["estimated"] = grid.quality[meter] == Quality.ESTIMATED
        wanted = reading.dropna(subset="energy").groupby(["date", "band"]).apply(summed, include_groups=False)
        priced = found[(found["meter_id"] == f"m{meter}") & (found["band"] != "standing charge")]
        priced = priced.set_index(["date", "band"])[wanted.columns]
        pd.testing.assert_frame_equal(priced.sort_index(), wanted.sort_index(), rtol=1e-9, check_index_type=False)
    assert found["energy_kwh"].sum() == pytest.approx(np.nansum(energy), rel=1e-12)
    assert found["co2_hourly_kg"].notna().any()
    assert found["co2_hourly_kg"].isna().any()


def summed(own):
    """What the readings of a day and band come to."""
    price = 0.4 if own.name[1] == "peak" else 0.25
    known = own.dropna()
    total = own["energy"].sum()
    return pd.Series(
        {
            "energy_kwh": total,
            "cost": total * price,
            "co2_average_kg": total * 0.2,
            "co2_hourly_kg": (known["energy"] * known["factor"]).sum() if len(known) else np.nan,
            "hourly_factor_share": known["energy"].sum() / total,
            "estimated_share": own.loc[own["estimated"], "energy"].sum() / total,
        }
    )


def test_both_products_are_those_of_the_load_views(make_grid, tmp_path):
    """Without an average, hourly and flat are energy times a factor of time as `multiply_by_time` has them."""
    factor = write_factors(tmp_path / "c.csv", "2023-12-31 23:00", 24 * 366 + 1)
    own = factor["2024-01-01":].resample("1h").mean()
    path = tmp_path / "own.csv"
    own.rename_axis("start_utc").rename("kg_per_kwh").to_csv(path)
    energy = np.random.default_rng(2).uniform(1, 5, (3, len(own)))
    found = rolled(make_grid(energy, "2024-01-01"), book_of(carbon=Carbon(None, path)))
    wanted = multiply_by_time(energy, own.to_numpy())

    assert found["co2_hourly_kg"].sum() == pytest.approx(wanted.hourly, rel=1e-9)
    assert found["co2_average_kg"].sum() == pytest.approx(wanted.flat, rel=1e-9)
    assert (set(found["band"]), set(found["tariff"]), set(found["currency"])) == ({None}, {None}, {None})
    assert found["cost"].isna().all()


def test_the_standing_charge_is_once_a_day_of_a_meter(make_grid):
    """Beside two channels, for days with data only, without energy of its own."""
    energy = np.ones((3, 72))
    energy[0, 24:48] = np.nan
    grid = make_grid(energy, "2024-01-02", meter_id="m", channel=["delivered", "received", "reactive"])
    found = rolled(grid, book_of(TARIFF, m="t"))
    standing = found[found["band"] == "standing charge"]

    assert standing["date"].tolist() == ["2024-01-02", "2024-01-04"]
    assert standing[["channel", "cost", "currency"]].drop_duplicates().values.tolist() == [["delivered", 0.5, "GBP"]]
    assert standing[["energy_kwh", "co2_average_kg", "estimated_share"]].isna().all(axis=None)
    assert set(found["channel"]) == {"delivered", "received"}


def test_energy_fed_in_is_paid_for_and_emits_nothing(make_grid):
    """Its cost is below zero, and carbon is null, not zero: a footprint counts what was bought, gross."""
    grid = make_grid(np.ones((2, 24)), "2024-01-02", meter_id="m", channel=["delivered", "received"])
    found = rolled(grid, book_of(TARIFF, carbon=Carbon(0.2), m="t")).set_index("band")

    assert found.loc["feed-in", "cost"] == pytest.approx(-24 * 0.15)
    assert np.isnan(found.loc["feed-in", "co2_average_kg"])
    assert found["co2_average_kg"].sum() == pytest.approx(24 * 0.2)
    unpaid = {name: value for name, value in TARIFF.items() if name != "feed_in_price"}
    assert rolled(grid, book_of(unpaid, m="t")).query("channel == 'received'")["cost"].isna().all()


def test_tariffs_of_meters(make_grid):
    """By the register, else the default; a name that nobody has priced has no price, and never another's."""
    dear = {"name": "dear", "currency": "EUR", "rate": [{"name": "all", "price": 1}], "default": True}
    grid = make_grid(np.ones((3, 24)), "2024-01-02")
    found = rolled(grid, book_of(TARIFF, dear, m0="t", m2="unknown"))
    sums = found.groupby(["meter_id", "tariff"])["cost"].sum(min_count=1)

    assert sums.to_dict() == pytest.approx(
        {("m0", "t"): 3 * 0.4 + 21 * 0.25 + 0.5, ("m1", "dear"): 24.0, ("m2", "unknown"): np.nan}, nan_ok=True
    )
    assert dict(zip(found["meter_id"], found["currency"], strict=True)) == {"m0": "GBP", "m1": "EUR", "m2": None}
    assert found.groupby("meter_id")["energy_kwh"].sum().tolist() == [24, 24, 24]


def test_days_without_a_band(make_grid):
    """A day's total under two prices keeps its energy and has no cost; on a weekend of one price it has one."""
    starts = [f"2024-01-{day:02}" for day in (5, 6)]
    grid = make_grid(np.full((1, 2), 24.0), starts[0], 1440)
    found = rolled(grid, book_of(TARIFF, carbon=Carbon(0.2, None), m0="t")).query("band != 'standing charge'")

    assert found["date"].tolist() == starts
    assert found["band"].tolist() == [None, "day"]
    assert found["cost"].tolist() == pytest.approx([np.nan, 6.0], nan_ok=True)
    assert found["co2_average_kg"].tolist() == pytest.approx([4.8, 4.8])


def test_what_belongs_to_no_day(make_grid):
    """Periods of their own are refused, and a grid without a channel of use or without readings has no rows."""
    with pytest.raises(ValueError, match="no day"):
        roll_up_costs(replace(make_grid(np.ones((1, 3))), minutes=0), book_of(TARIFF))
    for grid in (make_grid(np.ones((1, 3)), channel="reactive"), make_grid(np.full((1, 3), np.nan))):
        assert roll_up_costs(grid, book_of(TARIFF, m0="t")).num_rows == 0
