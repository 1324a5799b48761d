"""Public data sets, as they are downloaded."""

import pandas as pd

from dialects.made import Dialect, load, mean_kw, rows, truth, wide

LISBON, PARIS = "Europe/Lisbon", "Europe/Paris"


def uci_household() -> Dialect:
    """The UCI household: semicolons, `?`, mean kW a minute, three parts in Wh."""
    power = mean_kw(load("2007-02-13", 1, 1, PARIS))
    known = power.copy()
    known.iloc[600:603] = float("nan")
    text = (
        "Date;Time;Global_active_power;Global_reactive_power;Voltage;Global_intensity;Sub_metering_1;Sub_metering_2;"
        "Sub_metering_3\n"
    )
    text += rows(known, "{s.day}/{s.month}/{s.year};{s:%H:%M:%S};{v};0.418;234.840;18.400;0.000;1.000;17.000")
    text = "\n".join(line if ";;" not in line else line.split(";;")[0] + ";?" * 7 for line in text.splitlines())
    flat = known * 0 + 1
    truths = (
        truth("household", known, factor=1 / 60),
        truth("household", flat * 0.418, "reactive", factor=1 / 60),
        truth("Sub_metering_1", flat * 0, factor=0.001),
        truth("Sub_metering_2", flat, factor=0.001),
        truth("Sub_metering_3", flat * 17, factor=0.001),
    )
    findings = ("V19",)
    return Dialect("household.txt", text.encode(), truths, {"timezone": PARIS}, findings=findings)


def elergone() -> Dialect:
    """UCI's 370 clients: quoted names, decimal commas, kW by the end of the quarter."""
    clients = {f'"MT_{n:03d}"': mean_kw(load("2012-01-02", 4, 15, LISBON, kw=n)) for n in range(1, 41)}
    moved = {name: each.set_axis(each.index.shift(15, "min")) for name, each in clients.items()}
    text = wide(moved, '"{s:%Y-%m-%d %H:%M:%S}"', '""', delimiter=";").replace(".", ",")
    truths = tuple(truth(name.strip('"'), each, factor=0.25) for name, each in clients.items())
    return Dialect("LD2011_2014.txt", text.encode(), truths, {"timezone": LISBON, "unit": "kW"})


def bdg2() -> Dialect:
    """Building Data Genome 2: fifty buildings side by side."""
    buildings = {f"Rat_office_Name{n}": load("2016-01-04", 4, 60, "US/Eastern", kw=20.0 + n) for n in range(50)}
    text = wide(buildings, "{s:%Y-%m-%d %H:%M:%S}", "timestamp")
    truths = tuple(truth(name, each) for name, each in buildings.items())
    return Dialect("electricity.csv", text.encode(), truths, {"timezone": "America/New_York"})


def bdg2_cleaned() -> Dialect:
    """The cleaned form: blanks for what was taken out, buildings that begin later."""
    buildings = {}
    for number in range(12):
        use = load("2016-01-04", 5, 60, "US/Eastern", kw=120.0 + number)
        use.iloc[number * 2 : number * 2 + 3] = float("nan")
        use.iloc[: 24 * (number % 3)] = float("nan")
        buildings[f"Hog_education_Name{number}"] = use
    text = wide(buildings, "{s:%Y-%m-%d %H:%M:%S}", "timestamp")
    truths = tuple(truth(name, each) for name, each in buildings.items())
    options = {"timezone": "America/New_York"}
    return Dialect("electricity_cleaned.csv", text.encode(), truths, options, findings=("V05",))


def great_predictor() -> Dialect:
    """The Great Energy Predictor: building and meter are numbers, and only both together are a meter."""
    text, truths = "building_id,meter,timestamp,meter_reading\n", []
    parts = []
    for building, meter in ((0, 0), (0, 1), (7, 0)):
        use = load("2016-02-15", 4, 60, "UTC", kw=50.0 + building + meter)
        parts.append(rows(use, f"{building},{meter},{{s:%Y-%m-%d %H:%M:%S}},{{v}}").splitlines())
        truths.append(truth(f"{building}-{meter}", use))
    text += "".join(f"{line}\n" for lines in zip(*parts, strict=True) for line in lines)
    return Dialect("train.csv", text.encode(), tuple(truths), {"timezone": "UTC", "unit": "kWh"})


