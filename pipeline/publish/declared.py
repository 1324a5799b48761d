"""What the user wants on the site: `[publish]` of hyperwatt.toml, read and checked.

[publish]
site = "https://SERVER/#/site/SITE"   # any page of the site as the browser shows it
project = "Energy/Meters"             # a path; it is made where it is not there
tags = ["meters"]                     # of everything below
key_file = "~/.config/hyperwatt.key"  # token_name and token; only its owner may read it

[publish.datasources.readings]        # an extract by its name; none named: all that are there
name = "Meter Readings"
description = "Every interval of every meter."
tags = ["half-hourly"]

[publish.datasources.readings.permissions]
"All Users" = ["Read", "Connect", "-ExportData"]   # -: denied

[publish.workbooks.overview]          # a file in OUT/workbooks, or any by `file`; none named: all that are there
file = "boards/overview.twbx"
hidden_sheets = ["Scratch"]

[publish.public]                      # hyperwatt publish --public
title = "Energy use"
view = "https://public.tableau.com/views/WORKBOOK/VIEW"   # once it is published
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pipeline.errors import SettingsError

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
    """

    key: str
    kind: str
    file: Path
    name: str
    description: str | None = None
    tags: frozenset[str] = frozenset()
    permissions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hidden_sheets: tuple[str, ...] = ()


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
    replace : bool
        Publish over content of that name that is not ours.
    read_back : bool
        Prove what was published by downloading it.
    key_file, ca : Path or None
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
    replace: bool = False
    read_back: bool = True
    key_file: Path | None = None
    ca: Path | None = None
    verify: bool = True
    plain_http: bool = False
    chunk_mb: int = 10
    payload_mb: int = 100
    overwrite_share: float = 0.5
    timeout: float = 300.0


OTHERS = ("datasources", "workbooks", "tags", "public")
"""Parts of `[publish]` that are read apart; `public` by `pipeline.public_package`."""

SECRETS = ("token", "password", "secret")


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
    for name in SECRETS:
        if name in said:
            raise SettingsError(f"[publish] holds a {name} -> such a file is shared: use the environment or key_file")
    tags = frozenset(_texts(said.get("tags", []), "[publish] tags"))
    wanted = [
        *_wanted("datasource", said.get("datasources"), out / "extracts", tags),
        *_wanted("workbook", said.get("workbooks"), out / "workbooks", tags),
    ]
    plain = {name: value for name, value in said.items() if name not in OTHERS}
    _known(plain, Declared, ("wanted",), "[publish]")
    for name in ("key_file", "ca"):
        if name in plain:
            plain[name] = Path(plain[name]).expanduser()
    return Declared(**plain, wanted=tuple(wanted))


def _wanted(kind: str, said: Mapping[str, Any] | None, folder: Path, tags: frozenset[str]) -> Iterable[Wanted]:
    """Give what is named, or all that is in the folder."""
    if said is None:
        found = (path for suffix in SUFFIXES[kind][:1] for path in sorted(folder.glob(f"*{suffix}")))
        said = {path.stem: {} for path in found}
    return [_one(kind, key, dict(own), folder, tags) for key, own in said.items()]


def _one(kind: str, key: str, said: dict[str, Any], folder: Path, tags: frozenset[str]) -> Wanted:
    where = f"[publish.{kind}s.{key}]"
    _known(said, Wanted, ("key", "kind"), where)
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
    return Wanted(key, kind, file, name, **said, tags=own, permissions=granted, hidden_sheets=hidden)


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
