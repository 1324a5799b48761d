"""Arrow columns of a block as NumPy arrays, with the cells that could not be read marked."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.sources.stamps import NO_STAMP
from pipeline.sources.table import BELOW_ZERO, NULLS, UNIT_BEHIND

Bools = NDArray[np.bool_]

_SPACES = "[\u00a0\u202f\u2009 '\u2019]"
_SPACED = rf"^[-+]?\d{{1,3}}({_SPACES}\d{{3}})+([.,]\d*)?$"


_SCALES = {"w": 1.0, "kw": 1e3, "mw": 1e6, "gw": 1e9, "wh": 1.0, "kwh": 1e3, "mwh": 1e6, "gwh": 1e9}
_SCALED = r"(?i)\d\s*(?P<unit>[gmk]?wh?)$"


def unit_factors(column: "pa.Array[Any]", base: str) -> NDArray[np.float64] | None:
    """Give what brings numbers with units behind them, `532 W` and `1.2 kW`, to the unit `base`; None: nothing does.

    NaN where energy stands for power or the other way round.
    """
    base = base.lower()
    if pa.types.is_floating(column.type) or base not in _SCALES:
        return None
    found: Any = pc.utf8_lower(pc.struct_field(pc.extract_regex(pc.utf8_trim_whitespace(column), _SCALED), "unit"))
    units: list[str] = [each for each in pc.unique(found).to_pylist() if each is not None]
    if set(units) <= {base}:
        return None
    scale = {
        unit: _SCALES[unit] / _SCALES[base] if unit.endswith("h") == base.endswith("h") else np.nan for unit in units
    }
    return np.array([1.0 if each is None else scale[each] for each in found.to_pylist()])


def codes_of(column: "pa.Array[Any]") -> tuple[NDArray[np.int32], list[str]]:
    """Give each row's number in a list of different texts, and the list; -1 where the cell is blank."""
    encoded: Any = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    indices = encoded.indices
    if indices.null_count:
        indices = pc.fill_null(indices, -1)
    return indices.to_numpy(zero_copy_only=False), encoded.dictionary.to_pylist()


def floats_of(column: "pa.Array[Any]", decimal: str) -> tuple[NDArray[np.float64], Bools | None]:
    """Give the numbers of a column, NaN where blank or unreadable, and which were unreadable; None: none was."""
    if pa.types.is_floating(column.type):
        values = column.to_numpy(zero_copy_only=False)
        bad = np.isinf(values)
    else:
        trimmed = pc.utf8_trim_whitespace(column)
        trimmed = pc.if_else(pc.is_in(trimmed, pa.array(NULLS)), "", trimmed)
        trimmed = pc.replace_substring_regex(trimmed, BELOW_ZERO, r"-\1\2\3")
        plain = _plain_numbers(pc.replace_substring_regex(trimmed, UNIT_BEHIND, r"\1"), decimal)
        readable = pc.match_substring_regex(plain, r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?$")
        numbers: Any = pc.if_else(readable, plain, pa.scalar(None, pa.string())).cast(pa.float64())
        values = numbers.to_numpy(zero_copy_only=False)
        wrong: Any = pc.and_not(pc.invert(readable), pc.equal(plain, pa.scalar("")))
        bad = pc.fill_null(wrong, False).to_numpy(zero_copy_only=False) | np.isinf(values)
    return (np.where(bad, np.nan, values), bad) if bad.any() else (values, None)


def _plain_numbers(cells: Any, decimal: str) -> Any:
    """Take thousands separators out, and write the decimal mark as a point."""
    cells = pc.if_else(pc.match_substring_regex(cells, _SPACED), pc.replace_substring_regex(cells, _SPACES, ""), cells)
    if decimal == ",":
        return pc.replace_substring(pc.replace_substring_regex(cells, r"\.(\d{3})", r"\1"), ",", ".")
    thousands = pc.match_substring_regex(cells, r"^[-+]?\d{1,3}(,\d{3})+(\.\d*)?$")
    return pc.if_else(thousands, pc.replace_substring(cells, ",", ""), cells)


def instants_of(column: "pa.Array[Any]") -> NDArray[np.int64]:
    """Give the seconds of a column of instants; `NO_STAMP` where blank."""
    seconds: Any = column.cast(pa.timestamp("s", column.type.tz)).view(pa.int64())
    if seconds.null_count:
        seconds = pc.fill_null(seconds, int(NO_STAMP))
    result: NDArray[np.int64] = seconds.to_numpy(zero_copy_only=False)
    return result


def text_at(column: "pa.Array[Any]", row: int) -> str:
    """Give what stands in a row of a column, as text."""
    found = column[row].as_py()
    return "" if found is None else str(found)
