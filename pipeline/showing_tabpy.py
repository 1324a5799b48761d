"""What the `hyperwatt tabpy` commands print."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from pipeline.publish.tabpy_build import Deployable
from pipeline.publish.tabpy_deploy import Proof
from pipeline.publish.tabpy_doctor import Complaint


def show_proofs(proofs: Sequence[Proof], url: str) -> None:
    """Print how each function answered its golden call; exit 1 when one did not as it should."""
    table = Table(box=None, pad_edge=False, title=url, title_justify="left")
    for name in ("function", "version", "first call", "answer"):
        table.add_column(name, justify="right" if name == "first call" else "left")
    for one in proofs:
        answer = "wrong" if one.wrong else "right"
        table.add_row(one.function, one.about.get("version", "?"), f"{one.seconds:.2f} s", answer)
    console = Console() if sys.stdout.isatty() else Console(width=140)
    console.print(table)
    _end([f"{one.function}: {one.wrong}" for one in proofs if one.wrong])


def show_planned(built: Sequence[Deployable], status: Mapping[str, Any], url: str) -> None:
    """Print what a deployment would do."""
    for one in built:
        held = status.get(one.name, {}).get("version")
        click.echo(f"{url}: {one.name} would be {f'replaced (deployed {held} times)' if held else 'added'}")


def show_complaints(complaints: Sequence[Complaint], url: str, functions: int) -> None:
    """Print what is worth knowing, then what is wrong; exit 1 when something is."""
    wrong = [one for one in complaints if one.is_wrong]
    for one in complaints:
        if not one.is_wrong:
            click.echo(f"{one.about}: {one.sentence}")
    if not wrong:
        click.echo(f"{url}: {functions} functions, all of this version, answer as they should.")
    _end([f"{one.about}: {one.sentence}" for one in wrong])


def _end(wrong: Sequence[str]) -> None:
    for sentence in wrong:
        click.echo(sentence, err=True)
    if wrong:
        raise SystemExit(1)
