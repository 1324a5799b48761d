"""Files of North American utilities and system operators."""

from dialects.made import Dialect, load, mean_kw, rows, sun, truth, wide

WEST, EAST, CENTRAL = "America/Los_Angeles", "America/New_York", "America/Chicago"
OPOWER = 'Name,SAMPLE PERSON\nAddress,"1 ANY ST, ANYTOWN CA 90000"\nAccount Number,1234567890\nService,Service 1\n\n'


def pge() -> Dialect:
    """PG&E, quarter-hours over the autumn change: times twice in a block, ends a minute early, cost with a dollar."""
    use = load("2023-11-04", 3, 15, WEST)
    text = OPOWER + "TYPE,DATE,START TIME,END TIME,USAGE,UNITS,COST,NOTES\n"
    text += rows(use, "Electric usage,{s:%Y-%m-%d},{s:%H:%M},{m:%H:%M},{v},kWh,$0.04,")
    name = "pge_electric_interval_data_2023-11-04.csv"
    return Dialect(name, b"\xef\xbb\xbf" + text.encode(), (truth(name[:-4], use),), {"timezone": WEST})


def comed() -> Dialect:
    """ComEd and PECO: hours over the spring change, the unit in the header."""
    use = load("2024-03-09", 3, 60, CENTRAL)
    text = OPOWER + "TYPE,DATE,START TIME,END TIME,USAGE (kWh),NOTES\n"
    text += rows(use, "Electric usage,{s:%Y-%m-%d},{s:%H:%M},{m:%H:%M},{v}")
    return Dialect("comed.csv", text.encode(), (truth("comed", use),), {"timezone": CENTRAL})


def coned() -> Dialect:
    """ConEd: no cost column, a blank note."""
    use = load("2023-06-10", 3, 15, EAST)
    text = OPOWER + "TYPE,DATE,START TIME,END TIME,USAGE,UNITS,NOTES\n"
    text += rows(use, "Electric usage,{s:%Y-%m-%d},{s:%H:%M},{m:%H:%M},{v},kWh,")
    return Dialect("coned.csv", text.encode(), (truth("coned", use),), {"timezone": EAST})


def pge_net() -> Dialect:
    """A roof at PG&E: what is used and what is fed in stand side by side."""
    use = load("2024-05-04", 4, 60, WEST)
    fed = sun(use, digits=2)
    text = OPOWER + "TYPE,DATE,START TIME,END TIME,IMPORT (kWh),EXPORT (kWh),COST,NOTES\n"
    both = zip(rows(use, "Electric usage,{s:%Y-%m-%d},{s:%H:%M},{m:%H:%M},{v}").splitlines(), fed, strict=True)
    text += "".join(f"{line},{value:.2f},$0.10,\n" for line, value in both)
    truths = truth("pge_net", use), truth("pge_net", fed, "received")
    return Dialect("pge_net.csv", text.encode(), truths, {"timezone": WEST})


def opower_gas() -> Dialect:
    """The gas account of the same customer is no electricity."""
    use = load("2024-05-04", 40, 1440, WEST)
    text = OPOWER + "TYPE,DATE,START TIME,END TIME,USAGE,UNITS,COST,NOTES\n"
    text += rows(use, "Natural gas usage,{s:%Y-%m-%d},00:00,23:59,{v},therms,$1.04,")
    return Dialect("opower_gas.csv", text.encode(), options={"timezone": WEST}, refusal="no electricity")


def sdge() -> Dialect:
    """SDG&E: a dozen lines first, quoted cells, 12 hour clock, net beside what it is made of."""
    use = load("2022-11-05", 3, 15, WEST)
    fed = sun(use)
    text = (
        "Name,SAMPLE PERSON\nAddress,1 ANY ST\nAccount Number,000000000\nDisclaimer,The information is not a bill.\n"
        "Title,CSV Export Electric Meter(s)\nResource,Electric\nMeter Number,05551234\nInterval UOM,Minute(s)\n"
        "Reading Start,11/5/2022 00:00\nReading End,11/7/2022 23:45\nTotal Duration,3 Days\nTotal Usage,51.2\nUOM,kWh\n"
        "Meter Number,Date,Start Time,Duration,Consumption,Generation,Net\n"
    )
    row = '"05551234","{s.month}/{s.day}/{s.year}","{s:%I:%M %p}","15","{v}"'
    for line, used, out in zip(rows(use, row).splitlines(), use, fed, strict=True):
        text += f'{line},"{out:.4f}","{used - out:.4f}"\n'
    truths = truth("05551234", use), truth("05551234", fed, "received")
    return Dialect("sdge.csv", text.encode(), truths, {"timezone": WEST})


SCE = (
    'Energy Usage Information\n"For location: 1 ANY ST"\n\nMeter Reading Information\n"Type of readings: Electricity"\n'
    '\nSummary of Electric Power Usage Information*\n"Your download will contain interval usage data, if available. "'
    '\n\nDetailed Usage\n"Start date: 2020-04-30 23:00:00  for 4 days"\n\n'
)


