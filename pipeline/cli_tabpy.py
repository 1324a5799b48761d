"""The `hyperwatt tabpy` commands: a TabPy of one's own, the functions onto another, and what is wrong with it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import click

from pipeline.cli_shell import DRY_RUN, guarded, settings_of, where
from pipeline.config import Settings, tabpy_environment
from pipeline.errors import SettingsError

F = TypeVar("F", bound=Callable[..., Any])

URL = click.argument("url", required=False)
USER = click.option(
    "--user", "tabpy_user", metavar="NAME", help="Who; the password is HYPERWATT_TABPY_PASSWORD, or asked for."
)


def reaching(function: F) -> F:
    """Options that say how a TabPy is reached."""
    options = (
        USER,
        click.option(
            "--ca", type=click.Path(path_type=Path, exists=True), help="PEM file that signed its certificate."
        ),
        click.option("--timeout", type=float, default=60.0, show_default=True, help="Longest wait for an answer. [s]"),
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.group()
def tabpy() -> None:
    """Let Tableau calculate: the functions on a TabPy."""


@tabpy.command()
@where
@click.option("--port", type=click.IntRange(0, 65535), default=9004, show_default=True, help="0: any free one.")
@USER
@click.option(
    "--evaluate/--no-evaluate",
    default=True,
    show_default=True,
    help="Run scripts. Every SCRIPT_ calculation needs it; who reaches the server can then run any Python there.",
)
@click.option("--limit", type=float, default=30.0, show_default=True, help="Longest time of a script. [s]")
@DRY_RUN
def serve(port: int, evaluate: bool, limit: float, **options: Any) -> None:
    """Start a TabPy for this machine only, with all functions on it; it ends with Ctrl-C.

    It listens on 127.0.0.1. Its folder is made anew in OUT/tabpy/PORT each time, so nothing of an earlier one is left.
    With --user it lets in nobody else.

    Example: hyperwatt tabpy serve --port 9004
    """
    from pipeline.publish.tabpy_deploy import prove_all
    from pipeline.publish.tabpy_lookup import functions_with
    from pipeline.publish.tabpy_server import serving
    from pipeline.publish.tabpy_state import ServerSettings
    from pipeline.showing_tabpy import show_proofs

    settings = settings_of(options)
    functions, built = guarded(lambda tell: functions_with(_forecasts(settings)))
    if settings.dry_run:
        click.echo(f"{len(built)} functions would be served on 127.0.0.1:{port}, from {settings.out / 'tabpy'}.")
        return
    user, password = guarded(lambda tell: _credentials(settings))
    told = ServerSettings(port, evaluate, limit, user=user, password=password)
    around = tabpy_environment()

    def work(_tell: object) -> None:
        with _own_folder(settings.out, port) as folder, serving(folder, built, told, around) as running:
            show_proofs(prove_all(running.client, built, functions), running.url)
            click.echo(f"Tableau: Help, Settings and Performance, Manage Analytics Extension: {running.url}")
            running.wait()

    try:
        guarded(work)
    except KeyboardInterrupt:
        click.echo("stopped", err=True)


@tabpy.command()
@URL
@where
@reaching
@DRY_RUN
def deploy(url: str | None, ca: Path | None, timeout: float, **options: Any) -> None:
    """Put all functions on a running TabPy, then call each with a known answer.

    URL is http://HOST:PORT or https://HOST:PORT; without it HYPERWATT_TABPY_URL, or http://127.0.0.1:9004. Functions
    that stand there under the same names are replaced. The server needs TabPy and the models' packages, not hyperwatt.
    `lookup_forecast` takes along the forecasts in OUT/extracts/forecast.hyper.

    Example: hyperwatt tabpy deploy http://127.0.0.1:9004
    """
    from pipeline.publish.tabpy_deploy import deploy as deploy_all
    from pipeline.publish.tabpy_deploy import prove_all
    from pipeline.publish.tabpy_lookup import functions_with
    from pipeline.showing_tabpy import show_planned, show_proofs

    settings = settings_of(options | {"tabpy_url": url})
    functions, built = guarded(lambda tell: functions_with(_forecasts(settings)))
    server = guarded(lambda tell: _reach(settings, ca, timeout))
    if settings.dry_run:
        show_planned(built, guarded(lambda tell: server.status()), server.url)
        return
    guarded(lambda tell: deploy_all(server, built, tell))
    show_proofs(guarded(lambda tell: prove_all(server, built, functions)), server.url)


@tabpy.command()
@URL
@where
@reaching
def doctor(url: str | None, ca: Path | None, timeout: float, **options: Any) -> None:
    """Say what is wrong with a TabPy, in a sentence each; change nothing.

    Example: hyperwatt tabpy doctor http://127.0.0.1:9004
    """
    from pipeline.publish.tabpy_doctor import examine
    from pipeline.publish.tabpy_lookup import functions_with
    from pipeline.showing_tabpy import show_complaints

    settings = settings_of(options | {"tabpy_url": url})
    functions, built = guarded(lambda tell: functions_with(_forecasts(settings)))
    server = guarded(lambda tell: _reach(settings, ca, timeout))
    show_complaints(guarded(lambda tell: examine(server, built, functions)), server.url, len(built))


@tabpy.command()
@click.argument("folder", type=click.Path(path_type=Path))
@where
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="TabPy processes.")
@click.option("--port", type=click.IntRange(1, 65000), default=9004, show_default=True, help="Of the one address.")
@USER
@DRY_RUN
def site(folder: Path, workers: int, port: int, **options: Any) -> None:
    """Write what several TabPy behind one address need, into FOLDER.

    A TabPy answers one call at a time. FOLDER gets a state folder for each of several, all of one build, an nginx
    configuration that shares calls out among them, systemd and compose files, and a README that says how to start.

    Example: hyperwatt tabpy site tabpy-site --workers 4
    """
    from pipeline.publish.tabpy_lookup import functions_with
    from pipeline.publish.tabpy_site import write_site
    from pipeline.publish.tabpy_state import ServerSettings

    settings = settings_of(options)
    _, built = guarded(lambda tell: functions_with(_forecasts(settings)))
    if settings.dry_run:
        click.echo(f"{folder} would get {workers} TabPy of {len(built)} functions behind port {port}.")
        return
    user, password = guarded(lambda tell: _credentials(settings))
    told = ServerSettings(port, user=user, password=password)
    guarded(lambda tell: write_site(folder, built, told, workers=workers))
    click.echo(
        f"{folder} has {workers} TabPy of {len(built)} functions behind port {port}: see {folder / 'README.txt'}"
    )


def _forecasts(settings: Settings) -> Path:
    return settings.out / "extracts" / "forecast.hyper"


@contextmanager
def _own_folder(out: Path, port: int) -> Iterator[Path]:
    """Give the folder of the server at a port; where any port will do, one that goes with the server."""
    if port:
        yield out / "tabpy" / str(port)
        return
    with TemporaryDirectory(prefix="hyperwatt-tabpy-") as folder:
        yield Path(folder)


def _reach(settings: Settings, ca: Path | None, timeout: float) -> Any:
    from pipeline.publish.tabpy_client import TabPy

    user, password = _credentials(settings)
    return TabPy(settings.tabpy_url, user, password, ca, timeout)


def _credentials(settings: Settings) -> tuple[str | None, str | None]:
    """Give user and password; only a terminal is asked, and nothing is shown."""
    if settings.tabpy_user is None or settings.tabpy_password is not None:
        return settings.tabpy_user, settings.tabpy_password if settings.tabpy_user else None
    if not sys.stdin.isatty():
        raise SettingsError(f"no password for {settings.tabpy_user} -> set HYPERWATT_TABPY_PASSWORD")
    return settings.tabpy_user, click.prompt(f"Password of {settings.tabpy_user}", hide_input=True, err=True)
