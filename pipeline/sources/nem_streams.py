"""Which stream a NEM12 or NEM13 record belongs to, and what the reading of one file has met so far."""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.sources.overrides import apply_meter
from pipeline.sources.problems import Problems
from pipeline.sources.source import Feed, Source, Stream

CLOCK = "Etc/GMT-10"
"""UTC+10 all year; IANA's sign is the other way round."""
CLOCK_SECONDS = 36000
CHANNELS = {"E": "delivered", "B": "received", "Q": "reactive", "K": "reactive_received"}
"""First letter of a suffix to ours: "export" is seen from the grid, so E is what the customer used."""
UNITS = {"KWH": "kWh", "WH": "Wh", "MWH": "MWh", "KVARH": "kVArh", "VARH": "VArh"}


@dataclass(frozen=True)
class Rows:
    """What one 300 or 250 record holds: arrays of one length, stamps on the file's clock."""

    line: int
    stream: int
    stamp: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    method: NDArray[np.uint8]
    minutes: int

    @property
    def starts(self) -> tuple[int, int]:
        """First and last interval start. [s since 1970 UTC]"""
        return int(self.stamp[0]) - CLOCK_SECONDS, int(self.stamp[-1]) - CLOCK_SECONDS


@dataclass
class Progress:
    """What the reading of one file has met so far.

    Attributes
    ----------
    streams : dict
        Number of each stream in `source.streams`, None for one that is left out.
    opened : dict
        Stream and minutes of each 200 record, by its line.
    kinds : Counter
        How many records of each kind.
    rows : dict
        Line and content of the first version of each (stream, stamp).
    """

    source: Source
    feed: Feed
    problems: Problems
    streams: dict[Stream, int | None] = field(default_factory=dict)
    opened: dict[int, tuple[int, int] | None] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    rows: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def note(self, text: str) -> None:
        """Say something once."""
        if text not in self.source.notes:
            self.source.notes.append(text)

    def name(self, number: int) -> tuple[str, str]:
        """Meter and channel of a stream, as findings have them."""
        stream = self.source.streams[number]
        return stream.meter_id, stream.channel


def open_stream(stream: Stream, suffix: str, unit: str, progress: Progress) -> int | None:
    """Give the number of a stream, opening it when it is new; None when it is no energy, or not wanted.

    Parameters
    ----------
    stream : Stream
        Meter, site, channel ("" when it has none of ours) and minutes.
    suffix, unit : str
        As the record has them; a blank unit is taken as `feed.unit`, else kWh or kVArh, and said.
    progress : Progress
    """
    reactive = stream.channel.startswith("reactive")
    usual = "kVArh" if reactive else "kWh"
    known = UNITS.get((unit or progress.feed.unit or usual).upper(), "")
    label = f"{stream.site_id} {suffix}".strip()
    if not stream.channel or not known or known.endswith("VArh") != reactive:
        progress.note(f"left out {label}: {unit or 'no unit'} with this suffix is no energy of a known direction")
        return None
    if not unit:
        progress.note(f"{label}: no unit is stated, read as {known}")
    opened = replace(stream, unit=known, timezone=CLOCK)
    if opened not in progress.streams:
        key = label.replace(" ", "-")
        wanted = apply_meter(opened, key if key in progress.feed.meters else opened.meter_id, progress.feed)
        progress.streams[opened] = None if wanted is None else len(progress.source.streams)
        progress.source.streams += [] if wanted is None else [wanted]
    return progress.streams[opened]
