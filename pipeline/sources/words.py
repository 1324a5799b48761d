"""The words that meter files use in their headers and type columns: what a column is, its unit, its channel, its clock.

Every table is read top to bottom and the first fit wins; nothing else in the readers knows a supplier's spelling.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.sources.units import DIALECT, RATE, REACTIVE_UNITS, UNIT, WHOLE_METER, unit_in, with_plain_units


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


METER_WORDS = (
    r"(smart )?meter( ?(id|number|no|name|code|ref|reference))?|mpr|mprn|poc|mpan( core)?|nmi|prm|pdl|pod|cups|esi ?id|"
    r"ean( ?code)?|icp( identifier)?|gsrn|målepunkts? ?id|mittauspisteen tunnus|zählpunkt(bezeichnung)?|"
    r"zähler(nummer)?|compteur|contador|medidor|licznik",
    r"lclid|usage ?point( id)?|(customer|account|household|house|home|dwelling|user|consumer)( ?(id|number|no))?",
    r"(meter )?serial( ?(number|no))?|(device|recorder)( ?(id|number|no|name))?|sensor( ?(id|name))?",
    r"data ?id|(entity|statistic) ?id",
    r"building( ?(id|name|no|number))?|facility|asset|point( ?(id|name))?|feeder|substation",
    r"group|site( ?(id|name|ref))?|station|zone|states?|regions?|area|city|country|id|name|entity|unique id",
)
"""Ranks of names of the meter column; a file's best-ranked column is its meter."""

STAMP_WORDS = _words(
    "datetime timestamp date dates time stamp ts horodate instant utc start end from to begin ending interval "
    "period read fecha datum zeit zeitstempel when day hour local reading messzeitpunkt zeitpunkt uhrzeit giorno hora "
    "dato fra til van tot tijdstip alkuaika desde hasta"
)
START_WORDS = _words(
    "start from begin beginning starting debut von starts inicio since fra van desde alkuaika från od début "
    "início inizio początek beginn anfang startzeit startzeitpunkt startdatum starttid starttidspunkt startdato "
    "starttijd begintijd begindatum"
)
END_WORDS = _words(
    "end to ending ended ends until fin bis stop ende til tot hasta till jusqu até fim fine koniec endzeit "
    "endzeitpunkt enddatum slut slutt sluttid sluttidspunkt slutdato sluttdato slutdatum eind einde eindtijd einddatum"
)
END_DIALECT = {"horodate"}
"""Names under which a stamp marks the end unless the days of the file say otherwise: Enedis (its documents differ)."""
PERIOD_WORDS = _words(
    "period settlement periode hour hora heure stunde hh interval he ora ore godzina uur tid kl kello"
)
"""A column of whole numbers with only these words counts the intervals of a local day."""
CLERK_WORDS = _words("revision revised updated update created loaded modified inserted processed billed billing")
"""A date with one of these words says when somebody handled the row."""
UTC_WORDS = {"utc", "gmt", "zulu"}
LOCAL_WORDS = _words("local localtime locale lokal lokale lokaal lokalzeit lokaltid ortszeit lokalny")
_ZONE = re.compile(r"(?<![A-Za-z])([A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_]+)+)")
_FIXED = re.compile(r"(?:GMT|UTC) ?([-+])0?(\d{1,2})(?::?(\d\d))?")

