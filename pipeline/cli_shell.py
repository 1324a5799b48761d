"""What the commands share: options that say where things are, settings, and errors as one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pipeline.config import Settings, load_settings
from pipeline.errors import PipelineError
from pipeline.progress import Tell

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

DRY_RUN = click.option("--dry-run", is_flag=True, default=None, help="Do everything but write.")


def where(function: F) -> F:
    """Options that say where things are."""
    options = (
        click.option("--config", type=click.Path(path_type=Path), help="Settings file; default ./hyperwatt.toml."),
        click.option(
            "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for results.  [default: out]"
        ),
        click.option("--database", metavar="URL", help="Database.  [default: sqlite:///OUT/hyperwatt.db]"),
    )
    for option in reversed(options):
        function = option(function)
    return function


def settings_of(options: dict[str, Any]) -> Settings:
    """Gather settings from a command's options; `config` names the file."""
    config = options.pop("config", None)
    return guarded(lambda tell: load_settings(config, **options))


def guarded(work: Callable[[Tell], T]) -> T:
    """Run something with progress shown; what the user can mend becomes one line and exit 1."""
    from pipeline.progress import show_progress

    try:
        with show_progress() as tell:
            return work(tell)
    except PipelineError as error:
        raise click.ClickException(str(error)) from error
