"""Rows that a reader could not use, gathered: a thousand bad lines make one finding that names the first of them."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import FileRefusedError
from pipeline.schema import Finding
from pipeline.sources.document import Document, read_text

StreamName = tuple[str | None, str | None]
_ROUNDED = re.compile(r"[-+]?\d+(\.\d+)?[eE]\+?\d+")


def is_damaged_name(name: str) -> bool:
    """Whether a meter's name is blank, or was turned into a rounded number by a spreadsheet ("1.23405E+12")."""
    return not name.strip() or _ROUNDED.fullmatch(name.strip()) is not None


def refuse_open_quote(document: Document) -> None:
    """Refuse a text in which a quote is opened and never closed (V21), naming the last line with an odd one.

    Such a text can hide its own table: the quote swallows the rest of the file into one cell.
    """
    odd = [number for number, line in enumerate(read_text(document).splitlines(), 1) if line.count('"') % 2]
    if len(odd) % 2:
        reason = f"line {odd[-1]}: a quote is opened and never closed"
        raise FileRefusedError(document.path, reason, "mend that line or fetch the file again")


@dataclass
class _Group:
    seen: list[str] = field(default_factory=list)
    rows: int = 0
    intervals: int = 0
    starts: tuple[int, int] | None = None


class Problems:
    """What was wrong, by rule, meter and kind of fault.

    Parameters
    ----------
    path : Path
        The file.
    strict : bool, default False
        Raise at the first problem instead.
    stream : (str or None, str or None)
        Meter and channel of rows for which nothing else is said.
    shown : int, default 3
        How many lines a finding names (chosen, not measured).
    """

    def __init__(self, path: Path, *, strict: bool = False, stream: StreamName = (None, None), shown: int = 3) -> None:
        self.path = path
        self.strict = strict
        self.stream = stream
        self.shown = shown
        self._groups: dict[tuple[str, str, str | None, str | None], _Group] = {}

    def add(
        self,
        rule_id: str,
        text: str,
        seen: str,
        *,
        stream: StreamName | None = None,
        starts: tuple[int, ...] = (),
        intervals: int = 1,
    ) -> None:
        """Note a row that is not used as it stands; parameters as for `say`.

        Raises
        ------
        FileRefusedError
            When the problems are strict.
        """
        if self.strict:
            raise FileRefusedError(self.path, f"{text} ({seen})", "leave out --strict to load the other rows", rule_id)
        self.say(rule_id, text, seen, stream=stream, starts=starts, intervals=intervals)

    def say(
        self,
        rule_id: str,
        text: str,
        seen: str,
        *,
        stream: StreamName | None = None,
        starts: tuple[int, ...] = (),
        intervals: int = 1,
    ) -> None:
        """Note what is worth a finding.

        Parameters
        ----------
        rule_id : str
        text : str
            What it is and what is done, the same for every row that has it.
        seen : str
            Where, and what stands there: "line 3: 'KABOOM'".
        stream : (str or None, str or None)
            Meter and channel, as far as they are known; None: those of the file.
        starts : tuple of int
            First and last interval start where the clock is known. [s since 1970 UTC]
        intervals : int
            How many intervals are concerned.
        """
        group = self._groups.setdefault((rule_id, text, *(stream or self.stream)), _Group())
        group.rows += 1
        group.intervals += intervals
        if starts:
            known = (*starts, *(group.starts or ()))
            group.starts = min(known), max(known)
        if len(group.seen) < self.shown:
            group.seen.append(seen)

    def findings(self) -> list[Finding]:
        """Give one finding for each rule, meter and kind of fault, in the order they were met."""
        found = []
        for (rule_id, text, meter_id, channel), group in self._groups.items():
            first, last = group.starts or (None, None)
            detail = f"{text} ({_list(group)})"
            found.append(Finding(rule_id, meter_id, channel, first, last, group.intervals, detail, self.path))
        return found

    def summary(self) -> str:
        """Say it all in one line, for a file of which nothing is left."""
        return "; ".join(f"{text} ({_list(group)})" for (_, text, *_), group in self._groups.items())


def _list(group: _Group) -> str:
    more = f"; and {group.rows - len(group.seen)} more" if group.rows > len(group.seen) else ""
    return "; ".join(group.seen) + more