ENERGY_WORDS = _words(
    "energy consumption usage use used electricity import export generation consumed delivered received conso "
    "consommation verbrauch consumo énergie energie energia energi soutirage bezug verbruik afname levering forbruk "
    "forbrug förbrukning kulutus prelevata energija pobór pobrana pobrane wirkenergie strombezug stromverbrauch "
    "entrante consumida registado odběr spotřeba fogyasztás prelievo tarbimine потребление расход netzbezug inflow "
    "purchased bought købt kjøpt köpt zakup"
)
VALUE_WORDS = _words(
    "value values reading readings data amount valeur wert quantity val y menge mængde määrä state delta"
)
POWER_WORDS = _words("power load demand active leistung puissance normalized normalised output wattage")
UNTOLD_WORDS = _words(
    "power load demand leistung wirkleistung puissance wattage potencia potência potenza effekt teho moc moč výkon act "
    "pulse pulses impulse impulses"
)
"""Words of power, of which nobody may guess the unit."""
REGISTER_WORDS = _words(
    "register cumulative index odometer dial totalizer totaliser zaehlerstand zählerstand stand meterstand"
)
GRID_WORDS = _words("import imported export exported")
"""What passes the customer's meter, beside what is made or used behind it."""
RECEIVED_WORDS = _words(
    "export exported received generation generated gen injection feedin solar pv exports exporting production "
    "injected returned received produced surplus einspeisung injectie teruglevering produksjon immessa immissione "
    "oddanie oddana oddane vertida vertido excedente excedentes saliente injeção injetada injecção rücklieferung "
    "überschuss produktion tuotanto dodávka visszatáplált vracena yield ertrag erzeugung opbrengst netzeinspeisung "
    "outflow sold solgt såld sålt sprzedaż tootmine produkcja producción produção produzione"
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
        "feed imported exported number en gemessene gemessener system gross t1 t2 ae as normaal dal laag hoog low high "
        "billed already not yet volume quantity unit utility"
    )
)
_COUNTER_WORDS = _words("daily today")
"""Of a counter that begins again each day: "Daily Yield"."""
OTHER_QUANTITIES = _words(
    "temp temperature oat degc degf dewpoint humidity hum rh irradiance irad irradiation ghi dni voltage "
    "volts volt current amps ampere intensity frequency price pricing cost costs tariff carbon co2 co2e "
    "emission emissions latitude longitude weekday dayofweek mask flag quality occupancy occupants holiday "
    "sqm sqft postcode status tax vat charge charges standing diffuse forecast predicted type dew prévision issues"
)
"""A column with one of these in its name is no energy."""
WEAK_QUANTITIES = OTHER_QUANTITIES | _words(
    "v a f c t hz pf power factor phase angle wind rain snow pressure cloud weather speed rate charge charges "
    "bill gas natgas water steam heat volume m3 therm therms lat lon lng x y year month week day hour hours "
    "minute period season index code count area row rows id no number nr of the mean avg min max out outdoor "
    "air amount due unnamed"
)
"""Nor is one of which every word is here: "day" alone is a calendar, "Day Nursery" a meter."""
OTHER_KINDS = _words("voltage volts volt current amps ampere frequency temperature temp humidity price cost costs co2")
"""Rows of a type with one of these are no energy: of a type, words such as "Day" or "Tariff 1" may be a register."""
_NEVER_ENERGY = _words(
    "gas natgas steam price cost forecast predicted prévision prognose max min maximum minimum median std count"
)
"""Nor is one with one of these, even where it states a unit of energy or power."""
FUELS = _words("gas natgas steam water propane oil fuel")
TOTAL_WORDS = _words(
    "total totals subtotal subtotals sum summe gesamt gesamtsumme insgesamt zwischensumme somme totaux totale totali "
    "totales totaal totalt suma summa sammanlagt yhteensä razem celkem итого всего"
)
SUMMARY_WORDS = TOTAL_WORDS | _words("average mean max min maximum minimum")
"""What stands in place of a stamp where a row sums up the others."""

MONTH_NAMES = _words(
    "january february march april may june july august september october november december jan feb mar apr jun jul aug "
    "sep sept oct nov dec januar februar märz maerz mai juni juli oktober dezember janvier février fevrier mars avril "
    "juin juillet août aout septembre octobre novembre décembre enero febrero marzo abril mayo junio julio agosto "
    "septiembre octubre noviembre diciembre januari februari maart mei augustus gennaio febbraio aprile maggio giugno "
    "luglio settembre ottobre dicembre"
)
_WHEN = re.compile(
    r"(?P<month>[^\W\d_]{3,10})\.?[ '_-]*(?:19|20)?\d\d|(?P<alone>[^\W\d_]{3,10})\.?|(?:19|20)\d\d(?:[-_. ]?\d\d?)?"
    r"|\d\d?[-_. ](?:19|20)\d\d|(?:q|kw|w|wk|week|quarter|quartal|woche|semaine) ?\d\d?(?:[-_ ]*(?:19|20)?\d\d)?",
    re.IGNORECASE,
)

_CODE = re.compile(r".*?\b([EBQK]|GC|CL|GG)\d{0,2}")
_CODES = {"E": "delivered", "B": "received", "Q": "reactive", "K": "reactive_received"}
_CODES |= {"GC": "delivered", "CL": "delivered", "GG": "received"}
"""Register codes as the Australian market has them, seen from the grid; and Ausgrid's for consumption, controlled load
and what a roof makes."""

