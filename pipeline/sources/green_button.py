"""Green Button (ESPI) feeds: blocks of readings, each joined to what its numbers mean.

Stamps are instants and durations are authoritative: a daily value of 82,800 or 90,000 s is a daylight-saving day.
Totals of summaries are never readings. Facts: NAESB REQ.21, and feeds as utilities send them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipeline.errors import FileRefusedError
from pipeline.schema import Finding, Method, Quality
from pipeline.sources.document import Document
from pipeline.sources.espi import DELTAS, Joined, Resource, join_blocks, read_resources, service_kinds, site_timezone
from pipeline.sources.overrides import apply_meter
from pipeline.sources.source import Batch, Feed, Source, Stream

LAYOUT = "green_button"
UNITS = {72: ("Wh", 1.0), 38: ("W", 1.0), 73: ("VArh", 1.0), 63: ("kVAr", 1e-3)}
OTHER_UNITS = {169: "therm", 42: "m3", 119: "ft3", 128: "US gallon", 132: "BTU", 61: "VA", 71: "VAh", 29: "V", 5: "A"}
DIRECTIONS = {None: False, 0: False, 1: False, 4: False, 19: True}
"""`flowDirection` to "is it fed in"; 4 is the net of both directions and stays with `delivered`."""
QUALITIES: dict[int, tuple[Quality, Method]] = {
    **dict.fromkeys((0, 14, 17, 18, 19), (Quality.ACTUAL, Method.NONE)),
    7: (Quality.EDITED, Method.EDIT),
    8: (Quality.ESTIMATED, Method.LIKE_DAY),
    9: (Quality.ESTIMATED, Method.LINEAR),
    11: (Quality.ESTIMATED, Method.CALCULATED),
    12: (Quality.ESTIMATED, Method.SUPPLIER),
    15: (Quality.ESTIMATED, Method.SUPPLIER),
}
"""`QualityOfReading` to ours; every other number is an actual reading with a V20 finding."""
LATEST = 4102444800
"""2100-01-01: a later epoch is milliseconds, or damage."""


@dataclass(frozen=True)
class _Series:
    """Readings of one MeterReading that share a meaning: `rows` has start, seconds, value, quality, minutes."""

    stream: Stream
    meter: str
    rows: pd.DataFrame


def read_green_button(document: Document, feed: Feed) -> Source:
    """Read an ESPI feed: one stream for each usage point, direction and interval length.

    A reading is joined to its ReadingType by link, else by order; where the document holds none, `feed.unit` says what
    the values are. `feed.unit` also settles a power-of-ten multiplier that cannot be true (V15), and is not looked at
    otherwise. A stream is named by the usage point, "customer/point"; titles may hold addresses and are not kept.

    Raises
    ------
    FileRefusedError
        V21 when it is not well-formed, has a DTD, or no electricity readings; V02 when its periods overlap; V15 when
        the unit is missing or the multiplier incredible. All raised while the batches are consumed.
    """
    source = Source(document.path, LAYOUT, 1.0, iter(()), notes=list(document.notes))
    source.batches = _batches(document, feed, source)
    return source


def _batches(document: Document, feed: Feed, source: Source) -> Iterator[Batch]:
    resources = read_resources(document)
    if not any(len(resource.readings.start) for resource in resources):
        raise FileRefusedError(
            document.path, "this Green Button file holds no interval readings", "export it with intervals"
        )
    for series in _tell_apart(_merge(list(_series(resources, feed, source)))):
        credible = _credible(series, feed, source)
        stream = apply_meter(credible.stream, credible.stream.meter_id, feed)
        if stream is not None:
            source.streams.append(stream)
            yield _batch(credible, len(source.streams) - 1, source)
    if not source.streams:
        raise FileRefusedError(document.path, "; ".join(["no electricity interval readings", *_left_out(source)]))


def _left_out(source: Source) -> list[str]:
    return [note for note in source.notes if note.startswith("left out")]


def _note(source: Source, text: str) -> None:
    if text not in source.notes:
        source.notes.append(text)


def _series(resources: list[Resource], feed: Feed, source: Source) -> Iterator[_Series]:
    """Join blocks to their meaning; what is no electricity interval is left out with a note."""
    groups: dict[tuple[str, str, int], list[Joined]] = {}
    for joined in join_blocks(resources):
        _note(source, f"reading type {joined.how}")
        groups.setdefault((joined.point, joined.meter, id(joined.type)), []).append(joined)
    services, clock = service_kinds(resources), site_timezone(resources)
    if clock and not feed.timezone:
        _note(source, f"days are those of {clock}, by the LocalTimeParameters (--timezone says otherwise)")
    for (named, meter, _), members in groups.items():
        point, found = named or source.path.stem, members[0].type
        reason = _not_electricity(found, services.get(named), feed)
        if reason:
            _note(source, f"left out {point}: {reason}")
            continue
        rows = _rows([member.block for member in members], found)
        _refuse_overlapping(rows, point, found, source)
        stream = replace(_stream(found, feed, source), meter_id=point, site_id=point, site_timezone=clock)
        yield from _with_length(_Series(stream, meter, _usable(rows, stream, source)))


def _with_length(series: _Series) -> Iterator[_Series]:
    """Give a series its usual length, a local day for 23 and 25 hours too; nothing when no reading is left."""
    if len(series.rows):
        usual = int(series.rows["minutes"].mode().iloc[0])
        yield replace(series, stream=replace(series.stream, minutes=1440 if usual in (1380, 1500) else usual))


def _not_electricity(found: Resource | None, service: int | None, feed: Feed) -> str:
    """Say why readings are no electricity intervals; "" when they are."""
    if service:
        return f"the usage point is not electricity (ServiceCategory kind {service})"
    if found is None:
        return ""
    unit, direction = found.number("uom"), found.number("flowDirection")
    if unit is not None and unit not in UNITS:
        return f"the unit is {OTHER_UNITS.get(unit, 'not energy')} (uom {unit})"
    if direction not in DIRECTIONS:
        return f"flowDirection {direction} is neither delivered nor received"
    behaviour = found.number("accumulationBehaviour")
    if behaviour not in DELTAS and feed.is_register is None:
        return f"accumulationBehaviour {behaviour} is not interval data -> --register if these are register readings"
    return ""


def _stream(found: Resource | None, feed: Feed, source: Source) -> Stream:
    number = None if found is None else found.number("uom")
    power = 0 if found is None or number is None else found.number("powerOfTenMultiplier") or 0
    if number is None and feed.unit is None:
        reason = "no ReadingType states the unit of its readings (it may be in a second document)"
        raise FileRefusedError(source.path, reason, "say it with --unit (Wh is usual)", "V15")
    if abs(power) > 15:
        raise FileRefusedError(source.path, f"powerOfTenMultiplier {power} cannot be true", rule_id="V15")
    unit, multiplier = (str(feed.unit), 1.0) if number is None else UNITS[number]
    fed_in = DIRECTIONS[None if found is None else found.number("flowDirection")]
    channels = ("reactive", "reactive_received") if "VAR" in unit.upper() else ("delivered", "received")
    is_register = bool(feed.is_register) and found is not None and found.number("accumulationBehaviour") not in DELTAS
    return Stream(
        "", channels[fed_in], unit, timezone="UTC", multiplier=multiplier * 10.0**power, is_register=is_register
    )


def _rows(blocks: list[Resource], found: Resource | None) -> pd.DataFrame:
    """Put blocks together; length and quality of the ReadingType hold where a reading states none."""
    names = ("start", "seconds", "value", "quality")
    rows = pd.DataFrame(
        {name: np.concatenate([np.asarray(getattr(block.readings, name)) for block in blocks]) for name in names}
    )
    for column, default in (("seconds", "intervalLength"), ("quality", "defaultQuality")):
        stated = None if found is None else found.number(default)
        if stated is not None:
            rows[column] = rows[column].fillna(float(stated))
    return rows.assign(minutes=(rows["seconds"] / 60).round())


def _refuse_overlapping(rows: pd.DataFrame, point: str, found: Resource | None, source: Source) -> None:
    """Refuse what is no series: most readings share their start or lie inside others."""
    distinct = rows.drop_duplicates()
    starts = distinct["start"].nunique() - len(_inside(distinct))
    if len(distinct) < 3 or starts > len(distinct) // 2:
        return
    unit = "" if found is not None and found.number("uom") is not None else ", and nothing says that it is electricity"
    raise FileRefusedError(
        source.path,
        f"{point}: {len(distinct)} periods, of which only {starts} follow each other (first start "
        f"{distinct['start'].iloc[0]}): this is no series of intervals{unit}",
        "ask the utility for interval data",
        "V02",
    )


def _inside(rows: pd.DataFrame) -> list[float]:
    """Find starts that lie inside an earlier reading; equal starts are versions of one reading."""
    ordered = rows.dropna(subset=["start", "seconds"]).groupby("start")["seconds"].min()
    inside, end = [], -np.inf
    for start, seconds in zip(ordered.index.tolist(), ordered.tolist(), strict=True):
        if start < end:
            inside.append(start)
        else:
            end = start + seconds
    return inside


def _usable(rows: pd.DataFrame, stream: Stream, source: Source) -> pd.DataFrame:
    """Leave out what cannot be placed or stands twice, and say how much."""
    whole = rows.assign(start=rows["start"].round())
    if (whole["start"] != rows["start"]).sum() > rows["start"].isna().sum():
        _note(source, "starts are not whole seconds: rounded")
    placed = (whole["start"] >= 0) & (whole["start"] < LATEST) & (whole["minutes"] >= 1) & (whole["minutes"] < 1e6)
    again = whole.duplicated() & placed
    inside = whole["start"].isin(_inside(whole[placed])) & placed & ~again
    _find(source, stream, whole[~placed], "V04", "readings without a usable start and duration: left out")
    _find(source, stream, whole[again], "V02", "readings stand again, identically: one kept")
    _find(source, stream, whole[inside], "V02", "readings begin before the one in front has ended: left out")
    kept = whole[placed & ~again & ~inside]
    _find(source, stream, kept[kept["seconds"] % 60 != 0], "V04", "durations are not whole minutes: rounded")
    _find(source, stream, kept[kept["value"].isna()], "V05", "readings without a number: missing")
    return kept


def _find(source: Source, stream: Stream, rows: pd.DataFrame, rule_id: str, text: str) -> None:
    if len(rows) == 0:
        return
    starts = rows["start"][(rows["start"] >= 0) & (rows["start"] < LATEST)]
    first, last = (int(starts.min()), int(starts.max())) if len(starts) else (None, None)
    finding = Finding(
        rule_id, stream.meter_id, stream.channel, first, last, len(rows), f"{len(rows)} {text}", source.path
    )
    source.findings.append(finding)


def _merge(parts: list[_Series]) -> list[_Series]:
    """Put together what different MeterReadings say of one stream at different times: months, and split feeds."""
    merged: list[_Series] = []
    for part in sorted(parts, key=lambda part: (part.stream.minutes or 0, part.meter)):
        for position, before in enumerate(merged):
            if before.stream == part.stream and not part.rows["start"].isin(before.rows["start"]).any():
                rows = pd.concat([before.rows, part.rows], ignore_index=True)
                merged[position] = replace(before, rows=rows)
                break
        else:
            merged.append(part)
    return merged


def _tell_apart(parts: list[_Series]) -> Iterator[_Series]:
    """Name the second series of a channel after its MeterReading, so that days are not added to their hours."""
    taken: set[tuple[str, str]] = set()
    for part in parts:
        meter_id, channel = part.stream.meter_id, part.stream.channel
        if (meter_id, channel) in taken:
            meter_id = f"{meter_id}-{part.meter or f'{part.stream.minutes}min'}"
        taken.add((meter_id, channel))
        yield replace(part, stream=replace(part.stream, meter_id=meter_id))


def _credible(series: _Series, feed: Feed, source: Source, *, limit_kw: float = 100.0) -> _Series:
    """Refuse a multiplier above 1 that makes the peak exceed `limit_kw`, unless the user has said the unit (V15).

    The limit is chosen, not measured: twice what a house's service of 200 A at 240 V can carry. Utilities that state
    10^3 over plain Wh exist, and so do factories; only a person can tell.
    """
    stream, rows = series.stream, series.rows
    if stream.unit not in ("Wh", "W") or stream.multiplier <= 1:
        return series
    hours = 1.0 if stream.unit == "W" else rows["minutes"] / 60
    peak = float((rows["value"].abs() * stream.multiplier / 1000 / hours).max())
    if not peak > limit_kw:
        return series
    said = f"the multiplier {stream.multiplier:g} of the file makes the peak {peak:,.0f} kW"
    if feed.unit is None:
        remedy = "say --unit Wh if the values are Wh as they stand, --unit kWh if they are kWh"
        raise FileRefusedError(source.path, f"{stream.meter_id}: {said}", remedy, "V15")
    _find(source, stream, rows, "V15", f"readings: {said}; read as {feed.unit}, as the user says")
    return replace(series, stream=replace(stream, unit=feed.unit, multiplier=1.0))


def _batch(series: _Series, number: int, source: Source) -> Batch:
    rows = series.rows
    codes = rows["quality"].fillna(0).clip(-1, 999).astype(np.int64)
    unknown = codes[~codes.isin(QUALITIES)]
    for code in sorted(unknown.unique()):
        _find(source, series.stream, rows[codes == code], "V20", f"readings carry quality {code}: kept as actual")
    if 19 in codes.to_numpy():
        _note(source, "quality 19: acceptable for billing, kept as actual")
    ours = {code: QUALITIES.get(code, (Quality.ACTUAL, Method.NONE)) for code in codes.unique().tolist()}
    quality = np.array([ours[code][0] for code in codes.tolist()], dtype=np.uint8)
    quality[rows["value"].isna()] = Quality.MISSING
    minutes = rows["minutes"].to_numpy(dtype=np.int32)
    return Batch(
        np.full(len(rows), number, dtype=np.int32),
        rows["start"].to_numpy(dtype=np.int64),
        rows["value"].to_numpy(dtype=np.float64),
        quality,
        np.array([ours[code][1] for code in codes.tolist()], dtype=np.uint8),
        None if (minutes == series.stream.minutes).all() else minutes,
    )