def sce() -> Dialect:
    """SCE: start and end in one cell, a title and the names again for every day."""
    use = load("2020-05-01", 4, 15, WEST)
    text = SCE
    for day, own in use.groupby(use.index.date):
        text += f'"Data for period starting: {day} 00:00:00  for 24 hours"\n'
        text += "Energy consumption time period,Usage(Real energy in kilowatt-hours),Reading quality\n"
        text += rows(own, '"{s:%Y-%m-%d %H:%M:%S} to {e:%Y-%m-%d %H:%M:%S}","{v}",""') + "\n"
    return Dialect("sce.csv", text.encode(), (truth("sce", use),), {"timezone": WEST})


def sce_net() -> Dialect:
    """SCE with a roof: each day stands twice, and only the names above it say which way the energy went."""
    use = load("2022-08-01", 4, 15, WEST)
    fed = sun(use)
    text = SCE
    for day, own in use.groupby(use.index.date):
        for way, values in (("Delivered", own), ("Received", fed[own.index])):
            text += f'"Data for period starting: {day} 00:00:00  for 24 hours"\n'
            text += f"Energy  {way} time period,Usage {way}(Real energy in kilowatt-hours),Reading quality\n"
            text += rows(values, '"{s:%Y-%m-%d %H:%M:%S} to {e:%Y-%m-%d %H:%M:%S}","{v}",""') + "\n"
    truths = truth("sce_net", use), truth("sce_net", fed, "received")
    return Dialect("sce_net.csv", text.encode(), truths, {"timezone": WEST})


def smart_meter_texas() -> Dialect:
    """Smart Meter Texas: an apostrophe keeps the id as text, used and surplus rows follow each other."""
    use = load("2023-02-10", 4, 15, CENTRAL)
    fed = sun(use)
    text = (
        "ESIID,USAGE_DATE,REVISION_DATE,USAGE_START_TIME,USAGE_END_TIME,USAGE_KWH,ESTIMATED_ACTUAL,"
        "CONSUMPTION_SURPLUSGENERATION\n"
    )
    row = "'10089010000000000001,{s:%m/%d/%Y},02/16/2023 10:18:06, {s:%H:%M}, {e:%H:%M},{v},A,"
    text += rows(use, row + "Consumption") + rows(fed, row + "Surplus Generation")
    truths = truth("10089010000000000001", use), truth("10089010000000000001", fed, "received")
    return Dialect("IntervalData.csv", text.encode(), truths, {"timezone": CENTRAL})


def pjm() -> Dialect:
    """PJM as it is passed around: hours by their end, blocks of months out of order."""
    use = load("2016-12-30", 6, 60, EAST, kw=15_000_000, digits=0) / 1000
    parts = [use[48:96], use[:48], use[96:]]
    text = "Datetime,AEP_MW\n" + "".join(rows(each, "{e:%Y-%m-%d %H:%M:%S},{v}") for each in parts)
    return Dialect("AEP_hourly.csv", text.encode(), (truth("AEP_MW", use, factor=1000),), {"timezone": EAST})


def ercot() -> Dialect:
    """ERCOT's load zones: hours to 24:00, thousands set off within quotes, no unit anywhere."""
    west, coast = (load("2022-07-04", 4, 60, CENTRAL, kw=mw, digits=2) for mw in (1500.0, 12000.0))
    text = '"Hour Ending","COAST","WEST"\n'
    for start in coast.index:
        day, hour = f"{start:%m/%d/%Y}", start.hour + 1
        text += f'"{day} {hour:02d}:00","{coast[start]:,.2f}","{west[start]:,.2f}"\n'
    truths = truth("COAST", coast, factor=1000), truth("WEST", west, factor=1000)
    return Dialect("Native_Load_2022.csv", text.encode(), truths, {"timezone": CENTRAL, "unit": "MW"})


def nyiso() -> Dialect:
    """NYISO's zones every five minutes, on a clock that a column of its own names."""
    north, city = (load("2023-03-20", 1, 5, EAST, kw=mw * 12, digits=1) for mw in (600.0, 5000.0))
    text = '"Time Stamp","Time Zone","Name","PTID","Load"\n'
    for start in north.index:
        for name, number, one in (("N.Y.C.", 61761, city), ("NORTH", 61755, north)):
            text += f'"{start:%m/%d/%Y %H:%M:%S}","EDT","{name}",{number},{one[start]:.1f}\n'
    factor = 1000 / 12
    truths = truth("N.Y.C.", city, factor=factor), truth("NORTH", north, factor=factor)
    return Dialect("20230320pal.csv", text.encode(), truths, {"timezone": EAST, "unit": "MW"})


def nyiso_without_unit() -> Dialect:
    """Nothing says in which unit a load is: it is asked for."""
    told = nyiso()
    return Dialect("pal.csv", told.content + b"\n", options={"timezone": EAST}, refusal="in which unit 'Load' is")


