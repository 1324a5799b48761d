"""A TabPy's own folder, made without a TabPy: its functions, its settings, its users.

state.ini              what TabPy knows of its functions
query_objects/NAME/1/  the function, pickled
tabpy.conf             settings, logging
users.txt              names and hashed passwords, when the server is not open

Two TabPy processes on one folder lose each other's functions: every process gets a folder of its own.
"""

import json
import os
import shutil
import time
from collections.abc import Sequence
from configparser import RawConfigParser
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import PublishError
from pipeline.publish.tabpy_build import Deployable

STATE, CONFIG, USERS, LOG = "state.ini", "tabpy.conf", "users.txt", "tabpy.log"
STORED = "query_objects"


@dataclass(frozen=True)
class ServerSettings:
    """What a TabPy of ours is told.

    Attributes
    ----------
    port : int
        0: any free one.
    evaluate : bool
        Run scripts: every SCRIPT_ calculation of Tableau needs it, `MODEL_EXTENSION_` ones do not.
    evaluate_seconds : float, default 30
        Longest time of a script, TabPy's own default. [s]
    request_mb : int, default 100
        Largest request, TabPy's own default. [MB]
    user, password : str or None
        The one who is let in; None: whoever reaches the server.
    """

    port: int = 9004
    evaluate: bool = True
    evaluate_seconds: float = 30.0
    request_mb: int = 100
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def prepare(folder: Path, deployables: Sequence[Deployable], settings: ServerSettings) -> None:
    """Make a folder from which TabPy can be started; what was there of an earlier build goes.

    Raises
    ------
    PublishError
        When the folder holds other things than a TabPy's state (nothing of it is touched), or a user's name or password
        is one that TabPy never lets in.
    """
    write_state(folder, deployables)
    (folder / USERS).unlink(missing_ok=True)
    if settings.user is not None:
        write_user(folder, settings.user, settings.password or "")
    write_config(folder, settings)


def write_state(folder: Path, deployables: Sequence[Deployable]) -> None:
    """Write the functions and `state.ini`."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / STATE).exists():
        raise PublishError(f"{folder}: not empty, and not the state of a TabPy -> name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for old in (STORED, "staging"):
        shutil.rmtree(folder / old, ignore_errors=True)
    for one in deployables:
        place = folder / STORED / one.name / "1"
        place.mkdir(parents=True)
        (place / "pickle_archive").write_bytes(one.pickled)
    with (folder / STATE).open("w", encoding="ascii") as file:
        _state(deployables).write(file)


def write_config(folder: Path, settings: ServerSettings) -> None:
    """Write `tabpy.conf`."""
    where = folder.resolve().as_posix()
    users = f"TABPY_PWD_FILE = {where}/{USERS}\n" if settings.user is not None else ""
    text = CONFIG_TEXT.format(
        port=settings.port,
        where=where.replace("%", "%%"),
        users=users.replace("%", "%%"),
        evaluate=str(settings.evaluate).lower(),
        seconds=settings.evaluate_seconds,
        request_mb=settings.request_mb,
        log=f"{where}/{LOG}".replace("\\", "\\\\").replace("'", "\\'").replace("%", "%%"),
    )
    (folder / CONFIG).write_text(text, encoding="utf-8")


def write_user(folder: Path, user: str, password: str) -> None:
    """Let in this user only, hashed as TabPy does it; the file is readable by its owner only.

    Raises
    ------
    PublishError
        A name or password that TabPy could never let in.
    """
    if not user or not set(user) <= set(map(chr, range(33, 127))) - set(':"#'):
        raise PublishError("the user's name must be printable ASCII without blanks, colon, quote and #")
    if not password or ":" in password:
        raise PublishError("the password must not be empty, and TabPy never accepts one with a colon")
    from tabpy.tabpy_server.handlers.util import hash_password  # type: ignore[import-untyped]

    path = folder / USERS
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(f"{user.lower()} {hash_password(user, password)}\n")


def _state(deployables: Sequence[Deployable]) -> RawConfigParser:
    now = int(time.time())
    state = RawConfigParser()
    state.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    cross_origin = {f"Access-Control-Allow-{what}": "" for what in ("Origin", "Headers", "Methods")}
    state["Service Info"] = {
        "Name": "TabPy Server", "Description": "hyperwatt", "Creation Time": str(now), **cross_origin
    }  # fmt: skip
    state["Query Objects Service Versions"] = {one.name: json.dumps(_entry(one, now)) for one in deployables}
    state["Query Objects Docstrings"] = {one.name: one.docstring for one in deployables}
    state["Meta"] = {"Revision Number": "1"}
    return state


def _entry(one: Deployable, now: int) -> dict[str, object]:
    kept = ("description", "type", "version", "dependencies", "schema", "is_public")
    endpoint = one.endpoint(1)
    times = {"creation_time": now, "last_modified_time": now}
    return {name: endpoint[name] for name in kept} | {"target": None} | times


# TABPY_QUERY_OBJECT_PATH is where TabPy looks for old versions to clear away. It stores them under the state folder,
# so pointing it there is what makes the cleaning work. Nothing is left to the environment: a file's word wins in TabPy.
CONFIG_TEXT = """[TabPy]
TABPY_PORT = {port}
TABPY_STATE_PATH = {where}
TABPY_QUERY_OBJECT_PATH = {where}/query_objects
{users}TABPY_EVALUATE_ENABLE = {evaluate}
TABPY_EVALUATE_TIMEOUT = {seconds}
TABPY_MAX_REQUEST_SIZE_MB = {request_mb}
TABPY_TRANSFER_PROTOCOL = http

[loggers]
keys = root, access

[handlers]
keys = file

[formatters]
keys = line

[logger_root]
level = WARNING
handlers = file

[logger_access]
qualname = tornado.access
level = INFO
handlers =

[handler_file]
class = handlers.RotatingFileHandler
formatter = line
args = ('{log}', 'a', 10000000, 5)

[formatter_line]
format = %(asctime)s %(levelname)s %(name)s: %(message)s
"""
