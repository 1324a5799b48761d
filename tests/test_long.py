"""The long layout: a reading a row, in the words of many suppliers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import FileRefusedError, SettingsError
from pipeline.schema import Quality
from pipeline.sources.sniff import open_sources
from pipeline.sources.source import Batch, Feed, Source


def opened(path: Path, **said: object) -> tuple[Source, Batch]:
    """Read a file that holds one source, as one batch."""
    (source,) = open_sources(path, Feed(**said))  # type: ignore[arg-type]
    batches = list(source.batches)
    joined = {
        name: None if getattr(batches[0], name) is None else np.concatenate([getattr(each, name) for each in batches])
        for name in ("stream", "stamp", "value", "quality", "method", "minutes")
    }
    return source, Batch(**joined)  # type: ignore[arg-type]


def written(folder: Path, text: str, name: str = "home.csv") -> Path:
    """Write a file as its supplier would."""
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def seconds(text: str) -> int:
    """Give the seconds of an ISO instant, the clock ignored."""
    return int(pd.Timestamp(text).timestamp())


def half_hours(row: str, count: int = 96, first: str = "2020-02-01 00:00", pattern: str = "%Y-%m-%d %H:%M") -> str:
    """Repeat a row with `{start}`, `{end}` and `{n}` for consecutive half-hours."""
    stamps = pd.date_range(first, periods=count + 1, freq="30min").strftime(pattern).tolist()
    return "".join(row.format(start=stamps[n], end=stamps[n + 1], n=n) + "\n" for n in range(count))


DIALECTS = [
    pytest.param(
        "LCLid,stdorToU,DateTime,KWH/hh (per half hour) \n" + half_hours("MAC000002,Std,{start}:00.0000000, 0.5 "),
        ("MAC000002", "delivered", "kWh", None, "start", None),
        seconds("2020-02-01"),
        id="London smart meters",
    ),
    pytest.param(
        "\ufeffIdentifiant PRM;Type de donnees;Date de debut;Unite;Pas en minutes\n123;Courbe;01/02/2020;W;30\n"
        "Horodate;Valeur\n" + half_hours("{end}+01:00;500", pattern="%Y-%m-%dT%H:%M:%S"),
        ("home", "delivered", "W", "UTC", "end", 30),
        seconds("2020-01-31 23:30"),
        id="Enedis",
    ),
    pytest.param(
        "Name,A PERSON\nAddress,1 STREET\nAccount Number,12345\nService,Service 1\n\n"
        "TYPE,DATE,START TIME,END TIME,USAGE,UNITS,COST,NOTES\n"
        + "".join(
            f"Electric usage,2020-02-{1 + n // 96:02d},{n // 4 % 24:02d}:{n % 4 * 15:02d},"
            f"{n // 4 % 24:02d}:{n % 4 * 15 + 14:02d},0.5,kWh,$0.10,\n"
            for n in range(192)
        ),
        ("home", "delivered", "kWh", None, "start", None),
        seconds("2020-02-01"),
        id="PG&E",
    ),
    pytest.param(
        "AccountNumber,NMI,DeviceNumber,DeviceType,RegisterCode,RateTypeDescription,StartDate,EndDate,ProfileReadValue,"
        "RegisterReadValue,QualityFlag\n"
        + half_hours(
            "7,6001,5,COMMS4D,001#E1,Usage,{start},{end},0.5,0,A", first="2020-02-13", pattern="%-d/%m/%Y %-H:%M"
        ),
        ("6001", "delivered", "kWh", None, "start", None),
        seconds("2020-02-13"),
        id="Australian retailer",
    ),
    pytest.param(
        "MPRN,Meter Serial Number,Read Value,Read Type,Read Date and End Time\n"
        + "".join(
            reversed(
                half_hours(
                    "1000,77,0.5,Active Export Interval (kWh),{end}", first="2020-02-13", pattern="%d-%m-%Y %H:%M"
                ).splitlines(keepends=True)
            )
        ),
        ("1000", "received", "kWh", None, "end", None),
        seconds("2020-02-15"),
        id="ESB export in kWh",
    ),
    pytest.param(
        "Consumption (kwh), Start, End\n" + half_hours(" 0.5, {start}Z, {end}Z", pattern="%Y-%m-%dT%H:%M"),
        None,
        seconds("2020-02-01"),
        id="Octopus",
    ),
    pytest.param(
        "Datetime,AEP_MW\n" + half_hours("{end}:00,500"),
        ("AEP_MW", "delivered", "MW", None, "end", None),
        seconds("2020-02-01 00:30"),
        id="system operator",
    ),
    pytest.param(
        "customer_id,reading_datetime,general_supply_kwh\n" + half_hours("8141,{start},0.5"),
        ("8141", "delivered", "kWh", None, "start", None),
        seconds("2020-02-01"),
        id="customer trial",
    ),
    pytest.param(
        "meter,channel,interval_start,kwh\n" + half_hours("Hall,received,{start},0.5", pattern="%Y-%m-%dT%H:%M"),
        ("Hall", "received", "kWh", None, "start", None),
        seconds("2020-02-01"),
        id="channel column",
    ),
    pytest.param(
        "Energy consumption time period;Usage(Real energy in kilowatt-hours);Reading quality\n"
        + half_hours("{start}:00 to {end}:00;0,5;Actual"),
        ("home", "delivered", "kWh", None, "start", None),
        seconds("2020-02-01"),
        id="SCE",
    ),
    pytest.param(
        "epoch,watts (W)\n" + "".join(f"{1580515200 + n * 1800},500\n" for n in range(96)),
        ("home", "delivered", "W", "UTC", "start", None),
        seconds("2020-02-01"),
        id="seconds since 1970",
    ),
]


@pytest.mark.parametrize(("text", "stream", "first"), DIALECTS)
def test_dialects_are_read(tmp_path: Path, text: str, stream: tuple[object, ...] | None, first: int) -> None:
    """Meter, channel, unit, clock, label and step come out of each supplier's words, and every row is read."""
    source, batch = opened(written(tmp_path, text))

    (found,) = source.streams
    if stream is not None:
        assert (found.meter_id, found.channel, found.unit, found.timezone, found.label, found.minutes) == stream
    assert batch.stamp[0] == first
    assert len(batch.value) == (192 if "COST" in text else 96)
    assert set(batch.value.tolist()) <= {0.5, 500.0}
    assert "PERSON" not in repr(source)
    assert source.findings == []


