"""A step carried out and proved: look, do, and look again.

Only when there is nothing left to do is a step done. So it does not matter where it was broken off, by a gateway, by
the site or by a kill: the next look sees what is there.
"""

import hashlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.errors import PublishError
from pipeline.publish.belongings import put_belongings
from pipeline.publish.content import (
    JobFailedError,
    change_rows,
    find_content,
    last_revision,
    publish_file,
    read_content,
)
from pipeline.publish.declared import Wanted
from pipeline.publish.patience import BrokenOffError
from pipeline.publish.payload import payloads
from pipeline.publish.planning import Desk, Step, changed_at, extract_of, plan, read_site
from pipeline.publish.record import Record, read_held, read_record, write_record
from pipeline.publish.refusals import SiteRefusedError
from pipeline.stores.ledger import VERSION, Ledger
from pipeline.stores.scratch import file_hash


class UnprovenError(PublishError):
    """The site holds something else than what it was given."""


@dataclass(frozen=True)
class Done:
    """What was done.

    Attributes
    ----------
    wanted : Wanted
    step : Step
        What was planned and done.
    proof : str
        How it is known that the site holds what is wanted.
    sent, received : int
        Over the wire, for this. [bytes]
    """

    wanted: Wanted
    step: Step
    proof: str
    sent: int
    received: int

    @property
    def whole(self) -> int:
        """What a full overwrite sends, at least. [bytes]"""
        return self.wanted.file.stat().st_size


def carry_out(desk: Desk, wanted: Wanted, first: Step | None = None) -> Done:
    """Bring one data source or workbook to what is wanted, and prove it.

    Parameters
    ----------
    desk : Desk
    wanted : Wanted
    first : Step or None
        To be done whatever the site holds; where it is broken off, and where this is None, it is looked first.

    Raises
    ------
    PublishError
        Every day of every stream is then as it was before or as it is wanted, and any other content as before.
    """
    before = replace(desk.site.traffic)
    steps: list[Step] = []

    def work() -> tuple[Step, str]:
        steps.append(first if first and not steps else plan(desk, wanted))
        return _act(desk, wanted, steps[-1])

    acted, proof = desk.site.steadily(work)
    sent, received = desk.site.traffic.sent - before.sent, desk.site.traffic.received - before.received
    return Done(wanted, steps[0] if acted.action == "unchanged" else acted, proof, sent, received)


def _act(desk: Desk, wanted: Wanted, step: Step) -> tuple[Step, str]:
    """Carry a step out; give what was done, and its proof. What changed rows do not bring about, all rows do."""
    if step.action == "unchanged" and not step.settings and step.local is None:
        return step, "nobody has changed it since it was published"
    if step.action == "update":
        try:
            _change(desk, wanted, step)
            return step, _settle(desk, wanted, step)
        except (JobFailedError, UnprovenError) as error:
            step = replace(step, action="overwrite", reason=f"changing rows did not do ({error})", changed=None)
    if step.action != "unchanged":
        write_record(desk.record_of(wanted), Record())
        _publish_whole(desk, wanted, over=step.action != "create")
    return step, _settle(desk, wanted, step)


def _publish_whole(desk: Desk, wanted: Wanted, *, over: bool) -> None:
    try:
        publish_file(desk.site, wanted, desk.project, over=over)
    except SiteRefusedError as refusal:
        # Somebody has been quicker, or we have, and the answer was lost: look again.
        if refusal.code.startswith("409"):
            raise BrokenOffError(str(refusal)) from None
        raise


def _change(desk: Desk, wanted: Wanted, step: Step) -> None:
    extract = extract_of(wanted)
    assert extract is not None
    assert step.changed is not None
    limit = desk.declared.payload_mb << 20
    with tempfile.TemporaryDirectory() as folder:
        for payload in payloads(desk.hyper, wanted.file, extract, step.changed, folder=Path(folder), limit=limit):
            key = f"{step.content.id} {changed_at(step.content)} {payload.content}"
            change_rows(desk.site, wanted, step.content, payload, hashlib.sha256(key.encode()).hexdigest())


def _settle(desk: Desk, wanted: Wanted, step: Step) -> str:
    """Set what is to be set beside the data, prove the data, and remember what the site holds."""
    content = find_content(desk.site, wanted, desk.project)
    if content is None:
        raise BrokenOffError(f"{wanted.kind} {wanted.name!r} is not there, though the site has published it")
    put_belongings(desk.site, wanted, content)
    path, record = desk.record_of(wanted), read_record(desk.record_of(wanted))
    held = step.local or (None if record is None else read_held(path, record))
    proof = _proof(desk, wanted, step, content)
    content = read_content(desk.site, wanted, content.id)
    known = Record(content.id, changed_at(content), file_hash(wanted.file))
    if held is not None:
        known = replace(known, columns=held.columns, energy_kwh=held.energy_kwh, version=VERSION)
    write_record(path, known, held)
    revision = last_revision(desk.site, wanted, content)
    return proof + (f"; revision {revision}" if revision and step.action != "unchanged" else "")


def _proof(desk: Desk, wanted: Wanted, step: Step, content: Any) -> str:
    """Prove that the site holds what is here, and say how."""
    if step.action == "unchanged":
        return "the site holds the same"
    if wanted.kind == "workbook":
        return f"the site lists {len(read_content(desk.site, wanted, content.id).views)} sheets"
    if step.local is None or not desk.declared.read_back:
        return "the site's job ended well; not read back"
    try:
        held = read_site(desk, wanted, content)
    except SiteRefusedError as error:
        return f"the site's job ended well; not read back: {error}"
    if held.digest != step.local.digest:
        raise UnprovenError(f"{wanted.name!r}: the site holds {_sum(held)}, not {_sum(step.local)}")
    return f"read back, equal row for row: {_sum(held)}"


def _sum(ledger: Ledger) -> str:
    energy = "" if ledger.energy_kwh is None else f" and {ledger.energy_kwh:,.1f} kWh"
    return f"{ledger.rows:,} rows{energy}"
