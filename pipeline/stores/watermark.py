"""What an extract contains, told beside it: how far it is, of which database, and of exactly which file that is true.

The claim is written before the file takes its place, next to the claim of the file that is still there. Whichever of
the two is there after a kill is known for what it is; any other file is unknown, and is built anew.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.stores.extracts import Extract
from pipeline.stores.scratch import hidden, sync, told, write_text


@dataclass(frozen=True)
class Watermark:
    """How far an extract is.

    Attributes
    ----------
    database : str
        Identity of the database that it was made from.
    load_id : int
        Number of the last load that it contains.
    issue_id : int
        Number of the last forecast that it contains; 0 where none belongs into it.
    settings : str
        Fingerprint of the settings that it was made with; empty where none have a say.
    """

    database: str
    load_id: int
    issue_id: int = 0
    settings: str = ""


@dataclass(frozen=True)
class Claim:
    """A watermark, and the file of which it is true: its size, its time of change, and the columns it has."""

    size: int
    changed_ns: int
    columns: str
    database: str
    load_id: int
    issue_id: int = 0
    settings: str = ""


def extract_state(path: Path, extract: Extract, database: str) -> int | None:
    """Tell up to which load an extract is.

    Returns
    -------
    int or None
        The last load it contains. None when there is no such file, when it is not the one that was written here (it
        was replaced, cut or changed by somebody else), when its columns are not those of today, or when it is of
        another database: it is then to be built anew.
    """
    mark = extract_mark(path, extract, database)
    return None if mark is None else mark.load_id


def extract_mark(path: Path, extract: Extract, database: str) -> Watermark | None:
    """Tell up to which load and which forecast an extract is; None as for `extract_state`."""
    wanted = (_fingerprint(extract), database)
    for claim in _claims(path):
        if _is_of(claim, path) and (claim.columns, claim.database) == wanted:
            return Watermark(claim.database, claim.load_id, claim.issue_id, claim.settings)
    return None


def put_in_place(built: Path, path: Path, extract: Extract, watermark: Watermark) -> None:
    """Put a finished file in the place of an extract, and record what it contains.

    Raises
    ------
    OSError
        When the file in that place is held or may not be replaced; it is then as it was.
    """
    sync(built)
    found = built.stat()
    new = Claim(found.st_size, found.st_mtime_ns, _fingerprint(extract), **asdict(watermark))
    claims = [new, *(old for old in _claims(path) if _is_of(old, path))]
    write_text(hidden(path, "json"), json.dumps([asdict(claim) for claim in claims], indent=1))
    built.replace(path)
    sync(path.parent)


def remove_extract(path: Path) -> None:
    """Take an extract away, and what is known of it.

    Raises
    ------
    StoreError
        When another program holds it.
    """
    with told(path):
        path.unlink(missing_ok=True)
        hidden(path, "json").unlink(missing_ok=True)


def _is_of(claim: Claim, path: Path) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    return (claim.size, claim.changed_ns) == (found.st_size, found.st_mtime_ns)


def _claims(path: Path) -> list[Claim]:
    try:
        return [Claim(**record) for record in json.loads(hidden(path, "json").read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def _fingerprint(extract: Extract) -> str:
    columns = [(column.name, column.kind[1]) for column in extract.columns]
    return hashlib.sha256(json.dumps([extract.version, columns]).encode()).hexdigest()[:16]