def test_ends_of_intervals_give_their_length(tmp_path: Path) -> None:
    """Retailers end an interval at :29 or :59; that is half an hour, and midnight does not confuse it."""
    text = "NMI,StartDate,EndDate,kWh\n6001,13/02/20 23:30,13/02/20 23:59,1\n6001,14/02/20 0:00,14/02/20 0:29,2\n"
    _, batch = opened(written(tmp_path, text))
    times = "DATE,START TIME,END TIME,USAGE (kWh)\n2020-02-13,23:00,23:59,1\n2020-02-14,23:45,00:00,1\n"
    _, across = opened(written(tmp_path, times))

    assert batch.minutes is not None
    assert batch.minutes.tolist() == [30, 30]
    assert across.minutes is not None
    assert across.minutes.tolist() == [60, 15]


def test_several_registers_of_a_meter_are_told_apart(tmp_path: Path) -> None:
    """E1 is used, B1 is fed in, and a second register of a channel is a meter of its own; gas is left out."""
    rows = "".join(
        half_hours(f"6001,{code},{{start}},{{end}},0.5", 48) for code in ("1#E1", "1#B1", "1#E2", "Natural gas usage")
    )
    source, batch = opened(written(tmp_path, "NMI,RegisterCode,StartDate,EndDate,kWh\n" + rows))

    assert [(each.meter_id, each.channel) for each in source.streams] == [
        ("6001", "delivered"),
        ("6001", "received"),
        ("6001-1#E2", "delivered"),
    ]
    assert np.bincount(batch.stream).tolist() == [48, 48, 48]
    assert any("gas" in note for note in source.notes)


