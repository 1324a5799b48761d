"""What commands print: short tables that a person reads, and one line for each thing that was refused."""

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import pandas as pd
from rich.console import Console
from rich.table import Table

from pipeline.intake import FileIn
from pipeline.schema import Finding
from pipeline.showcase import Showcase
from pipeline.vee.rules import RULES

RULE_NAMES = {rule.rule_id: rule.name for rule in RULES}


def _console() -> Console:
    """Print as wide as the terminal is; into a file or a pipe, wide enough for any table here."""
    return Console() if sys.stdout.isatty() else Console(width=140)


def show_report(report: Any) -> None:
    """Print what a run did; exit 1 when something was refused."""
    console = _console()
    loaded = [file for file in report.files if not file.refusal]
    if loaded:
        console.print(_file_table(loaded))
    for path in report.known:
        click.echo(f"{path}: already loaded, nothing changed (--reload reads it again)")
    if loaded:
        click.echo(_sentence(report))
        _show_assumptions(loaded)
        _show_findings(console, report.findings)
    for note in report.notes:
        click.echo(note)
    _refuse(report.refused, report.trouble)


def _show_assumptions(files: list[FileIn]) -> None:
    """Say what was assumed for want of a word in the files: notes that name an option or setting, or tell of a copy."""
    assumed: dict[str, list[Path]] = {}
    for file in files:
        for note in dict.fromkeys(file.notes):
            if any(sign in note for sign in ("(--", "([[feed]]", "the same bytes")):
                assumed.setdefault(note, []).append(file.path)
    for note, paths in assumed.items():
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        click.echo(f"assumed for {paths[0]}{more}: {note}")


def show_check(report: Any) -> None:
    """Print what files are and what is wrong with them; exit 1 when one would be refused."""
    console = _console()
    for file in report.files:
        if not file.refusal:
            click.echo(f"{file.path}: {file.layout} ({file.confidence:.0%} sure), {file.rows:,} readings")
            for note in file.notes:
                click.echo(f"  {note}")
    _show_findings(console, report.findings, limit=40)
    _refuse(report.refused, {})


def show_facts(facts: Iterable[Any]) -> None:
    """Print what was found, a line each, as it is found; exit 1 when something is wrong."""
    wrong = 0
    for fact in facts:
        click.echo(f"{'wrong' if fact.is_wrong else 'ok':5}  {fact.about:9} {fact.sentence}")
        wrong += fact.is_wrong
    if wrong:
        sys.exit(1)


def show_extracts(trouble: dict[str, str], out: Path) -> None:
    """Print that the extracts are up to date, or which could not be written."""
    if not trouble:
        click.echo(f"The extracts in {out / 'extracts'} are up to the database.")
    _refuse([], trouble)


def show_behind(names: list[str], out: Path) -> None:
    """Print which extracts would be written."""
    folder = out / "extracts"
    for name in names:
        click.echo(f"{folder / f'{name}.hyper'} would be written: it is missing or behind the database.")
    if not names:
        click.echo(f"The extracts in {folder} are up to the database.")


def show_demo(shown: Showcase) -> None:
    """Print what the campus was, what was found of what had been put in, and what to open next."""
    console = _console()
    console.print(_building_table(shown.energy))
    _say_energy(shown.energy)
    console.print(_score_table(shown.score))
    last = shown.score.iloc[-1]
    wrong = last["findings"] - last["right"]
    click.echo(
        f"{last['detected']:.0f} of {last['injected']:.0f} injected faults found, {wrong:.0f} false alarms: "
        f"precision {last['precision']:.3f}, recall {last['recall']:.3f}"
    )
    for what, where in _places(shown.out):
        click.echo(f"{what:28s} {where}")
    _refuse(shown.report.refused, shown.report.trouble)


