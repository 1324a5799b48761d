"""The same load in every notation of numbers, dates, names and files that people send."""

import pandas as pd

from dialects.made import Dialect, load, mean_kw, rows, sun, truth, wide

LONDON, NEW_YORK, UTC = "Europe/London", "America/New_York", "UTC"
LONDON_ONLY = {"timezone": LONDON}
USE = load("2023-03-06", 10)
"""Half-hours of days 6 to 15: days beyond 12 settle the order of day and month."""


def plain(
    file: str, text: str | bytes, series: pd.Series = USE, *, meter: str = "", zone: str | None = LONDON, **more: object
) -> Dialect:
    """One meter in one file; its name is the file's unless another is given."""
    content = text if isinstance(text, bytes) else text.encode()
    options = {"timezone": zone} if zone else {}
    findings = more.pop("findings", ())
    made = truth(meter or file.rsplit(".", 1)[0], series, **more)
    return Dialect(file, content, (made,), options, findings=findings)


def decimal_comma() -> Dialect:
    """Decimal commas between semicolons."""
    return plain("comma.csv", "Zeit;kWh\n" + rows(USE, "{s:%d.%m.%Y %H:%M};{c}"))


def quoted_decimal_comma() -> Dialect:
    """Decimal commas within quotes, commas between."""
    return plain("quoted.csv", "time,kWh\n" + rows(USE, '{s:%Y-%m-%d %H:%M},"{c}"'))


def tabs() -> Dialect:
    """Tabs between cells."""
    return plain("tabs.tsv", "time\tmeter\tkWh\n" + rows(USE, "{s:%Y-%m-%d %H:%M}\tHall 1\t{v}"), meter="Hall 1")


def pipes() -> Dialect:
    """Upright lines between cells."""
    return plain("pipes.txt", "meter|time|kWh\n" + rows(USE, "Hall 2|{s:%Y-%m-%d %H:%M}|{v}"), meter="Hall 2")


def thousands() -> Dialect:
    """Thousands set off by commas, within quotes."""
    big = load("2023-03-06", 10, kw=4000.0)
    text = "time,kWh\n" + "".join(f'{start:%Y-%m-%d %H:%M},"{value:,.3f}"\n' for start, value in big.items())
    return plain("thousands.csv", text, big)


def thousands_spaced() -> Dialect:
    """Thousands set off by hard blanks, decimal commas."""
    big = load("2023-03-06", 10, kw=4000.0)
    text = "time;kWh\n"
    text += "".join(
        f"{start:%Y-%m-%d %H:%M};{value:,.3f}\n".replace(",", "\xa0").replace(".", ",") for start, value in big.items()
    )
    return plain("blanks.csv", text, big)


def signed_export() -> Dialect:
    """What is fed in stands below zero often: it is a channel of its own."""
    net = (USE - sun(USE)).round(3)
    text = "time,Net energy (kWh)\n" + rows(net, "{s:%Y-%m-%d %H:%M},{v}")
    truths = truth("net", net.clip(lower=0)), truth("net", -net.clip(upper=0), "received")
    return Dialect("net.csv", text.encode(), truths, {"timezone": LONDON})


def seldom_negative() -> Dialect:
    """A few values below zero are a fault (V07), not what is fed in."""
    use = USE.copy()
    use.iloc[[100, 300]] *= -1
    return plain("seldom.csv", "time,kWh\n" + rows(use, "{s:%Y-%m-%d %H:%M},{v}"), use, findings=("V07",))


def epoch(ms: int, name: str) -> Dialect:
    """Seconds or milliseconds since 1970."""
    text = f"{name},energy_kwh\n" + "".join(f"{int(start.timestamp()) * ms},{v:.10g}\n" for start, v in USE.items())
    return plain(f"epoch{ms}.csv", text, zone=None)


def epoch_seconds() -> Dialect:
    """Seconds since 1970."""
    return epoch(1, "timestamp")


def epoch_milliseconds() -> Dialect:
    """Milliseconds since 1970."""
    return epoch(1000, "ts")


def iso_offset() -> Dialect:
    """ISO with an offset that changes in spring."""
    use = load("2023-03-25", 3, 30, NEW_YORK)
    return plain("offset.csv", "start,kWh\n" + rows(use, "{s:%Y-%m-%dT%H:%M:%S%z},{v}"), use, zone=None)


def iso_z() -> Dialect:
    """ISO in UTC, with parts of seconds."""
    use = load("2023-03-25", 3, 15, UTC)
    return plain("zulu.csv", "time,kwh\n" + rows(use, "{s:%Y-%m-%dT%H:%M:%S}.000Z,{v}"), use, zone=None)


