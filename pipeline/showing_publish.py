"""What `hyperwatt publish` prints: a line for each data source and workbook, and one for what was refused."""

import sys

import click

from pipeline.publish.carrying import Done
from pipeline.publish.declared import Wanted
from pipeline.publish.planning import Step
from pipeline.publishing import Published
from pipeline.refreshing import Refreshed


def show_published(published: Published) -> None:
    """Print what was done or would be; exit 1 when something was refused."""
    click.echo(f"{published.site}, project {published.project}")
    for said in published.site_steps:
        click.echo(f"the site: {said}")
    for wanted, step in published.planned:
        click.echo(f"{wanted.name}: {_planned(wanted, step)}")
        for words in wanted.by_hand:
            click.echo(f"  by hand: {words}")
    for done in published.done:
        click.echo(f"{done.wanted.name}: {said_done(done)}")
    for name, why in published.refused.items():
        click.echo(f"{name}: {why}", err=True)
    if published.refused:
        sys.exit(1)


def show_refreshed(refreshed: Refreshed) -> None:
    """Print how each refresh ended, or what would be refreshed; exit 1 when one failed."""
    for name, said in refreshed.done.items():
        click.echo(f"{name}: {said}")
    for name, why in refreshed.refused.items():
        click.echo(f"{name}: {why}", err=True)
    if refreshed.refused:
        sys.exit(1)


def _planned(wanted: Wanted, step: Step) -> str:
    size = volume(wanted.file.stat().st_size)
    said = {
        "create": f"create, {size}",
        "overwrite": f"overwrite, {size}: {step.reason}",
        "update": f"update {step.rows:,} rows",
        "unchanged": "unchanged",
    }[step.action]
    return said + (f"; set {', '.join(step.settings)}" if step.settings else "")


def said_done(done: Done) -> str:
    """Say what was done, what travelled, and the proof."""
    step = done.step
    said = {
        "create": "created",
        "overwrite": f"overwritten: {step.reason}",
        "update": f"updated {step.rows:,} rows",
        "unchanged": "" if step.settings else "unchanged",
    }[step.action]
    said = "; ".join(filter(None, (said, f"set {', '.join(step.settings)}" if step.settings else "")))
    return f"{said}; sent {volume(done.sent)}{_instead(done)}, received {volume(done.received)}; {done.proof}"


def _instead(done: Done) -> str:
    return f" instead of {volume(done.whole)}" if done.step.action == "update" else ""


def volume(size: int) -> str:
    """Give bytes as a person reads them.

    Parameters
    ----------
    size : int
        [bytes]
    """
    for unit, one in (("MB", 10**6), ("kB", 10**3)):
        if size >= one:
            return f"{size / one:,.1f} {unit}"
    return f"{size} bytes"
