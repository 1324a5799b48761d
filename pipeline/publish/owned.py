"""What is ours on a site: found by our tag, with its revisions, and what of it nobody wants or changes any longer."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipeline.errors import PublishError, SettingsError
from pipeline.publish.content import OURS
from pipeline.publish.sign_in import Site


@dataclass(frozen=True)
class Owned:
    """A data source or workbook that was published from here, or from another machine of ours.

    Attributes
    ----------
    kind : str
        "datasource" or "workbook".
    content : tableauserverclient.DatasourceItem or WorkbookItem
    """

    kind: str
    content: Any

    @property
    def name(self) -> str:
        """Name on the site."""
        return str(self.content.name)

    @property
    def key(self) -> tuple[str, str]:
        """Kind and name: a data source and a workbook may share one."""
        return self.kind, self.name


@dataclass(frozen=True)
class Revision:
    """A revision of published content.

    Attributes
    ----------
    number : int
    at : datetime or None
        When it was published, in UTC.
    by : str
        Who published it; empty where the site does not tell.
    current, deleted : bool
    """

    number: int
    at: datetime | None
    by: str
    current: bool
    deleted: bool


@dataclass(frozen=True)
class Stale:
    """Content of ours that may be left over.

    Attributes
    ----------
    owned : Owned
    undeclared : bool
        Nothing in the settings speaks of it.
    days : int
        Whole days since it was last changed.
    """

    owned: Owned
    undeclared: bool
    days: int


def find_owned(site: Site, project: Any) -> list[Owned]:
    """List what has our tag in a project, data sources first, by name.

    Projects inside it are not looked into: they may be somebody else's.
    """
    from tableauserverclient import Filter, Pager, RequestOptions

    condition: Any = Filter
    made: Any = RequestOptions
    found = []
    for kind in ("datasource", "workbook"):
        options = made()
        options.filter.add(condition(RequestOptions.Field.Tags, RequestOptions.Operator.Equals, OURS))
        with site.told(f"listing {kind}s"):
            every = [one for one in Pager(endpoint(site, kind), options) if one.project_id == project.id]
        found += [Owned(kind, one) for one in sorted(every, key=lambda one: str(one.name))]
    return found


def endpoint(site: Site, kind: str) -> Any:
    """Give the client's part for a kind of content."""
    return getattr(site.server, f"{kind}s")


def find_revisions(site: Site, owned: Owned) -> list[Revision]:
    """List the revisions of some content, the oldest first; none where the site keeps none."""
    with site.told(f"listing revisions of {owned.name!r}"):
        endpoint(site, owned.kind).populate_revisions(owned.content)
        every = list(owned.content.revisions)
    found = [
        Revision(int(one.revision_number), one.created_at, one.user_name or "", bool(one.current), bool(one.deleted))
        for one in every
    ]
    return sorted(found, key=lambda one: one.number)


def find_stale(every: list[Owned], declared: Collection[tuple[str, str]], days: int, now: datetime) -> list[Stale]:
    """Choose what is not declared, and what has not been changed for so long.

    Parameters
    ----------
    every : list of Owned
    declared : collection of (str, str)
        Kinds and names.
    days : int
    now : datetime
        With its zone.
    """
    ages = [(one, now - (one.content.updated_at or now)) for one in every]
    return [
        Stale(one, one.key not in declared, age.days)
        for one, age in ages
        if one.key not in declared or age >= timedelta(days=days)
    ]


def choose(every: list[Owned], said: str) -> tuple[Owned, int]:
    """Read `NAME@N`, or `workbook:NAME@N` where a data source has the same name.

    Raises
    ------
    SettingsError
        Not of that form, or a name that fits nothing of ours or two things.
    """
    name, _, number = said.rpartition("@")
    if not name or not (number.isascii() and number.isdigit()):
        raise SettingsError(f"{said!r} names no revision -> NAME@N, as readings@3; --revisions lists them")
    found = [one for one in every if name in (one.name, f"{one.kind}:{one.name}")]
    if len(found) > 1:
        raise SettingsError(f"{name!r} is a data source and a workbook -> workbook:{said}, or datasource:{said}")
    if not found:
        known = ", ".join(one.name for one in every)
        raise SettingsError(f"nothing of ours is called {name!r} -> there is: {known or 'nothing'}")
    return found[0], int(number)


def choose_revision(every: list[Revision], owned: Owned, number: int) -> Revision:
    """Give an older revision.

    Raises
    ------
    PublishError
        It is not there any longer, or it is the newest.
    """
    kept = [one.number for one in every if not one.deleted and not one.current]
    found = next((one for one in every if one.number == number), None)
    if found is not None and found.current:
        raise PublishError(f"{owned.name}@{number} is the newest revision -> there is nothing to bring back")
    if found is None or found.deleted:
        there = ", ".join(map(str, kept)) or "no older one"
        raise PublishError(f"the site does not keep revision {number} of {owned.name!r} -> it keeps {there}")
    return found
