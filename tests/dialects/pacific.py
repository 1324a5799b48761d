"""Files of Australia and New Zealand: retailers, distributors, trials, the market."""

from dialects.made import Dialect, clocks, day_rows, load, rows, sun, truth

SYDNEY, MELBOURNE, ADELAIDE = "Australia/Sydney", "Australia/Melbourne", "Australia/Adelaide"
AEST = "Etc/GMT-10"


def retailer() -> Dialect:
    """A retailer's long file: ends a minute early, two registers, what a roof feeds in, midnights without a zero."""
    use, water = load("2023-02-13", 4, 30, MELBOURNE), load("2023-02-13", 4, 30, MELBOURNE, kw=2.0)
    fed = sun(use)
    text = (
        "AccountNumber,NMI,DeviceNumber,DeviceType,RegisterCode,RateTypeDescription,StartDate,EndDate,ProfileReadValue,"
        "RegisterReadValue,QualityFlag\n"
    )
    when = "{s.day}/{s:%m/%y} {s.hour}:{s:%M},{m.day}/{m:%m/%y} {m.hour}:{m:%M}"
    for code, kind, series in (("001#E1", "Usage", use), ("002#E2", "Usage", water), ("003#B1", "Solar", fed)):
        text += rows(series, f"70001,6001000000,5012345,COMMS4D,{code},{kind},{when},{{v}},0,A")
    truths = (
        truth("6001000000", use),
        truth("6001000000-002#E2", water),
        truth("6001000000", fed, "received"),
    )
    return Dialect("interval_data.csv", text.encode(), truths, {"timezone": MELBOURNE})


def retailer_days() -> Dialect:
    """A retailer's file of days: used and fed-in rows, spans for names, estimates marked."""
    use = load("2024-02-12", 5, 30, ADELAIDE)
    fed = sun(use)
    spans = [f"{one} - {two}" for one, two in zip(clocks(30), [*[*clocks(30)][1:], "00:00"], strict=True)]
    text = ",".join(["NMI", "METER SERIAL NUMBER", "CON/GEN", "DATE", "ESTIMATED?", *spans]) + "\n"
    for way, series in (("Consumption", use), ("Generation", fed)):
        text += day_rows(series, f"20010000001,0123456789,{way},{{s.day}}/{{s:%m/%y}},No")
    truths = truth("20010000001", use), truth("20010000001", fed, "received")
    return Dialect("my_usage.csv", text.encode(), truths, {"timezone": ADELAIDE})


def jemena() -> Dialect:
    """A distributor's portal: a line for a day and a stream, cells named by the start."""
    use = load("2024-02-12", 5, 30, MELBOURNE)
    fed = sun(use)
    text = ",".join(["NMI", "METER SERIAL", "CON/GEN", "DATE", "ESTIMATED", *clocks(30)]) + "\n"
    for way, series in (("Consumption", use), ("Generation", fed)):
        text += day_rows(series, f"60010000002,12345,{way},{{s:%d/%m/%Y}},No")
    truths = truth("60010000002", use), truth("60010000002", fed, "received")
    return Dialect("ElectricityDetailed.csv", text.encode(), truths, {"timezone": MELBOURNE})


def ausgrid() -> Dialect:
    """Ausgrid's solar homes: a title, cells from 0:30 to 0:00, used and generated rows."""
    use = load("2012-07-01", 5, 30, SYDNEY)
    roof = sun(use, 1.5)
    text = "Ausgrid Solar Home Electricity Data\n"
    names = [f"{at // 60}:{at % 60:02d}" for at in range(30, 1440, 30)] + ["0:00"]
    text += ",".join(["Customer", "Generator Capacity", "Postcode", "Consumption Category", "date", *names]) + "\n"
    for (_, one), (_, two) in zip(use.groupby(use.index.date), roof.groupby(roof.index.date), strict=True):
        text += day_rows(one, "1,3.78,2076,GC,{s.day}/{s:%m/%Y}") + day_rows(two, "1,3.78,2076,GG,{s.day}/{s:%m/%Y}")
    truths = truth("1", use), truth("1", roof, "received")
    return Dialect("2011-2012 Solar home.csv", text.encode(), truths, {"timezone": SYDNEY, "date_format": "day-first"})


def trial() -> Dialect:
    """Smart Grid, Smart City: many kinds of supply side by side, mostly zero."""
    use = load("2013-02-13", 4, 30, SYDNEY)
    text = (
        "CUSTOMER_ID, READING_DATETIME, CALENDAR_KEY, EVENT_KEY, GENERAL_SUPPLY_KWH, CONTROLLED_LOAD_KWH, "
        "GROSS_GENERATION_KWH, NET_GENERATION_KWH, OTHER_KWH\n"
    )
    text += rows(use, "10006414, {e:%Y-%m-%d %H:%M:%S}, 5621, 1, {v}, 0, 0, 0, 0")
    nothing = use * 0
    truths = (
        truth("10006414", use),
        truth("10006414-CONTROLLED_LOAD_KWH", nothing),
        truth("10006414", nothing, "received"),
        truth("10006414-NET_GENERATION_KWH", nothing, "received"),
        truth("10006414-OTHER_KWH", nothing),
    )
    return Dialect("CD_INTERVAL_READING.csv", text.encode(), truths, {"timezone": SYDNEY})


def market() -> Dialect:
    """The market operator's demand: regions, ends on the market's clock, prices beside."""
    use = load("2020-01-01", 4, 30, AEST, kw=8_000_000, digits=0) / 500
    text = "REGION,SETTLEMENTDATE,TOTALDEMAND,RRP,PERIODTYPE\n"
    text += rows(use, "NSW1,{e:%Y/%m/%d %H:%M:%S},{v},48.{n},TRADE")
    truths = (truth("NSW1", use, factor=500),)
    return Dialect("PRICE_AND_DEMAND_202001_NSW1.csv", text.encode(), truths, {"timezone": AEST, "unit": "MW"})


def nem12() -> Dialect:
    """NEM12: always the market's clock, whatever the user says."""
    use = load("2024-02-12", 3, 30, AEST)
    text = "100,NEM12,202402160911,MDA1,Ret1\n200,6001000003,E1B1,1,E1,N1,01234,kWh,30,\n"
    for _, day in use.groupby(use.index.date):
        text += f"300,{day.index[0]:%Y%m%d}," + ",".join(f"{each:.10g}" for each in day) + ",A,,,20240216091100,\n"
    return Dialect("nem12.csv", (text + "900\n").encode(), (truth("6001000003", use),), {"timezone": SYDNEY})