def test_two_value_columns_are_two_channels(tmp_path: Path) -> None:
    """Import and export columns of one meter are its two channels, and a generation register another."""
    text = "meter_id,timestamp,import_kwh,export_kwh\n" + half_hours("M1,{start},0.5,0.25")
    source, batch = opened(written(tmp_path, text))

    assert [(each.meter_id, each.channel) for each in source.streams] == [("M1", "delivered"), ("M1", "received")]
    assert [batch.value[batch.stream == n].sum() for n in range(2)] == [48, 24]


def test_quality_words_become_quality(tmp_path: Path) -> None:
    """Actual, Estimated and Missing are told; an unknown mark is actual, with a finding."""
    rows = [("Actual", 1), ("Estimated", 2), ("A", 3), ("E", 4), ("missing", 5)]
    lines = [f"M1,2020-02-01 {n:02d}:00,{value},{word}\n" for n, (word, value) in enumerate(rows * 4)]
    source, batch = opened(written(tmp_path, "MPR,ReadDatetime,kWh,ReadType\n" + "".join(lines)))
    lines.append("M1,2020-02-02 00:00,1,Q77\n")
    odd = opened(written(tmp_path, "MPR,ReadDatetime,kWh,Flag\n" + "".join(lines)), columns={"quality": "Flag"})

    assert batch.quality is not None
    assert batch.quality[:5].tolist() == [Quality.ACTUAL, Quality.ESTIMATED] * 2 + [Quality.MISSING]
    assert np.isnan(batch.value[4])
    assert source.findings == []
    assert [finding.rule_id for finding in odd[0].findings] == ["V20"]


@pytest.mark.parametrize(
    ("name", "is_register"),
    [
        ("register_kwh", True),
        ("meter_reading_kwh", True),
        ("Cumulative (kWh)", True),
        ("total_kwh", True),
        ("energy_kwh", False),
    ],
)
def test_registers_are_told_by_their_name(tmp_path: Path, name: str, is_register: bool) -> None:
    """Register, reading and cumulative are dials; a total is one when it never falls; energy never is."""
    path = written(tmp_path, f"meter,read_at,{name}\n" + half_hours("M1,{start},{n}"))

    assert opened(path)[0].streams[0].is_register is is_register
    assert opened(path, is_register=False)[0].streams[0].is_register is False


def test_a_total_that_falls_is_no_register(tmp_path: Path) -> None:
    """Interval totals go up and down."""
    text = "timestamp,total_kwh\n" + "".join(f"2020-02-01 {n:02d}:00,{n % 5}\n" for n in range(24))

    assert opened(written(tmp_path, text))[0].streams[0].is_register is False


@pytest.mark.parametrize("name", ["value", "reading", "load", "power", "value_normalized"])
def test_a_unit_is_never_guessed_silently(tmp_path: Path, name: str) -> None:
    """A column that says neither unit nor energy is refused with the option; the option settles it."""
    path = written(tmp_path, f"timestamp,{name}\n" + half_hours("{start},0.5"))

    with pytest.raises(FileRefusedError, match=f"V15 .*{name}.*--unit"):
        opened(path)
    assert opened(path, unit="kW")[0].streams[0].unit == "kW"
    with pytest.raises(SettingsError, match="furlong"):
        opened(path, unit="furlong")


def test_a_column_called_energy_is_kwh_with_a_note(tmp_path: Path) -> None:
    """Energy, consumption and usage are kWh, and the notes say that nothing stated it."""
    source, _ = opened(written(tmp_path, "timestamp,consumption\n" + half_hours("{start},0.5")))

    assert source.streams[0].unit == "kWh"
    assert any("--unit" in note for note in source.notes)


