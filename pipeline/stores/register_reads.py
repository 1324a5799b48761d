"""What is remembered of registers: the reads at the ends of every stretch without a gap, in the run's transaction."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from pipeline.schema import Stretch
from pipeline.stores.tables import register_reads


def read_stretches(connection: Connection) -> dict[tuple[str, str], list[Stretch]]:
    """Give what is remembered, by meter and channel, oldest first."""
    order = (register_reads.c.meter_id, register_reads.c.channel, register_reads.c.first_read_utc)
    found: dict[tuple[str, str], list[Stretch]] = {}
    for meter_id, channel, *reads in connection.execute(select(register_reads).order_by(*order)):
        found.setdefault((meter_id, channel), []).append(Stretch(*reads))
    return found


def write_stretches(connection: Connection, stretches: Mapping[tuple[str, str], Sequence[Stretch]]) -> None:
    """Remember this of these registers in place of what was remembered of them."""
    if not stretches:
        return
    names = [column.name for column in register_reads.columns]
    same = (register_reads.c.meter_id == bindparam("of"), register_reads.c.channel == bindparam("on"))
    connection.execute(delete(register_reads).where(*same), [{"of": meter, "on": on} for meter, on in stretches])
    rows = [dict(zip(names, (*key, *one), strict=True)) for key, own in stretches.items() for one in own]
    connection.execute(insert(register_reads), rows)
