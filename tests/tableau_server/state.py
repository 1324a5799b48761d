"""What the stand-in remembers: sites, sessions, projects, content with its revisions, uploads, jobs."""

import itertools
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tableauhyperapi import HyperProcess

NUMBERS = itertools.count(1)


def luid() -> str:
    """Make an id as Tableau's look."""
    return str(uuid.uuid4())


@dataclass
class Project:
    """A project, in another one or at the top."""

    name: str
    parent: str | None = None
    id: str = field(default_factory=luid)
    description: str = ""
    permissions: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)


@dataclass
class Connection:
    """A connection of content to a database."""

    type: str
    server: str
    port: str | None = None
    user: str | None = None
    password: str | None = None
    embed: bool = False
    id: str = field(default_factory=luid)


@dataclass
class Content:
    """A published data source or workbook.

    Attributes
    ----------
    kind : str
        "datasource" or "workbook".
    file : Path
        What is published now; `revisions` are the files of before, the oldest first, and `revised` when they were
        published; `deleted` are numbers of revisions that the site has listed and keeps no longer.
    permissions : dict
        (group or user, id) to capability to mode.
    """

    kind: str
    name: str
    project: Project
    file: Path
    type: str
    id: str = field(default_factory=luid)
    connection: str = field(default_factory=luid)
    description: str = ""
    tags: set[str] = field(default_factory=set)
    revisions: list[Path] = field(default_factory=list)
    revised: list[datetime] = field(default_factory=list)
    deleted: set[int] = field(default_factory=set)
    permissions: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    updated: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    refreshing: bool = False
    refreshes: int = 0
    connections: list[Connection] = field(default_factory=list)
    extension: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class Job:
    """Work that the server does after it has answered.

    Attributes
    ----------
    work : callable
        What is done when the job ends; what it raises makes the job fail.
    polls_left : int
        How often it is asked after before it ends.
    """

    type: str
    work: Callable[[], Any]
    content: Callable[[], Content | None]
    polls_left: int = 0
    id: str = field(default_factory=luid)
    finish_code: int | None = None
    notes: str | None = ""


@dataclass
class Task:
    """A refresh to come, by a schedule of the server or by a recurrence of its own."""

    content: Content
    schedule: str = ""
    recurrence: tuple[str, str, str | None, list[dict[str, str]]] | None = None
    type: str = "RefreshExtractTask"
    id: str = field(default_factory=luid)


@dataclass
class Session:
    """Somebody signed in; `by` is the token or the user behind it."""

    by: str
    token: str = field(default_factory=lambda: f"session-{uuid.uuid4().hex}")


@dataclass
class State:
    """A server with one site.

    Attributes
    ----------
    folder : Path
        Where published files and uploads are kept.
    hyper : HyperProcess
        The hyperd by which data actions are carried out.
    tokens, users : dict of str to str
        Personal access tokens and users with their secrets.
    client : (str, str, str) or None
        A connected app: client id, secret id, secret value.
    cloud : bool
        Whether this is Tableau Cloud, as far as schedules go.
    schedules, extensions : dict of str to str
        Ids to names, of the server's schedules for extracts and of the site's connections to TabPy.
    extension_items : dict of str to dict
        Ids of those connections to what an administrator knows of them.
    uses_extensions : bool
        Whether the site uses analytics extensions at all.
    is_admin : bool
        Whether who is signed in is an administrator.
    """

    folder: Path
    hyper: HyperProcess
    site: str = "energy"
    tokens: dict[str, str] = field(default_factory=lambda: {"nightly": "NightlySecret+/=="})
    users: dict[str, str] = field(default_factory=lambda: {"ada": "Ada's <secret> & more"})
    client: tuple[str, str, str] | None = ("client-1", "secret-1", "connected-app-secret-value")
    groups: dict[str, str] = field(default_factory=lambda: {luid(): "All Users", luid(): "Facility"})
    site_id: str = field(default_factory=luid)
    user_id: str = field(default_factory=luid)
    sessions: dict[str, Session] = field(default_factory=dict)
    projects: list[Project] = field(default_factory=lambda: [Project("default")])
    content: list[Content] = field(default_factory=list)
    uploads: dict[str, Path] = field(default_factory=dict)
    cloud: bool = False
    is_admin: bool = False
    schedules: dict[str, str] = field(default_factory=lambda: {luid(): "Nightly", luid(): "Hourly"})
    extensions: dict[str, str] = field(default_factory=lambda: {luid(): "Other TabPy", luid(): "Energy TabPy"})
    extension_items: dict[str, dict[str, Any]] = field(default_factory=dict)
    uses_extensions: bool = True
    tasks: list[Task] = field(default_factory=list)
    drawn: dict[str, bytes] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)
    slow_polls: int = 0
    failing_jobs: list[str | None] = field(default_factory=list)
    clock: datetime = datetime(2026, 1, 1, 6, tzinfo=UTC)
    lock: Any = field(default_factory=threading.RLock)

    def tick(self) -> datetime:
        """Give the next second: times on the wire have no finer ones, and no two changes share one here."""
        self.clock += timedelta(seconds=1)
        return self.clock

    def named(self, kind: str, name: str, project: str | None = None) -> Content:
        """Give the one data source or workbook of a name."""
        (found,) = [
            one
            for one in self.content
            if (one.kind, one.name) == (kind, name) and project in (None, one.project.id, one.project.name)
        ]
        return found

    def keep(self, data: bytes | Path, suffix: str) -> Path:
        """Keep what was published as a file of its own."""
        path = self.folder / f"{next(NUMBERS)}.{suffix}"
        if isinstance(data, Path):
            data.replace(path)
        else:
            path.write_bytes(data)
        return path

    def store(self, content: Content, file: Path) -> None:
        """Put a new revision in place."""
        content.revisions.append(content.file)
        content.revised.append(content.updated)
        content.file = file
        content.updated = self.tick()

    def begin(self, job: Job) -> Job:
        """Queue a job; unless jobs are slow here, it is done before anybody can ask."""
        job.polls_left = self.slow_polls
        self.jobs[job.id] = job
        if not job.polls_left:
            self.finish(job)
        return job

    def finish(self, job: Job) -> None:
        """Let a job do its work, or fail as it was told to; those that were queued before it are over by then."""
        if job.finish_code is not None:
            return
        for earlier in itertools.takewhile(lambda one: one is not job, list(self.jobs.values())):
            self.finish(earlier)
        if self.failing_jobs:
            job.finish_code, job.notes = 1, self.failing_jobs.pop(0)
            return
        try:
            job.work()
            job.finish_code = 0
        except Exception as error:
            job.finish_code, job.notes = 1, str(error)

    def settle(self) -> None:
        """Let time pass until every job is over."""
        with self.lock:
            for job in self.jobs.values():
                self.finish(job)

    def sign_out_everybody(self) -> None:
        """Forget every session, as an administrator may."""
        self.sessions.clear()
