"""The extract of costs: when it is to be there, which streams have another tariff now, which charges come once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from tableauhyperapi import HyperProcess  # type: ignore[import-untyped]

from pipeline.costs import PriceBook
from pipeline.pricing import Pricing
from pipeline.schema import STREAM
from pipeline.stores.extracts import COSTS, EXTRACTS
from pipeline.stores.hyper_read import TABLE, query_extract
from pipeline.stores.watermark import Watermark
from pipeline.tariffs import STANDING


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


class ChargedOnce:
    """Standing charges of days on which a meter has readings of two interval lengths: one of the two is left out."""

    def __init__(self) -> None:
        self._charged: set[tuple[object, object]] = set()

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Give rows of costs without the charges that were in rows given before."""
        is_charge = rows["band"].cast(pa.string()).to_numpy() == STANDING
        charges = rows.filter(pa.array(is_charge))
        keys = list(zip(charges["meter_id"].to_pylist(), charges["date"].to_pylist(), strict=True))
        is_new = np.array([key not in self._charged for key in keys], dtype=np.bool_)
        self._charged.update(keys)
        return pa.concat_tables([rows.filter(pa.array(~is_charge)), charges.filter(pa.array(is_new))])
