"""The same load in every shape of file: encodings, workbooks, archives, lines between the rows, registers."""

import gzip
import io
import zipfile
from collections.abc import Callable

import openpyxl
import pandas as pd

from dialects.made import Dialect, day_rows, load, register, rows, truth, wide
from dialects.notation import LONDON, USE, plain


def sep_line() -> Dialect:
    """A spreadsheet's `sep=;` line."""
    return plain("seps.csv", "sep=;\r\ntime;kWh\r\n" + rows(USE, "{s:%Y-%m-%d %H:%M};{v}\r"))


def utf_16() -> Dialect:
    """UTF-16 with a byte order mark, as `Unicode text` is saved."""
    text = "time\tkWh\n" + rows(USE, "{s:%Y-%m-%d %H:%M}\t{v}")
    return plain("unicode.txt", b"\xff\xfe" + text.encode("utf-16-le"))


def windows_1252() -> Dialect:
    """Windows-1252, with a degree sign and an accent."""
    text = "Heure;Température (°C);Énergie (kWh)\n" + rows(USE, "{s:%d/%m/%Y %H:%M};4,5;{c}")
    return plain("windows.csv", text.encode("cp1252"))


def unit_row() -> Dialect:
    """Units in a row of their own below the names."""
    two = load("2023-03-06", 10, kw=5.0)
    text = (
        "Timestamp,Hall A,Hall B\n,kWh,MWh\n"
        + wide({"Hall A": USE, "Hall B": two}, "{s:%Y-%m-%d %H:%M}", "t").split("\n", 1)[1]
    )
    truths = truth("Hall A", USE), truth("Hall B", two, factor=1000.0)
    return Dialect("unitrow.csv", text.encode(), truths, {"timezone": LONDON})


def campbell_logger() -> Dialect:
    """TOA5: names, units, and how each value was made; records are counted, and are no energy."""
    text = '"TOA5","CR1000X","Plant","1001"\n"TIMESTAMP","RECORD","Energy_Tot","Volt_Avg"\n'
    text += '"TS","RN","kWh","V"\n"","","Tot","Avg"\n' + rows(USE, '"{s:%Y-%m-%d %H:%M:%S}",{n},{v},230.1')
    return plain("CR1000X.dat", text, meter="Energy_Tot")


def headed(file: str, heads: str, meters: tuple[str, str], cells: str = "{v}") -> Dialect:
    """Two meters under headings, whose columns say no more than what is measured."""
    two = load("2023-03-06", 10, kw=5.0)
    both = zip(rows(USE, "{s:%Y-%m-%d %H:%M}," + cells).split("\n"), rows(two, cells).split("\n"), strict=True)
    text = heads + "".join(f"{one},{other}\n" for one, other in both if one)
    return Dialect(file, text.encode(), (truth(meters[0], USE), truth(meters[1], two)), {"timezone": LONDON})


def names_above_units() -> Dialect:
    """The names of meters above, and below them what says kWh of both."""
    return headed("two-rows.csv", ",North Hall,South Hall\nDate/Time,kWh,kWh\n", ("North Hall", "South Hall"))


def names_above_units_above_values() -> Dialect:
    """Three rows: points, units, and `Value` twice."""
    heads = "Energy report\nPoint:,BLD-N.KWH,BLD-S.KWH\nUnits:,kWh,kWh\nTimestamp,Value,Value\n"
    return headed("three-rows.csv", heads, ("BLD-N.KWH", "BLD-S.KWH"))


def names_over_merged_cells() -> Dialect:
    """A heading over energy and power: the power is the same energy again, and is left out."""
    heads = ",East Hall,,West Hall,\nTime,kWh,kW,kWh,kW\n"
    return headed("merged-heads.csv", heads, ("East Hall kWh", "West Hall kWh"), "{v},{v}")


def unit_column() -> Dialect:
    """A unit for each row, not the same for all."""
    text = (
        "meter,time,value,unit\n"
        + rows(USE, "A,{s:%Y-%m-%d %H:%M},{v},kWh")
        + rows(USE * 1000, "B,{s:%Y-%m-%d %H:%M},{v},Wh")
    )
    truths = truth("A", USE), truth("B", USE)
    return Dialect("units.csv", text.encode(), truths, {"timezone": LONDON})


def statuses() -> Dialect:
    """A column of marks: an estimate is one, `M` is missing when the cell is blank."""
    known = USE.copy()
    known.iloc[50] = float("nan")
    text = "meter,time,kWh,status\n" + rows(known, "A7,{s:%Y-%m-%d %H:%M},{v},Valid").replace(",,Valid", ",,Missing")
    return plain("statuses.csv", text, known, meter="A7", findings=("V05",))


