"""The one place where connections are opened: databases by URL, hyperd, TabPy, Tableau; failures in plain words.

SQLite goes through ADBC throughout, reading and writing: it takes Arrow two to three times as fast as the standard
library, and a process must not open one file with two copies of SQLite (closing one drops the locks of the other).

References
----------
.. [1] "How To Corrupt An SQLite Database File", section 2.2.1. sqlite.org/howtocorrupt.html
"""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import adbc_driver_sqlite.dbapi as adbc
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.base import SQLiteDialect, SQLiteExecutionContext
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from tableauhyperapi import HyperException, HyperProcess, Telemetry  # type: ignore[import-untyped]

from pipeline.errors import PublishError, StoreError

DRIVERS = {
    "sqlite": "sqlite+adbc",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}
EXAMPLES = "sqlite:///FILE, mysql://USER:PASSWORD@HOST/DATABASE or postgresql://USER:PASSWORD@HOST/DATABASE"
NEEDED = {"postgresql": "hyperwatt[postgresql]"}

# WAL: others may read while a run writes. FULL: an extract is never ahead of a database that lost its last commit to a
# power cut. Pages of 16 kB take bulk loads 7 % faster than the 4 kB that SQLite starts with (measured).
PRAGMAS = (
    "busy_timeout = 60000",
    "page_size = 16384",
    "journal_mode = WAL",
    "synchronous = FULL",
    "cache_size = -65536",
    "foreign_keys = ON",
)
# What MySQL 8 and 9 start with; MariaDB starts with less, and a server's administrator may have taken some away.
MYSQL_SESSION = (
    "SET SESSION time_zone = '+00:00', sql_mode = 'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,"
    "NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
)


def connect_database(url: str, timeout: int = 10) -> Engine:
    """Open a database, and prove it by one connection.

    Parameters
    ----------
    url : str
        `sqlite:///FILE`, `mysql://…`, `mariadb://…` or `postgresql://…`; the driver is ours to choose.
    timeout : int, default 10
        Longest wait for a server to answer (chosen, not measured). [s]

    Returns
    -------
    sqlalchemy.Engine
        Without a pool: closing a connection ends its session, and with it the lock of a run.

    Raises
    ------
    StoreError
        One sentence with what to do: the server is down, the user is not let in, the database does not exist, the
        driver is not installed. The password is never part of it.
    """
    target = _target(url)
    try:
        engine = create_engine(target, poolclass=NullPool, hide_parameters=True, connect_args=_options(target, timeout))
    except ImportError as error:
        package = NEEDED.get(target.get_backend_name(), str(error.name))
        raise StoreError(f"database {_shown(target)} needs a driver -> pip install '{package}'") from error
    if target.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    with database_told(engine), engine.connect():
        return engine


def missing_file(url: str) -> Path | None:
    """Give the file of a SQLite database that is not there yet; None for every other database."""
    kind, _, name = url.partition(":///")
    file = Path(name.partition("?")[0])
    return file if kind.partition("+")[0] == "sqlite" and name and not file.exists() else None


@contextmanager
def database_told(engine: Engine) -> Iterator[None]:
    """Turn what a driver raises inside into one StoreError sentence that names the database."""
    assert engine.dialect.dbapi is not None
    try:
        yield
    except (SQLAlchemyError, engine.dialect.dbapi.Error) as error:
        raise StoreError(f"database {_shown(engine.url)}: {_explain(error, engine.url)}") from error


def connect_hyper(log_folder: Path | None = None) -> HyperProcess:
    """Start a hyperd, which ends with the `with` block or with this process; it sends nothing home.

    Parameters
    ----------
    log_folder : Path or None
        Where hyperd writes its log; None: nowhere.

    Returns
    -------
    tableauhyperapi.HyperProcess
        A context manager; starting takes 0.2 s.

    Raises
    ------
    StoreError
        When it cannot be started.
    """
    parameters = {"log_config": ""} if log_folder is None else {"log_dir": str(log_folder)}
    try:
        return HyperProcess(Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU, parameters=parameters)
    except HyperException as error:
        raise StoreError(f"hyperd cannot be started: {error.main_message} -> run `hyperwatt doctor`") from error


