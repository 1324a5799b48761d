"""Green Button feeds: what their numbers mean, what stands twice, what is no series."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import FileRefusedError
from pipeline.schema import Method, Quality
from pipeline.sources.document import Document, open_documents
from pipeline.sources.green_button import read_green_button
from pipeline.sources.source import Batch, Feed, Source

START = 1357016400
DELTA = "<uom>72</uom><accumulationBehaviour>4</accumulationBehaviour><powerOfTenMultiplier>0</powerOfTenMultiplier>"


def _document(text: str, name: str = "feed.xml") -> Document:
    return Document(Path(name), lambda: io.BytesIO(text.encode()), "utf-8")


def _entry(link: str, content: str, *related: str) -> str:
    links = f'<link rel="self" href="{link}"/>' + "".join(f'<link rel="related" href="{each}"/>' for each in related)
    return f"<entry>{links}<content>{content}</content></entry>"


def _reading(start: object, value: object, seconds: object = 3600, quality: int | None = None) -> str:
    stated = "" if quality is None else f"<ReadingQuality><quality>{quality}</quality></ReadingQuality>"
    period = f"<timePeriod><duration>{seconds}</duration><start>{start}</start></timePeriod>"
    return f"<IntervalReading>{stated}{period}<value>{value}</value></IntervalReading>"


def _block(*readings: str) -> str:
    return f"<IntervalBlock>{''.join(readings)}</IntervalBlock>"


def _feed_of(*readings: str, type_text: str = DELTA, kind: int = 0) -> str:
    """One usage point 7/9 with one MeterReading and one ReadingType, all linked."""
    point = "User/7/UsagePoint/9"
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom">'
        + _entry(point, f"<UsagePoint><ServiceCategory><kind>{kind}</kind></ServiceCategory></UsagePoint>")
        + _entry(f"{point}/MeterReading/1", "<MeterReading/>", "ReadingType/1")
        + _entry("ReadingType/1", f"<ReadingType>{type_text}</ReadingType>")
        + _entry(f"{point}/MeterReading/1/IntervalBlock/1", _block(*readings))
        + "</feed>"
    )


def _hours(count: int, value: int = 500, first: int = START) -> list[str]:
    return [_reading(first + 3600 * hour, value) for hour in range(count)]


def _load(text: str, feed: Feed | None = None) -> tuple[Source, list[Batch]]:
    source = read_green_button(_document(text), feed or Feed())
    return source, list(source.batches)


def _load_file(path: Path) -> tuple[Source, list[Batch]]:
    source = read_green_button(next(open_documents(path, Feed())), Feed())
    return source, list(source.batches)


def test_a_reading_is_an_instant_with_the_unit_of_its_type() -> None:
    """Stamps are UTC starts, values stay as the file has them, and the meter is named customer/usage point."""
    source, (batch,) = _load(_feed_of(*_hours(3)))

    (stream,) = source.streams
    assert (stream.meter_id, stream.channel, stream.unit, stream.timezone) == ("7/9", "delivered", "Wh", "UTC")
    assert (stream.label, stream.minutes, stream.multiplier) == ("start", 60, 1.0)
    assert batch.stamp.tolist() == [START, START + 3600, START + 7200]
    assert batch.value.tolist() == [500.0] * 3
    assert source.findings == []


@pytest.mark.parametrize(
    ("type_text", "channel", "unit", "multiplier"),
    [
        pytest.param("<uom>72</uom><flowDirection>19</flowDirection>", "received", "Wh", 1.0, id="fed in"),
        pytest.param("<uom>73</uom>", "reactive", "VArh", 1.0, id="reactive"),
        pytest.param("<uom>73</uom><flowDirection>19</flowDirection>", "reactive_received", "VArh", 1.0, id="both"),
        pytest.param("<uom>38</uom>", "delivered", "W", 1.0, id="power"),
        pytest.param("<uom>72</uom><powerOfTenMultiplier>-3</powerOfTenMultiplier>", "delivered", "Wh", 1e-3, id="mWh"),
    ],
)
def test_reading_type_decides(type_text: str, channel: str, unit: str, multiplier: float) -> None:
    """Direction, unit and power of ten come from the ReadingType."""
    source, _ = _load(_feed_of(*_hours(3), type_text=type_text))

    (stream,) = source.streams
    assert (stream.channel, stream.unit, stream.multiplier) == (channel, unit, pytest.approx(multiplier))


@pytest.mark.parametrize(
    ("offset", "begins", "ends", "clock"),
    [
        pytest.param(-18000, "360E2000", "B40E2000", "America/New_York", id="long rules"),
        pytest.param(-28800, "B60E", "B40E", "America/Los_Angeles", id="short rules"),
        pytest.param(18000, "360E2000", "B40E2000", None, id="turned sign"),
        pytest.param(-18000, "A60E2000", "B40E2000", None, id="other rules"),
    ],
)
def test_local_time_parameters_name_the_clock(offset: int, begins: str, ends: str, clock: str | None) -> None:
    """Offset and daylight-saving rules together say what a day is; instants stay instants."""
    fields = {"dstEndRule": ends, "dstOffset": 3600, "dstStartRule": begins, "tzOffset": offset}
    stated = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    entry = _entry("LocalTimeParameters/1", f"<LocalTimeParameters>{stated}</LocalTimeParameters>")
    text = _feed_of(*_hours(3)).replace("</feed>", f"{entry}</feed>")

    source, _ = _load(text)

    assert (source.streams[0].timezone, source.streams[0].site_timezone) == ("UTC", clock)
    assert any(str(clock) in note for note in source.notes) == (clock is not None)


def test_daylight_saving_days_keep_their_own_length() -> None:
    """82,800 and 90,000 s are days of 23 and 25 hours: the stream is daily, the row says how long it was."""
    readings = [
        _reading(START, 1, 86400),
        _reading(START + 86400, 1, 82800),
        _reading(START + 169200, 1, 90000),
        _reading(START + 259200, 1, 86400),
    ]

    source, (batch,) = _load(_feed_of(*readings))

    assert source.streams[0].minutes == 1440
    assert batch.minutes is not None
    assert batch.minutes.tolist() == [1440, 1380, 1500, 1440]


def test_lone_daylight_saving_day_is_a_day() -> None:
    """A feed of nothing but one day of 23 hours is daily, and says how long that day was."""
    source, (batch,) = _load(_feed_of(_reading(START, 1, 82800)))

    assert source.streams[0].minutes == 1440
    assert batch.minutes is not None
    assert batch.minutes.tolist() == [1380]


def test_identical_overlap_is_kept_once_and_counted() -> None:
    """Blocks that repeat the same hours identically add nothing; a finding says how many."""
    source, (batch,) = _load(_feed_of(*_hours(4), *_hours(2)))

    assert len(batch.stamp) == 4
    assert [(each.rule_id, each.intervals) for each in source.findings] == [("V02", 2)]


def test_conflicting_versions_are_all_handed_on() -> None:
    """The same start with another value is a version: placing decides, the reader drops neither."""
    _, (batch,) = _load(_feed_of(*_hours(4), _reading(START, 999)))

    assert batch.value.tolist() == [500.0, 500.0, 500.0, 500.0, 999.0]


def test_reading_inside_another_is_left_out() -> None:
    """An hour that begins inside the hour before it would count twice."""
    source, (batch,) = _load(_feed_of(*_hours(4), _reading(START + 1800, 500)))

    assert len(batch.stamp) == 4
    assert [(each.rule_id, each.first_start_utc) for each in source.findings] == [("V02", START + 1800)]


def test_periods_that_share_a_start_are_refused() -> None:
    """Billing periods that all begin at one instant are no series."""
    same = [_reading(1721154384.66136, 10 + days, 86400 * days) for days in (28, 29, 30, 31)]

    with pytest.raises(FileRefusedError, match=r"V02 .*4 periods, of which only 1"):
        _load(_feed_of(*same))


def test_days_are_not_added_to_their_hours() -> None:
    """A second, coarser MeterReading of one usage point is a meter of its own."""
    point = "User/7/UsagePoint/9"
    daily = _entry(f"{point}/MeterReading/2", "<MeterReading/>", "ReadingType/1") + _entry(
        f"{point}/MeterReading/2/IntervalBlock/1",
        _block(_reading(START, 12000, 86400), _reading(START + 86400, 1, 86400)),
    )
    text = _feed_of(*_hours(24)).replace("</feed>", daily + "</feed>")

    source, batches = _load(text)

    assert [(each.meter_id, each.minutes) for each in source.streams] == [("7/9", 60), ("7/9-2", 1440)]
    assert [len(batch.stamp) for batch in batches] == [24, 2]


@pytest.mark.parametrize(
    ("code", "quality", "method"),
    [
        (0, Quality.ACTUAL, Method.NONE),
        (7, Quality.EDITED, Method.EDIT),
        (8, Quality.ESTIMATED, Method.LIKE_DAY),
        (9, Quality.ESTIMATED, Method.LINEAR),
        (19, Quality.ACTUAL, Method.NONE),
    ],
)
def test_quality_numbers_are_ours(code: int, quality: Quality, method: Method) -> None:
    """ESPI's numbers become our quality and method; known ones need no finding."""
    source, (batch,) = _load(_feed_of(*_hours(2), _reading(START + 7200, 5, quality=code)))

    assert batch.quality is not None
    assert batch.method is not None
    assert (batch.quality[2], batch.method[2]) == (quality, method)
    assert source.findings == []


