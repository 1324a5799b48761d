"""The precomputed forecasts into the function that looks them up."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from tableauhyperapi import escape_string_literal  # type: ignore[import-untyped]

from pipeline.publish.tabpy_build import Deployable, build_functions
from pipeline.stores.hyper_read import TABLE, hyper_told, reading
from tabpy_functions.catalogue import FUNCTIONS, Published, near
from tabpy_functions.lookup import WHAT, build_lookup

NAME = "lookup_forecast"
COLUMNS = ("meter_id", "channel", "grain", "interval_start", *WHAT)


def functions_with(forecasts: Path) -> tuple[dict[str, Published], list[Deployable]]:
    """Give the catalogue, ready to travel, with the forecasts that stand in an extract.

    Parameters
    ----------
    forecasts : Path
        `forecast.hyper`. Without it, `lookup_forecast` answers nulls and says why.

    Returns
    -------
    functions : dict of str to Published
        With a golden call of `lookup_forecast` that asks for the first forecast of the extract.
    deployables : list of Deployable

    Raises
    ------
    StoreError
        When the extract cannot be read.
    PublishError
        As of `build_functions`.
    """
    frame = _read(forecasts) if forecasts.exists() else pd.DataFrame()
    if frame.empty:
        return dict(FUNCTIONS), build_functions(FUNCTIONS)
    functions: dict[str, Published] = FUNCTIONS | {NAME: _asking(frame)}
    bound: Mapping[str, Mapping[str, Any]] = {NAME: {"table": build_lookup(frame)}}
    return functions, build_functions(functions, bound)


def _read(forecasts: Path) -> pd.DataFrame:
    query = f"SELECT {', '.join(COLUMNS)} FROM {TABLE} WHERE forecast_kwh IS NOT NULL"
    with reading(forecasts, None) as connection, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.parquet"
        with hyper_told(forecasts):
            connection.execute_command(f"COPY ({query}) TO {escape_string_literal(str(file))} WITH (FORMAT PARQUET)")
        return pq.read_table(file).to_pandas()


def _asking(frame: pd.DataFrame) -> Published:
    # A day, if there is one: an hour of autumn may stand for two.
    row = frame.sort_values(["grain", "interval_start", "meter_id", "channel"]).iloc[0]
    asked = ([row["meter_id"]], [row["channel"]], [str(row["interval_start"])], "forecast_kwh", row["grain"])
    return replace(FUNCTIONS[NAME], golden=asked, wrong=near([float(row["forecast_kwh"])], 1e-6))
