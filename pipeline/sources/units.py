"""Units of energy and power in the names and cells of meter files, in any spelling and script."""

import re
from typing import NamedTuple

UNIT_SPELLINGS = {
    unit.lower(): unit
    for unit in (
        *("kWh", "Wh", "MWh", "GWh", "kW", "W", "MW", "GW", "kVArh", "VArh", "kVAr", "VAr", "MVArh", "MVAr"),
        *("万kWh", "万kW"),
    )
}
UNIT = re.compile(
    r"(?<![A-Za-z/])(万kWh|万kW|GWh|MWh|kWh|Wh|MVArh|kVArh|VArh|MVAr|kVAr|VAr|GW|MW|kW)(?![A-Za-z])(?!\s*/\s*(?!hh|half|int))",
    re.IGNORECASE,
)
_WATT = re.compile(r"(?:(?:^|[-_]|[Pp]ower[ _])W$|[(\[]W[)\]])")
_GLUED = re.compile(r"(?<=[a-z])([kKMG][Ww]h|[MG]W|KW)(?![A-Za-z])")
RATE = re.compile(r"(/\s*|(?<![A-Za-z])per[ _])[kMG]?Wh?(?![A-Za-z])", re.IGNORECASE)
_SPELLED = re.compile(
    r"(?<![a-z])(?:(kilo|mega|giga)watts?(?:[- ]?(hours?))?|watt[- ]?(hours?))(?![a-z])", re.IGNORECASE
)
_HOURS = re.compile(
    r"(?<![A-Za-z])([kMG]?W)[-·.⋅]?h(?:(?:ou)?rs?|s)(?![A-Za-z])|([kMG]W)[-·. ⋅]h(?![A-Za-z])", re.IGNORECASE
)
_OTHER_SCRIPTS = (
    (re.compile(r"квар[·*. ⋅-]*ч", re.IGNORECASE), "kVArh"),
    (re.compile(r"(к|М|Г)Вт[·*. ⋅-]*ч", re.IGNORECASE), "{}Wh"),
    (re.compile(r"(?<!\w)Вт[·*. ⋅-]*ч", re.IGNORECASE), "Wh"),
    (re.compile(r"(к|М|Г)Вт(?!\w)", re.IGNORECASE), "{}W"),
    (re.compile(r"(千|兆)瓦[时時]"), "{}Wh"),
    (re.compile(r"(千|兆)瓦"), "{}W"),
)
_THOUSANDS = re.compile(
    r"(?:(?:^|(?<=[(\[,]))\s*1(?:[ .,’']?000|0\^3|0³)|(?<!\w)(?:thousands?(?: of)?|тыс\.?|tys\.?|tsd\.?)|千)"
    r"\s*[x×*]?\s*([kM]?)(Wh?)(?![A-Za-z])",
    re.IGNORECASE,
)
_MILLIONS = re.compile(
    r"(?:(?<!\w)(?:millions?(?: of)?|млн\.?|mln\.?|mio\.?)|百万)\s*([k]?)(Wh?)(?![A-Za-z])", re.IGNORECASE
)
_NEXT = {"": "k", "k": "M", "m": "G"}
_TENFOLD = re.compile(
    r"(?<!\w)[x×*]\s*(10+|0[.,]0*1)\s*[kMG]?Wh?(?!\w)|(?<![A-Za-z])[kMG]?Wh?\s*[x×*]\s*(10+|0[.,]0*1)(?!\d)"
    r"|[(\[]\s*(10+|0[.,]0*1)\s*[kMG]?Wh?\s*[)\]]",
    re.IGNORECASE,
)
_PREFIXES = {"к": "k", "м": "M", "г": "G", "千": "k", "兆": "M"}
HEAT_UNITS = {"Btu": 0.000293071, "kBtu": 0.293071, "MBtu": 293.071, "MMBtu": 293.071, "therm": 29.3071}
HEAT_UNITS |= {"therms": 29.3071, "kJ": 1 / 3600, "MJ": 1 / 3.6, "GJ": 277.778, "[J]": 1 / 3.6e6, "(J)": 1 / 3.6e6}
"""Units of heat, in kWh: what is counted in them is often no electricity, and never kWh as it stands."""
_HEAT = re.compile(r"(?<![A-Za-z])(?:M{0,2}Btu|kBtu|therms?|[kMG]J)(?![A-Za-z])|[(\[]J[)\]]")
REACTIVE_UNITS = {"kVArh", "VArh", "kVAr", "VAr", "MVArh", "MVAr"}


