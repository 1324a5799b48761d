"""Exports of databases, dashboards, statistics packages, inverters and spreadsheets; numbers as people write them."""

import io

import numpy as np
import openpyxl
import pandas as pd

from dialects.made import Dialect, load, mean_kw, register, rows, sun, truth
from dialects.notation import plain

LONDON, BERLIN, NEW_YORK = "Europe/London", "Europe/Berlin", "America/New_York"
USE = load("2023-05-20", 6, 60, LONDON)


def spelled(file: str, pattern: str) -> Dialect:
    """The same hours, their instants spelled another way."""
    return plain(file, "meter,dt,kwh\n" + rows(USE, f"{file[:-4]},{pattern},{{v}}"), USE)


def sas() -> Dialect:
    """20MAY2023:13:00:00."""
    told = spelled("sas.csv", "{s:%d%b%Y:%H:%M:%S}")
    return Dialect(told.file, told.content.replace(b"May", b"MAY"), told.truths, told.options)


def db2() -> Dialect:
    """2023-05-20-13.00.00.000000."""
    return spelled("db2.csv", "{s:%Y-%m-%d-%H.%M.%S}.000000")


def oracle() -> Dialect:
    """20-May-23 01.00.00.000000000 PM."""
    return spelled("oracle.csv", "{s:%d-%b-%y} {s:%I.%M.%S}.000000000 {s:%p}")


def ctime() -> Dialect:
    """Sat May 20 13:00:00 2023."""
    return spelled("ctime.csv", "{s:%a %b %d %H:%M:%S %Y}")


def weekday_in_front() -> Dialect:
    """Saturday, May 20, 2023 01:00 PM."""
    return spelled("weekday.csv", '"{s:%A}, {s:%B} {s.day}, {s.year} {s:%I:%M %p}"')


def hour_alone() -> Dialect:
    """2023-05-20 13."""
    return spelled("hour.csv", "{s:%Y-%m-%d %H}")


def chinese_days() -> Dialect:
    """2023年5月20日 13:00."""
    return spelled("nendo.csv", "{s.year}年{s.month}月{s.day}日 {s:%H:%M}")


def own_format() -> Dialect:
    """A spelling that nobody knows, once the user gives it."""
    text = "meter,dt,kwh\n" + rows(USE, "own,w{s:%H}h{s:%M} {s:%y/%d/%m},{v}")
    options = {"timezone": LONDON, "date_format": "w%Hh%M %y/%d/%m"}
    return Dialect("own.csv", text.encode(), (truth("own", USE),), options)


def own_format_unsaid() -> Dialect:
    """The same before: the refusal names the option."""
    told = own_format()
    return Dialect("unsaid.csv", told.content, options={"timezone": LONDON}, refusal="--date-format")


def microseconds() -> Dialect:
    """Microseconds since 1970."""
    text = "timestamp,kWh\n" + "".join(f"{int(start.timestamp())}000000,{value:.10g}\n" for start, value in USE.items())
    return plain("micro.csv", text, USE)


def haystack() -> Dialect:
    """SkySpark: an offset and a city behind each instant, the unit behind each number."""
    use = load("2023-11-04", 3, 15, NEW_YORK)
    text = "ts,Elec Meter 9\n"
    text += "".join(f"{start.isoformat()} New_York,{value:.10g}kWh\n" for start, value in use.items())
    return Dialect("haystack.csv", text.encode(), (truth("Elec Meter 9", use),), {"timezone": NEW_YORK})


def influx() -> Dialect:
    """InfluxDB's annotated form: three instants a row, two of them the same in all."""
    watts = (mean_kw(load("2023-05-20", 4, 15, "UTC")) * 1000).round()
    text = (
        "#group,false,false,true,true,false,false,true,true,true\n"
        "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string\n"
        "#default,mean,,,,,,,,\n,result,table,_start,_stop,_time,_value,_field,_measurement,entity_id\n"
    )
    row = ",,0,2023-05-20T00:00:00Z,2023-05-24T00:00:00Z,{s:%Y-%m-%dT%H:%M:%SZ},{v},value,W,house_power"
    truths = (truth("house_power", watts, factor=0.00025),)
    return Dialect("influx.csv", (text + rows(watts, row)).encode(), truths, {"unit": "W", "timezone": "UTC"})


