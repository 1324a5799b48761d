"""What `hyperwatt forecast` prints: what was done, what was not and why, and the table of past errors."""

import sys

import click
import pandas as pd
from rich.console import Console
from rich.table import Table

from pipeline.config import Settings
from pipeline.connect import connect_database
from pipeline.forecast_anomalies import BEHAVIOUR, METER
from pipeline.forecasting import Report
from pipeline.schema import STREAM
from pipeline.stores.forecasts import HOUR_GRAIN, read_anomalies, read_issues, read_scores

MEASURES = ["mae_kwh", "rmse_share", "mase", "coverage"]
HEADS = ["MAE kWh", "RMSE/mean", "MASE", "coverage"]
IN_USE = "in use (*)"


def show_forecast(settings: Settings, report: Report) -> None:
    """Print what was forecast and which channels were not; exit 1 when something failed."""
    due = report.streams[report.streams["is_due"]]
    if settings.dry_run:
        for stream in due.to_dict("records"):
            why = ": its readings have changed since the last forecast" if stream["is_stale"] else ""
            click.echo(f"{stream['meter_id']} {stream['channel']} would be forecast{why}")
        click.echo(f"{len(due)} of {len(report.streams)} channels would be forecast.")
        return
    for note in notes(settings, report):
        click.echo(note)
    kept = len(report.streams) - len(due)
    so_far = f", {kept} were up to date" if kept else ""
    click.echo(f"{report.done} of {len(report.streams)} channels forecast in {report.seconds:.1f} s{so_far}")
    click.echo(anomaly_count(settings, report))
    for what, why in (report.failed | report.trouble).items():
        click.echo(f"not done {what}: {why}", err=True)
    if report.failed or report.trouble:
        raise SystemExit(1)


def notes(settings: Settings, report: Report) -> list[str]:
    """Name the channels of which something is not forecast, and say why."""
    issues = read_issues(connect_database(settings.database_url))
    found = report.streams.merge(issues[issues["reason"].notna()], on="channel_id")
    return [f"{one['meter_id']} {one['channel']}: {one['reason']}" for one in found.to_dict("records")]


def anomaly_count(settings: Settings, report: Report) -> str:
    """Say how many anomalies there are, by what explains them."""
    found = read_anomalies(connect_database(settings.database_url)).merge(report.streams, on="channel_id")
    counts = found["cause"].value_counts()
    return f"Anomalies: {counts.get(BEHAVIOUR, 0):,} of behaviour, {counts.get(METER, 0):,} of meters"


def show_scores(settings: Settings, report: Report) -> None:
    """Print how wrong each model has been, channel by channel, and in the median of all channels."""
    scores = read_scores(connect_database(settings.database_url)).merge(report.streams, on="channel_id")
    if scores.empty:
        click.echo("No forecast has been made yet.")
        return
    scores["grain"] = scores["interval_minutes"].map(lambda minutes: "hour" if minutes == HOUR_GRAIN else "day")
    console = Console() if sys.stdout.isatty() else Console(width=140)
    console.print(_channel_table(scores))
    console.print(_model_table(scores))


def _channel_table(scores: pd.DataFrame) -> Table:
    table = Table(box=None, pad_edge=False, title="Past errors by channel (* is used)", title_justify="left")
    for name in ("meter", "channel", "grain", "model"):
        table.add_column(name)
    for name in ("days ahead", *HEADS, "tests"):
        table.add_column(name, justify="right")
    for one in scores.sort_values([*STREAM, "grain", "horizon_days", "mae_kwh"]).to_dict("records"):
        model = f"{one['model']}{' *' if one['is_chosen'] else ''}"
        days, origins = str(one["horizon_days"]), str(one["origins"])
        table.add_row(one["meter_id"], one["channel"], one["grain"], model, days, *_shown(one), origins)
    return table


def _model_table(scores: pd.DataFrame) -> Table:
    """Single models, and what is in use: a mixture of them on most channels."""
    table = Table(box=None, pad_edge=False, title="Past errors by model, median of channels", title_justify="left")
    for name in ("grain", "model"):
        table.add_column(name)
    for name in ("days ahead", *HEADS, "channels"):
        table.add_column(name, justify="right")
    single = scores[~scores["model"].str.contains(" + ", regex=False)]
    rows = pd.concat([single, scores[scores["is_chosen"] == 1].assign(model=IN_USE)])
    groups = rows.groupby(["grain", "model"])
    found = groups[["horizon_days", *MEASURES]].median().join(groups.size().rename("size")).reset_index()
    for one in found.sort_values(["grain", "rmse_share"]).to_dict("records"):
        table.add_row(one["grain"], one["model"], f"{one['horizon_days']:.0f}", *_shown(one), str(one["size"]))
    return table


def _shown(one: dict[object, object]) -> list[str]:
    forms = ("{:,.3f}", "{:.1%}", "{:.3f}", "{:.1%}")
    values = [one[name] for name in MEASURES]
    return ["-" if pd.isna(value) else form.format(value) for form, value in zip(forms, values, strict=True)]  # type: ignore[call-overload]