def historian() -> Dialect:
    """A campus historian: mean kW and kVAr, newest first, the autumn hour twice in a block."""
    use = load("2018-11-03", 3, 15, EAST, kw=240.0)
    power, reactive = mean_kw(use), (mean_kw(use) * 0.3).round(2)
    text = "DateTime,RealPower,ReactivePower\n"
    lines = rows(power, "{s.month}/{s.day}/{s.year} {s.hour}:{s:%M},{v}").splitlines()
    text += "".join(f"{line},{var}\n" for line, var in reversed([*zip(lines, reactive, strict=True)]))
    truths = (
        truth("Building 7", power, factor=0.25),
        truth("Building 7", reactive, "reactive", factor=0.25),
    )
    return Dialect("Building 7.csv", text.encode(), truths, {"timezone": EAST})


def historian_interleaved() -> Dialect:
    """The same historian, when the two autumn hours come in pairs: 1:00 1:00 1:15 1:15."""
    power = mean_kw(load("2018-11-03", 3, 15, EAST, kw=210.0))
    wall = power.index.tz_localize(None)
    sorted_power = power.iloc[wall.argsort(kind="stable")]
    text = "DateTime,RealPower\n" + rows(sorted_power, "{s.month}/{s.day}/{s.year} {s.hour}:{s:%M},{v}")
    name = "Building 8.csv"
    return Dialect(name, text.encode(), (truth("Building 8", power, factor=0.25),), {"timezone": EAST})


def eulp() -> Dialect:
    """NREL's end-use profiles: quarters by their end on standard time, fuels side by side."""
    zone = "Etc/GMT+5"
    total, fans = (load("2018-01-01", 4, 15, zone, kw=kw) for kw in (9.0, 1.0))
    columns = {
        "out.electricity.total.energy_consumption": total,
        "out.electricity.fans.energy_consumption": fans,
        "out.natural_gas.total.energy_consumption": total * 2,
    }
    moved = {name: each.set_axis(each.index.shift(15, "min")) for name, each in columns.items()}
    text = wide(moved, "{s:%Y-%m-%d %H:%M:%S}", "timestamp")
    names = list(columns)[:2]
    truths = truth(names[0], total), truth(names[1], fans)
    return Dialect("up00-ny-smalloffice.csv", text.encode(), truths, {"timezone": zone})


def ameren() -> Dialect:
    """Ameren: quarters, and the hour's sum beside its first under the same name; commas behind the preamble."""
    use = load("2024-04-15", 5, 15, CENTRAL, kw=3.0, digits=2)
    text = "Name,SAMPLE PERSON,,,,,,\nTitle,Advanced Metering Data,,,,,,\nCommodity,Electric,,,,,,\n,,,,,,,\n"
    text += "Start Interval Date/Time,Meter Id,Usage,Units,Interval,Usage,Units,Interval\n"
    for number, (start, value) in enumerate(use.items()):
        hour = f"{use.iloc[number : number + 4].sum():.10g},kwh,60min" if number % 4 == 0 else "-,-,-"
        text += f"{start:%m/%d/%Y %H:%M},72600001,{hour},{value:.10g},kwh,15min\n"
    return Dialect("ACE_Electric.csv", text.encode(), (truth("72600001", use),), {"timezone": CENTRAL})


def ieso() -> Dialect:
    """Ontario's operator: a title in slashes, hours 1 to 24 on standard time, no unit: it is asked for."""
    text = "\\\\Hourly Demand Report,,,\n\\\\Created at 2023-12-31,,,\n\\\\For 2023,,,\n"
    text += "Date,Hour,Market Demand,Ontario Demand\n"
    use = load("2023-01-11", 4, 60, "Etc/GMT+5", kw=15_000_000, digits=0) / 1000
    text += "".join(
        f"{start:%Y-%m-%d},{start.hour + 1},{value + 900:.10g},{value:.10g}\n" for start, value in use.items()
    )
    return Dialect("PUB_Demand_2023.csv", text.encode(), options={"timezone": "Etc/GMT+5"}, refusal="in which unit")


def ieso_told() -> Dialect:
    """The same, once the unit is given."""
    use = load("2023-01-11", 4, 60, "Etc/GMT+5", kw=15_000_000, digits=0) / 1000
    text = "\\\\Hourly Demand Report,,,\nDate,Hour,Market Demand,Ontario Demand\n"
    text += "".join(
        f"{start:%Y-%m-%d},{start.hour + 1},{value + 900:.10g},{value:.10g}\n" for start, value in use.items()
    )
    truths = truth("Market Demand", use + 900, factor=1000), truth("Ontario Demand", use, factor=1000)
    return Dialect("PUB_Demand.csv", text.encode(), truths, {"timezone": "Etc/GMT+5", "unit": "MW"})


def packed_hours() -> Dialect:
    """A cooperative's file: the time of day as a number, 15 to 2400."""
    use = load("2023-07-14", 4, 15, CENTRAL)
    text = "Meter,Date,Hour Ending,kWh\n"
    for start, value in use.items():
        at = start.hour * 60 + start.minute + 15
        text += f"M-77,{start:%m/%d/%Y},{at // 60 * 100 + at % 60},{value:.10g}\n"
    return Dialect("coop.csv", text.encode(), (truth("M-77", use),), {"timezone": CENTRAL})