def _building_table(energy: pd.DataFrame) -> Table:
    table = Table(box=None, pad_edge=False, title="Bluff Point University (invented)", title_justify="left")
    for name in ("building", "channel", "intervals", "estimated", "missing", "read kWh", "used kWh", "true kWh"):
        table.add_column(name, justify="left" if name in ("building", "channel") else "right")
    for one in energy.to_dict("records"):
        share = f"{one['estimated'] / one['readings']:.2%}"
        kwh = (f"{one[name]:,.0f}" for name in ("read_kwh", "final_kwh", "true_kwh"))
        table.add_row(one["meter_id"], one["channel"], f"{one['readings']:,}", share, f"{one['missing']:,}", *kwh)
    return table


def _say_energy(energy: pd.DataFrame) -> None:
    written, read, true, final = (energy[name].sum() for name in ("written_kwh", "read_kwh", "true_kwh", "final_kwh"))
    click.echo(
        f"Energy in the files {written:,.3f} kWh, kept as read {read:,.3f} kWh; "
        f"after validation {final:,.0f} kWh, really used {true:,.0f} kWh ({final / true - 1:+.3%})"
    )


def _score_table(score: pd.DataFrame) -> Table:
    table = Table(box=None, pad_edge=False, title="Faults put in and found", title_justify="left")
    for name in ("rule", "name", "injected", "found", "findings", "precision", "recall"):
        table.add_column(name, justify="left" if name in ("rule", "name") else "right")
    for one in score.to_dict("records"):
        counts = (f"{one[name]:.0f}" for name in ("injected", "detected", "findings"))
        shares = ("-" if pd.isna(one[name]) else f"{one[name]:.2f}" for name in ("precision", "recall"))
        table.add_row(str(one["rule_id"]), RULE_NAMES.get(one["rule_id"], ""), *counts, *shares)
    return table


def _places(out: Path) -> list[tuple[str, str]]:
    return [
        ("Meter files as delivered", str(out / "campus")),
        ("Database, every value traced", str(out / "hyperwatt.db")),
        ("Extracts for Tableau", str(out / "extracts")),
        ("Open next", f"{out / 'extracts' / 'daily.hyper'} in Tableau: Date in columns, Daily Energy in rows"),
        ("Or try", f"hyperwatt check {out / 'campus'}/*.csv --config {out / 'campus' / 'hyperwatt.toml'}"),
    ]


def _refuse(refused: list[FileIn], trouble: dict[str, str]) -> None:
    for file in refused:
        click.echo(f"refused {file.refusal}", err=True)
    for reason in trouble.values():
        click.echo(f"not written {reason}", err=True)
    if refused or trouble:
        raise SystemExit(1)


def _file_table(files: list[FileIn]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name, justify in (("file", "left"), ("layout", "left"), ("readings", "right"), ("kWh", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for file in files:
        table.add_row(str(file.path), file.layout, f"{file.rows:,}", f"{file.kwh:,.3f}")
    return table


def _sentence(report: Any) -> str:
    written = report.written._asdict().items()
    counts = ", ".join(f"{count:,} {word}" for word, count in written if count) or "none written"
    channels = f"{report.channels:,} channel{'' if report.channels == 1 else 's'}"
    return f"{channels}, {sum(report.written):,} intervals ({counts}) in {report.seconds:.1f} s"


def _show_findings(console: Console, findings: list[Finding], *, limit: int = 0) -> None:
    if not findings:
        click.echo("No findings.")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("rule", "name", "findings", "intervals"):
        table.add_column(name, justify="left" if name in ("rule", "name") else "right")
    counts, intervals = Counter(one.rule_id for one in findings), Counter[str]()
    for one in findings:
        intervals[one.rule_id] += one.intervals
    for rule_id in sorted(counts):
        table.add_row(rule_id, RULE_NAMES[rule_id], f"{counts[rule_id]:,}", f"{intervals[rule_id]:,}")
    console.print(table)
    for one in findings[:limit]:
        who = " ".join(filter(None, (one.meter_id, one.channel))) or str(one.file or "")
        click.echo(f"{one.rule_id} {who}: {one.detail}")
