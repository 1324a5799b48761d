"""Files of utilities in Asia, the Pacific and the Americas that none of the other modules has."""

import pandas as pd

from dialects.continent import days_of
from dialects.made import Dialect, clocks, load, rows, sun, truth

NEW_YORK, CHICAGO, SYDNEY, TOKYO = "America/New_York", "America/Chicago", "Australia/Sydney", "Asia/Tokyo"


def dominion() -> Dialect:
    """Dominion Energy: cells named by a twelve-hour clock and the unit, each the end of its half-hour."""
    use = load("2023-05-15", 6, 30, NEW_YORK)
    ends = pd.date_range("2023-01-01 00:30", periods=48, freq="30min")
    names = ",".join(f'"{end:%I:%M %p} kWH"'.replace('"0', '"') for end in ends)
    text = f'"Recorder ID","Date",{names}\n' + days_of(use, '"70123456","{s:%m/%d/%Y}"', 48)
    return Dialect("dominion.csv", text.encode(), (truth("70123456", use),), {"timezone": NEW_YORK})


def ercot_idr() -> Dialect:
    """Texas: a hundred columns of quarters, 92 of them filled in spring, all in autumn."""
    use = load("2023-11-03", 4, 15, CHICAGO)
    text = "ESIID,INTDATE," + ",".join(f"INT{n:03d}" for n in range(1, 101)) + "\n"
    text += days_of(use, "10443720000000001,{s:%Y-%m-%d}", 100)
    options = {"timezone": CHICAGO, "unit": "kWh"}
    return Dialect("idr.csv", text.encode(), (truth("10443720000000001", use),), options)


def hydro_quebec() -> Dialect:
    """Hydro-Québec over the autumn change: decimal commas, codes, the temperature."""
    zone = "America/Toronto"
    use = load("2023-11-04", 3, 60, zone)
    text = "Contrat;Date et heure;kWh;Code de consommation;Température moyenne (°C);Code de température\n"
    text += rows(use, "0123456780;{s:%Y-%m-%d %H:%M:%S};{c};R;4;R")
    return Dialect("hq.csv", text.encode("cp1252"), (truth("0123456780", use),), {"timezone": zone})


def hours_ending() -> Dialect:
    """Hours by their end, the repeated one twice."""
    use = load("2023-11-03", 14, 60, NEW_YORK)
    text = "Date,HE,kWh\n" + "".join(f"{at:%m/%d/%Y},{at.hour + 1},{value:.10g}\n" for at, value in use.items())
    return Dialect("hetwice.csv", text.encode(), (truth("hetwice", use),), {"timezone": NEW_YORK})


def time_blocks() -> Dialect:
    """An Indian meter's load survey: a span of times, which is neither a meter nor an offset."""
    zone = "Asia/Kolkata"
    use = load("2023-05-15", 6, 15, zone)
    text = "Date,Time Block,Import kWh,Export kWh,Avg Voltage,Avg Current\n"
    text += rows(use, "{s:%d-%m-%Y},{s:%H:%M}-{e:%H:%M},{v},0,240.1,3.1")
    truths = truth("survey", use), truth("survey", use * 0, "received")
    return Dialect("survey.csv", text.encode(), truths, {"timezone": zone})


def tokyo() -> Dialect:
    """Japan: names in Shift JIS, a day's cells by their start."""
    use = load("2023-05-15", 6, 30, TOKYO)
    text = "年月日,曜日," + ",".join(clocks(30)) + "\n" + days_of(use, "{s:%Y/%m/%d},月", 48)
    options = {"timezone": TOKYO, "encoding": "cp932"}
    return Dialect("tokyo.csv", text.encode("cp932"), (truth("tokyo", use),), options)


def tokyo_unsaid() -> Dialect:
    """A table of which nothing can be read without its code page: it is asked for."""
    use = load("2023-05-15", 6, 30, TOKYO)
    text = "年月日,時刻,ご使用量\n" + "".join(
        f"{at:%Y}年{at.month}月{at.day}日,{at:%H:%M},{v:.3f}\n" for at, v in use.items()
    )
    return Dialect("unsaid932.csv", text.encode("cp932"), options={"timezone": TOKYO}, refusal="--encoding")


def china() -> Dialect:
    """Kilowatt-hours in Chinese."""
    zone = "Asia/Shanghai"
    use = load("2023-05-15", 6, 15, zone)
    text = "时间,用电量(千瓦时)\n" + rows(use, "{s:%Y-%m-%d %H:%M},{v}")
    return Dialect("china.csv", text.encode(), (truth("用电量(千瓦时)", use),), {"timezone": zone})


def new_zealand() -> Dialect:
    """EIEP13A: both ends over the spring change, a response code that is no meter."""
    zone = "Pacific/Auckland"
    use = load("2023-09-22", 4, 30, zone)
    text = (
        "ICP,Response Code,NZDT adjustment,Metering Component Serial Number,Energy Flow Direction,"
        "Register Content Code,Period of Availability,Read Period Start Date And Time,"
        "Read Period End Date And Time,Read Status,Unit Quantity Active Energy Volume\n"
    )
    row = "0000012345AB124,000,NZDT,MTR1,X,UN,24,{s:%d/%m/%Y %H:%M:%S},{e:%d/%m/%Y %H:%M:%S},RD,{v}"
    options = {"timezone": zone, "unit": "kWh"}
    return Dialect("eiep13a.csv", (text + rows(use, row)).encode(), (truth("0000012345AB124", use),), options)