def test_unknown_quality_is_kept_with_a_finding() -> None:
    """A number that nobody knows is an actual reading, and V20 keeps the number."""
    source, (batch,) = _load(_feed_of(*_hours(2), _reading(START + 7200, 5, quality=42)))

    assert batch.quality is not None
    assert batch.quality[2] == Quality.ACTUAL
    assert [(each.rule_id, "42" in each.detail) for each in source.findings] == [("V20", True)]


def test_link_wins_over_order() -> None:
    """Of several ReadingTypes the linked one applies, not the last one seen."""
    therm = _entry("ReadingType/2", "<ReadingType><uom>169</uom></ReadingType>")
    text = _feed_of(*_hours(2)).replace(
        '<entry><link rel="self" href="User/7/UsagePoint/9/MeterReading/1/',
        therm + '<entry><link rel="self" href="User/7/UsagePoint/9/MeterReading/1/',
    )

    source, _ = _load(text)

    assert source.streams[0].unit == "Wh"
    assert source.notes == ["reading type by link (ReadingType/1)"]


def test_without_links_order_joins() -> None:
    """A feed without links is joined by order, and says so; the file names the meter."""
    text = f"<feed><ReadingType>{DELTA}</ReadingType>{_block(*_hours(2))}</feed>"

    source, _ = _load(text)

    assert source.streams[0].meter_id == "feed"
    assert source.notes == ["reading type by order, no link matches"]