def total_column() -> Dialect:
    """Buildings side by side, and their total."""
    two = load("2023-03-06", 10, kw=5.0)
    text = wide({"East": USE, "West": two, "Total": USE + two}, "{s:%Y-%m-%d %H:%M}", "Date/Time")
    return Dialect("estate.csv", text.encode(), (truth("East", USE), truth("West", two)), {"timezone": LONDON})


def subtotal_columns() -> Dialect:
    """Buildings side by side, the total of each group beside it, and the total of all in another language."""
    one, two, three = (load("2023-03-06", 10, kw=kw) for kw in (4.0, 2.0, 3.0))
    columns = {"Block A": one, "Block B": two, "Subtotal North": one + two, "Block C": three, "Subtotal South": three}
    text = wide({**columns, "Gesamt": one + two + three}, "{s:%Y-%m-%d %H:%M}", "Time")
    truths = truth("Block A", one), truth("Block B", two), truth("Block C", three)
    return Dialect("groups.csv", text.encode(), truths, {"timezone": LONDON})


def three_of_one_name() -> Dialect:
    """Columns that all say kWh: each is a meter."""
    columns = [load("2023-03-06", 10, kw=kw) for kw in (4.0, 2.0, 3.0)]
    lines = [rows(columns[0], "{s:%Y-%m-%d %H:%M},{v}"), *(rows(each, "{v}") for each in columns[1:])]
    text = "Time,kWh,kWh,kWh\n" + "".join(
        ",".join(each) + "\n" for each in zip(*map(str.splitlines, lines), strict=True)
    )
    names = ("samenames", "samenames-kWh", "samenames-kWh-2")
    truths = tuple(truth(name, each) for name, each in zip(names, columns, strict=True))
    return Dialect("samenames.csv", text.encode(), truths, {"timezone": LONDON})


