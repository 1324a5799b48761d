"""The words that meter files use in their headers and type columns: what a column is, its unit, its channel, its clock.

Every table is read top to bottom and the first fit wins; nothing else in the readers knows a supplier's spelling.
"""

import re
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


UNIT_SPELLINGS = {
    unit.lower(): unit
    for unit in ("kWh", "Wh", "MWh", "GWh", "kW", "W", "MW", "GW", "kVArh", "VArh", "kVAr", "VAr", "MVArh", "MVAr")
}
_UNIT = re.compile(
    r"(?<![A-Za-z/])(GWh|MWh|kWh|Wh|MVArh|kVArh|VArh|MVAr|kVAr|VAr|GW|MW|kW)(?![A-Za-z])(?!\s*/\s*(?!hh|half|int))",
    re.IGNORECASE,
)
_WATT = re.compile(r"(?:(?:^|[-_]|[Pp]ower[ _])W$|[(\[]W[)\]])")
_GLUED = re.compile(r"(?<=[a-z])([kKMG][Ww]h|[MG]W|KW)(?![A-Za-z])")
_RATE = re.compile(r"(/\s*|(?<![A-Za-z])per[ _])[kMG]?Wh?(?![A-Za-z])", re.IGNORECASE)
_SPELLED = re.compile(
    r"(?<![a-z])(?:(kilo|mega|giga)watts?(?:[- ]?(hours?))?|watt[- ]?(hours?))(?![a-z])", re.IGNORECASE
)
_HOURS = re.compile(
    r"(?<![A-Za-z])([kMG]?W)[-·.⋅]?h(?:(?:ou)?rs?|s)(?![A-Za-z])|([kMG]W)[-·. ⋅]h(?![A-Za-z])", re.IGNORECASE
)
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

METER_WORDS = (
    r"(smart )?meter( ?(id|number|no|name|code|ref|reference))?|mpr|mprn|mpan( core)?|nmi|prm|pdl|pod|cups|esi ?id|"
    r"ean( ?code)?|gsrn|målepunkts? ?id|mittauspisteen tunnus|zählpunkt(bezeichnung)?",
    r"lclid|usage ?point( id)?|(customer|account|household|house|home|dwelling|user|consumer)( ?(id|number|no))?",
    r"(meter )?serial( ?(number|no))?|device( ?(id|number|no|name))?|sensor( ?(id|name))?",
    r"data ?id|entity ?id",
    r"building( ?(id|name|no|number))?|facility|asset|point( ?(id|name))?|feeder|substation",
    r"group|site( ?(id|name|ref))?|station|zone|states?|regions?|area|city|country|id|name|entity|unique id",
)
"""Ranks of names of the meter column; a file's best-ranked column is its meter."""

STAMP_WORDS = _words(
    "datetime timestamp date dates time stamp ts horodate instant utc start end from to begin ending interval "
    "period read fecha datum zeit zeitstempel when day hour local reading messzeitpunkt zeitpunkt uhrzeit giorno hora "
    "dato fra til van tot tijdstip alkuaika desde hasta"
)
START_WORDS = _words("start from begin beginning starting debut von starts inicio since fra van desde alkuaika")
END_WORDS = _words("end to ending ended ends until fin bis stop ende til tot hasta")
END_DIALECT = {"horodate"}
"""Names under which a stamp marks the end unless the days of the file say otherwise: Enedis (its documents differ)."""
PERIOD_WORDS = _words("period settlement periode hour hora heure stunde hh interval he")
"""A column of whole numbers with only these words counts the intervals of a local day."""
CLERK_WORDS = _words("revision revised updated update created loaded modified inserted processed billed billing")
"""A date with one of these words says when somebody handled the row."""
UTC_WORDS = {"utc", "gmt", "zulu"}
_ZONE = re.compile(r"(?<![A-Za-z])([A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_]+)+)")
_FIXED = re.compile(r"(?:GMT|UTC) ?([-+])0?(\d{1,2})(?::?(\d\d))?")

