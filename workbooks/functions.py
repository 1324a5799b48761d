"""Tableau's calculation functions: how many arguments, of what type, at what level, giving what.

Counts were seen in Tableau's own test suite and in real workbooks; the rarer ones are from Tableau's function list
(reference, section 20).
"""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a function does with rows."""

    ROW = "row"
    """One value for the arguments of a row; of aggregates it gives an aggregate."""
    AGGREGATE = "aggregate"
    TABLE = "table calculation"
    SCRIPT = "script"
    """A table calculation that an analytics extension (TabPy) computes; Tableau Public refuses it."""


@dataclass(frozen=True)
class Function:
    """A function of the calculation language.

    Attributes
    ----------
    arguments : tuple of str
        What each argument may be: `number`, `measure` (anything but text), `string`, `boolean`, `date`, `any`.
    least : int
        How many arguments there must be.
    most : int or None
        How many there may be; None: the last one may be repeated.
    result : str
        A datatype; or `same`: that of the arguments, which agree; `first`: that of the first; `any`: unknown.
    """

    name: str
    kind: Kind
    arguments: tuple[str, ...]
    least: int
    most: int | None
    result: str

    def takes(self, position: int) -> str:
        """Say what the argument at a position (from 0) may be."""
        return self.arguments[min(position, len(self.arguments) - 1)] if self.arguments else "any"


_ROW = """
ABS CEILING FLOOR | number | first
ACOS ASIN ATAN COS COT DEGREES EXP LN LOG2 RADIANS SIN SQRT TAN | number | real
SQUARE | number | first
SIGN | number | integer
ATAN2 POWER HEXBINX HEXBINY | number number | real
DIV | number number | integer
LOG | number number? | real
ROUND | number number? | first
PI RANDOM | | real
MIN MAX | any any | same
INT | any | integer
FLOAT | any | real
STR | any | string
DATE | any | date
DATETIME | any | datetime
IFNULL | any any | same
ZN | any | first
ISNULL | any | boolean
IIF | boolean any any any? | same
ASCII LEN | string | integer
CHAR SPACE | number | string
LOWER UPPER TRIM LTRIM RTRIM PROPER DOMAIN HOST TLD | string | string
LTRIM_THIS RTRIM_THIS | string string | string
CONTAINS STARTSWITH ENDSWITH REGEXP_MATCH | string string | boolean
LEFT RIGHT | string number | string
FIND | string string number? | integer
FINDNTH | string string number | integer
REPLACE REGEXP_REPLACE | string string string | string
SPLIT | string string number | string
MID | string number number? | string
REGEXP_EXTRACT | string string | string
REGEXP_EXTRACT_NTH | string string number | string
GET_JSON_OBJECT PARSE_URL PARSE_URL_QUERY XPATH_STRING | string any* | string
XPATH_BOOLEAN | string any* | boolean
XPATH_DOUBLE XPATH_FLOAT | string any* | real
XPATH_INT XPATH_LONG XPATH_SHORT | string any* | integer
TIMESTAMP_TO_USEC | any | integer
USEC_TO_TIMESTAMP | any | datetime
TODAY | | date
NOW | | datetime
YEAR MONTH QUARTER WEEK DAY ISOYEAR ISOQUARTER ISOWEEK ISOWEEKDAY | date string? | integer
ISDATE | any any? | boolean
DATEADD | string number date | any
DATEDIFF | string date date string? | integer
DATEPART | string date string? | integer
DATENAME | string date string? | string
DATETRUNC | string date string? | any
DATEPARSE | string string any? | datetime
MAKEDATE | number number number | date
MAKETIME | number number number | datetime
MAKEDATETIME | date any | datetime
MAKEPOINT | any any any? | spatial
MAKELINE INTERSECTION DIFFERENCE SYMDIFFERENCE UNION | any any | spatial
OUTLINE VALIDATE | any | spatial
BUFFER | any any any? | spatial
AREA LENGTH | any any? | real
DISTANCE | any any any? | real
INTERSECTS | any any | boolean
SHAPETYPE | any | string
USERNAME FULLNAME USERDOMAIN | | string
ISMEMBEROF ISUSERNAME ISFULLNAME | string | boolean
USERATTRIBUTE | string | string
USERATTRIBUTEINCLUDES | string any | boolean
RAWSQL_BOOL | string any* | boolean
RAWSQL_DATE | string any* | date
RAWSQL_DATETIME | string any* | datetime
RAWSQL_INT | string any* | integer
RAWSQL_REAL | string any* | real
RAWSQL_STR | string any* | string
RAWSQL_SPATIAL | string any* | spatial
"""
_AGGREGATE = """
SUM | measure | first
AVG MEDIAN STDEV STDEVP VAR VARP | measure | real
MIN MAX ATTR | any | first
COUNT COUNTD | any | integer
COLLECT UNION | any | spatial
GROUP_CONCAT | any any? | string
CORR COVAR COVARP | number number | real
PERCENTILE | measure number | real
RAWSQLAGG_BOOL | string any* | boolean
RAWSQLAGG_DATE | string any* | date
RAWSQLAGG_DATETIME | string any* | datetime
RAWSQLAGG_INT | string any* | integer
RAWSQLAGG_REAL | string any* | real
RAWSQLAGG_STR | string any* | string
"""
_TABLE = """
INDEX SIZE FIRST LAST | | integer
TOTAL | any | first
RANK RANK_DENSE RANK_MODIFIED RANK_UNIQUE | any string? | integer
RANK_PERCENTILE | any string? | real
LOOKUP | any number? | first
PREVIOUS_VALUE | any | first
RUNNING_SUM RUNNING_MIN RUNNING_MAX | any | first
RUNNING_AVG | measure | real
RUNNING_COUNT | any | integer
WINDOW_SUM WINDOW_MIN WINDOW_MAX | any number? number? | first
WINDOW_AVG WINDOW_MEDIAN WINDOW_STDEV WINDOW_STDEVP WINDOW_VAR WINDOW_VARP | measure number? number? | real
WINDOW_COUNT | any number? number? | integer
WINDOW_PERCENTILE | measure number number? number? | real
WINDOW_CORR WINDOW_COVAR WINDOW_COVARP | number number number? number? | real
MODEL_PERCENTILE MODEL_QUANTILE | any any* | real
"""
_SCRIPT = """
SCRIPT_REAL MODEL_EXTENSION_REAL | string any* | real
SCRIPT_INT MODEL_EXTENSION_INT | string any* | integer
SCRIPT_STR MODEL_EXTENSION_STR MODEL_EXTENSION_STRING | string any* | string
SCRIPT_BOOL MODEL_EXTENSION_BOOL | string any* | boolean
"""


def _functions(kind: Kind, table: str) -> dict[str, list[Function]]:
    found: dict[str, list[Function]] = {}
    for line in table.strip().splitlines():
        names, arguments, result = (part.strip() for part in line.split("|"))
        words = arguments.split()
        kinds = tuple(word.rstrip("?*") for word in words)
        least = sum(word[-1] not in "?*" for word in words)
        most = None if words and words[-1].endswith("*") else len(words)
        for name in names.split():
            found.setdefault(name, []).append(Function(name, kind, kinds, least, most, result))
    return found


def _merged() -> dict[str, tuple[Function, ...]]:
    tables = {Kind.ROW: _ROW, Kind.AGGREGATE: _AGGREGATE, Kind.TABLE: _TABLE, Kind.SCRIPT: _SCRIPT}
    found: dict[str, tuple[Function, ...]] = {}
    for kind, table in tables.items():
        for name, functions in _functions(kind, table).items():
            found[name] = found.get(name, ()) + tuple(functions)
    return found


FUNCTIONS = _merged()
"""Name in upper case to its forms: `MIN` and `MAX` have two, of one argument (aggregate) and of two (row)."""


def form_of(name: str, count: int) -> Function | None:
    """Return the form of a function that takes so many arguments; None where it has none."""
    for function in FUNCTIONS.get(name.upper(), ()):
        if function.least <= count and (function.most is None or count <= function.most):
            return function
    return None


def expected_counts(name: str) -> str:
    """Say how many arguments a known function takes: `2 or 3`, `at least 1`."""
    forms = FUNCTIONS[name.upper()]
    if any(form.most is None for form in forms):
        return f"at least {min(form.least for form in forms)}"
    counts = sorted({count for form in forms for count in range(form.least, (form.most or 0) + 1)})
    return " or ".join(map(str, counts))