def steel() -> Dialect:
    """A steel works: energy beside reactive energy, factors, tonnes of CO2 and words for days."""
    use = load("2018-01-01", 20, 15, "Asia/Seoul", kw=60.0, digits=2)
    text = (
        "date,Usage_kWh,Lagging_Current_Reactive.Power_kVarh,Leading_Current_Reactive_Power_kVarh,CO2(tCO2),"
        "Lagging_Current_Power_Factor,Leading_Current_Power_Factor,NSM,WeekStatus,Day_of_week,Load_Type\n"
    )
    text += rows(use, "{e:%d/%m/%Y %H:%M},{v},2.95,1.5,0,73.21,100,900,Weekday,Monday,Light_Load")
    truths = (
        truth("steel", use),
        truth("Lagging_Current_Reactive.Power_kVarh", use * 0 + 2.95, "reactive"),
        truth("Leading_Current_Reactive_Power_kVarh", use * 0 + 1.5, "reactive"),
    )
    return Dialect("steel.csv", text.encode(), truths, {"timezone": "Asia/Seoul"})


def tetouan() -> Dialect:
    """A city's three feeders: ten minutes, weather beside, twelve-month dates without leading zeros."""
    zone = "Africa/Casablanca"
    feeders = {f"Zone {n} Power Consumption": mean_kw(load("2017-01-09", 6, 10, zone, kw=9000.0 * n)) for n in (1, 2)}
    weather = pd.Series(6.5, index=next(iter(feeders.values())).index)
    columns = {"Temperature": weather, "Wind Speed": weather, "general diffuse flows": weather, **feeders}
    text = wide(columns, "{s.month}/{s.day}/{s.year} {s.hour}:{s:%M}", "DateTime")
    truths = tuple(truth(name, each, factor=1 / 6) for name, each in feeders.items())
    return Dialect("Tetuan City power consumption.csv", text.encode(), truths, {"timezone": zone, "unit": "kW"})


def pecan_street() -> Dialect:
    """Pecan Street: instants with a short offset, kW of a home's circuits."""
    zone = "America/Chicago"
    grid = mean_kw(load("2018-02-15", 3, 15, zone))
    text = "dataid,local_15min,air1,grid,solar\n" + rows(grid, "661,{s:%Y-%m-%d %H:%M:%S}-06,0.5,{v},")
    truths = (truth("661", grid, factor=0.25),)
    return Dialect("15minute_data_austin.csv", text.encode(), truths, {"unit": "kW"})


def smart_star() -> Dialect:
    """A home without names: nothing says the unit, so it is asked for."""
    power = mean_kw(load("2014-12-15", 4, 15, "America/New_York"))
    text = rows(power, "{s:%Y-%m-%d %H:%M:%S},{v}")
    return Dialect("Apt1_2014.csv", text.encode(), options={"timezone": "America/New_York"}, refusal="in which unit")


def smart_star_told() -> Dialect:
    """The same home once the unit is given."""
    power = mean_kw(load("2014-12-15", 4, 15, "America/New_York"))
    options = {"timezone": "America/New_York", "unit": "kW"}
    text = rows(power, "{s:%Y-%m-%d %H:%M:%S},{v}")
    return Dialect("Apt2_2014.csv", text.encode(), (truth("Apt2_2014", power, factor=0.25),), options)


def campus() -> Dialect:
    """The campus of the student project: a building a row, instants for names."""
    use = load("2018-11-03", 3, 60, "America/New_York", kw=80.0)
    other = load("2018-11-03", 3, 60, "America/New_York", kw=30.0)
    names = ",".join(f"{start:%m/%d/%Y %H:%M}" for start in use.index)
    lines = [
        f"{building},x," + ",".join(f"{each:.10g}" for each in one)
        for building, one in (("Building 110 North", use), ("Building 110", other))
    ]
    text = f"Group,Other Metadata,{names}\n" + "\n".join(lines) + "\n"
    truths = truth("Building 110 North", use), truth("Building 110", other)
    return Dialect("campus.csv", text.encode(), truths, {"timezone": "America/New_York"})
