"""Files of building systems, loggers and circuit monitors."""

from dialects.made import Dialect, load, mean_kw, register, rows, sun, truth

EAST, CHICAGO, DENVER = "America/New_York", "America/Chicago", "America/Denver"


def niagara() -> Dialect:
    """A Niagara history: its path for a title, a clock's short name behind each stamp, marks in braces."""
    use = load("2023-11-04", 3, 15, EAST, kw=40.0)
    text = "history:/Campus/Library_kWh\nTimestamp,Trend Flags,Status,Value (kW-hr)\n"
    text += rows(use, "{s:%d-%b-%y %I:%M:%S %p %Z},{{ }},{{ok}},{v}")
    return Dialect("Library_kWh.csv", text.encode(), (truth("Library_kWh", use),), {"timezone": EAST})


def metasys() -> Dialect:
    """Metasys: objects by name, the unit behind each number."""
    use = load("2023-05-13", 5, 60, EAST, kw=40.0)
    other = load("2023-05-13", 5, 60, EAST, kw=70.0)
    text = "Date / Time,Name Path Reference,Object Name,Object Value\n"
    for name, series in (("KWH-1", use), ("KWH-2", other)):
        text += rows(series, f"{{s:%m/%d/%Y %I:%M:%S %p}},ADS:NAE-1/N2.{name},{name},{{v}} kWh")
    return Dialect("metasys.csv", text.encode(), (truth("KWH-1", use), truth("KWH-2", other)), {"timezone": EAST})


def power_monitor() -> Dialect:
    """A power monitor: energy and its mean power side by side, voltage and current beyond."""
    use = load("2023-05-13", 5, 15, EAST, kw=40.0)
    text = "Timestamp,Energy (kWh),Demand (kW),Voltage L-N Avg (V),Current Avg (A),Power Factor\n"
    for line, power in zip(rows(use, "{s:%Y-%m-%d %H:%M},{v}").splitlines(), mean_kw(use), strict=True):
        text += f"{line},{power:.3f},277.1,50.2,0.93\n"
    return Dialect("pme.csv", text.encode(), (truth("pme", use),), {"timezone": EAST})


def meter_log() -> Dialect:
    """A sub-meter's log: registers of both directions, power and power factor beside them."""
    use = load("2023-05-13", 5, 15, EAST, kw=40.0)
    fed = sun(use, 60.0)
    dial, back = register(use, 90211.0), register(fed, 411.0)
    text = "Time,Active Energy Delivered (kWh),Active Energy Received (kWh),Active Power (kW)\n"
    text += "".join(f"{at:%Y-%m-%d %H:%M:%S},{dial[at]:.10g},{back[at]:.10g},31.5\n" for at in dial.index)
    truths = truth("submeter", use), truth("submeter", fed, "received")
    return Dialect("submeter.csv", text.encode(), truths, {"timezone": EAST})


def egauge() -> Dialect:
    """eGauge: mean kW, newest first, what is made and what passes the grid."""
    use = mean_kw(load("2023-05-13", 4, 15, DENVER, kw=1.5))
    made = mean_kw(sun(load("2023-05-13", 4, 15, DENVER, kw=1.5), 2.0))
    text = "Date & Time,Usage [kW],Generation [kW]\n"
    lines = [f"{at:%Y-%m-%d %H:%M:%S},{use[at]:.10g},{made[at]:.10g}\n" for at in use.index]
    truths = truth("egauge", use, factor=0.25), truth("egauge", made, "received", factor=0.25)
    return Dialect("egauge.csv", (text + "".join(reversed(lines))).encode(), truths, {"timezone": DENVER})


def emporia() -> Dialect:
    """Emporia: the clock in the name of the stamps, kWhs, `No CT` where nothing is connected."""
    mains, car = load("2023-05-13", 3, 15, CHICAGO), load("2023-05-13", 3, 15, CHICAGO, kw=2.0)
    text = "Time Bucket (America/Chicago),House-Mains_A (kWhs),House-Car (kWhs),House-Spare (kWhs)\n"
    text += "".join(f"{at:%m/%d/%Y %H:%M:%S},{mains[at]:.10g},{car[at]:.10g},No CT\n" for at in mains.index)
    truths = truth("House-Mains_A (kWhs)", mains), truth("House-Car (kWhs)", car)
    return Dialect("emporia.csv", text.encode(), truths)