ENERGY_WORDS = _words(
    "energy consumption usage use used electricity import export generation consumed delivered received conso "
    "consommation verbrauch consumo énergie energie energia energi soutirage bezug verbruik afname levering forbruk "
    "forbrug förbrukning kulutus prelevata"
)
VALUE_WORDS = _words("value values reading readings data amount valeur wert quantity val y menge mængde määrä state")
POWER_WORDS = _words("power load demand active leistung puissance normalized normalised output wattage")
UNTOLD_WORDS = _words("power load demand leistung puissance wattage")
"""Words of power, of which nobody may guess the unit."""
REGISTER_WORDS = _words(
    "register cumulative index odometer dial totalizer totaliser zaehlerstand zählerstand stand meterstand"
)
GRID_WORDS = _words("import imported export exported")
"""What passes the customer's meter, beside what is made or used behind it."""
RECEIVED_WORDS = _words(
    "export exported received generation generated gen injection feedin solar pv exports exporting production "
    "injected returned received produced surplus einspeisung injectie teruglevering produksjon immessa"
)
REACTIVE_WORDS = _words("reactive kvar kvarh var varh")
_PLAIN = (
    ENERGY_WORDS
    | VALUE_WORDS
    | POWER_WORDS
    | REGISTER_WORDS
    | RECEIVED_WORDS
    | REACTIVE_WORDS
    | _words(
        "kwh wh mwh gwh kw w mw gw kvarh varh kvar var hh h per half hour interval profile read net total grid "
        "general supply sum mean average avg electric electrical electricity meter meterreading main mains real "
        "measured recorded metered in kilowatt kilowatts watt watts hours megawatt to from off peak controlled "
        "feed imported exported number en gemessene gemessener system gross t1 t2 ae normaal dal"
    )
)
OTHER_QUANTITIES = _words(
    "temp temperature oat degc degf dewpoint humidity hum rh irradiance irad irradiation ghi dni voltage "
    "volts volt current amps ampere intensity frequency price pricing cost costs tariff carbon co2 co2e "
    "emission emissions latitude longitude weekday dayofweek mask flag quality occupancy occupants holiday "
    "sqm sqft postcode status tax vat charge charges standing diffuse forecast predicted"
)
"""A column with one of these in its name is no energy."""
WEAK_QUANTITIES = OTHER_QUANTITIES | _words(
    "v a f c hz pf power factor phase angle wind rain snow pressure cloud weather speed rate charge charges "
    "bill gas natgas water steam heat volume m3 therm therms lat lon lng x y year month week day hour hours "
    "minute period season index code count area row rows id no number nr of the mean avg min max out outdoor "
    "air amount due unnamed"
)
"""Nor is one of which every word is here: "day" alone is a calendar, "Day Nursery" a meter."""
_NEVER_ENERGY = _words("gas natgas steam price cost forecast predicted max min maximum minimum")
"""Nor is one with one of these, even where it states a unit of energy or power."""
FUELS = _words("gas natgas steam water propane oil fuel")
SUMMARY_WORDS = _words("total totals sum average mean max min maximum minimum summe gesamt totaal totale")
"""What stands in place of a stamp where a row sums up the others."""

_CODE = re.compile(r".*?\b([EBQK]|GC|CL|GG)\d{0,2}")
_CODES = {"E": "delivered", "B": "received", "Q": "reactive", "K": "reactive_received"}
_CODES |= {"GC": "delivered", "CL": "delivered", "GG": "received"}
"""Register codes as the Australian market has them, seen from the grid; and Ausgrid's for consumption, controlled load
and what a roof makes."""

ESTIMATED = _words(
    "estimated estimate e est estimation substituted s f forecast y yes true estimada ersatzwert geschat"
)
ACTUAL = _words(
    "actual a act measured real read m n no false valid v ok good r målt beregnet uitgelezen gevalideerd wahr"
)
MISSING = {"missing", "null", "none", "invalid"}


def _with_plain_hours(name: str) -> str:
    """Write the hours of a unit as h: `kW-hr`, `kWhrs` and `kW·h` are kWh."""
    return _HOURS.sub(lambda found: (found.group(1) or found.group(2)) + "h", name)


def words_of(name: str) -> list[str]:
    """Split a column name into lower-case words: `ReadDate_time (kWh)` is read, date, time, kwh."""
    name = _with_plain_hours(name.replace("_", " "))
    name = _UNIT.sub(lambda found: found.group().lower(), name)
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z]{2})", " ", name)
    return [word for word in re.split(r"[^\w]+", spaced.lower()) if word]


def squeeze(name: str) -> str:
    """Take a name's letters and digits alone, in lower case."""
    return re.sub(r"[\W_]", "", name.lower())


