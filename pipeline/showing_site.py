"""What `hyperwatt publish` prints of the site: pictures, revisions, what was brought back, what is left over."""

import sys

import click

from pipeline.publish.owned import Owned, Revision, Stale
from pipeline.published import BroughtBack, Pictures
from pipeline.showing_publish import said_done


def show_pictures(pictures: Pictures, dry_run: bool) -> None:
    """Print a line for each picture; exit 1 when one could not be drawn."""
    for path in pictures.files:
        click.echo(f"would write {path}" if dry_run else str(path))
    for path, why in pictures.refused.items():
        click.echo(f"{path}: {why}", err=True)
    if not pictures.files and not pictures.refused:
        click.echo("no workbook of ours is there: nothing to draw")
    if pictures.refused:
        sys.exit(1)


def show_revisions(every: list[tuple[Owned, list[Revision]]]) -> None:
    """Print a line for each revision, the newest first, by the name that --rollback takes."""
    names = [owned.name for owned, _ in every]
    for owned, revisions in every:
        # The name alone would not do for --rollback where two things have it.
        name = owned.name if names.count(owned.name) == 1 else f"{owned.kind}:{owned.name}"
        for one in reversed(revisions):
            click.echo(f"{name}@{one.number}: {_revision(one)}")
        if not revisions:
            click.echo(f"{name}: the site keeps no revisions")
    if not every:
        click.echo("nothing of ours is there")


def show_brought_back(back: BroughtBack) -> None:
    """Print what was brought back, or would be, and for how long it stays."""
    name, number = back.owned.name, back.revision.number
    if back.done is None:
        click.echo(f"{name}: would publish revision {number} again: {_revision(back.revision)}")
        return
    click.echo(f"{name}: {said_done(back.done)}")
    click.echo("The next `hyperwatt publish` brings what is declared again: take that back too, where it is wrong.")


def show_stale(every: list[Stale]) -> None:
    """Print a line for each that may be left over."""
    for one in every:
        why = "not declared any longer" if one.undeclared else "declared"
        changed = one.owned.content.updated_at
        said = "" if changed is None else f", last changed on {changed:%Y-%m-%d}, {one.days:,} days ago"
        click.echo(f"{one.owned.kind} {one.owned.name}: {why}{said}")
    click.echo("Nothing is deleted: do that on the site." if every else "nothing is stale")


def _revision(one: Revision) -> str:
    at = "at a time that the site does not tell" if one.at is None else f"{one.at:%Y-%m-%d %H:%M} UTC"
    marks = "".join(f", {word}" for word, is_so in (("the newest", one.current), ("deleted", one.deleted)) if is_so)
    return f"published {at}{f' by {one.by}' if one.by else ''}{marks}"
