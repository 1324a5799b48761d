"""Rare spellings of an instant, written again as the usual ones that `pipeline.sources.stamps` reads.

Databases, statistics packages and spreadsheets outside of English write the same instant in many ways. Each rule here
is one of them; the first that fits is used, and only on labels that nothing else could read.
"""

import re
from functools import lru_cache

_RULES = tuple(
    (re.compile(pattern, re.IGNORECASE), written)
    for pattern, written in (
        # Fri May 05 13:15:00 BST 2023 (C, Java)
        (r"[a-z]{3} ([a-z]{3}) +(\d{1,2}) (\d{1,2}:\d{2}(?::\d{2})?)(?: [A-Z]{3,4})? (\d{4})", r"\2 \1 \4 \3"),
        # 05MAY2023:13:15:00 (SAS)
        (r"(\d{1,2})([a-z]{3})(\d{2,4}):(\d{1,2}:\d{2}(?::\d{2})?)(?:\.\d+)?", r"\1 \2 \3 \4"),
        # 2023年5月5日 13時15分
        (r"(\d{4})年\s*(\d{1,2})月\s*(\d{1,2})日?(?:[^\d]*(\d{1,2})[時时点](?:(\d{1,2})分?)?)?", None),
        (r"(\d{4})年\s*(\d{1,2})月\s*(\d{1,2})日?\s+(\d{1,2}:\d{2}.*)", r"\1-\2-\3 \4"),
        # 5.5.2023 13.15 (Finland, Denmark, Italy), 2023-05-05-13.15.00.000000 (DB2), 05-MAY-23 01.15.00.000 PM (Oracle)
        (r"(.*\d{2,4})[ T,-]+(\d{1,2})\.(\d{2})(?:\.(\d{2}))?(?:\.\d+)?(\s*[AP]M)?", r"\1 \2:\3\5"),
        # 2023-05-05 13 (the hour alone)
        (r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})[T ](\d{1,2})h?", r"\1 \2:00"),
        # 13:15 05/05/2023
        (r"(\d{1,2}:\d{2}(?::\d{2})?(?: ?[AP]M)?),? +(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4})", r"\2 \1"),
        # … 02:15 B (the second of a repeated hour; the order of rows tells it)
        (r"(.*:\d{2}) ?B", r"\1"),
        # …-05:00 New_York (Haystack)
        (r"(.*:\d{2}(?:\.\d+)?(?:Z|[-+]\d{2}:?\d{2})) [A-Z][A-Z0-9_/+-]+", r"\1"),
        # 1683244800000000 and 1683244800000000000 (micro- and nanoseconds)
        (r"([12]\d{9})(?:\d{6}|\d{9})", r"\1"),
        # Friday, 5 May 2023 13:15
        (r"[^\W\d_]{2,10}\.?,? +((?:\d|[^\W\d_]{3,9}\.? \d{1,2}\b).*\d.*)", r"\1"),
    )
)


@lru_cache(maxsize=1 << 14)
def respelled(label: str) -> str | None:
    """Write a label as an instant is usually written; None when no rule knows it."""
    for pattern, written in _RULES:
        found = pattern.fullmatch(label.strip())
        if found and written is None:
            year, month, day, hour, minute = found.groups()
            return f"{year}-{month}-{day}" + (f" {hour}:{(minute or '0').zfill(2)}" if hour else "")
        if found and written:
            return found.expand(written)
    return None
