"""The elements of a Green Button (ESPI) feed, whatever their prefixes, order and nesting: resources and their links.

Nothing here judges. Text comes as it stands, readings as columns of numbers with NaN where one is absent or no number.
"""

import math
import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException, DTDForbidden
from defusedxml.ElementTree import DefusedXMLParser

from pipeline.errors import FileRefusedError
from pipeline.sources.document import Document, utf8_stream

KINDS = ("UsagePoint", "MeterReading", "ReadingType", "IntervalBlock", "LocalTimeParameters")
DELTAS = (None, 0, 4)
"""`accumulationBehaviour` of intervals that may be added; every other one is a register or a momentary value."""
_POINT = re.compile(r"(?:(?:RetailCustomer|Customer|User|Subscription)/([^/?#]+)/)?UsagePoint/([^/?#]+)")
_METER = re.compile(r"MeterReading/([^/?#]+)")
_TYPE = re.compile(r"ReadingType/([^/?#]+)")


AMERICAN_CLOCKS = {
    -12600: "America/St_Johns",
    -14400: "America/Halifax",
    -18000: "America/New_York",
    -21600: "America/Chicago",
    -25200: "America/Denver",
    -28800: "America/Los_Angeles",
    -32400: "America/Anchorage",
}
"""`tzOffset` of `LocalTimeParameters` to the clock that it is with the North American daylight-saving rules."""
AMERICAN_RULES = ({"360E2000", "B60E"}, {"B40E2000", "B40E"})
"""`dstStartRule`, second Sunday of March, and `dstEndRule`, first Sunday of November, long and short."""


@dataclass
class Readings:
    """The IntervalReadings of one block, in file order; columns of one length."""

    start: "array[float]" = field(default_factory=lambda: array("d"))
    seconds: "array[float]" = field(default_factory=lambda: array("d"))
    value: "array[float]" = field(default_factory=lambda: array("d"))
    quality: "array[float]" = field(default_factory=lambda: array("d"))


@dataclass
class Resource:
    """One resource of the feed: its own text fields, and the links of the entry that holds it."""

    kind: str
    fields: dict[str, str]
    links: list[str]
    readings: Readings = field(default_factory=Readings)

    def number(self, name: str) -> int | None:
        """Give a field as a whole number; None when it is absent, empty or no number."""
        value = to_number(self.fields.get(name, ""))
        return None if math.isnan(value) else round(value)


