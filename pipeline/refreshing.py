"""A site is asked to refresh what is declared and reads from a database, and is waited for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pipeline.config import Settings
from pipeline.errors import PipelineError, PublishError
from pipeline.progress import Tell, silent
from pipeline.publish.content import await_job, find_content, find_project
from pipeline.publish.declared import Wanted, read_declared
from pipeline.publish.patience import Patience
from pipeline.publish.sign_in import Site, signed_in
from pipeline.publishing import no_project, sign_in_of

PUSHED = "nothing to refresh: hyperwatt publish brings its rows"
QUEUED = "a refresh of it was queued already; its end was not waited for: look at Jobs on the site"


@dataclass
class Refreshed:
    """What came of refreshing.

    Attributes
    ----------
    done : dict of str to str
        Name to how it ended, with the notes of the site's job.
    refused : dict of str to str
        Name to what went wrong; everything else was still refreshed.
    """

    done: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def noting(self, name: str) -> Iterator[None]:
        """Note what goes wrong inside."""
        try:
            yield
        except PipelineError as error:
            self.refused[name] = str(error)


def refresh(settings: Settings, tell: Tell = silent, *, patience: Patience | None = None) -> Refreshed:
    """Have everything refreshed that a site can refresh: all is asked for first, and then waited for.

    Parameters
    ----------
    settings : Settings
        `dry_run`: say what would be refreshed.
    tell : Tell
    patience : Patience or None
        None: as usual.

    Raises
    ------
    PipelineError
        A setting, the site, the project.
    """
    declared = read_declared(settings.publish, settings.out)
    how = sign_in_of(declared, patience or Patience())
    able = [wanted for wanted in declared.wanted if wanted.sources]
    refreshed = Refreshed({wanted.name: PUSHED for wanted in declared.wanted if not wanted.sources})
    with signed_in(how, tell) as site:
        project = site.steadily(lambda: find_project(site, declared.project, create=False))
        if project is None:
            raise no_project(how, declared)
        if settings.dry_run:
            refreshed.done |= {one.name: f"would be refreshed from {', '.join(map(str, one.sources))}" for one in able}
        else:
            _refresh(site, able, project, refreshed)
    return refreshed


def _refresh(site: Site, able: list[Wanted], project: Any, refreshed: Refreshed) -> None:
    begun = []
    for wanted in able:
        with refreshed.noting(wanted.name):
            job = site.steadily(partial(_begin, site, wanted, project))
            begun += [(wanted.name, job)] if job else []
            refreshed.done |= {} if job else {wanted.name: QUEUED}
    for name, job in begun:
        with refreshed.noting(name):
            notes = site.steadily(partial(await_job, site, job, f"refreshing {name!r}"))
            refreshed.done[name] = f"refreshed: {notes}" if notes else "refreshed"


def _begin(site: Site, wanted: Wanted, project: Any) -> Any:
    """Queue a refresh; give its job, None where one waits already."""
    content = find_content(site, wanted, project)
    if content is None:
        raise PublishError(f"{wanted.kind} {wanted.name!r} is not on the site -> bring it there: hyperwatt publish")
    with site.told(f"refreshing {wanted.name!r}"):
        return getattr(site.server, f"{wanted.kind}s").refresh(content)