_BARE = re.compile(r"[A-Z]|\d{1,3}", re.IGNORECASE)
_EXTRACTED = {"X": "delivered", "I": "received"}
_MARKETS = ({letter: _CODES[letter] for letter in "EBQK"}, _EXTRACTED, {"I": "delivered", "E": "received"})
"""Letters that mean something beside each other: Australia's, New Zealand's (taken from the grid, injected), and import
and export."""
_PHASE_WORDS = _words("phase ph line")

_OBIS = re.compile(r"(?<![\d.])(?:\d-\d{1,2}:)?([1-8])\.(?:8|9|29|25|27)\.\d{1,2}(?:[*.]\d+)?(?![\d.])")
"""Register codes of IEC 62056-61 (OBIS): 1.8.0 is used, 2.8.0 fed in, 3 to 8 reactive; x.29.0 are load profiles."""
_OBIS_CHANNELS = {"1": "delivered", "2": "received"}
_LETTERED = re.compile(r"([EBQK]\d{0,2}) ?[(\[](.*)[)\]]")
"""The same code before its meaning: "B (Generation kWh)"."""
_SIGNED = re.compile(r"(?<![\w+-])(?:([+-])([APQR])|([APQR])([+-]))(?![\w+-])")
"""Active and reactive energy by its way as meters print it: +A, A+ and P+ are used, -A, A- and P- fed in."""
_FOUR_WAYS = {"AI": "delivered", "AE": "received", "RI": "reactive", "RE": "reactive_received"}
"""Measurement quantities of British half-hourly data: active and reactive, import and export."""

ESTIMATED = _words(
    "estimated estimate e est estimation substituted s f forecast y yes true estimada ersatzwert geschat"
)
ACTUAL = _words(
    "actual a act measured real read m n no false valid v ok good r målt beregnet uitgelezen gevalideerd wahr"
)
MISSING = {"missing", "null", "none", "invalid"}


def words_of(name: str) -> list[str]:
    """Split a column name into lower-case words: `ReadDate_time (kWh)` is read, date, time, kwh."""
    name = with_plain_units(name.replace("_", " "))
    name = UNIT.sub(lambda found: found.group().lower(), name)
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z]{2})", " ", name)
    return [word for word in re.split(r"[^\w]+", spaced.lower()) if word]


def squeeze(name: str) -> str:
    """Take a name's letters and digits alone, in lower case."""
    return re.sub(r"[\W_]", "", name.lower())


def is_other_quantity(name: str) -> bool:
    """Whether a column measures something that is no electrical energy or power (temperature, volts, price)."""
    words = set(words_of(name))
    if RATE.search(name):
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
    return not own_words(name)


def own_words(name: str) -> tuple[str, ...]:
    """Give the words of a column's name that say which meter, and not what is measured."""
    return tuple(word for word in words_of(_without_codes(name)) if word not in _PLAIN)


def says_when(name: str) -> bool:
    """Whether the name of a sheet or a file says of which time it is and nothing else: "Jan", "2024-01", "Q1 2024"."""
    found = _WHEN.fullmatch(name.strip())
    if found is None:
        return False
    month = found["month"] or found["alone"]
    return month is None or month.lower() in MONTH_NAMES


def meter_rank(name: str) -> int | None:
    """Rank a name as the meter column: 0 is best, None is no meter name."""
    spoken = " ".join(words_of(name))
    for rank, pattern in enumerate(METER_WORDS):
        if re.fullmatch(pattern, spoken) or re.fullmatch(pattern.replace(" ?", "").replace(" ", ""), squeeze(name)):
            return rank
    return None


def names_site(name: str) -> bool:
    """Whether a column's name speaks of the place of a meter, as `Building` does beside `Meter`."""
    words = set(words_of(name))
    return bool(words & {"site", "building", "group", "premises", "property"}) and meter_rank(name) is not None


def flow_code(name: str, is_type: bool = False) -> str | None:
    """Tell the channel from a code of meters in a name; None where there is none."""
    if is_type and name.strip() in _FOUR_WAYS:
        return _FOUR_WAYS[name.strip()]
    if (found := _LETTERED.fullmatch(name.strip())) and unit_in(found[2]):
        return _CODES[found[1][0]]
    if not is_type and unit_in(name) is None and not set(words_of(_without_codes(name))) <= _PLAIN:
        return None  # "Wing -A" is a building
    if found := _OBIS.search(name):
        return _OBIS_CHANNELS.get(found.group(1), "reactive" if found.group(1) in "356" else "reactive_received")
    if found := _SIGNED.search(name):
        sign, letter = found.group(1) or found.group(4), found.group(2) or found.group(3)
        kind = "" if letter in "AP" else "reactive"
        return kind or "delivered" if sign == "+" else kind + "_received" * bool(kind) or "received"
    return None