def grafana() -> Dialect:
    """Grafana: watts until there are a thousand, then kilowatts."""
    watts = (mean_kw(load("2023-05-20", 4, 15, LONDON)) * 1000).round()
    text = '"Time","Power"\n'
    for start, value in watts.items():
        text += f"{start:%Y-%m-%d %H:%M:%S},{f'{value:.0f} W' if value < 1000 else f'{value / 1000:.3f} kW'}\n"
    return plain("grafana.csv", text, watts, factor=0.00025)


def home_assistant_statistics() -> Dialect:
    """Home Assistant's long-term statistics: a sum, a state and the difference say the same."""
    text = "statistic_id;unit;start;min;max;mean;sum;state;delta\n"
    for (start, value), read in zip(USE.items(), register(USE, 0).iloc[1:], strict=True):
        text += f"sensor.total;kWh;{start:%d.%m.%Y %H:%M};;;;{read:.3f};{read + 500:.3f};{value:.3f}\n"
    return plain("statistics2.csv", text, USE, meter="sensor.total")


def running_total() -> Dialect:
    """A running total beside what it adds up."""
    text = "Date/Time,Usage (kWh),Running total (kWh)\n"
    for (start, value), read in zip(USE.items(), register(USE, 0).iloc[1:], strict=True):
        text += f"{start:%d/%m/%Y %H:%M},{value:.10g},{read:.3f}\n"
    return plain("running.csv", text, USE)


def yield_of_the_day() -> Dialect:
    """An inverter's counter, which begins again at midnight."""
    use = sun(load("2023-05-20", 10, 15, BERLIN), 4.0)
    so_far = use.groupby(use.index.date).cumsum() - use
    text = "Time,Energy (kWh)\n" + rows(so_far.round(3), "{s:%Y-%m-%d %H:%M},{v}")
    known = use.iloc[:-1]
    return Dialect("today.csv", text.encode(), (truth("today", known),), {"timezone": BERLIN})


def hourly_beside_quarters() -> Dialect:
    """A meter read by the hour beside one read by the quarter: blank cells between are no gaps."""
    quarter, hour = load("2023-05-20", 6, 15, LONDON), load("2023-05-20", 6, 60, LONDON, kw=3.0)
    text = "Time,Quarter House,Hour House\n"
    for start, value in quarter.items():
        text += f"{start:%Y-%m-%d %H:%M},{value:.10g},{f'{hour[start]:.10g}' if start.minute == 0 else ''}\n"
    truths = truth("Quarter House", quarter), truth("Hour House", hour)
    return Dialect("beside.csv", text.encode(), truths, {"timezone": LONDON})


def unknown_phases() -> Dialect:
    """Three phases of one meter in rows that only a column nobody has heard of tells apart: none is lost."""
    text = "meter,time,phase,kWh\n"
    text += "".join(
        f"PH1,{start:%Y-%m-%d %H:%M},L{n},{value * n:.6f}\n" for start, value in USE.items() for n in (1, 2, 3)
    )
    truths = tuple(truth("PH1" if n == 1 else f"PH1-L{n}", USE * n) for n in (1, 2, 3))
    return Dialect("phases.csv", text.encode(), truths, {"timezone": LONDON})


def sum_and_mean_of_days() -> Dialect:
    """Days with their sum, mean, median and greatest half-hour: the sum is the energy."""
    use = load("2012-05-01", 60, 1440, LONDON)
    text = "LCLid,day,energy_median,energy_mean,energy_max,energy_count,energy_std,energy_sum,energy_min\n"
    text += rows(use, "MAC000131,{s:%Y-%m-%d},0.485,0.43204,0.868,48,0.2391,{v},0.072")
    return plain("daily_dataset.csv", text, use, meter="MAC000131", minutes=1440)


def seconds_beside_the_stamp() -> Dialect:
    """Seconds since 1970 beside the same instant in words are no meter."""
    watts = (mean_kw(load("2014-03-15", 3, 5, LONDON)) * 1000).round()
    text = "Time,Unix,Aggregate,Issues\n"
    text += "".join(f"{at:%Y-%m-%d %H:%M:%S},{int(at.timestamp())},{value:.0f},0\n" for at, value in watts.items())
    truths = (truth("Aggregate", watts, factor=1 / 12000),)
    return Dialect("house1.csv", text.encode(), truths, {"timezone": LONDON, "unit": "W"})


def minus(file: str, form: str) -> Dialect:
    """A net value, below zero in its own way."""
    use = load("2023-05-20", 6, 30, LONDON)
    net = (use - sun(use)).round(3)
    text = "Time,Net kWh\n"
    text += "".join(
        f"{start:%Y-%m-%d %H:%M},{form.format(-value) if value < 0 else f'{value:.3f}'}\n"
        for start, value in net.items()
    )
    truths = truth(file[:-4], net.clip(lower=0)), truth(file[:-4], -net.clip(upper=0), "received")
    return Dialect(file, text.encode(), truths, {"timezone": LONDON})


