"""What every reader gives: a source, its streams, and its readings in file order.

A reader says only what the file says. It applies no clock, no unit and no rule: those belong to `pipeline.vee.place`,
which sees every file of a run together. So a reader stays small, and a clock is a property of a stream, not of a file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.schema import Finding, Stream

__all__ = ["Batch", "Feed", "Source", "Stream"]


@dataclass(frozen=True)
class Feed:
    """What the user says of some files, by options or by a `[[feed]]` of hyperwatt.toml; None: judge from the file.

    Attributes
    ----------
    glob : str
        Files it is for, matched against the whole path and against the bare name.
    layout : str or None
        Name of the reader (see `pipeline.sources.sniff.LAYOUTS`).
    timezone, unit, label, minutes, is_register, digits, newest_first, multiplier
        As in `Stream`, for every stream of the file.
    date_format : str or None
        strptime format of the stamps, or one of "iso", "day-first", "month-first".
    decimal, delimiter, encoding : str or None
        Of the text.
    header_rows : int or None
        Rows before the data, the row of names included; 0: there are no names.
    columns : mapping of str to str
        Our word to the file's column name or 1-based number: meter, channel, stamp, end, value, quality, site.
    meters : mapping of str to mapping
        The file's meter or column name, "*" for every other, to what differs for it: meter_id, channel, timezone, unit,
        label, multiplier, is_register, site_id; `{"skip": true}` leaves it out.
    reset_window : (str, str) or None
        Times of day, on the clock of the stamps, between which a register may fall back to zero ("23:45", "00:15");
        ("any", "any"): at any time.
    gap_seconds, length_seconds : float
        For start/end files: gaps between readings, and differences in their length, that are not worth a finding.
    repeats : int
        Every row stands so many times in the file.
    strict : bool
        One bad row refuses the whole file instead of becoming a finding.
    insist : bool
        Load although the dates cannot be trusted; every reading is then marked (V01).
    rules : mapping of str to mapping
        Rule settings for these files, as in `[rules.V09]`.
    """

    glob: str = "*"
    layout: str | None = None
    timezone: str | None = None
    unit: str | None = None
    label: str | None = None
    minutes: int | None = None
    is_register: bool | None = None
    digits: int | None = None
    newest_first: bool | None = None
    multiplier: float = 1.0
    date_format: str | None = None
    decimal: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    header_rows: int | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    meters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    reset_window: tuple[str, str] | None = None
    gap_seconds: float = 0.0
    length_seconds: float = 0.0
    repeats: int = 1
    strict: bool = False
    insist: bool = False
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Batch:
    """Readings as they stand in the file, in file order; all arrays have one length.

    Attributes
    ----------
    stream : array of int32
        Index into `Source.streams`.
    stamp : array of int64
        Seconds since 1970-01-01 00:00 *on the stream's clock* (no offset applied).
    value : array of float64
        In the stream's unit; NaN where the file has a blank, `?`, `Null` or a value marked as missing.
    quality : array of uint8 or None
        `pipeline.schema.Quality`; None means that the file states none (ACTUAL where a value stands).
    method : array of uint8 or None
        `pipeline.schema.Method`; None means none.
    minutes : array of int32 or None
        Duration of each reading where it varies inside a stream (Green Button, start/end files); None: the stream's.
        Seconds that do not make whole minutes are refused or noted by the reader.
    """

    stream: NDArray[np.int32]
    stamp: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8] | None = None
    method: NDArray[np.uint8] | None = None
    minutes: NDArray[np.int32] | None = None


@dataclass
class Source:
    """One file, opened by the reader of its layout.

    `streams` and `findings` grow while `batches` is consumed; both are complete when it ends. A reader that must give
    up in the middle raises `FileRefusedError`, and the run then drops what it had from this file.

    Attributes
    ----------
    path : Path
        The file, as the user named it (`archive.zip/member.csv` for a member).
    layout : str
        Name of the reader, for example "wide_row".
    confidence : float
        How sure the sniffing is, 0 to 1; 1 when the user named the layout.
    notes : list of str
        Verdicts in plain words, for `hyperwatt check`: "dates are day-first (14 of 31 days exceed 12)".
    doubtful : bool
        Its dates cannot be trusted, and it is loaded because the user insists: every reading is marked (V01).
    """

    path: Path
    layout: str
    confidence: float
    batches: Iterator[Batch]
    streams: list[Stream] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    doubtful: bool = False

    def mark_doubtful(self, why: str, readings: int) -> None:
        """Say that the dates cannot be trusted, and that the user insists all the same (V01)."""
        self.doubtful = True
        detail = f"{why}; loaded because the user insists, every reading is doubtful"
        self.findings.append(Finding("V01", None, None, None, None, readings, detail, self.path))