class Meaning(NamedTuple):
    """Unit, and the factor that brings values to it."""

    unit: str
    multiplier: float = 1.0


BIG_UNITS = {
    "GW": Meaning("MW", 1000.0),
    "VAr": Meaning("kVAr", 0.001),
    "MVAr": Meaning("kVAr", 1000.0),
    "MVArh": Meaning("kVArh", 1000.0),
    "万kWh": Meaning("MWh", 10.0),
    "万kW": Meaning("MW", 10.0),
}
"""Units that `pipeline.sources.source.Stream` has no name for."""

DIALECT = {
    "globalactivepower": Meaning("kW"),
    "globalreactivepower": Meaning("kVAr"),
    "realpower": Meaning("kW"),
    "reactivepower": Meaning("kVAr"),
    "profilereadvalue": Meaning("kWh"),
    "submetering1": Meaning("W", 60.0),
    "submetering2": Meaning("W", 60.0),
    "submetering3": Meaning("W", 60.0),
    "submetering4": Meaning("W", 60.0),
    "totaldemand": Meaning("MW"),
}
"""Columns of well-known public sets whose unit stands only in their description: the UCI household set (mean kW and
kVAr of a minute; sub-meters in Wh of a minute, which is 60 W of mean power whatever it is averaged over) and campus
historians (mean kW and kVAr); the interval value of Australian retailers' exports (kWh); the demand of the Australian
market (MW)."""
WHOLE_METER = (
    "globalactivepower",
    "globalreactivepower",
    "realpower",
    "reactivepower",
    "profilereadvalue",
    "totaldemand",
)
"""Of these, the ones that are the meter itself and not a part of it."""


def is_unit(cell: str) -> bool:
    """Whether a cell holds a unit and nothing else, in brackets or not: "kWh", "[MW]"."""
    return cell.strip(" []()").lower() in UNIT_SPELLINGS


def with_plain_units(name: str) -> str:
    """Write units as we do: `kW-hr`, `kWhrs`, `kW·h`, `кВт·ч` and `千瓦时` are kWh, a thousand of them is MWh."""
    name = _HOURS.sub(lambda found: (found.group(1) or found.group(2)) + "h", _in_latin(name))
    name = _MILLIONS.sub(lambda found: _NEXT[_NEXT[found[1].lower()].lower()] + found[2], name)
    return _THOUSANDS.sub(lambda found: _NEXT[found[1].lower()] + found[2], name)


def factor_in(name: str) -> str | None:
    """Find the power of ten by which a name multiplies its unit, "x10 Wh" or "(0.1 kWh)"; None for none."""
    found = _TENFOLD.search(with_plain_units(name))
    return next(filter(None, found.groups())).replace(",", ".") if found else None


def _in_latin(name: str) -> str:
    """Write units of other scripts as ours: `кВт·ч` and `千瓦时` are kWh."""
    if name.isascii():
        return name
    for pattern, unit in _OTHER_SCRIPTS:
        while found := pattern.search(name):
            prefixes = [_PREFIXES[each.lower()] for each in found.groups()]
            name = name[: found.start()] + unit.format(*prefixes) + name[found.end() :]
    return name


def unit_in(name: str) -> str | None:
    """Find the unit that a name states, spelled as in `UNIT_SPELLINGS`; None for none, and for a rate such as £/kWh."""
    if RATE.search(name):
        return None
    name = with_plain_units(name)
    found = UNIT.search(name) or _GLUED.search(name)
    if found:
        return UNIT_SPELLINGS[found.group().lower()]
    if _WATT.search(name):
        return "W"
    spelled = _SPELLED.search(name)
    if not spelled:
        return None
    prefix = {"kilo": "k", "mega": "M", "giga": "G"}.get((spelled.group(1) or "").lower(), "")
    return prefix + ("Wh" if spelled.group(2) or spelled.group(3) else "W")


def heat_unit(name: str) -> str | None:
    """Find the unit of heat that a name states and no unit of electricity beside it."""
    found = None if unit_in(name) else _HEAT.search(name)
    return found.group() if found else None