def minus_in_parentheses() -> Dialect:
    """(0.4)."""
    return minus("accountant.csv", "({:.3f})")


def minus_behind() -> Dialect:
    """0.4-."""
    return minus("mainframe.csv", "{:.3f}-")


def minus_of_a_word_processor() -> Dialect:
    """A minus that is none of the keyboard's."""
    return minus("processor.csv", "\u2212{:.3f}")


def nines_for_nothing() -> Dialect:
    """-9999 stands for no value, and is not what is fed in."""
    known = USE.copy()
    text = "Time,kWh\n" + rows(known.where(known.index.hour != 3, -9999.0), "{s:%Y-%m-%d %H:%M},{v}")
    read = known.where(known.index.hour != 3, -9999.0)
    return plain("nines.csv", text, read, findings=("V07",))


def thousands_without_decimals() -> Dialect:
    """Quoted whole Wh with commas for thousands, beside smaller ones."""
    use = load("2023-05-20", 6, 60, LONDON, kw=1000.0, digits=0)
    text = "Time,Wh\n" + "".join(f'{start:%d/%m/%Y %H:%M},"{value:,.0f}"\n' for start, value in use.items())
    return plain("commas.csv", text, use, factor=0.001)


def thousands_or_decimals() -> Dialect:
    """Every number has a comma and three digits: a thousand or one, so it is asked."""
    use = load("2023-05-20", 2, 60, LONDON, kw=9000.0, digits=0)
    text = "Time,Wh\n" + "".join(f'{start:%d/%m/%Y %H:%M},"{value:,.0f}"\n' for start, value in use.items())
    return Dialect("either.csv", text.encode(), options={"timezone": LONDON}, refusal="--decimal")


def three_columns_of_date() -> Dialect:
    """Year, month, day and hour in columns of their own."""
    return plain("parts.csv", "Year,Month,Day,Hour,kWh\n" + rows(USE, "{s.year},{s.month},{s.day},{s.hour},{v}"), USE)


def five_columns_of_date() -> Dialect:
    """And the minute."""
    use = load("2023-05-20", 6, 30, LONDON)
    text = "Year,Month,Day,Hour,Minute,kWh\n" + rows(use, "{s.year},{s.month},{s.day},{s.hour},{s.minute},{v}")
    return plain("parts5.csv", text, use)


def last_minute_of_the_day() -> Dialect:
    """Days by their last second."""
    use = load("2023-05-15", 30, 1440, LONDON)
    return plain("lastsecond.csv", "Date,kWh\n" + rows(use, "{s:%d/%m/%Y} 23:59:59,{v}"), use, minutes=1440)


def last_second_of_the_interval() -> Dialect:
    """Half-hours by their last second."""
    use = load("2023-05-15", 4, 30, NEW_YORK)
    text = "Time,kWh\n" + rows(use, "{m:%m/%d/%Y %H:%M}:59,{v}")
    return Dialect("halfhour59.csv", text.encode(), (truth("halfhour59", use),), {"timezone": NEW_YORK})


def ends_a_minute_early() -> Dialect:
    """Both ends and a value, the end a minute early."""
    use = load("2023-05-15", 4, 30, NEW_YORK)
    text = "Start,End,kWh\n" + rows(use, "{s:%m/%d/%Y %H:%M},{m:%m/%d/%Y %H:%M},{v}")
    return Dialect("minute59.csv", text.encode(), (truth("minute59", use),), {"timezone": NEW_YORK})


def megajoules() -> Dialect:
    """A unit of heat is no kWh: it is asked, with the factor."""
    text = "Time,Energy (MJ)\n" + rows(USE * 3.6, "{s:%Y-%m-%d %H:%M},{v}")
    return Dialect("mj.csv", text.encode(), options={"timezone": LONDON}, refusal="--unit kWh --multiplier 0.277778")


def workbook_with_a_summary() -> Dialect:
    """A sheet for each meter, and one that sums them up."""
    book = openpyxl.Workbook()
    summary = book.active
    summary.title = "Summary"
    summary.append(["Meter", "Date", "Total kWh"])
    truths = []
    for name, kw in (("Gym 3", 1.0), ("Hall 3", 2.0)):
        use = load("2023-01-15", 10, 60, LONDON, kw=kw)
        sheet = book.create_sheet(name)
        sheet.append(["Time", "kWh"])
        for start, value in use.items():
            sheet.append([start.tz_localize(None).to_pydatetime(), value])
        for day, own in use.groupby(use.index.date):
            summary.append([name, day, float(own.sum())])
        truths.append(truth(name, use))
    made = io.BytesIO()
    book.save(made)
    return Dialect("summed.xlsx", made.getvalue(), tuple(truths), {"timezone": LONDON})


