"""`hyperwatt forecast`: options in, one call of the library, results out."""

from typing import Any

import click

from pipeline.cli_shell import DRY_RUN, guarded, settings_of, where


@click.command()
@where
@click.option("--meter", "meters", multiple=True, metavar="NAME", help="Only this meter; may be given again.")
@click.option("--all", "everything", is_flag=True, help="Also channels without new readings since their last forecast.")
@click.option("--report", is_flag=True, help="Print how wrong each model has been on each channel.")
@click.option("--jobs", type=click.IntRange(1), help="Channels worked on at once.  [default: cores]")
@DRY_RUN
def forecast(meters: tuple[str, ...], everything: bool, report: bool, **options: Any) -> None:
    """Forecast every channel and look for anomalies, into the database and the extracts.

    Hours for 14 days and local days for 365, by the model that has been least wrong on the channel's own past. Only
    channels with new readings are worked on; a run that was killed goes on where it was.

    Example: hyperwatt forecast --out out --report
    """
    from pipeline.forecasting import forecast as forecast_all
    from pipeline.showing_forecast import show_forecast, show_scores

    settings = settings_of(options)
    done = guarded(lambda tell: forecast_all(settings, meters, tell, everything=everything))
    if report:
        guarded(lambda tell: show_scores(settings, done))
    show_forecast(settings, done)
