"""The extract of costs: when it is to be there, and which streams of it have another tariff now."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
from tableauhyperapi import HyperProcess  # type: ignore[import-untyped]

from pipeline.costs import PriceBook
from pipeline.pricing import Pricing
from pipeline.schema import STREAM
from pipeline.stores.extracts import COSTS, EXTRACTS
from pipeline.stores.hyper_read import TABLE, query_extract
from pipeline.stores.watermark import Watermark


def wanted_extracts(watermark: Watermark, pricing: Pricing) -> dict[str, Watermark]:
    """Give the extracts that are to be up to a watermark, by name; the one of costs knows its settings.

    Raises
    ------
    SettingsError
        When the file of factors cannot be read.
    """
    wanted = dict.fromkeys(EXTRACTS, watermark)
    return wanted | {COSTS.name: replace(watermark, settings=pricing.fingerprint())} if pricing.is_set else wanted


def retold_streams(path: Path, hyper: HyperProcess, channels: pd.DataFrame, book: PriceBook) -> pd.DataFrame:
    """Find the streams in an extract of costs that have another tariff now.

    Parameters
    ----------
    path : Path
        The extract.
    hyper : HyperProcess
        A running hyperd.
    channels : pandas.DataFrame
        As `pipeline.stores.database.read_channels` gives them.
    book : PriceBook

    Returns
    -------
    pandas.DataFrame
        `meter_id`, `channel`, one row a stream.
    """
    had = query_extract(path, f"SELECT DISTINCT meter_id, tariff FROM {TABLE}", hyper)
    now = had["meter_id"].map(book.name_for)
    other = had.loc[had["tariff"].fillna("") != now.fillna(""), "meter_id"]
    return channels.loc[channels["meter_id"].isin(other), STREAM].drop_duplicates()