def missing_words() -> Dialect:
    """`No Data` where nothing was read."""
    known = pd.Series(np.where(USE.index.hour == 3, np.nan, USE), index=USE.index)
    text = "Time,kWh\n" + rows(known, "{s:%Y-%m-%d %H:%M},{v}").replace(",\n", ",No Data\n")
    return plain("nodata.csv", text, known, findings=("V05", "V21"))


def tables_below_each_other() -> Dialect:
    """A report with a table for each meter under its title: the second is no repetition of the first."""
    two = load("2023-05-20", 6, 60, LONDON, kw=4.0)
    text = "".join(
        f"Meter: {number},\nTime,kWh\n{rows(use, '{s:%Y-%m-%d %H:%M},{v}')}\n"
        for number, use in ((1001, USE), (1002, two))
    )
    truths = truth("report", USE), truth("report-Meter: 1002", two)
    return Dialect("report.csv", text.encode(), truths, {"timezone": LONDON}, findings=("V01",))


def time_before_the_day() -> Dialect:
    """13:00 20/05/2023."""
    return spelled("timefirst.csv", "{s:%H:%M} {s:%d/%m/%Y}")


def date_once_a_day() -> Dialect:
    """A date that stands only in the first row of its day, as merged cells come out."""
    text = "Date,Time,kWh\n" + "".join(
        f"{'' if start.hour else f'{start:%d/%m/%Y}'},{start:%H:%M},{value:.10g}\n" for start, value in USE.items()
    )
    return Dialect("merged.csv", text.encode(), options={"timezone": LONDON}, refusal="fill it down")


def pulses() -> Dialect:
    """Pulses are no kWh: it is asked."""
    text = "Time,Pulses\n" + rows((USE * 1000).round(), "{s:%Y-%m-%d %H:%M},{v}")
    return Dialect("pulses.csv", text.encode(), options={"timezone": LONDON}, refusal="in which unit")


def fixed_width() -> Dialect:
    """Columns of a report, set apart by blanks."""
    text = "Date        Time       kWh\n"
    text += "".join(f"{start:%d/%m/%Y}  {start:%H:%M}   {value:8.3f}\n" for start, value in USE.items())
    options = {"timezone": LONDON, "unit": "kWh"}
    return Dialect("fixedwidth.txt", text.encode(), options=options, refusal="several blanks")


def quarters_across_an_hour() -> Dialect:
    """A row for each hour, with four cells."""
    use = load("2023-05-20", 6, 15, LONDON)
    text = "Date,Hour,:00,:15,:30,:45\n"
    for start, row in zip(use.index[::4], use.to_numpy().reshape(-1, 4), strict=True):
        text += ",".join([f"{start:%d/%m/%Y}", str(start.hour), *(f"{each:.10g}" for each in row)]) + "\n"
    options = {"timezone": LONDON, "unit": "kWh"}
    return Dialect("quarters.csv", text.encode(), options=options, refusal="parts of an hour")


def quantities_in_rows() -> Dialect:
    """Energy, its mean power, volts and what it cost take turns in rows; only one of them is energy."""
    lines = ["Device,Measurement,Unit,Timestamp,Value"]
    for start, value in USE.items():
        stamp = f"{start.tz_localize(None):%Y-%m-%d %H:%M}"
        told = (("Active Energy", "kWh", value), ("Active Power", "kW", 2 * value), ("Voltage L1", "V", 230))
        lines += [f"Pump 9,{kind},{unit},{stamp},{each:.3f}" for kind, unit, each in told]
    return plain("rowquantities.csv", "\n".join(lines), USE, meter="Pump 9")


def types_with_and_without_units() -> Dialect:
    """A type without a unit, beside one that states it, is no energy."""
    lines = ["Meter,Type,Timestamp,Value"]
    for start, value in USE.items():
        stamp = f"{start.tz_localize(None):%Y-%m-%d %H:%M}"
        lines += [f"Pump 10,{kind},{stamp},{value}" for kind in ("kWh", "GBP", "Max Demand (kW)", "kgCO2")]
    return plain("types.csv", "\n".join(lines), USE, meter="Pump 10")
