"""`hyperwatt publish`: options in, one call of the library, results out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from pipeline.cli_shell import DRY_RUN, guarded, settings_of, where
from pipeline.config import Settings

LOOKS = ("refresh", "previews", "revisions", "rollback", "stale")
"""Options that look at the site instead of publishing what is declared."""

PREVIEWS = "Download a PNG and a PDF of every view of our workbooks instead."
REFRESH = "Have the site refresh what reads a database, and wait for it, instead."
NEW_PASSWORDS = "Embed the passwords of connections again: a site does not tell whether one has changed."
STALE = "List what is ours and not declared any longer, or unchanged for so many days, instead; nothing is deleted."


@click.command()
@where
@click.option("--site", metavar="URL", help="Any page of the site, as the browser shows its address.")
@click.option("--project", metavar="PATH", help="Project to publish to: Energy/Meters.")
@click.option("--replace", is_flag=True, default=None, help="Publish over content of that name that is not ours.")
@click.option("--read-back/--no-read-back", default=None, help="Prove it by downloading it, or trust the site's job.")
@click.option("--public", is_flag=True, help="Write the package for Tableau Public into OUT/public instead.")
@click.option(
    "--names", is_flag=True, help="With --public: show meters and sites by their own names, and where they are."
)
@click.option("--new-passwords", is_flag=True, default=None, help=NEW_PASSWORDS)
@click.option("--refresh", is_flag=True, help=REFRESH)
@click.option("--previews", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER", help=PREVIEWS)
@click.option("--revisions", is_flag=True, help="List the revisions that the site keeps of what is ours instead.")
@click.option("--rollback", metavar="NAME@N", help="Publish revision N of NAME again as the newest, and prove it.")
@click.option("--stale", type=click.IntRange(min=0), metavar="DAYS", help=STALE)
@DRY_RUN
def publish(public: bool, names: bool, **options: Any) -> None:
    """Bring extracts and workbooks to Tableau Server or Cloud: only what has changed, and proved.

    Who signs in comes from HYPERWATT_TABLEAU_TOKEN_NAME and HYPERWATT_TABLEAU_TOKEN, or a key file; what goes where
    from [publish] in hyperwatt.toml. A second publish does nothing; --dry-run prints the plan.

    Example: hyperwatt publish --site https://SERVER/#/site/SITE --project Energy/Meters --dry-run

    Then: hyperwatt publish --previews pictures; hyperwatt publish --revisions; hyperwatt publish --rollback readings@3
    """
    from pipeline.publishing import publish as publish_all
    from pipeline.showing_publish import show_published

    looks = {name: options.pop(name) for name in LOOKS}
    # --stale 0 is said, too.
    chosen = [name for name, value in {"public": public, **looks}.items() if value is not None and value is not False]
    if len(chosen) > 1:
        raise click.UsageError(f"--{chosen[0]} and --{chosen[1]} are two things -> one at a time")
    said = {name: options.pop(name) for name in ("site", "project", "replace", "read_back", "new_passwords")}
    settings = settings_of(options)
    given = {name: value for name, value in said.items() if value is not None}
    settings = replace(settings, publish={**settings.publish, **given})
    if public:
        _write_package(settings, names)
    elif chosen:
        _look(settings, chosen[0], looks[chosen[0]])
    else:
        show_published(guarded(lambda tell: publish_all(settings, tell)))


def _look(settings: Settings, what: str, said: Any) -> None:
    """Have the site refresh, show what is there, or bring an older revision of it back."""
    from pipeline import published, refreshing, showing_publish, showing_site

    if what == "refresh":
        showing_publish.show_refreshed(guarded(lambda tell: refreshing.refresh(settings, tell)))
    elif what == "previews":
        showing_site.show_pictures(guarded(lambda tell: published.draw_views(settings, said, tell)), settings.dry_run)
    elif what == "revisions":
        showing_site.show_revisions(guarded(lambda tell: published.list_revisions(settings, tell)))
    elif what == "stale":
        showing_site.show_stale(guarded(lambda tell: published.list_stale(settings, said, tell)))
    else:
        showing_site.show_brought_back(guarded(lambda tell: published.bring_back(settings, said, tell)))


def _write_package(settings: Settings, names: bool) -> None:
    from pipeline.public_package import public_package

    folder = settings.out / "public"
    if settings.dry_run:
        click.echo(f"{folder} would get workbooks for Tableau Public, a page that shows one, and a checklist.")
        return
    package = guarded(lambda tell: public_package(settings, tell, names=names))
    for file in package.files:
        click.echo(str(file))
    click.echo(f"By hand now: {folder / 'CHECKLIST.md'}")