def test_readings_alone_need_the_unit() -> None:
    """A document of readings whose ReadingType is in a second one is refused, or read with the unit the user says."""
    text = f"<feed>{_block(*_hours(2))}</feed>"

    with pytest.raises(FileRefusedError, match=r"V15 .*--unit"):
        _load(text)

    source, _ = _load(text, Feed(unit="Wh"))
    assert source.streams[0].unit == "Wh"


def test_multiplier_that_cannot_be_true_is_refused() -> None:
    """10^3 over values that are plain Wh already would make a house draw 500 kW: only the user can say."""
    text = _feed_of(*_hours(3), type_text="<uom>72</uom><powerOfTenMultiplier>3</powerOfTenMultiplier>")

    with pytest.raises(FileRefusedError, match=r"V15 .*multiplier 1000 .*500 kW.*--unit Wh"):
        _load(text)

    source, _ = _load(text, Feed(unit="Wh"))
    assert (source.streams[0].unit, source.streams[0].multiplier) == ("Wh", 1.0)
    assert [each.rule_id for each in source.findings] == ["V15"]


def test_multiplier_that_fits_is_applied() -> None:
    """10^3 over kWh figures is what it says; the user's unit is not looked at."""
    readings = [_reading(START + 3600 * hour, 0.5) for hour in range(3)]
    text = _feed_of(*readings, type_text="<uom>72</uom><powerOfTenMultiplier>3</powerOfTenMultiplier>")

    source, _ = _load(text, Feed(unit="kWh"))

    assert (source.streams[0].unit, source.streams[0].multiplier) == ("Wh", 1000.0)


@pytest.mark.parametrize(
    ("type_text", "kind", "said"),
    [
        pytest.param("<uom>169</uom>", 0, "therm", id="gas by unit"),
        pytest.param(DELTA, 1, "not electricity", id="gas by service"),
        pytest.param("<uom>72</uom><accumulationBehaviour>3</accumulationBehaviour>", 0, "accumulation", id="register"),
    ],
)
def test_what_is_no_electricity_interval_is_refused(type_text: str, kind: int, said: str) -> None:
    """A feed with nothing but gas or registers is refused with the reason."""
    with pytest.raises(FileRefusedError, match=said):
        _load(_feed_of(*_hours(3), type_text=type_text, kind=kind))


def test_totals_of_summaries_are_no_readings() -> None:
    """A UsageSummary's value is not added, whatever it says."""
    summary = _entry("x", "<UsageSummary><value>1152000</value><uom>72</uom></UsageSummary>")

    _, (batch,) = _load(_feed_of(*_hours(3)).replace("</feed>", summary + "</feed>"))

    assert batch.value.sum() == 1500.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(_feed_of(*_hours(2))[:-20], "not well-formed", id="cut off"),
        pytest.param('<!DOCTYPE feed [<!ENTITY a "b">]><feed>&a;</feed>', "document type", id="bomb"),
        pytest.param('<!DOCTYPE feed SYSTEM "http://example.com/x"><feed/>', "document type", id="outside"),
        pytest.param("<feed><entry/></feed>", "no interval readings", id="nothing in it"),
    ],
)
def test_bad_xml_is_refused(text: str, said: str) -> None:
    """What is not well-formed, or declares a document type, is refused with the reason."""
    with pytest.raises(FileRefusedError, match=said):
        _load(text)


