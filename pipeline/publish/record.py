"""What we remember of what a site holds, so that it need not be downloaded to be known.

The site's own data decides; this record only spares reading it back. It is believed as long as the site says that
nobody has changed the content since: the same id and the same time of change as when we last looked, at the end of our
own work. A mark on the site itself would be there for every machine, but it outlives what it speaks of: tags and
descriptions stay when somebody publishes over the data with Tableau Desktop.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from pipeline.stores.ledger import VERSION, Ledger
from pipeline.stores.scratch import hidden, told, write_text


@dataclass(frozen=True)
class Record:
    """What was published.

    Attributes
    ----------
    content_id : str
        The site's id; empty: publishing was begun and its end was not seen.
    updated_at : str
        When the site says it was last changed, after our work.
    file : str
        SHA-256 of the local file.
    columns : str
    energy_kwh : float or None
    version : str
        Of the ledger beside it; empty where there is none.
    """

    content_id: str = ""
    updated_at: str = ""
    file: str = ""
    columns: str = ""
    energy_kwh: float | None = None
    version: str = ""


def record_path(folder: Path, *names: str) -> Path:
    """Give where the record of some content is: in the hidden folder beside the extracts."""
    key = hashlib.sha256("\n".join(names).encode()).hexdigest()[:24]
    return hidden(folder / f"site-{key}", "json")


def read_record(path: Path) -> Record | None:
    """Read a record; None where there is none that can be read."""
    try:
        return Record(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def read_held(path: Path, record: Record) -> Ledger | None:
    """Read the ledger of a record; None where there is none, or one of another version."""
    try:
        cells = pd.read_parquet(path.with_suffix(".parquet")) if record.version == VERSION else None
    except (OSError, ValueError):
        return None
    return None if cells is None else Ledger(record.columns, cells, record.energy_kwh)


def write_record(path: Path, record: Record, held: Ledger | None = None) -> None:
    """Write a record and its ledger; a kill in between leaves a record that is not believed.

    Raises
    ------
    StoreError
        When they cannot be written.
    """
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if held is not None:
            held.cells.to_parquet(path.with_suffix(".parquet"))
        write_text(path, json.dumps(asdict(record), indent=1))