def sydney_autumn() -> Dialect:
    """Two meters by turns over the southern autumn change."""
    one, two = load("2023-03-31", 4, 30, SYDNEY), load("2023-03-31", 4, 30, SYDNEY, kw=3.0)
    text = "NMI,Interval start,kWh\n"
    for (start, value), other in zip(one.items(), two, strict=True):
        text += f"4103000001,{start:%d/%m/%Y %H:%M},{value:.10g}\n4103000002,{start:%d/%m/%Y %H:%M},{other:.10g}\n"
    truths = truth("4103000001", one), truth("4103000002", two)
    return Dialect("sydney.csv", text.encode(), truths, {"timezone": SYDNEY})


def lord_howe() -> Dialect:
    """A clock that changes by half an hour."""
    zone = "Australia/Lord_Howe"
    use = load("2023-03-31", 4, 30, zone)
    text = "Time,kWh\n" + rows(use, "{s:%Y-%m-%d %H:%M},{v}")
    return Dialect("lordhowe.csv", text.encode(), (truth("lordhowe", use),), {"timezone": zone})


def solar_from_to() -> Dialect:
    """Two ways side by side with both ends, over the American spring change."""
    use = load("2023-03-10", 14, 60, NEW_YORK)
    fed = sun(use)
    text = "Account,Start,End,Delivered kWh,Received kWh\n"
    for line, out in zip(rows(use, "A 88,{s:%m/%d/%Y %H:%M},{m:%m/%d/%Y %H:%M},{v}").splitlines(), fed, strict=True):
        text += f"{line},{out:.10g}\n"
    truths = truth("A 88", use), truth("A 88", fed, "received")
    return Dialect("solarfromto.csv", text.encode(), truths, {"timezone": NEW_YORK})


def new_zealand_reconciliation() -> Dialect:
    """Trading periods of a point of connection: X is taken from the grid, I injected, which stand as letters."""
    zone = "Pacific/Auckland"
    use = load("2023-05-20", 10, 30, zone)
    fed = sun(use)
    text = "POC,NWK_CODE,FLOW_DIRECTION,UNIT_MEASURE,Trading_date," + ",".join(f"TP{n}" for n in range(1, 49)) + "\n"
    text += days_of(use, "QQQ2201,ABCD,X,kWh,{s:%Y-%m-%d}", 48) + days_of(fed, "QQQ2201,ABCD,I,kWh,{s:%Y-%m-%d}", 48)
    truths = truth("QQQ2201", use), truth("QQQ2201", fed, "received")
    return Dialect("reconciliation.csv", text.encode(), truths, {"timezone": zone})


def told_apart(file: str, meter: str, column: str, codes: str, *, days: bool) -> Dialect:
    """Registers of one meter below each other, a line for each day or reading; the first has the meter's name."""
    names = meter, *(f"{meter}-{code}" for code in codes[1:])
    parts = [load("2023-05-15", 6, 30, SYDNEY, kw=kw) for kw in (0.8, 1.7, 2.9)[: len(codes)]]
    text = (
        f"Meter,{column}," + (",".join(["Date", *(f"HH{n:02d}" for n in range(1, 49))]) if days else "Time,kWh") + "\n"
    )
    for code, part in zip(codes, parts, strict=True):
        row = f"{meter},{code},{{s:%Y-%m-%d"
        text += days_of(part, row + "}", 48) if days else rows(part, row + " %H:%M},{v}")
    options = {"timezone": SYDNEY, "unit": "kWh"}
    return Dialect(file, text.encode(), tuple(map(truth, names, parts)), options)


def phases_of_a_day() -> Dialect:
    """Phases A, B and C: none is lost for a letter, and B beside A and C is not what is fed in."""
    return told_apart("phase-days.csv", "PD1", "Channel", "ABC", days=True)


def registers_of_a_day() -> Dialect:
    """Numbered registers do not overwrite each other."""
    return told_apart("numbered-registers.csv", "PD2", "Register", "12", days=True)


def phases_of_readings() -> Dialect:
    """The same phases, a line for each reading."""
    return told_apart("phase-readings.csv", "PD4", "Channel", "ABC", days=False)


def registers_of_readings() -> Dialect:
    """The same registers, a line for each reading."""
    return told_apart("register-readings.csv", "PD5", "Register", "12", days=False)


def types_of_readings() -> Dialect:
    """A type that only says of a day whether it is actual or estimated is no stream of its own."""
    use = load("2023-05-15", 6, 30, SYDNEY)
    body = days_of(use, "PD3,A,{s:%Y-%m-%d}", 48).replace("PD3,A,2023-05-18", "PD3,E,2023-05-18")
    text = f"Meter,Type,Date,{','.join(f'HH{n:02d}' for n in range(1, 49))}\n{body}"
    return Dialect("atype.csv", text.encode(), (truth("PD3", use),), {"timezone": SYDNEY, "unit": "kWh"})


def korea() -> Dialect:
    """Hours of a day by their end, in Korean."""
    zone = "Asia/Seoul"
    use = load("2023-05-15", 6, 60, zone)
    text = "날짜," + ",".join(f"{n}시" for n in range(1, 25)) + "\n" + days_of(use, "{s:%Y-%m-%d}", 24)
    return Dialect("kpx.csv", text.encode(), (truth("kpx", use),), {"timezone": zone, "unit": "kWh"})


def days_of_months_across() -> Dialect:
    """A month in each row and its days across: each would be a meter with a reading a month, so it is refused."""
    text = "Month," + ",".join(f"Day {n}" for n in range(1, 32)) + "\n"
    text += "".join(f"2023-{month:02d}-01,{','.join(['9.5'] * 31)}\n" for month in range(1, 7))
    return Dialect("month-matrix.csv", text.encode(), options={"unit": "kWh"}, refusal="columns are days of a month")
