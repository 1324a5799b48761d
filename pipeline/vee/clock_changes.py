"""The two odd days of one stream's year: spring cells that hold energy, autumn cells that hold two hours (V03)."""

import numpy as np
import pandas as pd

from pipeline.schema import Method, Quality
from pipeline.vee.local_time import DOUBLED

SHIFT = 3600
"""What clocks change by, nearly everywhere. [s]"""


def mend_clock_changes(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the energy of one stream's clock changes.

    A spring cell that does not exist on the clock gives its energy to the interval it falls on; an autumn cell that
    holds two hours is split in halves. The rows concerned carry rule 3, so that no demand is ever taken from them.

    Parameters
    ----------
    rows : pandas.DataFrame
        `start` (s since 1970 UTC), `value`, `raw`, `quality`, `method`, `rule`, and the masks `absent` and `single` of
        `pipeline.vee.local_time.Resolved`; in file order.

    Returns
    -------
    pandas.DataFrame
        The same columns; the sum of `value` is what it was. Of a split cell the first half keeps the whole value as
        `raw`, the second has 0 there: together they are what was read.
    """
    return _split_doubled(_merge_absent(rows))


def _merge_absent(rows: pd.DataFrame) -> pd.DataFrame:
    odd = rows["absent"].to_numpy()
    if not odd.any():
        return rows
    spare = rows[odd & (rows["value"].fillna(0.0).to_numpy() != 0.0)]
    kept = rows[~odd].copy()
    home = kept.index[~kept["start"].duplicated(keep="last")]
    label = pd.Series(home, index=kept.loc[home, "start"])
    lost = ~spare["start"].isin(label.index)
    for start, value in spare.loc[~lost, ["start", "value"]].itertuples(index=False):
        place = label[start]
        kept.loc[place, "value"] = np.nansum([kept.loc[place, "value"], value])
        kept.loc[place, "rule"] = 3
    return pd.concat([kept, spare[lost].assign(rule=3)]) if lost.any() else kept


def _split_doubled(rows: pd.DataFrame) -> pd.DataFrame:
    singles = np.sort(rows.loc[rows["single"], "start"].to_numpy())
    if len(singles) == 0:
        return rows
    rows = rows.copy()
    last = rows[~rows["start"].duplicated(keep="last")]
    place = pd.Series(last.index, index=last["start"])
    values = pd.Series(last["value"].to_numpy(), index=last["start"].to_numpy())
    added = []
    for cells in np.split(singles, np.flatnonzero(np.diff(singles) > 86400) + 1):
        doubled = _doubled_cells(values, cells)
        if doubled is None:
            continue
        at = place[doubled]
        missing = rows.loc[at].assign(start=cells + SHIFT, raw=0.0, single=False)
        rows.loc[at, "raw"] = rows.loc[at, "value"]
        rows.loc[at, "value"] /= 2
        both = {"quality": int(Quality.ESTIMATED), "method": int(Method.DST_SPLIT), "rule": 3}
        rows.loc[at, list(both)] = list(both.values())
        added.append(missing.assign(value=missing["value"] / 2, **both))
    return pd.concat([rows, *added], ignore_index=True) if added else rows


def _doubled_cells(values: pd.Series, cells: np.ndarray) -> np.ndarray | None:
    """Give the cells that hold two hours: the lone autumn ones themselves, or those of the hour after, or none."""
    around = np.concatenate([cells - SHIFT, cells + 3 * SHIFT])
    ordinary = float(np.nanmean(values.reindex(around).to_numpy())) if values.index.isin(around).any() else np.nan
    for candidate in (cells, cells + 2 * SHIFT):
        held = values.reindex(candidate)
        if held.notna().all() and ordinary > 0 and DOUBLED[0] < float(held.mean()) / ordinary < DOUBLED[1]:
            return candidate
    return None