@pytest.mark.parametrize("null", ["", "?", "Null", "NULL", "NA", "N/A", "NaN", "-"])
def test_nulls_are_missing_without_a_word(tmp_path: Path, null: str) -> None:
    """Every spelling of "no value" is NaN and no finding."""
    text = "timestamp,kWh\n" + half_hours("{start},0.5") + f"2020-02-03 00:00,{null}\n"
    source, batch = opened(written(tmp_path, text))

    assert np.isnan(batch.value[-1])
    assert source.findings == []


def test_bad_cells_are_one_finding_a_meter(tmp_path: Path) -> None:
    """Cells that are no number are missing; the finding names the first line and counts them."""
    rows = half_hours("M1,{start},0.5") + half_hours("M2,{start},ERR", 3) + half_hours("M2,{start},1")
    path = written(tmp_path, "meter,timestamp,kWh\n" + rows)
    source, batch = opened(path)

    (finding,) = source.findings
    assert (finding.rule_id, finding.meter_id, finding.intervals) == ("V21", "M2", 3)
    assert "line 98: 'ERR'" in finding.detail
    assert int(np.isnan(batch.value).sum()) == 3
    with pytest.raises(FileRefusedError, match="line 98"):
        opened(path, strict=True)


def test_rows_without_meter_or_stamp_are_left_out(tmp_path: Path) -> None:
    """Damaged and blank ids, and stamps that are none, cost their own row; the rest loads."""
    bad = "1.23405E+12,2020-02-01 00:00,1\n,2020-02-01 00:00,1\nM1,KABOOM,1\nM1,,1\nM1,1666-02-01 00:00,1\n"
    blank = ",,\n\nmeter,timestamp,kWh\n"
    source, batch = opened(written(tmp_path, "meter,timestamp,kWh\n" + half_hours("M1,{start},0.5") + bad + blank))

    assert [each.meter_id for each in source.streams] == ["M1"]
    assert len(batch.value) == 96
    assert {(finding.rule_id, finding.intervals) for finding in source.findings} == {("V21", 2), ("V01", 3)}
    assert any("line 98: '1.23405E+12'" in finding.detail for finding in source.findings)