def test_the_feed_maps_the_meter() -> None:
    """A meter's entry in the feed renames it; `skip` leaves it out."""
    source, _ = _load(_feed_of(*_hours(2)), Feed(meters={"7/9": {"meter_id": "main"}}, multiplier=2.0))

    assert (source.streams[0].meter_id, source.streams[0].multiplier) == ("main", 2.0)


@given(st.integers(0, 2000), st.binary(max_size=6), st.integers(0, 30))
@settings(max_examples=150, deadline=None)
def test_damaged_feeds_load_or_are_refused(position: int, put: bytes, cut: int) -> None:
    """Whatever is cut out or put in: batches, findings or a refusal, never another error."""
    content = _feed_of(*_hours(5)).encode()
    content = content[:position] + put + content[position + cut :]
    broken = Document(Path("broken.xml"), lambda: io.BytesIO(content), "utf-8")

    try:
        for batch in read_green_button(broken, Feed()).batches:
            assert len(batch.stamp) == len(batch.value)
    except FileRefusedError:
        pass


FACTS = [
    ("TestGBDataOneYearDailyBinnedMonthly.xml", 444, 9_917_817, 1357016400, 1440),
    ("electric_containerized.xml", 8, 4_086, 1293868800, 60),
    ("test_usage_data_1.xml", 480, 511_688, 1330578000, 15),
    ("BulkSCEUsageSummaryAndIntervalBlock.xml", 3, 620, 1433660400, 15),
    ("intervals_APUC000000_electric.xml", 300, 248_530, 1677088800, 60),
]


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "count", "total", "first", "minutes"), FACTS, ids=[fact[0] for fact in FACTS])
def test_real_feeds(shared_data: Path, name: str, count: int, total: int, first: int, minutes: int) -> None:
    """Readings, their sum and their first instant are those of the README."""
    source, batches = _load_file(shared_data / "greenbutton" / name)

    (stream,), (batch,) = source.streams, batches
    assert (len(batch.stamp), batch.value.sum(), batch.stamp.min()) == (count, total, first)
    assert (stream.unit, stream.multiplier, stream.minutes) == ("Wh", 1.0, minutes)
    assert source.findings == []


@pytest.mark.shared_data
def test_real_daily_feed_has_its_daylight_saving_days(shared_data: Path) -> None:
    """441 days of 24 h, 2 of 23 h, 1 of 25 h; no gap and no overlap between them."""
    _, (batch,) = _load_file(shared_data / "greenbutton" / "TestGBDataOneYearDailyBinnedMonthly.xml")

    assert batch.minutes is not None
    assert dict(zip(*np.unique(batch.minutes, return_counts=True), strict=True)) == {1380: 2, 1440: 441, 1500: 1}
    assert (np.diff(batch.stamp) == batch.minutes[:-1] * 60).all()


@pytest.mark.shared_data
def test_real_estimated_and_edited_readings_are_carried(shared_data: Path) -> None:
    """Quality 8 and 7 of two readings: estimated and edited."""
    _, (batch,) = _load_file(shared_data / "greenbutton" / "test_usage_data_1.xml")

    assert batch.quality is not None
    assert np.bincount(batch.quality).tolist() == [478, 1, 1]


@pytest.mark.shared_data
def test_real_gas_feed_is_refused(shared_data: Path) -> None:
    """36 periods that all begin at 1721154384.66136 are no series, and nothing says electricity."""
    with pytest.raises(FileRefusedError, match=r"36 periods, of which only 1 .*172115438[45].*electricity"):
        _load_file(shared_data / "greenbutton" / "ngma_gas_provider_2024-07-16.xml")


@pytest.mark.shared_data
@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_real_feeds_load_or_are_refused(shared_data: Path, data: st.DataObject) -> None:
    """Real feeds with bytes cut out or put in: batches, findings or a refusal."""
    content = (shared_data / "greenbutton" / "electric_containerized.xml").read_bytes()
    position = data.draw(st.integers(0, len(content)))
    put, cut = data.draw(st.binary(max_size=8)), data.draw(st.integers(0, 200))
    content = content[:position] + put + content[position + cut :]
    broken = Document(Path("broken.xml"), lambda: io.BytesIO(content), "utf-8")

    try:
        batches = list(read_green_button(broken, Feed()).batches)
    except FileRefusedError:
        return
    assert sum(len(batch.stamp) for batch in batches) <= 8
