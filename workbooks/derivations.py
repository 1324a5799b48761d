"""What a pill can make of a field: Tableau's derivations, their short names, and whether they give an axis or headers.

A derivation that Tableau does not know silently becomes None, so the set is closed here (reference, section 9).
"""

from workbooks.model_fields import NUMBERS

PLAIN = {"None": "none", "Attribute": "attr", "User": "usr"}
AGGREGATES = {
    "Sum": "sum",
    "Avg": "avg",
    "Count": "cnt",
    "CountD": "ctd",
    "Median": "med",
    "Min": "min",
    "Max": "max",
    "Stdev": "std",
    "Var": "var",
}
DATE_PARTS = {
    "Year": "yr",
    "Quarter": "qr",
    "Month": "mn",
    "Week": "wk",
    "Weekday": "wd",
    "Day": "dy",
    "Hour": "hr",
    "Minute": "mi",
    "MY": "my",
    "MDY": "md",
    "ISO-Year": "iyr",
    "ISO-Week": "iwk",
    "ISO-Weekday": "iwd",
}
TRUNCATIONS = {
    "Year-Trunc": "tyr",
    "Quarter-Trunc": "tqr",
    "Month-Trunc": "tmn",
    "Week-Trunc": "twk",
    "Day-Trunc": "tdy",
    "Hour-Trunc": "thr",
    "Minute-Trunc": "tmi",
}
SHORT = PLAIN | AGGREGATES | DATE_PARTS | TRUNCATIONS
ALWAYS_DISCRETE = ("Weekday", "MY", "MDY", "ISO-Weekday")
TIME_ONLY = ("Hour", "Minute", "Hour-Trunc", "Minute-Trunc")

LETTERS = {"nominal": "nk", "ordinal": "ok", "quantitative": "qk"}


def type_of_pill(how: str, datatype: str, is_measure: bool, discrete: bool | None) -> str:
    """Say whether a pill is nominal or ordinal (headers) or quantitative (an axis).

    Parameters
    ----------
    how : str
        A derivation of `SHORT`.
    datatype : str
        Of the field.
    is_measure : bool
        Whether the field is one.
    discrete : bool or None
        What the author said; None: as Tableau does.
    """
    if how in ("Count", "CountD"):
        return "ordinal" if discrete else "quantitative"
    if datatype in ("string", "boolean"):
        return "nominal"
    if how in ALWAYS_DISCRETE:
        return "ordinal"
    is_axis = how in AGGREGATES or how in TRUNCATIONS or (is_measure and how in ("None", "User"))
    if discrete is not None:
        is_axis = not discrete
    return "quantitative" if is_axis else "ordinal"


def refusal(how: str, datatype: str) -> str:
    """Say why a derivation cannot be had of a datatype; empty when it can."""
    if how not in SHORT:
        return f"Tableau has no derivation {how!r}; it would show the plain field instead"
    is_date_thing = how in DATE_PARTS or how in TRUNCATIONS
    if is_date_thing and datatype not in ("date", "datetime"):
        return f"{how} needs a date, this is {datatype}"
    if how in TIME_ONLY and datatype != "datetime":
        return f"{how} needs a time of day, this is a date"
    if how in ("Sum", "Avg", "Median", "Stdev", "Var") and datatype not in NUMBERS:
        return f"{how} needs a number, this is {datatype}"
    return ""