def connect_tabpy(url: str, *, ca: Path | None = None, timeout: float = 10.0) -> HTTPConnection:
    """Open a connection to a TabPy; certificates are verified, which TabPy's own client leaves out.

    Parameters
    ----------
    url : str
        `http://HOST:PORT` or `https://HOST:PORT`, with a path if the server has one. Proxies are not used.
    ca : Path or None
        PEM file of the authority that signed the server's certificate; None: those that the machine trusts.
    timeout : float, default 10
        Longest wait for the connection, and then for each answer (chosen, not measured). [s]

    Returns
    -------
    http.client.HTTPConnection
        Open; the caller closes it.

    Raises
    ------
    PublishError
        One sentence with what to do: nobody answers there, no such host, a certificate that is not trusted.
    """
    connection = _plain_or_tls(*_address(url), ca, timeout)
    try:
        connection.connect()
    except ssl.SSLCertVerificationError as error:
        raise PublishError(
            f"{url}: certificate not trusted ({error.verify_message}) -> name its authority: --ca"
        ) from error
    except ssl.SSLError as error:
        raise PublishError(f"{url}: no TLS there ({error.reason}) -> try http://") from error
    except TimeoutError as error:
        raise PublishError(f"{url}: no answer in {timeout:g} s -> is the host right, and the port open?") from error
    except socket.gaierror as error:
        raise PublishError(f"{url}: no host of that name ({error.strerror}) -> check the address") from error
    except OSError as error:
        raise PublishError(f"{url}: nobody answers ({error.strerror}) -> is TabPy running there?") from error
    return connection


def connect_tableau(url: str, *, ca: Path | None = None, verify: bool = True, timeout: float = 300.0) -> Any:
    """Make Tableau's own client for a server; nothing is sent yet.

    Parameters
    ----------
    url : str
        `https://HOST` or `https://HOST:PORT`. Proxies are those of the environment.
    ca : Path or None
        PEM file of the authority that signed the server's certificate; None: those that the client trusts.
    verify : bool, default True
        Whether the certificate is verified at all.
    timeout : float, default 300
        Longest silence of the server: gateways give up earlier (chosen, not measured). [s]

    Returns
    -------
    tableauserverclient.Server
        Not signed in; the caller closes it.

    Raises
    ------
    PublishError
        The client is not installed, or the file of certificates is not there.
    """
    try:
        from tableauserverclient import Server
    except ImportError as error:
        raise PublishError("publishing needs Tableau's client -> pip install 'hyperwatt[publish]'") from error
    if ca is not None and not ca.is_file():
        raise PublishError(f"{ca}: no file of certificates -> give a PEM file")
    make: Any = Server
    verified = verify if ca is None or not verify else str(ca)
    return make(url, http_options={"timeout": (10.0, timeout), "verify": verified})


def _plain_or_tls(scheme: str, host: str, port: int | None, ca: Path | None, timeout: float) -> HTTPConnection:
    if scheme == "http":
        return HTTPConnection(host, port, timeout=timeout)
    try:
        context = ssl.create_default_context(cafile=None if ca is None else str(ca))
    except OSError as error:
        raise PublishError(f"{ca}: not a file of certificates ({error}) -> give a PEM file") from error
    return HTTPSConnection(host, port, timeout=timeout, context=context)


def _address(url: str) -> tuple[str, str, int | None]:
    # A user in the address would be shown by every message and kept by the shell: it is refused, and not repeated.
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.username is None:
            return parts.scheme, parts.hostname, parts.port
    except ValueError:
        pass
    shown = url.rpartition("@")[2]
    raise PublishError(f"{shown!r} is no address of a TabPy -> use http://HOST:9004, with the user by --user")


def _target(url: str) -> URL:
    # Whatever the parser says of a bad address may hold a piece of the password: it is not passed on.
    try:
        target = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(
            f"the database address cannot be read -> use {EXAMPLES}; in a password write @ as %40, : as %3A, / as %2F"
        ) from None
    backend = target.drivername.partition("+")[0]
    if backend not in DRIVERS:
        raise StoreError(f"no database of kind {backend!r} is supported -> use {EXAMPLES}")
    if not target.database or target.database == ":memory:":
        missing = "file" if backend == "sqlite" else "database"
        raise StoreError(f"the database address names no {missing} -> use {EXAMPLES}")
    if backend == "sqlite" and not Path(target.database).absolute().parent.is_dir():
        raise StoreError(f"database {target.database}: its folder does not exist -> make it first")
    return target.set(drivername=DRIVERS[backend])


def _options(target: URL, timeout: int) -> dict[str, Any]:
    backend = target.get_backend_name()
    if backend == "postgresql":
        return {"connect_timeout": timeout, "options": "-c timezone=UTC"}
    if backend == "mysql":
        # As bytes: the driver would take text as Latin-1.
        password = {"password": target.password.encode()} if target.password else {}
        session = {"charset": "utf8mb4", "local_infile": True, "init_command": MYSQL_SESSION}
        return {"connect_timeout": timeout, **session, **password}
    return {}