def test_the_future_is_left_out(tmp_path: Path) -> None:
    """With `today` known, later readings are not loaded."""
    path = written(tmp_path, "timestamp,kWh\n" + half_hours("{start},0.5") + "2099-01-01 00:00,1\n")
    (source,) = open_sources(path, Feed(), today=seconds("2020-02-03") // 86400)

    assert sum(len(batch.value) for batch in source.batches) == 96
    assert [(each.rule_id, each.intervals) for each in source.findings] == [("V01", 1)]


def test_mostly_bad_rows_refuse_the_file(tmp_path: Path) -> None:
    """A table whose stamps can mostly not be read is no meter data."""
    text = "timestamp,kWh\n" + half_hours("{start},1", 10) + "2020-02-30 00:00,1\n" * 30

    with pytest.raises(FileRefusedError, match="only 10 readings can be used"):
        opened(written(tmp_path, text))


def test_columns_can_be_named(tmp_path: Path) -> None:
    """`columns` takes names or numbers; a name that is not there is refused with those that are."""
    path = written(tmp_path, "a,b,c,d\n" + half_hours("{start},x,0.5,{end}"))
    named = {"stamp": "a", "value": "3", "meter": "b", "end": "d"}
    source, batch = opened(path, layout="long", unit="kWh", columns=named)

    assert [each.meter_id for each in source.streams] == ["x"]
    assert batch.minutes is not None
    assert set(batch.minutes.tolist()) == {30}
    with pytest.raises(FileRefusedError, match="no column 'zzz'; there are 'a', 'b', 'c', 'd'"):
        opened(path, columns={"stamp": "zzz"})
    with pytest.raises(SettingsError, match="colour"):
        opened(path, columns={"colour": "a"})


def test_sites_beside_meters_are_kept(tmp_path: Path) -> None:
    """A site column goes to the meter's stream."""
    rows = "".join(half_hours(f"{site},{meter},{{start}},1", 4) for site, meter in (("North", "M1"), ("South", "M2")))
    source, batch = opened(written(tmp_path, "Site Name,Meter Number,timestamp,kWh\n" + rows))

    assert [(each.meter_id, each.site_id) for each in source.streams] == [("M1", "North"), ("M2", "South")]
    assert np.bincount(batch.stream).tolist() == [4, 4]


def test_an_unknown_date_format_is_a_settings_error(tmp_path: Path) -> None:
    """The date format is an order or a strptime format, nothing else."""
    path = written(tmp_path, "timestamp,kWh\n" + half_hours("{start},1", 4))

    with pytest.raises(SettingsError, match="dayfirst"):
        opened(path, date_format="dayfirst")
    assert opened(path, date_format="%Y-%m-%d %H:%M")[1].stamp[1] == seconds("2020-02-01 00:30")
    with pytest.raises(FileRefusedError, match="cannot be iso"):
        opened(written(tmp_path, "timestamp,kWh\n13/02/2020 00:00,1\n13/02/2020 00:30,1\n"), date_format="iso")


def test_feeds_rename_and_skip_meters(tmp_path: Path) -> None:
    """What the user says of a meter wins: name, channel, unit, multiplier, clock; or nothing of it at all."""
    text = "meter,timestamp,kWh\n" + "".join(half_hours(f"{meter},{{start}},0.5", 4) for meter in ("M1", "M2", "M3"))
    said = {"M1": {"meter_id": "Hall", "multiplier": 40, "timezone": "UTC"}, "M2": {"skip": True}}
    source, batch = opened(written(tmp_path, text), meters=said, timezone="Europe/Paris")

    assert [(each.meter_id, each.multiplier, each.timezone) for each in source.streams] == [
        ("Hall", 40, "UTC"),
        ("M3", 1, "Europe/Paris"),
    ]
    assert np.bincount(batch.stream).tolist() == [4, 4]


def test_unpadded_iso_and_separate_times_are_read(tmp_path: Path) -> None:
    """Stamps that Arrow cannot read are read all the same, and alike."""
    loose = opened(written(tmp_path, "date,kWh\n2020-2-1 0:00,1\n2020-2-1 0:30,2\n"))[1]
    apart = opened(written(tmp_path, "Date,Time,kWh\n13/2/2020,0:00:00,1\n13/2/2020,0:30:00,2\n"))[1]

    assert loose.stamp.tolist() == [seconds("2020-02-01 00:00"), seconds("2020-02-01 00:30")]
    assert apart.stamp.tolist() == [seconds("2020-02-13 00:00"), seconds("2020-02-13 00:30")]


def test_the_end_of_a_large_file_tells_too(tmp_path: Path) -> None:
    """A file that begins and stops at midnight does not say which end stamps mark, however large it is."""
    path = written(tmp_path, "timestamp,energy_kwh\n" + half_hours("{start}:00,0.12345678", 48 * 300 + 1))

    assert path.stat().st_size > 1 << 18
    assert any("nothing tells" in note for note in opened(path)[0].notes)


def test_days_are_days(tmp_path: Path) -> None:
    """Dates without a time, a day apart, are daily values."""
    text = "date,kWh\n" + "".join(f"2020-02-{n:02d},{n}\n" for n in range(1, 20))

    assert opened(written(tmp_path, text))[0].streams[0].minutes == 1440


def test_numbers_of_other_countries_are_read(tmp_path: Path) -> None:
    """Decimal commas and thousands separators are numbers."""
    comma = opened(written(tmp_path, "stamp;kWh\n13.02.2020 00:00;1.234,5\n13.02.2020 01:00;0,5\n"))[1]
    thousands = opened(written(tmp_path, 'stamp,kWh\n2020-02-13 00:00,"1,234.5"\n2020-02-13 01:00,0.5\n'))[1]

    assert comma.value.tolist() == thousands.value.tolist() == [1234.5, 0.5]


@pytest.mark.shared_data
def test_irish_half_hours(shared_data: Path) -> None:
    """Mean kW, newest first, interval ends; 1,258.6665 kWh and not twice that."""
    source, batch = opened(shared_data / "esb_hdf" / "HDF_masked_02-03-2023.csv")
    (stream,) = source.streams

    assert (stream.unit, stream.label, stream.newest_first, stream.channel) == ("kW", "end", True, "delivered")
    assert len(batch.value) == 4526
    assert batch.value.sum() * 0.5 == pytest.approx(1258.6665)
    assert (batch.value.max(), batch.stamp[batch.value.argmax()]) == (7.18, seconds("2022-12-11 19:30"))
    assert (batch.stamp.min(), batch.stamp.max()) == (seconds("2022-11-23"), seconds("2023-02-27"))
    assert (batch.value == 0).sum() == 4


@pytest.mark.shared_data
def test_british_rows_per_reading(shared_data: Path) -> None:
    """Ends of half-hours; sums by meter; one meter all estimated; one with 46 of 48."""
    amr = shared_data / "energy_sparks_amr"
    source, batch = opened(amr / "amr_data" / "row-per-reading" / "valid.csv")
    ten, readings = opened(amr / "amr_highlands" / "example.csv")
    eleven, missing = opened(amr / "amr_highlands" / "example-missing-half-hours.csv")
    sums = [float(readings.value[readings.stream == n].sum()) for n in range(10)]

    assert (source.streams[0].label, len(batch.value), batch.value.sum()) == ("end", 48, pytest.approx(1272.1))
    assert (batch.stamp[0], batch.stamp[-1]) == (seconds("2019-08-26 00:30"), seconds("2019-08-27"))
    assert sums == pytest.approx([1272.1, 486.4, 21.9, 1319.4, 159.1, 181.6, 441.6, 0, 510.8, 75.6])
    assert len(ten.streams) == 10
    assert readings.quality is not None
    assert [set(readings.quality[readings.stream == n]) for n in range(10)].index({Quality.ESTIMATED}) == 8
    assert sorted(np.bincount(missing.stream).tolist()) == [46] + [48] * 10
    assert missing.value[missing.stream == np.bincount(missing.stream).argmin()].sum() == pytest.approx(917.2)
    assert {each.label for each in eleven.streams} == {"end"}


@pytest.mark.shared_data
def test_damaged_utf16_loads_every_cell(shared_data: Path) -> None:
    """15 readings and 79.1 kWh survive the NULs, and the repair is said."""
    path = shared_data / "energy_sparks_amr" / "amr_upload_data_files" / "with-nulls-and-empty-lines.csv"
    source, batch = opened(path)

    assert (len(batch.value), batch.value.sum()) == (15, pytest.approx(79.1))
    assert (batch.stamp[0], batch.stamp[-1]) == (seconds("2019-08-27 00:30"), seconds("2019-08-27 07:30"))
    assert any("encoding repaired" in note for note in source.notes)
    assert source.findings == []


@pytest.mark.shared_data
def test_photovoltaic_series_needs_its_unit(shared_data: Path) -> None:
    """Normalised power states no unit; once it is given, 3,000 instants load with their 1,149 blanks."""
    path = shared_data / "pv_stale" / "ac_power_inv_2173_stale_data.csv"
    with pytest.raises(FileRefusedError, match="--unit"):
        opened(path)
    source, batch = opened(path, unit="kW")

    assert source.streams[0].timezone == "UTC"
    assert (len(batch.value), int(np.isnan(batch.value).sum()), int((batch.value == 0).sum())) == (3000, 1149, 1015)
    assert (batch.stamp[0], batch.stamp[-1]) == (seconds("2010-12-29 14:15"), seconds("2011-01-29 20:00"))