def span_panel() -> Dialect:
    """SPAN: Wh of a panel, its clock in the name of the stamps."""
    use = load("2023-05-13", 3, 15, CHICAGO, kw=1.1) * 1000
    text = "Local SPAN Panel time (America/Chicago),Energy Data (Wh)\n" + rows(use, "{s:%Y-%m-%d %H:%M:%S},{v}")
    return Dialect("span.csv", text.encode(), (truth("span", use, factor=0.001),))


def sense() -> Dialect:
    """Sense: devices by name, mean watts beside the energy, a title."""
    fridge, total = load("2023-05-13", 4, 60, DENVER, kw=0.1), load("2023-05-13", 4, 60, DENVER, kw=1.2)
    text = "Device energy usage,,,,,,,,\nDateTime,Device ID,Name,Device Type,Device Make,Device Model,Device Location,"
    text += "Avg Wattage,kWh\n"
    for name, series in (("Total Usage", total), ("Fridge", fridge)):
        text += rows(series, f"{{s:%Y-%m-%d %H:%M:%S}},{name[0]}1,{name},,,,,{{n}},{{v}}")
    return Dialect("1-hour.csv", text.encode(), (truth("T1", total), truth("F1", fridge)), {"timezone": DENVER})


def hobo() -> Dialect:
    """A HOBO logger: a plot's title, numbered rows, a fixed offset in the name of the stamps."""
    use = load("2023-05-13", 3, 15, "Etc/GMT+5")
    text = '"Plot Title: pump house"\n"#","Date Time, GMT-05:00","Energy, kWh (LGR S/N: 20000001)"\n'
    text += rows(use, "{n},{s:%m/%d/%y %I:%M:%S %p},{v}").replace("\n", ",\n")
    name = "Energy, kWh (LGR S/N: 20000001)"
    return Dialect("pump house.csv", text.encode(), (truth(name, use),), {"timezone": EAST})


def tesla() -> Dialect:
    """Tesla: instants, kW of home, roof and grid, the grid's below zero when it takes."""
    home, made = mean_kw(load("2023-05-13", 4, 5, DENVER, kw=1.5)), mean_kw(sun(load("2023-05-13", 4, 5, DENVER)))
    text = "Date time,Home (kW),Solar (kW),Grid (kW)\n"
    for at in home.index:
        text += f"{at.isoformat()},{home[at]:.10g},{made[at]:.10g},{home[at] - made[at]:.10g}\n"
    truths = truth("Home (kW)", home, factor=1 / 12), truth("tesla", made, "received", factor=1 / 12)
    return Dialect("tesla.csv", text.encode(), truths)


def enphase_whole() -> Dialect:
    """Enphase with a battery: what passes the meter is the meter's, all else has names of its own."""
    taken, used = (load("2023-05-13", 3, 15, DENVER, kw=kw) * 1000 for kw in (0.5, 1.0))
    made, fed = sun(taken, 4000.0, 0), sun(taken, 2500.0, 0)
    text = "Date/Time,Energy Produced (Wh),Energy Consumed (Wh),Exported to Grid (Wh),Imported from Grid (Wh),"
    text += "Stored in batteries (Wh)\n"
    for at in taken.index:
        text += f"{at:%m/%d/%Y %H:%M},{made[at]:.10g},{used[at]:.10g},{fed[at]:.10g},{taken[at]:.10g},0\n"
    truths = (
        truth("custom", taken, factor=0.001),
        truth("custom", fed, "received", factor=0.001),
        truth("custom-Energy Produced (Wh)", made, "received", factor=0.001),
        truth("custom-Energy Consumed (Wh)", used, factor=0.001),
        truth("Stored in batteries (Wh)", used * 0, factor=0.001),
    )
    return Dialect("custom.csv", text.encode(), truths, {"timezone": DENVER})


def campus_with_a_roof() -> Dialect:
    """A campus historian's power below zero is what its roof feeds in."""
    net = mean_kw(load("2021-05-08", 6, 15, EAST, kw=50.0) - sun(load("2021-05-08", 6, 15, EAST, kw=50.0), 120.0))
    text = "DateTime,RealPower\n"
    text += rows(net, "{s.month}/{s.day}/{s.year} {s.hour}:{s:%M},{v}", newest_first=True)
    truths = (
        truth("Garage", net.clip(lower=0), factor=0.25),
        truth("Garage", -net.clip(upper=0), "received", factor=0.25),
    )
    return Dialect("Garage.csv", text.encode(), truths, {"timezone": EAST})