def _shown(target: URL) -> str:
    return target.set(query={}, drivername=target.get_backend_name()).render_as_string(hide_password=True)


def _explain(error: Exception, target: URL) -> str:
    cause = getattr(error, "orig", None) or error
    lines = str(cause.args[-1] if cause.args else cause).strip().splitlines() or [type(cause).__name__]
    said = " ".join(lines[0].split())
    for signs, advice in _ADVICE.items():
        if any(sign in str(cause) for sign in signs):
            return f"{said} -> {advice.format(name=target.database, user=target.username)}"
    return said


_ADVICE = {
    ("(1049,",): "run: CREATE DATABASE `{name}` CHARACTER SET utf8mb4",
    ('database "',): "run: CREATE DATABASE \"{name}\" ENCODING 'UTF8'",
    ("(1045,", "(1698,", "authentication failed", "no password supplied", 'role "'): "check the user and the password",
    ("(1044,", "(1142,", "(1143,", "permission denied"): (
        "{user} lacks this right: sql/users/ has the statements, and `hyperwatt db upgrade` runs as the owner"
    ),
    ("(2003,", "(2005,", "refused", "timeout", "could not translate", "resolve"): "is the server running there?",
    ("(2006,", "(2013,", "(0, '')", "server closed"): "the connection was lost and nothing kept: run again",
    ("malformed",): "restore a copy of it, or name another database and run again",
    ("failed to open", "readonly database"): "is it a file that you may write to?",
    ("disk is full", "No space left"): "make room and run again: nothing of this run was kept",
    ("file is not a database",): "the file is something else: choose another name",
    ("no such table", "(1146,", "relation "): "run `hyperwatt db upgrade`",
}
"""What drivers say (numbers are MySQL's), and what to do about it."""


def _prepare_sqlite(connection: adbc.Connection, _record: object) -> None:
    for pragma in PRAGMAS:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA {pragma}")


class _Cursor:
    """An ADBC cursor that says None, as PEP 249 has it, where a statement gives no rows."""

    def __init__(self, cursor: adbc.Cursor) -> None:
        self._cursor = cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    @property
    def description(self) -> Any:
        return self._cursor.description or None


ONE_BATCH = {"adbc.sqlite.query.batch_rows": str(1 << 30)}
"""The driver judges the type of a column by the first batch of rows, in which there may be nulls only."""


class _Context(SQLiteExecutionContext):
    def create_cursor(self) -> Any:
        connection: Any = self._dbapi_connection
        return _Cursor(connection.cursor(adbc_stmt_kwargs=ONE_BATCH))


class SqliteAdbc(SQLiteDialect):
    """SQLAlchemy's SQLite over the ADBC driver.

    ADBC is left in autocommit, and the transaction is ours to begin: its own is always deferred, which lets two
    writers meet half-way.
    """

    driver = "adbc"
    supports_statement_cache = True
    supports_sane_rowcount = False
    supports_sane_multi_rowcount = False
    execution_ctx_cls = _Context

    @classmethod
    def import_dbapi(cls) -> Any:
        """Give the driver, with the version of SQLite that the base class wants to know of it."""
        with adbc.connect(autocommit=True) as connection, connection.cursor() as cursor:
            version = cursor.execute("SELECT sqlite_version()").fetchall()[0][0]
        return SimpleNamespace(**vars(adbc), sqlite_version_info=tuple(map(int, version.split("."))))

    def _get_server_version_info(self, connection: Connection) -> Any:
        assert self.dbapi is not None
        return self.dbapi.sqlite_version_info

    def create_connect_args(self, url: URL) -> Any:
        """Give the file as an absolute path, which SQLite never takes for an address."""
        return [str(Path(url.database or "").absolute())], {"autocommit": True}

    def do_begin(self, dbapi_connection: Any) -> None:
        """Begin a transaction that takes the write lock with its first write."""
        _run(dbapi_connection, "BEGIN")

    def do_commit(self, dbapi_connection: Any) -> None:
        """End the transaction and keep what it did."""
        _run(dbapi_connection, "COMMIT")

    def do_rollback(self, dbapi_connection: Any) -> None:
        """End the transaction, if SQLite has not ended it already, and forget what it did."""
        try:
            _run(dbapi_connection, "ROLLBACK")
        except adbc.Error as error:
            if "no transaction is active" not in str(error):
                raise


def _run(connection: Any, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


registry.register("sqlite.adbc", __name__, "SqliteAdbc")
