"""What the user wants on the site: `[publish]` of hyperwatt.toml, read and checked.

[publish]
site = "https://SERVER/#/site/SITE"   # any page of the site as the browser shows it
project = "Energy/Meters"             # a path; it is made where it is not there
tags = ["meters"]                     # of everything below
key_file = "~/.config/hyperwatt.key"  # token_name and token; only its owner may read it
keyring = "hyperwatt"                 # or in the system's keyring, under this name: keyring set hyperwatt token

[publish.datasources.readings]        # an extract by its name; none named: all that are there
name = "Meter Readings"
description = "Every interval of every meter."
tags = ["half-hourly"]

[publish.datasources.readings.permissions]
"All Users" = ["Read", "Connect", "-ExportData"]   # -: denied

[publish.workbooks.overview]          # a file in OUT/workbooks, or any by `file`; none named: all that are there
file = "boards/overview.twbx"
hidden_sheets = ["Scratch"]
tabpy = "Energy TabPy"                # which of the site's analytics extensions its scripts call

[publish.datasources.tariffs]         # one that reads a database; the site refreshes it, hyperwatt does not
file = "tariffs.tdsx"
credentials = "warehouse"             # embedded: warehouse_user and warehouse_password, said like the token
                                      # "prompt": every viewer is asked; { "db.corp" = "warehouse" }: by server
schedule = "Nightly"                  # of the Tableau Server; Tableau Cloud has none by name:
                                      # { frequency = "Daily", start = "06:00", days = ["Monday", "Friday"] }

[publish.tabpy]                       # a connection that the site is to have; only its administrator may make it
name = "Energy TabPy"
url = "https://tabpy.corp:9004"
login = "tabpy"                       # tabpy_user and tabpy_password, where it wants them; Tableau Cloud always does

[publish.public]                      # hyperwatt publish --public
title = "Energy use"
view = "https://public.tableau.com/views/WORKBOOK/VIEW"   # once it is published
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from pipeline.errors import SettingsError
from pipeline.publish.analytics import SiteTabPy, read_site_tabpy
from pipeline.publish.insides import Source, read_insides
from pipeline.publish.recurrence import Recurrence, read_schedule

PROMPT = "prompt"
"""Credentials that every viewer is asked for."""

EVERY = "*"
"""Every server that is not named."""

SUFFIXES = {"datasource": (".hyper", ".tdsx"), "workbook": (".twbx", ".twb")}


@dataclass(frozen=True)
class Wanted:
    """A data source or workbook that is to be on the site.

    Attributes
    ----------
    key : str
        Its name in the settings; that of the extract, for an extract.
    kind : str
        "datasource" or "workbook".
    file : Path
    name : str
        On the site.
    description : str or None
        None: as it is.
    tags : frozenset of str
    permissions : mapping
        Group to capabilities, "-" before those denied.
    hidden_sheets : tuple of str
    schedule : str or Recurrence or None
        By what the site refreshes it: a schedule of the server by name, or one of its own; None: as it is.
    credentials : mapping of str to str
        Server, or "*", to the name of a login or "prompt"; none: as it is.
    tabpy : str
        Which analytics extension of the site its scripts call; empty: as it is.
    sources : tuple of Source
        What its file reads from.
    calls_tabpy : bool
        Whether its file has scripts.
    """

    key: str
    kind: str
    file: Path
    name: str
    description: str | None = None
    tags: frozenset[str] = frozenset()
    permissions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hidden_sheets: tuple[str, ...] = ()
    schedule: str | Recurrence | None = None
    credentials: Mapping[str, str] = field(default_factory=dict)
    tabpy: str = ""
    sources: tuple[Source, ...] = ()
    calls_tabpy: bool = False

    @property
    def by_hand(self) -> list[str]:
        """What publishing leaves to people, in words."""
        servers = dict.fromkeys(str(one) for one in self.sources if one.server and not self.credentials)
        asks = [f"every viewer is asked for user and password of {one}: credentials embeds them" for one in servers]
        scripts = "it calls TabPy: tabpy names the site's connection, which its administrator makes under "
        return asks + [scripts + "Settings > Extensions"] * (self.calls_tabpy and not self.tabpy)


@dataclass(frozen=True)
class Declared:
    """`[publish]`.

    Attributes
    ----------
    site : str
        Address, as pasted.
    site_name : str or None
        The site, where the address does not say.
    project : str
        A path of names.
    create_project : bool
    wanted : tuple of Wanted
        Data sources first: workbooks may need them.
    tabpy : SiteTabPy or None
        A connection that the site is to have; None: nothing of the site is changed.
    replace : bool
        Publish over content of that name that is not ours.
    read_back : bool
        Prove what was published by downloading it.
    key_file, ca : Path or None
    keyring : str
        Name under which secrets stand in the system's keyring; empty: it is not asked.
    new_passwords : bool
        Embed the passwords of connections again.
    verify, plain_http : bool
    chunk_mb, payload_mb : int
        Of an upload's pieces (chosen: three of them are in memory), and most of one change of rows (Tableau's limit).
    overwrite_share : float
        Share of rows from which all are sent (chosen: changed rows travel at least as tightly packed).
    timeout : float
        [s]
    """

    site: str = ""
    site_name: str | None = None
    project: str = "default"
    create_project: bool = True
    wanted: tuple[Wanted, ...] = ()
    tabpy: SiteTabPy | None = None
    replace: bool = False
    read_back: bool = True
    key_file: Path | None = None
    keyring: str = ""
    new_passwords: bool = False
    ca: Path | None = None
    verify: bool = True
    plain_http: bool = False
    chunk_mb: int = 10
    payload_mb: int = 100
    overwrite_share: float = 0.5
    timeout: float = 300.0

    @property
    def logins(self) -> set[str]:
        """Names of the logins that are spoken of."""
        own = {self.tabpy.login} if self.tabpy and self.tabpy.login else set()
        return own | {name for wanted in self.wanted for name in wanted.credentials.values()} - {PROMPT}


OTHERS = ("datasources", "workbooks", "tags", "public", "tabpy")
"""Parts of `[publish]` that are read apart; `public` by `pipeline.public_package`."""

SECRETS = ("token", "password", "secret")
LOGIN = r"[a-z][a-z0-9_]*"
"""Name of a login: environment variables are called after it."""


def read_declared(said: Mapping[str, Any], out: Path) -> Declared:
    """Read `[publish]`.

    Parameters
    ----------
    said : mapping
        As TOML has it.
    out : Path
        Folder of the extracts and workbooks.

    Raises
    ------
    SettingsError
        An unknown name, a wrong type, a secret, a file that is not there.
    """
    _no_secrets(said, "[publish]")
    tags = frozenset(_texts(said.get("tags", []), "[publish] tags"))
    wanted = [
        *_wanted("datasource", said.get("datasources"), out / "extracts", tags),
        *_wanted("workbook", said.get("workbooks"), out / "workbooks", tags),
    ]
    plain = {name: value for name, value in said.items() if name not in OTHERS}
    _known(plain, Declared, ("wanted", "tabpy"), "[publish]")
    for name in ("key_file", "ca"):
        if name in plain:
            plain[name] = Path(plain[name]).expanduser()
    tabpy = read_site_tabpy(said["tabpy"]) if "tabpy" in said else None
    return Declared(**plain, wanted=tuple(wanted), tabpy=tabpy)


def _wanted(kind: str, said: Mapping[str, Any] | None, folder: Path, tags: frozenset[str]) -> Iterable[Wanted]:
    """Give what is named, or all that is in the folder."""
    if said is None:
        found = (path for suffix in SUFFIXES[kind][:1] for path in sorted(folder.glob(f"*{suffix}")))
        said = {path.stem: {} for path in found}
    return [_one(kind, key, dict(own), folder, tags) for key, own in said.items()]


def _one(kind: str, key: str, said: dict[str, Any], folder: Path, tags: frozenset[str]) -> Wanted:
    where = f"[publish.{kind}s.{key}]"
    _no_secrets(said, where)
    _known(said, Wanted, ("key", "kind", "sources", "calls_tabpy"), where)
    default = folder / f"{key}{SUFFIXES[kind][0]}"
    file = Path(said.pop("file", default)).expanduser()
    if not file.is_file():
        raise SettingsError(f"{where}: there is no {file} -> run `hyperwatt run`, or name its file")
    if file.suffix not in SUFFIXES[kind]:
        raise SettingsError(f"{where}: {file} is no {kind} -> {' or '.join(SUFFIXES[kind])}")
    granted = {group: tuple(_texts(names, where)) for group, names in said.pop("permissions", {}).items()}
    own = tags | frozenset(_texts(said.pop("tags", []), where))
    hidden = tuple(_texts(said.pop("hidden_sheets", []), where))
    name = str(said.pop("name", key))
    inside = read_insides(file)
    if said.get("tabpy") and kind != "workbook":
        raise SettingsError(f"{where}: tabpy is for workbooks -> their scripts call it, not data sources")
    schedule = _schedule(said.pop("schedule", None), inside.sources, where)
    credentials = _credentials(said.pop("credentials", {}), inside.sources, where)
    wanted = Wanted(key, kind, file, name, **said, tags=own, permissions=granted, hidden_sheets=hidden)
    return replace(wanted, schedule=schedule, credentials=credentials, **vars(inside))


def _schedule(said: Any, sources: tuple[Source, ...], where: str) -> str | Recurrence | None:
    if said is not None and not sources:
        raise SettingsError(
            f"{where}: schedule, and its file names no database that the site could refresh it from -> leave it out: "
            "hyperwatt publish brings new rows itself, as often as it is run"
        )
    return None if said is None else read_schedule(said, where)


def _credentials(said: Any, sources: tuple[Source, ...], where: str) -> dict[str, str]:
    """Give logins by server; text speaks of every server."""
    wanted = {EVERY: said} if isinstance(said, str) else said
    if not isinstance(wanted, dict) or not all(re.fullmatch(LOGIN, str(one)) for one in wanted.values()):
        raise SettingsError(f'{where}: credentials = {said!r} -> the name of a login in small letters, or "{PROMPT}"')
    wanted = {server.lower(): name for server, name in wanted.items()}
    servers = {one.server for one in sources if one.server}
    astray = set(wanted) - (servers | {EVERY} if servers else set())
    if astray:
        there = ", ".join(sorted(servers)) or "no server"
        raise SettingsError(
            f"{where}: credentials for {min(astray)}, and its file connects to {there} -> mend the name"
        )
    return wanted


def _no_secrets(said: Mapping[str, Any], where: str) -> None:
    for name in SECRETS:
        if name in said:
            raise SettingsError(
                f"{where} holds a {name} -> such a file is shared: use the environment, key_file or keyring"
            )


def _known(said: Mapping[str, Any], kind: type, not_said: tuple[str, ...], where: str) -> None:
    own = {one.name: one for one in fields(kind) if one.name not in not_said}
    for name, value in said.items():
        if name not in own:
            raise SettingsError(f"{where}: unknown setting {name!r} -> known: {', '.join(own)}")
        default = own[name].default
        right = (int, float) if isinstance(default, float) else type(default)
        if isinstance(default, (bool, int, float, str)) and (
            not isinstance(value, right) or isinstance(value, bool) != isinstance(default, bool)
        ):
            raise SettingsError(f"{where}: {name} = {value!r} is of the wrong kind -> as in {default!r}")


def _texts(said: Any, where: str) -> list[str]:
    if not isinstance(said, list) or not all(isinstance(one, str) for one in said):
        raise SettingsError(f"{where}: {said!r} is no list of texts")
    return said