def workbook(table: Callable[[openpyxl.worksheet.worksheet.Worksheet], None]) -> bytes:
    """Make a workbook with one sheet."""
    book = openpyxl.Workbook()
    table(book.active)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def excel_long() -> Dialect:
    """A sheet with real dates, numbers and a title."""

    def table(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet.append(["Half-hourly data"])
        sheet.append([])
        sheet.append(["Meter", "Date/Time", "kWh"])
        for start, value in USE.items():
            sheet.append([1200023305968, start.tz_localize(None).to_pydatetime(), value])

    return plain("book.xlsx", workbook(table), meter="1200023305968")


def excel_a_sheet_a_month() -> Dialect:
    """Sheets named for their month are one meter."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    year = load("2023-01-01", 90, minutes=60)
    for name, own in year.groupby(year.index.strftime("%B %Y"), sort=False):
        sheet = book.create_sheet(name)
        sheet.append(["Time", "kWh"])
        for start, value in own.items():
            sheet.append([start.tz_localize(None).to_pydatetime(), value])
    made = io.BytesIO()
    book.save(made)
    return plain("west tower.xlsx", made.getvalue(), year)


def zip_of_months() -> Dialect:
    """Files of an archive that are named for their month are one meter."""
    year = load("2023-01-01", 90, minutes=60)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, own in year.groupby(year.index.strftime("%Y-%m")):
            archive.writestr(f"{name}.csv", "time,kWh\n" + rows(own, "{s:%Y-%m-%d %H:%M},{v}"))
    return plain("east tower.zip", made.getvalue(), year)


def excel_days() -> Dialect:
    """A sheet of days, its cells named by times."""

    def table(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet.append(["MPAN", "Date", *(start.time() for start in USE.index[:48])])
        for day, own in USE.groupby(USE.index.date):
            sheet.append(["0012345678902", day, *own.tolist()])

    return plain("days.xlsx", workbook(table), meter="0012345678902")


def excel_text_dates() -> Dialect:
    """A sheet in which everything is text."""

    def table(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet.append(["Date", "Time", "Usage (kWh)"])
        for start, value in USE.items():
            sheet.append([f"{start:%d/%m/%Y}", f"{start:%H:%M}", f"{value:.3f}"])

    return plain("text.xlsx", workbook(table))


def zipped() -> Dialect:
    """An archive with two meters and a note."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in ("north.csv", "south.csv"):
            archive.writestr(f"export/{name}", "time,kWh\n" + rows(USE, "{s:%Y-%m-%d %H:%M},{v}"))
    return Dialect("export.zip", made.getvalue(), (truth("north", USE), truth("south", USE)), {"timezone": LONDON})


def gzipped() -> Dialect:
    """A compressed file is named like the one in it."""
    return plain(
        "packed.csv.gz", gzip.compress(("time,kWh\n" + rows(USE, "{s:%Y-%m-%d %H:%M},{v}")).encode()), meter="packed"
    )


def summary_rows() -> Dialect:
    """Sums below the readings are no readings."""
    text = "Date,Time,kWh\n" + rows(USE, "{s:%d/%m/%Y},{s:%H:%M},{v}")
    return plain("summary.csv", text + f"\nTotal,,{USE.sum():.3f}\nAverage,,{USE.mean():.3f}\n")


def daily_totals() -> Dialect:
    """A title for each month, and sums between the readings: they are left out and are no fault of the file."""
    use = load("2023-01-21", 20)
    body, title = "", "January 2023\nDate,Time,kWh\n"
    for day, own in use.groupby(use.index.date):
        body += "February 2023\nDate,Time,kWh\n" if f"{day:%d}" == "01" else ""
        body += rows(own, "{s:%d/%m/%Y},{s:%H:%M},{v}")
        body += f"Total for {day:%d/%m/%Y},,{own.sum():.3f}\n{day:%d/%m/%Y},Summa,{own.sum():.3f}\n"
    return plain("daily totals.csv", title + body, use)


def pivot_table() -> Dialect:
    """A spreadsheet's pivot: what it sums up above the names, totals below and beside."""
    use = load("2023-03-06", 10, 60)
    text = "Sum of MWh,Column Labels" + "," * 24 + "\n" + ",".join(["Row Labels", *map(str, range(24)), "Grand Total"])
    text += "\n" + day_rows(use / 1000, "{s:%d/%m/%Y}", tail=lambda day: f"{day.sum():.10g}")
    hours = [f"{own.sum() / 1000:.10g}" for _, own in use.groupby(use.index.hour)]
    return plain("pivot.csv", text + ",".join(["Grand Total", *hours, f"{use.sum() / 1000:.10g}"]) + "\n", use)


def comment_lines() -> Dialect:
    """Lines that begin with # before, between and after."""
    body = rows(USE, "{s:%Y-%m-%d %H:%M},{v}").splitlines()
    body.insert(100, "# logger restarted")
    text = "# Logger 7\n# site: Hall\n#\ntime,kWh\n" + "\n".join(body) + "\n# end of file\n"
    return plain("comments.csv", text)


def blank_lines() -> Dialect:
    """Blank lines anywhere, Windows line ends."""
    body = rows(USE, "{s:%Y-%m-%d %H:%M},{v}").splitlines()
    body[100:100] = ["", "  ", ","]
    return plain("gaps.csv", "\r\n\r\ntime,kWh\r\n\r\n" + "\r\n".join(body) + "\r\n\r\n\x1a")


def repeated_header() -> Dialect:
    """Two exports pasted together: the names stand twice."""
    head, body = "time,kWh\n", rows(USE, "{s:%Y-%m-%d %H:%M},{v}").splitlines(keepends=True)
    return plain("pasted.csv", head + "".join(body[:200]) + head + "".join(body[200:]))


def stacked(file: str, one: str, other: str, *, newest_first: bool = False) -> Dialect:
    """Two tables of the same days below each other: the second is another meter's, so the file is refused."""
    uses = load("2023-03-06", 10), load("2023-03-06", 10, kw=5.0)
    first, second = (rows(use, "{s:%d/%m/%Y},{s:%H:%M},{v}", newest_first=newest_first) for use in uses)
    text = one + first + "\n" + other + second
    return Dialect(file, text.encode(), options={"timezone": LONDON}, refusal="several tables stand below each other")


def stacked_titles() -> Dialect:
    """A title without commas above each table."""
    return stacked("stacked1.csv", "Library\nDate,Time,kWh\n", "Sports Hall\nDate,Time,kWh\n")


def stacked_titles_newest_first() -> Dialect:
    """The same, newest reading first."""
    names = "Date,Time,kWh\n"
    return stacked("stacked2.csv", "Library\n" + names, "Sports Hall\n" + names, newest_first=True)


def stacked_names() -> Dialect:
    """The second row of names names another meter."""
    return stacked("stacked3.csv", "Date,Time,Library kWh\n", "Date,Time,Sports Hall kWh\n")


def stacked_preambles() -> Dialect:
    """Two lines above each table, as a sheet has them: which of them is the meter's name, nothing says."""
    tables = (f"Meter: {name},,\nUnit: kWh,,\nDate,Time,kWh\n" for name in ("Library", "Sports Hall"))
    return stacked("stacked4.csv", *tables)


def pasted_with_titles() -> Dialect:
    """Two exports of one meter pasted together, a day in both: the title is the same, and so is the meter."""
    body = rows(USE, "{s:%d/%m/%Y},{s:%H:%M},{v}").splitlines(keepends=True)
    head = "Meter: Library\nDate,Time,kWh\n"
    text = head + "".join(body[:240]) + "\n" + head + "".join(body[192:])
    return plain("library.csv", text, findings=("V02",))


def trailing_commas() -> Dialect:
    """A spreadsheet's empty columns."""
    return plain("trailing.csv", "time,kWh,,\n" + rows(USE, "{s:%Y-%m-%d %H:%M},{v},,"))


def no_names() -> Dialect:
    """No names at all, a meter in front."""
    text = rows(USE, "HALL-3,{s:%Y-%m-%d %H:%M},{v}")
    told = plain("bare.csv", text, meter="HALL-3")
    return Dialect(told.file, told.content, told.truths, {**told.options, "unit": "kWh"})


def register_newest_first() -> Dialect:
    """A register, newest read first."""
    reads = register(USE)
    text = "time,cumulative kWh\n" + rows(reads, "{s:%Y-%m-%d %H:%M},{v}", newest_first=True)
    return plain("newest.csv", text, USE)


def register_unnamed() -> Dialect:
    """A column that only grows is a register, whatever its name."""
    reads = register(USE)
    return plain("grows.csv", "time,kWh\n" + rows(reads, "{s:%Y-%m-%d %H:%M},{v}"), USE)


def register_rollover() -> Dialect:
    """A register of five digits turns over."""
    reads = register(USE, 99990.0).mod(100000.0).round(3)
    told = plain("rollover.csv", "time,register (kWh)\n" + rows(reads, "{s:%Y-%m-%d %H:%M},{v}"), USE)
    return Dialect(told.file, told.content, told.truths, {**told.options, "digits": 5}, findings=("V14",))


def register_with_a_hole() -> Dialect:
    """A register of which two reads are missing: the energy between its neighbours is known all the same."""
    reads = register(USE)
    kept, known = reads.drop(reads.index[100:102]), USE.copy()
    known.iloc[99:102] = float("nan")
    text = "time,meter reading kWh\n" + rows(kept, "{s:%Y-%m-%d %H:%M},{v}")
    return plain("missed.csv", text, known, findings=("V05",))


def blanks_between() -> Dialect:
    """A data logger's file: seconds since 1970 and watts, a blank between, no names."""
    watts = (USE * 2000).round()
    text = "".join(f"{int(start.timestamp())} {value:.0f}\n" for start, value in watts.items())
    return Dialect("channel_1.dat", text.encode(), (truth("channel_1", watts, factor=0.0005),), {"unit": "W"})


def numbered_from_nothing() -> Dialect:
    """A line for each day, its hours numbered 0 to 23."""
    use = load("2023-03-06", 10, 60)
    text = ",".join(["Date", *map(str, range(24))]) + "\n" + day_rows(use, "{s:%Y-%m-%d}")
    return plain("matrix.csv", text, use)


def days_across() -> Dialect:
    """Times down and days across: each row would be taken for a meter, so it is refused."""
    days = sorted(set(USE.index.strftime("%d/%m/%Y")))
    text = ",".join(["Time", *days]) + "\n"
    for clock, own in USE.groupby(USE.index.strftime("%H:%M")):
        text += ",".join([clock, *(f"{each:.10g}" for each in own)]) + "\n"
    return Dialect("across.csv", text.encode(), options={"timezone": LONDON}, refusal="each row is a time of day")


def commas_for_both() -> Dialect:
    """Decimal commas between commas: no cell is sure, so it is refused."""
    text = "time,kWh\n" + rows(USE, "{s:%Y-%m-%d %H:%M},{c}")
    return Dialect("both.csv", text.encode(), options={"timezone": LONDON}, refusal="more cells than the 2 names")


def months(file: str, pattern: str) -> Dialect:
    """Bills of a year, a line for each month."""
    begins = pd.date_range("2022-01-01", periods=12, freq="MS", tz=LONDON)
    use = pd.Series([310.0 + 17.5 * (n % 5) for n in range(12)], index=begins)
    text = "Month,kWh\n" + "".join(f"{begin:{pattern}},{value:.10g}\n" for begin, value in use.items())
    return plain(file, text, use, minutes=0)


def month_numbers() -> Dialect:
    """2022-01."""
    return months("bills1.csv", "%Y-%m")


def month_names_and_years() -> Dialect:
    """Jan 2022."""
    return months("bills2.csv", "%b %Y")
