"""Opening databases, and what is said when that fails."""

import subprocess
import sys
import traceback
from pathlib import Path

import pymysql
import pytest
from sqlalchemy import make_url, text

from pipeline.connect import _explain, connect_database, database_told
from pipeline.errors import StoreError

ROOT = Path(__file__).resolve().parents[1]
SECRET = "sEcr3t"


def refusal(url: str) -> StoreError:
    """What is raised for an address."""
    with pytest.raises(StoreError) as caught:
        connect_database(url, timeout=3)
    return caught.value


def test_answers(database: str) -> None:
    """A database that is there can be asked."""
    with connect_database(database).connect() as connection:
        assert connection.scalar(text("SELECT 1 + 1")) == 2


@pytest.mark.parametrize(
    ("url", "said", "advice"),
    [
        pytest.param("nonsense", "cannot be read", "sqlite:///FILE", id="no address"),
        pytest.param(f"mysql://u:{SECRET}@h:{SECRET}/x", "cannot be read", "%40", id="port is no number"),
        pytest.param(f"oracle://u:{SECRET}@h/x", "'oracle'", "postgresql://", id="unknown kind"),
        pytest.param("sqlite://", "names no file", "sqlite:///FILE", id="no file"),
        pytest.param(f"mysql://u:{SECRET}@h", "names no database", "mysql://", id="no database"),
        pytest.param("sqlite:////no/such/folder/x.db", "folder does not exist", "make it", id="no folder"),
        pytest.param(
            f"mysql://u:{SECRET}@127.0.0.1:9/x", "u:***@127.0.0.1:9", "is the server running", id="mysql down"
        ),
        pytest.param(f"postgresql://u:{SECRET}@127.0.0.1:9/x", "u:***@", "is the server running", id="postgresql down"),
        pytest.param(f"mysql://u:{SECRET}@no.invalid/x", "no.invalid", "is the server running", id="no such host"),
        pytest.param(f"postgresql://u@no.invalid/x?password={SECRET}", "no.invalid", "is the", id="password in query"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(url: str, said: str, advice: str) -> None:
    """An address that cannot be opened is refused in one line with what to do, and the password is nowhere."""
    error = refusal(url)

    assert said in str(error)
    assert advice in str(error).partition("->")[2]
    assert "\n" not in str(error)
    assert SECRET not in "".join(traceback.format_exception(error))


def test_a_file_of_something_else(tmp_path: Path) -> None:
    """A file that is no database is left alone and named."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be taken for one by its size alone" * 20)

    assert "the file is something else" in str(refusal(f"sqlite:///{path}"))
    assert path.read_text().startswith("not a database")


@pytest.mark.mysql
def test_unknown_mysql_database(mysql_database: str) -> None:
    """The statement that makes the missing database is in the message."""
    error = refusal(make_url(mysql_database).set(database="not_there").render_as_string(False))

    assert "CREATE DATABASE `not_there`" in str(error)


@pytest.mark.postgresql
def test_unknown_postgresql_database(postgresql_database: str) -> None:
    """The statement that makes the missing database is in the message."""
    error = refusal(make_url(postgresql_database).set(database="not_there").render_as_string(False))

    assert 'CREATE DATABASE "not_there"' in str(error)


@pytest.mark.mysql
@pytest.mark.parametrize("password", [SECRET, SECRET + "€ü"], ids=["plain", "not latin"])
def test_stranger(mysql_database: str, password: str) -> None:
    """A user who is not let in is told to check user and password, whatever letters it has."""
    error = refusal(make_url(mysql_database).set(username="stranger", password=password).render_as_string(False))

    assert "check the user and the password" in str(error)
    assert SECRET not in "".join(traceback.format_exception(error))


@pytest.mark.mysql
def test_mysql_is_strict_and_knows_no_zone(mysql_database: str) -> None:
    """A value that does not fit is an error, whatever the server's settings, and clocks are UTC."""
    with connect_database(mysql_database).connect() as connection:
        mode, zone = connection.exec_driver_sql("SELECT @@sql_mode, @@time_zone").one()

        assert "STRICT_TRANS_TABLES" in mode
        assert zone == "+00:00"


def test_what_a_statement_raises_names_the_database(database: str) -> None:
    """Errors of a statement become one StoreError with the database's address."""
    engine = connect_database(database)
    with pytest.raises(StoreError, match="hyperwatt") as caught, database_told(engine), engine.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM nothing_of_ours")

    assert "hyperwatt db upgrade" in str(caught.value)


def test_transactions_are_whole(database: str) -> None:
    """What is not committed did not happen, DDL apart; what is committed did."""
    engine = connect_database(database)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE pairs (a INTEGER PRIMARY KEY, b INTEGER)")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO pairs VALUES (:a, :b)"), [{"a": 1, "b": None}, {"a": 2, "b": 3}])
    with engine.connect() as connection:
        connection.execute(text("DELETE FROM pairs"))
        assert connection.scalar(text("SELECT COUNT(*) FROM pairs")) == 0
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT a, b FROM pairs ORDER BY a")).all()

    assert [tuple(row) for row in rows] == [(1, None), (2, 3)]


def test_sqlite_is_read_while_it_is_written(tmp_path: Path) -> None:
    """A reader sees the state before, and is not kept waiting."""
    engine = connect_database(f"sqlite:///{tmp_path / 'x.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE one (a INTEGER)")
    with engine.begin() as writer, engine.connect() as reader:
        writer.exec_driver_sql("INSERT INTO one VALUES (1)")

        assert reader.scalar(text("SELECT COUNT(*) FROM one")) == 0


def test_a_driver_that_is_not_installed() -> None:
    """Without psycopg, a PostgreSQL address says what to install."""
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from pipeline.connect import connect_database\n"
        f"connect_database('postgresql://u:{SECRET}@127.0.0.1/x')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)

    assert "pip install 'hyperwatt[postgresql]'" in done.stderr.splitlines()[-1]
    assert SECRET not in done.stderr


@pytest.mark.parametrize("value", ["text", 1.5], ids=["text", "number"])
def test_nulls_first(database: str, value: object) -> None:
    """A column that begins with thousands of nulls is what the values after them are."""
    engine = connect_database(database)
    kind = "REAL" if isinstance(value, float) else "VARCHAR(10)"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE sparse (n INTEGER, x {kind})"))
        rows = [{"n": n, "x": None} for n in range(3000)] + [{"n": 3000, "x": value}]
        connection.execute(text("INSERT INTO sparse VALUES (:n, :x)"), rows)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT n, x FROM sparse ORDER BY n")).all()

    assert len(found) == 3001
    assert tuple(found[-1]) == (3000, value)


def test_a_connection_that_was_cut_is_told() -> None:
    """PyMySQL has no words for it."""
    told = _explain(pymysql.err.InterfaceError(0, ""), make_url("mysql://user@host/meters"))

    assert told == "InterfaceError -> the connection was lost and nothing kept: run again"