def _without_codes(name: str) -> str:
    return _SIGNED.sub(" ", _OBIS.sub(" ", name))


def channel_of(name: str, is_type: bool = False) -> str:
    """Tell the channel from a column name or a type cell; `delivered` unless it says otherwise.

    A column name counts only when every word of it speaks of quantities: "Solar Hall" is a building. A type cell may be
    a register code, which the market sees from the grid: E1 is used, B1 is fed in.
    """
    words = {word for word in words_of(name) if not word.isdigit()}
    flow = flow_code(name, is_type)
    if flow:
        return flow
    if is_type and not words & _PHASE_WORDS and (code := _CODE.fullmatch(name.strip())):
        return _CODES[code.group(1)]
    if not is_type and not words <= _PLAIN | _COUNTER_WORDS and squeeze(name) not in DIALECT:
        return "delivered"
    used = words & {"import", "imported"} or words >= {"from", "grid"}
    fed = words & RECEIVED_WORDS or words >= {"feed", "in"} or ("to" in words and words & {"grid", "utility"})
    received = bool(fed or ("as" in words and unit_in(name))) and not used
    if words & REACTIVE_WORDS or unit_in(name) in REACTIVE_UNITS:
        return "reactive_received" if received else "reactive"
    return "received" if received else "delivered"


def channels_of_codes(cells: Collection[str], name: str) -> dict[str, str] | None:
    """Give the channels of a type column's letters and numbers; None where some cell is more than one of them.

    A letter is known by those beside it: B is fed in beside E, and a phase beside A and C. It is empty where nobody
    knows; alone, I is what is fed in only where the column is a flow direction.
    """
    codes = {cell.strip().upper() for cell in cells}
    if not codes or not all(map(_BARE.fullmatch, codes)):
        return None
    if codes == {"I"}:
        return _EXTRACTED if set(words_of(name)) >= {"flow", "direction"} else {}
    return next((market for market in _MARKETS if codes <= set(market)), {})


def channel_of_type(kind: str, codes: Mapping[str, str] | None) -> str:
    """Tell the channel from a type cell, by what the codes of its column are; None: they are words."""
    return channel_of(kind, is_type=True) if codes is None else codes.get(kind.strip().upper(), "delivered")


def says_channel(kind: str) -> bool:
    """Whether a type cell is a register code, or words that speak only of which way energy goes."""
    if flow_code(kind, is_type=True):
        return True
    words = set(words_of(kind))
    spoken = words <= _PLAIN and bool(words & (ENERGY_WORDS | RECEIVED_WORDS | REACTIVE_WORDS))
    return spoken or _CODE.fullmatch(kind.strip()) is not None


def are_minutes(names: Sequence[str]) -> bool:
    """Whether names of value columns are the minutes of an hour: `:00` to `:45`, or `kWh 15` to `kWh 60`."""
    numbers = [int(digits) for name in names if (digits := "".join(filter(str.isdigit, name)))]
    if len(numbers) < max(2, len(names)) or 60 % len(numbers):
        return False
    step = 60 // len(numbers)
    return numbers in (list(range(0, 60, step)), list(range(step, 61, step)))


def are_days_of_month(names: Sequence[str]) -> bool:
    """Whether names of value columns count the days of a month: `Day 1` to `Day 31`."""
    found = [re.fullmatch(r"(?:day|tag|jour|dag)[ _]?0?(\d+)", name.strip(), re.IGNORECASE) for name in names]
    return 28 <= len(names) <= 31 and [int(each[1]) for each in found if each] == list(range(1, len(names) + 1))


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


def is_garbled(text: str) -> bool:
    """Whether most letters of a text are none of A to Z: another script, or one that was decoded as if it were ours."""
    letters = [letter for letter in text if letter.isalpha() or letter > "\x7f"]
    return sum(letter > "\x7f" for letter in letters) > len(letters) / 2


def is_energy_word(name: str) -> bool:
    """Whether a name without a unit still says that it is energy."""
    return bool(set(words_of(name)) & (ENERGY_WORDS | RECEIVED_WORDS | REGISTER_WORDS))