def basic_iso() -> Dialect:
    """Digits alone: 202303060030."""
    return plain("digits.csv", "timestamp,kwh\n" + rows(USE, "{s:%Y%m%d%H%M},{v}"))


def am_pm() -> Dialect:
    """A twelve-hour clock."""
    return plain("twelve.csv", "Date,kWh\n" + rows(USE, "{s.month}/{s.day}/{s.year} {s:%I:%M %p},{v}"))


def month_names() -> Dialect:
    """Months by name, quoted because of the comma."""
    return plain("named.csv", "When,kWh\n" + rows(USE, '"{s:%B %d, %Y} {s:%H:%M}",{v}'))


def german_month_names() -> Dialect:
    """Months by name, in German."""
    march = rows(USE, "{s:%d. März %Y %H:%M};{c}")
    return plain("Maerzen.csv", "Zeitpunkt;kWh\n" + march)


def midnight_as_24() -> Dialect:
    """The last half-hour of a day ends at 24:00 of that day."""
    lines = []
    for start, value in USE.items():
        at = start.hour * 60 + start.minute + 30
        lines.append(f"{start:%d/%m/%Y} {at // 60:02d}:{at % 60:02d},{value:.10g}")
    return plain("midnight.csv", "Date,kWh\n" + "\n".join(lines) + "\n")


def two_digit_years() -> Dialect:
    """Years of two digits."""
    return plain("short.csv", "Date,kWh\n" + rows(USE, "{s:%d/%m/%y %H:%M},{v}"))


def month_first() -> Dialect:
    """Month first, settled by days beyond 12."""
    return plain("american.csv", "Date,kWh\n" + rows(USE, "{s:%m/%d/%Y %H:%M},{v}"))


def date_tie() -> Dialect:
    """1 April or 4 January: nothing decides, so it is asked."""
    use = load("2023-04-01", 1)
    text = "Date,kWh\n" + rows(use, "{s:%d/%m/%Y %H:%M},{v}")
    return Dialect(
        "tie.csv", text.encode(), options={"timezone": LONDON}, refusal="--date-format day-first|month-first"
    )


def date_tie_settled() -> Dialect:
    """The same once the user has said it."""
    use = load("2023-04-01", 1)
    text = "Date,kWh\n" + rows(use, "{s:%d/%m/%Y %H:%M},{v}")
    return Dialect("told.csv", text.encode(), (truth("told", use),), {"timezone": LONDON, "date_format": "day-first"})


def no_clock() -> Dialect:
    """A local clock that nobody names is asked for."""
    return Dialect(
        "clock.csv", ("time,kWh\n" + rows(USE, "{s:%Y-%m-%d %H:%M},{v}")).encode(), refusal="nothing says which"
    )


def seconds_off() -> Dialect:
    """A logger whose clock runs a little late, and later."""
    text = "time,kWh\n"
    for number, (start, value) in enumerate(USE.items()):
        text += f"{start + pd.Timedelta(seconds=number // 12):%Y-%m-%d %H:%M:%S},{value:.10g}\n"
    return plain("late.csv", text)


def odd_names() -> Dialect:
    """Names with blanks, accents, commas and zeros in front stay what they are."""
    names = ["Block A / 1er étage", "Küche, Süd", "0012345", "測定器 1"]
    text = "meter,time,kWh\n" + "".join(rows(USE, f'"{name}",{{s:%Y-%m-%d %H:%M}},{{v}}') for name in names)
    return Dialect("names.csv", text.encode(), tuple(truth(name, USE) for name in names), {"timezone": LONDON})


def long_numbers() -> Dialect:
    """Thirteen and twenty-one digits are names, never numbers."""
    names = ["1200023305967", "0200012345678", "120002330596712345678"]
    text = "MPAN;time;kWh\n" + "".join(rows(USE, f"{name};{{s:%Y-%m-%d %H:%M}};{{v}}") for name in names)
    return Dialect("mpans.csv", text.encode(), tuple(truth(name, USE) for name in names), {"timezone": LONDON})


def long_numbers_wide() -> Dialect:
    """Meters side by side, named by numbers with zeros in front."""
    names = ["0012346", "0012347", "1200023305969"]
    text = wide({name: USE for name in names}, "{s:%Y-%m-%d %H:%M}", "time")
    return Dialect("wide.csv", text.encode(), tuple(truth(name, USE) for name in names), {"timezone": LONDON})


def rounded_ids() -> Dialect:
    """Ids that a spreadsheet rounded name no meter."""
    text = "MPAN,time,kWh\n" + rows(USE, "1.20002E+12,{s:%Y-%m-%d %H:%M},{v}")
    return Dialect("rounded.csv", text.encode(), options={"timezone": LONDON}, refusal="damaged by a spreadsheet")