def to_number(text: str) -> float:
    """Read a number; NaN when it is none, or not finite."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


class _Collector:
    """Target of the parser: keeps what `KINDS` names, forgets everything else at once, totals of summaries included."""

    def __init__(self) -> None:
        self.resources: list[Resource] = []
        self._text: list[str] = []
        self._fields: dict[str, str] = {}
        self._links: list[str] = []
        self._readings = Readings()
        self._cursor = math.nan
        self._ends: dict[str, Callable[[], None]] = {"IntervalReading": self._end_reading, "interval": self._end_span}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        self._text.clear()
        if name == "link":
            self._links.append(attributes.get("href", ""))
        elif name == "entry":
            self._links = []
        elif name in KINDS or name in ("IntervalReading", "interval"):
            self._fields = {}
            if name == "IntervalBlock":
                self._readings, self._cursor = Readings(), math.nan

    def data(self, text: str) -> None:
        self._text.append(text)

    def end(self, tag: str) -> None:
        name = tag.rpartition("}")[2]
        if name in self._ends:
            self._ends[name]()
        elif name in KINDS:
            self.resources.append(Resource(name, self._fields, self._links, self._readings))
            self._readings = Readings()
        else:
            self._fields[name] = "".join(self._text).strip()
        self._text.clear()

    def _end_span(self) -> None:
        self._cursor = to_number(self._fields.get("start", ""))

    def _end_reading(self) -> None:
        start, seconds, value, quality = (
            to_number(self._fields.get(name, "")) for name in ("start", "duration", "value", "quality")
        )
        start = self._cursor if math.isnan(start) else start
        self._cursor = start + seconds
        for column, number in zip(vars(self._readings).values(), (start, seconds, value, quality), strict=True):
            column.append(number)


def read_resources(document: Document) -> list[Resource]:
    """Read every resource of an ESPI document, in its order.

    Raises
    ------
    FileRefusedError
        V21, when it is not well-formed XML, or declares a DTD or entities (never needed, and how bombs are built).
    """
    collector = _Collector()
    parser = DefusedXMLParser(target=collector, encoding="utf-8", forbid_dtd=True)
    with utf8_stream(document) as stream:
        try:
            while piece := stream.read(1 << 18):
                parser.feed(piece)
            parser.close()
        except DTDForbidden:
            raise FileRefusedError(document.path, "the XML declares a document type (DTD)", "take it out") from None
        except DefusedXmlException as error:
            raise FileRefusedError(document.path, f"the XML declares an entity: {type(error).__name__}") from None
        except (ParseError, ValueError) as error:
            raise FileRefusedError(
                document.path, f"the XML is not well-formed: {error}", "download the file again"
            ) from None
    return collector.resources


def _linked(pattern: re.Pattern[str], links: Sequence[str]) -> str:
    """Give the identity that links spell, "" when none does."""
    found = next(filter(None, (pattern.search(link) for link in links)), None)
    return "/".join(part for part in found.groups() if part) if found else ""


@dataclass(frozen=True)
class Joined:
    """A block of readings and what it belongs to; `meter` and `point` are "" when nothing names them."""

    block: Resource
    point: str
    meter: str
    type: Resource | None
    how: str


def join_blocks(resources: Sequence[Resource]) -> Iterator[Joined]:
    """Join every block that has readings to its usage point and its ReadingType: by link, else by order."""
    types: dict[str, list[Resource]] = {}
    meters: dict[tuple[str, str], list[str]] = {}
    for each in resources:
        if each.kind == "ReadingType":
            types.setdefault(_linked(_TYPE, each.links), []).append(each)
        elif each.kind == "MeterReading":
            meters.setdefault((_linked(_POINT, each.links), _linked(_METER, each.links)), []).extend(each.links)
    point, latest = "", next((each for each in resources if each.kind == "ReadingType"), None)
    for each in resources:
        if each.kind == "UsagePoint":
            point = _linked(_POINT, each.links)
        elif each.kind == "ReadingType":
            latest = each
        elif len(each.readings.start):
            own, meter = _linked(_POINT, each.links), _linked(_METER, each.links)
            name = _linked(_TYPE, [*each.links, *meters.get((own, meter), [])])
            found, how = _choose_type(types.get(name, []) if name else [], latest, name)
            yield Joined(each, own or point, meter, found, how)


def _choose_type(linked: list[Resource], latest: Resource | None, name: str) -> tuple[Resource | None, str]:
    if not linked:
        return latest, "by order, no link matches" if latest is not None else "none in this document"
    deltas = [each for each in linked if each.number("accumulationBehaviour") in DELTAS]
    more = f", {len(linked)} have that name, one of interval values taken" if len(linked) > 1 else ""
    return (deltas or linked)[0], f"by link (ReadingType/{name}{more})"


def site_timezone(resources: Sequence[Resource]) -> str | None:
    """Name the clock of the site by the LocalTimeParameters; None when there are none, or of other rules."""
    stated = [each for each in resources if each.kind == "LocalTimeParameters"]
    clocks = {_clock_of(each) for each in stated}
    return clocks.pop() if len(clocks) == 1 else None


def _clock_of(stated: Resource) -> str | None:
    rules = [stated.fields.get(name, "").upper() for name in ("dstStartRule", "dstEndRule")]
    if all(rule in known for rule, known in zip(rules, AMERICAN_RULES, strict=True)):
        return AMERICAN_CLOCKS.get(stated.number("tzOffset") or 0)
    return None


def service_kinds(resources: Sequence[Resource]) -> dict[str, int | None]:
    """Give the ServiceCategory of each usage point: 0 electricity, 1 gas, 2 water; None when it is not stated."""
    return {_linked(_POINT, each.links): each.number("kind") for each in resources if each.kind == "UsagePoint"}
