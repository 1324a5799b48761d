"""Bring the tables and views of a database to what this version of hyperwatt needs."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from pipeline.connect import connect_database, database_told, missing_file
from pipeline.errors import StoreError
from pipeline.stores.lock import Tell, writing

MIGRATIONS = Path(__file__).resolve().parents[2] / "sql" / "migrations"


def upgrade(engine: Engine, waiting: Tell = lambda _: None) -> bool:
    """Make or change the tables and views where that is needed; a second call does nothing.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `connect_database`. Its user must be allowed to create tables if anything is to be changed.
    waiting : callable
        Told when another run must end first.

    Returns
    -------
    bool
        True when something was changed.

    Raises
    ------
    StoreError
        The database was made by a newer hyperwatt, or its user may not do this.
    """
    with database_told(engine):
        with engine.connect() as connection:
            if _is_current(connection):
                return False
        with writing(engine, waiting) as connection:
            if _is_current(connection):
                return False
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            return True


def is_current(url: str) -> bool:
    """Say whether the database at an address has the tables of this version; make nothing, not even SQLite's file."""
    if missing_file(url):
        return False
    engine = connect_database(url)
    with database_told(engine), engine.connect() as connection:
        return _is_current(connection)


def _is_current(connection: Connection) -> bool:
    script = ScriptDirectory(str(MIGRATIONS))
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision and revision not in {known.revision for known in script.walk_revisions()}:
        raise StoreError(f"this database is of a newer hyperwatt (its tables are at {revision}) -> upgrade hyperwatt")
    return revision == script.get_current_head()
