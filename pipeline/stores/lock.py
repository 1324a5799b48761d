"""One writer at a time: a transaction that no other run can write beside, on every kind of database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

Tell = Callable[[str], None]

WAITING = "another run is writing to this database; waiting for it to end"
YEAR = 365 * 86400
KEY = int.from_bytes(sha256(b"hyperwatt").digest()[:7], "big")
"""Number of the lock on PostgreSQL, where a lock belongs to one database."""


@contextmanager
def writing(engine: Engine, waiting: Tell) -> Iterator[Connection]:
    """Give a connection in a transaction that sees every earlier run finished; it is committed at the end.

    Whatever is raised inside undoes everything, and so does the death of the process.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `connect_database`.
    waiting : callable
        Told once, in one sentence, when another run holds the lock.
    """
    with engine.connect() as connection:
        _LOCKS[engine.dialect.name](connection, waiting)
        yield connection
        connection.commit()


def _lock_sqlite(connection: Connection, waiting: Tell) -> None:
    # SQLAlchemy has begun a transaction that would take the lock only with its first write.
    connection.exec_driver_sql("ROLLBACK")
    connection.exec_driver_sql("PRAGMA busy_timeout = 0").close()
    told = False
    while not _is_ours(connection):
        if not told:
            waiting(WAITING)
        told = True
        connection.exec_driver_sql("PRAGMA busy_timeout = 1000").close()


def _is_ours(connection: Connection) -> bool:
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except DBAPIError as error:
        if "database is locked" not in str(error.orig):
            raise
        return False
    return True


def _lock_mysql(connection: Connection, waiting: Tell) -> None:
    # The session holds it, through the implicit commits of a migration too, and gives it up when it is closed.
    name = "hyperwatt." + sha256(str(connection.scalar(text("SELECT DATABASE()"))).encode()).hexdigest()[:32]
    for patience in (0, YEAR):
        if connection.scalar(text("SELECT GET_LOCK(:name, :patience)"), {"name": name, "patience": patience}) == 1:
            break
        waiting(WAITING)
    connection.commit()


def _lock_postgresql(connection: Connection, waiting: Tell) -> None:
    if not connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": KEY}):
        waiting(WAITING)
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": KEY})


_LOCKS = {"sqlite": _lock_sqlite, "mysql": _lock_mysql, "mariadb": _lock_mysql, "postgresql": _lock_postgresql}