def unit_in(name: str) -> str | None:
    """Find the unit that a name states, spelled as in `UNIT_SPELLINGS`; None for none, and for a rate such as £/kWh."""
    if _RATE.search(name):
        return None
    name = _with_plain_hours(name)
    found = _UNIT.search(name) or _GLUED.search(name)
    if found:
        return UNIT_SPELLINGS[found.group().lower()]
    if _WATT.search(name):
        return "W"
    spelled = _SPELLED.search(name)
    if not spelled:
        return None
    prefix = {"kilo": "k", "mega": "M", "giga": "G"}.get((spelled.group(1) or "").lower(), "")
    return prefix + ("Wh" if spelled.group(2) or spelled.group(3) else "W")


def is_other_quantity(name: str) -> bool:
    """Whether a column measures something that is no electrical energy or power (temperature, volts, price)."""
    words = set(words_of(name))
    if _RATE.search(name):
        return True
    if unit_in(name):
        return bool(words & _NEVER_ENERGY)
    if words & OTHER_QUANTITIES or "%" in name or "°" in name or _is_fuel(words):
        return True
    return bool(words) and words <= WEAK_QUANTITIES and not words & {"power"}


def _is_fuel(words: set[str]) -> bool:
    """Whether words speak of the energy of a fuel or of water, and not of the electricity for it."""
    return bool(words & FUELS and words & ENERGY_WORDS) and "electricity" not in words


def is_other_service(kind: str) -> bool:
    """Whether a type cell speaks of gas, water or steam."""
    return bool(set(words_of(kind)) & {"gas", "natgas", "water", "steam"})


def is_plain_quantity(name: str) -> bool:
    """Whether a column's name says only what is measured, and nothing of which meter: "Usage (kWh)", "MW", "value"."""
    squeezed = squeeze(name)
    if squeezed in DIALECT:
        return squeezed in WHOLE_METER
    return all(word in _PLAIN for word in words_of(name))


def meter_rank(name: str) -> int | None:
    """Rank a name as the meter column: 0 is best, None is no meter name."""
    spoken = " ".join(words_of(name))
    for rank, pattern in enumerate(METER_WORDS):
        if re.fullmatch(pattern, spoken) or re.fullmatch(pattern.replace(" ?", "").replace(" ", ""), squeeze(name)):
            return rank
    return None


def channel_of(name: str, is_type: bool = False) -> str:
    """Tell the channel from a column name or a type cell; `delivered` unless it says otherwise.

    A column name counts only when every word of it speaks of quantities: "Solar Hall" is a building. A type cell may be
    a register code, which the market sees from the grid: E1 is used, B1 is fed in.
    """
    words = set(words_of(name))
    if is_type and (code := _CODE.fullmatch(name.strip())):
        return _CODES[code.group(1)]
    if not is_type and not words <= _PLAIN and squeeze(name) not in DIALECT:
        return "delivered"
    used = words & {"import", "imported"} or words >= {"from", "grid"}
    received = bool(words & RECEIVED_WORDS) and not used
    if words & REACTIVE_WORDS or unit_in(name) in REACTIVE_UNITS:
        return "reactive_received" if received else "reactive"
    return "received" if received else "delivered"


def says_channel(kind: str) -> bool:
    """Whether a type cell is a register code, or words that speak only of which way energy goes."""
    words = set(words_of(kind))
    spoken = words <= _PLAIN and bool(words & (ENERGY_WORDS | RECEIVED_WORDS | REACTIVE_WORDS))
    return spoken or _CODE.fullmatch(kind.strip()) is not None


def clock_in(name: str) -> str | None:
    """Find the clock that the name of a stamp column states: "Time (America/Chicago)", "GMT-05:00", "utc_timestamp".

    An offset of parts of an hour has no name of its own, and none is given.
    """
    found = _ZONE.search(name)
    if found and is_zone(found.group(1)):
        return found.group(1)
    fixed = _FIXED.search(name)
    if fixed is None:
        return "UTC" if set(words_of(name)) & UTC_WORDS else None
    if int(fixed.group(3) or 0) or int(fixed.group(2)) > 12:
        return None
    hours = int(fixed.group(2))
    return f"Etc/GMT{'-' if fixed.group(1) == '+' else '+'}{hours}" if hours else "UTC"


def is_zone(name: str) -> bool:
    """Whether the time zone database has a zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def label_word(name: str) -> str | None:
    """Tell which end of the interval a stamp column marks by its name; None when it does not say."""
    words = set(words_of(name))
    if words & END_WORDS and not words & START_WORDS:
        return "end"
    return "start" if words & START_WORDS and not words & END_WORDS else None


def is_energy_word(name: str) -> bool:
    """Whether a name without a unit still says that it is energy."""
    return bool(set(words_of(name)) & (ENERGY_WORDS | RECEIVED_WORDS | REGISTER_WORDS))
