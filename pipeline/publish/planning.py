"""What has to be done to a data source or workbook so that the site holds what is wanted: look, and compare."""

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
from tableauhyperapi import HyperProcess  # type: ignore[import-untyped]

from pipeline.errors import PublishError, StoreError
from pipeline.publish.belongings import missing_belongings
from pipeline.publish.content import OURS, find_content, read_back
from pipeline.publish.declared import Declared, Wanted
from pipeline.publish.patience import BrokenOffError
from pipeline.publish.record import Record, read_held, read_record, record_path
from pipeline.publish.sign_in import Site
from pipeline.stores.extracts import EVERY_EXTRACT, Extract
from pipeline.stores.ledger import Ledger, changed_cells, read_ledger
from pipeline.stores.scratch import file_hash

KNOWN = EVERY_EXTRACT


@dataclass(frozen=True)
class Step:
    """What is to be done.

    Attributes
    ----------
    action : str
        "create", "overwrite", "update" or "unchanged".
    reason : str
        Why it is overwritten; empty otherwise.
    content : object or None
        What is on the site.
    local : Ledger or None
        Of the local extract; None for workbooks, packaged data sources, and where nothing had to be compared.
    changed : pandas.DataFrame or None
        Days to write anew, of an update.
    settings : tuple of str
        What else is to be set, in words: "description", "schedule Nightly instead of Hourly".
    """

    action: str
    reason: str = ""
    content: Any = None
    local: Ledger | None = None
    changed: pd.DataFrame | None = None
    settings: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows that are to travel."""
        if self.changed is not None:
            return int(self.changed["rows"].sum())
        return 0 if self.local is None or self.action == "unchanged" else self.local.rows


@dataclass
class Desk:
    """What a step needs at hand.

    Attributes
    ----------
    site : Site
    declared : Declared
    project : tableauserverclient.ProjectItem or None
        None while it is not there, in a dry run.
    hyper : HyperProcess
    records : Path
        Folder beside whose hidden folder records are kept.
    """

    site: Site
    declared: Declared
    project: Any
    hyper: HyperProcess
    records: Path
    _ledgers: dict[str, Ledger] = field(default_factory=dict)

    def record_of(self, wanted: Wanted) -> Path:
        """Give where the record of some content is."""
        address = self.site.how.address
        return record_path(self.records, address.server, address.site, self.declared.project, wanted.kind, wanted.name)

    def ledger(self, wanted: Wanted) -> Ledger:
        """Give the ledger of the local extract, made once."""
        if wanted.name not in self._ledgers:
            self.site.tell(f"comparing {wanted.name}")
            self._ledgers[wanted.name] = read_ledger(wanted.file, time_of(wanted), self.hyper)
        return self._ledgers[wanted.name]


def extract_of(wanted: Wanted) -> Extract | None:
    """Give the extract of ours that a file is; None for any other."""
    return KNOWN.get(wanted.file.stem) if wanted.file.suffix == ".hyper" else None


def time_of(wanted: Wanted) -> str | None:
    """Give the column by which rows of an extract are told apart; None: it is always published whole."""
    extract = extract_of(wanted)
    return None if extract is None else extract.time


def plan(desk: Desk, wanted: Wanted) -> Step:
    """Look at the site and say what is to be done; nothing is changed, though an extract may be read back.

    Raises
    ------
    PublishError
        Also when something else of that name is there.
    """
    content = None if desk.project is None else find_content(desk.site, wanted, desk.project)
    record = read_record(desk.record_of(wanted))
    if content is None:
        settings = missing_belongings(desk.site, wanted, None)
        local = desk.ledger(wanted) if wanted.file.suffix == ".hyper" else None
        return Step("create", local=local, settings=settings)
    if record is None and OURS not in content.tags and not desk.declared.replace:
        raise PublishError(
            f"{wanted.kind} {wanted.name!r} is there already and is none of ours -> choose another name, or publish "
            "over it: replace = true under [publish]"
        )
    settings = missing_belongings(desk.site, wanted, content)
    return replace(_compared(desk, wanted, content, record), settings=settings)


def _compared(desk: Desk, wanted: Wanted, content: Any, record: Record | None) -> Step:
    is_known = record is not None and (record.content_id, record.updated_at) == (content.id, changed_at(content))
    if is_known and record is not None and record.file == file_hash(wanted.file):
        return Step("unchanged", content=content)
    if wanted.file.suffix != ".hyper":
        why = "the file has changed" if is_known else "what the site holds was not published from here"
        return Step("overwrite", why, content)
    held = read_held(desk.record_of(wanted), record) if is_known and record is not None else None
    local = desk.ledger(wanted)
    try:
        held = held or read_site(desk, wanted, content)
    except BrokenOffError:
        raise
    except (PublishError, StoreError) as error:
        return Step("overwrite", f"what the site holds cannot be read ({error})", content, local)
    return _difference(desk, wanted, Step("", content=content, local=local), held)


def _difference(desk: Desk, wanted: Wanted, step: Step, held: Ledger) -> Step:
    """Say what is to be done to an extract whose ledger on the site is known."""
    local = step.local
    assert local is not None
    if held.columns != local.columns:
        return replace(step, action="overwrite", reason="its columns have changed")
    if held.digest == local.digest:
        return replace(step, action="unchanged")
    if time_of(wanted) is None:
        return replace(step, action="overwrite", reason="it has changed, and has no time by which to send a part")
    if not desk.site.can_update:
        return replace(step, action="overwrite", reason=f"REST API {desk.site.server.version} cannot change rows")
    changed = changed_cells(held, local)
    rows = int(changed["rows"].sum())
    if rows > desk.declared.overwrite_share * local.rows:
        return replace(step, action="overwrite", reason=f"{rows:,} of {local.rows:,} rows have changed")
    return replace(step, action="update", changed=changed)


def read_site(desk: Desk, wanted: Wanted, content: Any) -> Ledger:
    """Read a published extract back and give its ledger; errors as for `read_back` and `read_ledger`."""
    desk.site.tell(f"reading {wanted.name} back")
    with tempfile.TemporaryDirectory() as folder:
        return read_ledger(read_back(desk.site, wanted, content, Path(folder)), time_of(wanted), desk.hyper)


def changed_at(content: Any) -> str:
    """Give when the site says that something was last changed."""
    return "" if content.updated_at is None else str(content.updated_at.isoformat())