def every(minutes: int, days: int, pattern: str = "%Y-%m-%d %H:%M") -> Dialect:
    """One length of interval."""
    use = load("2023-02-13", days, minutes, kw=50.0)
    return plain(f"every{minutes}.csv", "time,kWh\n" + rows(use, f"{{s:{pattern}}},{{v}}"), use)


def one_minute() -> Dialect:
    """A reading a minute."""
    return every(1, 1)


def five_minutes() -> Dialect:
    """A reading every five minutes."""
    return every(5, 2)


def ten_minutes() -> Dialect:
    """A reading every ten minutes."""
    return every(10, 3)


def daily() -> Dialect:
    """A reading a day over the spring change: local days of 24 and 23 hours."""
    use = load("2023-02-13", 60, 1440, kw=50.0)
    days = pd.date_range("2023-02-13", periods=60, freq="D", tz=LONDON)
    use = pd.Series(use.to_numpy()[:60], index=days[: len(use)])
    lines = "".join(f"{day:%Y-%m-%d},{value:.10g}\n" for day, value in use.items())
    return plain("daily.csv", "date,kWh\n" + lines, use, minutes=1440)


def monthly() -> Dialect:
    """A reading a month: periods of their own length."""
    months = pd.date_range("2022-01-01", periods=13, freq="MS", tz=LONDON)
    use = pd.Series([310.0 + 17.5 * (n % 5) for n in range(12)], index=months[:-1])
    text = "Month,kWh\n" + "".join(f"{month:%Y-%m-%d},{value:.10g}\n" for month, value in use.items())
    return plain("monthly.csv", text, use, minutes=0)


def megawatts() -> Dialect:
    """Mean MW, which is power."""
    power = mean_kw(load("2023-03-06", 10, kw=5000.0)) / 1000
    return plain("mw.csv", "time,Load (MW)\n" + rows(power, "{s:%Y-%m-%d %H:%M},{v}"), power, factor=500.0)


def fed_in_below_zero() -> Dialect:
    """What is fed in has a minus, under a name that says already which way it goes."""
    lines = [f"{start.tz_localize(None):%Y-%m-%d %H:%M},{value},{-2 * value}" for start, value in USE.items()]
    truths = truth("minus", USE), truth("minus", USE, channel="received", factor=2.0)
    return Dialect("minus.csv", "\n".join(["Time,Import (kWh),Export (kWh)", *lines]).encode(), truths, LONDON_ONLY)


def ways_in_words() -> Dialect:
    """Feed-in with its hyphen."""
    text = "Time,Grid Consumption (kWh),Grid Feed-in (kWh)\n"
    text += rows(USE, "{s:%Y-%m-%d %H:%M},{v},{v}")
    truths = truth("hyphen", USE), truth("hyphen", USE, channel="received")
    return Dialect("hyphen.csv", text.encode(), truths, LONDON_ONLY)


def letters_with_their_meaning() -> Dialect:
    """The market's letters, each with what it stands for."""
    text = "NMI,ReadingDateTime,Quality,E (Usage kWh),B (Generation kWh),K (Generation kvarh),Q (Usage kvarh)\n"
    text += rows(USE, "8000009876,{s:%d/%m/%Y %H:%M},A,{v},{v},{v},{v}")
    ways = ("delivered", "received", "reactive_received", "reactive")
    return Dialect(
        "nmiletters.csv", text.encode(), tuple(truth("8000009876", USE, channel=way) for way in ways), LONDON_ONLY
    )


def thousands_of_a_unit() -> Dialect:
    """Thousands of kWh are MWh."""
    return plain("thousand.csv", "Time;Потребление, тыс. кВт·ч\n" + rows(USE, "{s:%d.%m.%Y %H:%M};{c}"), factor=1000.0)


def ten_thousands_of_a_unit() -> Dialect:
    """万kW, as Japanese grid operators count."""
    text = "DATE,TIME,実績(万kW)\n" + rows(USE, "{s:%Y/%m/%d},{s:%H:%M},{v}")
    truths = (truth("実績(万kW)", USE, factor=5000.0),)
    return Dialect("man.csv", text.encode("cp932"), truths, {**LONDON_ONLY, "encoding": "cp932"})


def tenfold_unit() -> Dialect:
    """A factor in a heading may also name a range or a size: it is asked for."""
    text = "Time,Energy (x10 Wh)\n" + rows(USE, "{s:%Y-%m-%d %H:%M},{v}")
    return Dialect("tenfold.csv", text.encode(), options=LONDON_ONLY, refusal="--unit Wh --multiplier 10")
