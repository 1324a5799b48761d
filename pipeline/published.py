"""What is on the site after publishing: pictured, its revisions listed and brought back, and what is left over."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from tableauhyperapi import HyperProcess  # type: ignore[import-untyped]

from pipeline.config import Settings
from pipeline.errors import PublishError
from pipeline.progress import Tell, silent
from pipeline.publish.carrying import Done, carry_out
from pipeline.publish.content import download, find_project, read_back
from pipeline.publish.declared import Declared, Wanted, read_declared
from pipeline.publish.owned import (
    Owned,
    Revision,
    Stale,
    choose,
    choose_revision,
    find_owned,
    find_revisions,
    find_stale,
)
from pipeline.publish.patience import BrokenOffError, Patience
from pipeline.publish.planning import Desk, Step
from pipeline.publish.sign_in import Site, signed_in
from pipeline.publish.views import draw, find_pictures
from pipeline.publishing import WAITING, no_project, running, sign_in_of
from pipeline.stores.scratch import own_folder


@dataclass
class Pictures:
    """Pictures of published views.

    Attributes
    ----------
    files : list of Path
        Written, or to be written in a dry run.
    refused : dict of Path to str
        What could not be drawn, and why.
    """

    files: list[Path] = field(default_factory=list)
    refused: dict[Path, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BroughtBack:
    """An older revision that is the newest again.

    Attributes
    ----------
    owned : Owned
    revision : Revision
        The older one.
    done : Done or None
        None in a dry run.
    """

    owned: Owned
    revision: Revision
    done: Done | None


def list_revisions(
    settings: Settings, tell: Tell = silent, *, patience: Patience | None = None
) -> list[tuple[Owned, list[Revision]]]:
    """List the revisions of everything of ours in the declared project, the oldest first.

    Raises
    ------
    PipelineError
        A setting, the site, the project; so with all below.
    """
    with _looking(settings, tell, patience) as (site, _, every):
        return [(one, site.steadily(partial(find_revisions, site, one))) for one in every]


def list_stale(
    settings: Settings, days: int, tell: Tell = silent, *, patience: Patience | None = None, now: datetime | None = None
) -> list[Stale]:
    """List what of ours is not declared any longer, or has not been changed for some days; nothing is deleted."""
    with _looking(settings, tell, patience) as (_, declared, every):
        names = {(wanted.kind, wanted.name) for wanted in declared.wanted}
        return find_stale(every, names, days, now or datetime.now(UTC))


def draw_views(settings: Settings, folder: Path, tell: Tell = silent, *, patience: Patience | None = None) -> Pictures:
    """Have the site draw every view of our workbooks, as PNG and PDF, into a folder; what cannot be drawn is told."""
    pictures = Pictures()
    with _looking(settings, tell, patience) as (site, _, every):
        found = [
            picture
            for one in every
            if one.kind == "workbook"
            for picture in site.steadily(partial(find_pictures, site, one, folder))
        ]
        for number, picture in enumerate(found):
            tell("drawing views", number, len(found))
            try:
                if not settings.dry_run:
                    site.steadily(partial(draw, site, picture))
                pictures.files.append(picture.file)
            except BrokenOffError:
                raise
            except PublishError as error:
                pictures.refused[picture.file] = str(error)
    return pictures


def bring_back(
    settings: Settings,
    said: str,
    tell: Tell = silent,
    *,
    patience: Patience | None = None,
    hyper: HyperProcess | None = None,
) -> BroughtBack:
    """Publish an older revision again as the newest, and prove it.

    Parameters
    ----------
    said : str
        `NAME@N`.
    """
    with (
        own_folder(settings.out / "extracts", lambda: tell(WAITING)),
        _looking(settings, tell, patience) as (site, declared, every),
        tempfile.TemporaryDirectory() as scratch,
    ):
        owned, number = choose(every, said)
        revision = choose_revision(site.steadily(lambda: find_revisions(site, owned)), owned, number)
        if settings.dry_run:
            return BroughtBack(owned, revision, None)
        wanted = _fetched(site, declared, owned, revision, Path(scratch))
        project = site.steadily(lambda: find_project(site, declared.project, create=False))
        with running(hyper) as own:
            desk = Desk(site, declared, project, own, settings.out / "extracts")
            local = desk.ledger(wanted) if wanted.file.suffix == ".hyper" else None
            step = Step("overwrite", f"revision {number} again", owned.content, local)
            return BroughtBack(owned, revision, carry_out(desk, wanted, step))


def _fetched(site: Site, declared: Declared, owned: Owned, revision: Revision, folder: Path) -> Wanted:
    """Download a revision; give it as what is wanted, under the file name by which an extract is known."""
    nameless = Wanted(owned.name, owned.kind, Path(), owned.name)
    wanted = next((one for one in declared.wanted if (one.kind, one.name) == owned.key), nameless)
    # A site may give an extract packaged; it was published bare.
    fetch = read_back if wanted.file.suffix == ".hyper" else download
    path = site.steadily(lambda: fetch(site, wanted, owned.content, folder, revision.number))
    return replace(wanted, file=path.rename(path.with_stem(wanted.file.stem or "revision")))


@contextmanager
def _looking(settings: Settings, tell: Tell, patience: Patience | None) -> Iterator[tuple[Site, Declared, list[Owned]]]:
    """Sign in, and see what is ours in the declared project."""
    declared = read_declared(settings.publish, settings.out)
    how = sign_in_of(declared, patience or Patience())
    with signed_in(how, tell) as site:
        project: Any = site.steadily(lambda: find_project(site, declared.project, create=False))
        if project is None:
            raise no_project(how, declared)
        yield site, declared, site.steadily(lambda: find_owned(site, project))
