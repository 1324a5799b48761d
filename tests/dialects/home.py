"""Files of home energy monitors, inverters and automation hubs."""

import numpy as np
import pandas as pd

from dialects.made import Dialect, Truth, load, mean_kw, register, rows, sun, truth, wide

WEST, AMSTERDAM, BERLIN = "America/Los_Angeles", "Europe/Amsterdam", "Europe/Berlin"


def home_assistant() -> Dialect:
    """Home Assistant's history: a register read each hour, holes said in words; nothing says the unit."""
    use = load("2024-01-15", 4, 60, "UTC")
    reads = register(use)
    text = "entity_id,state,last_changed\n" + rows(reads, "sensor.grid_energy,{v},{s:%Y-%m-%dT%H:%M:%S}.000Z")
    lines = text.splitlines()
    lines.insert(30, "sensor.grid_energy,unavailable,2024-01-16T04:59:30.120Z")
    options = {"unit": "kWh"}
    content = ("\n".join(lines) + "\n").encode()
    return Dialect("history.csv", content, (truth("sensor.grid_energy", use),), options, findings=("V21",))


def statistics() -> Dialect:
    """A bare pair of seconds since 1970 and a register, as import tools for Home Assistant write it."""
    use = load("2024-01-15", 4, 60, "UTC")
    reads = register(use)
    text = "".join(f"{int(start.timestamp())},{value:.10g}\n" for start, value in reads.items())
    file = "elec_feed_in_tariff_1_high_resolution.csv"
    return Dialect(file, text.encode(), (truth(file[:-4], use),), {"unit": "kWh"})


def emoncms() -> Dialect:
    """emoncms: seconds since 1970 and mean W, no names at all."""
    watts = (mean_kw(load("2024-01-15", 4, 10, "UTC")) * 1000).round()
    text = "".join(f"{int(start.timestamp())},{value:.0f}\n" for start, value in watts.items())
    return Dialect("feed_7.csv", text.encode(), (truth("feed_7", watts, factor=1 / 6000),), {"unit": "W"})


def emoncms_with_names() -> Dialect:
    """emoncms with names, blank values as null."""
    watts = (mean_kw(load("2024-01-15", 4, 10, "UTC")) * 1000).round()
    known = watts.copy()
    known.iloc[100] = float("nan")
    text = "Timestamp, house_power (W)\n"
    text += "".join(f"{int(start.timestamp())}, {value:.0f}\n" for start, value in known.items()).replace("nan", "null")
    truths = (truth("house_power (W)", known, factor=1 / 6000),)
    return Dialect("emoncms.csv", text.encode(), truths, findings=("V05",))


def shelly() -> Dialect:
    """Shelly: a minute a row, Wh used and returned, volts beside."""
    use = load("2024-01-15", 1, 1, "UTC", kw=30.0) * 1000
    text = "Date/time UTC,Active energy Wh,Returned energy Wh,Min V,Max V\n"
    text += rows(use, "{s:%Y-%m-%d %H:%M},{v},0,229.1,231.4")
    truths = truth("em_data", use, factor=0.001), truth("em_data", use * 0, "received")
    return Dialect("em_data.csv", text.encode(), truths)


def solaredge() -> Dialect:
    """SolarEdge: quarters of Wh, month first."""
    made = sun(load("2023-05-10", 6, 15, WEST)) * 1000
    text = "Time,System Production (Wh)\n" + rows(made, "{s:%m/%d/%Y %H:%M},{v}")
    truths = (truth("solaredge", made, "received", factor=0.001),)
    return Dialect("solaredge.csv", text.encode(), truths, {"timezone": WEST})


def enphase() -> Dialect:
    """Enphase: Wh with an offset, four quantities, a total below."""
    use = load("2023-05-10", 3, 15, WEST) * 1000
    made = sun(use)
    lines = []
    for start in use.index:
        lines.append(f"{start:%Y-%m-%d %H:%M:%S %z},{made[start] * 1000:.0f},{use[start]:.0f}")
    text = "Date/Time,Energy Produced (Wh),Energy Consumed (Wh)\n" + "\n".join(lines)
    text += f"\nTotal,{made.sum() * 1000:.0f},{use.sum():.0f}\n"
    truths = (
        truth("enphase", use.round(), factor=0.001),
        truth("enphase", (made * 1000).round(), "received", factor=0.001),
    )
    return Dialect("enphase.csv", text.encode(), truths)


def homewizard() -> Dialect:
    """HomeWizard: four registers of a P1 port, the greatest powers beside them, blank at first."""
    high, low = load("2025-03-03", 4, 15, AMSTERDAM), load("2025-03-03", 4, 15, AMSTERDAM, kw=0.4)
    fed = sun(high)
    dials = [register(one, begin) for one, begin in ((high, 1234.5), (low, 2345.6), (fed, 345.6), (fed * 0, 12.3))]
    text = "time,Import T1 kWh,Import T2 kWh,Export T1 kWh,Export T2 kWh,L1 max W,L2 max W,L3 max W\n"
    text += "2025-03-02 23:45,,,,,,,\n"
    for start in dials[0].index:
        text += f"{start:%Y-%m-%d %H:%M}," + ",".join(f"{one[start]:.10g}" for one in dials) + ",512,0,0\n"
    truths = (
        truth("P1", high),
        truth("P1-Import T2 kWh", low),
        truth("P1", fed, "received"),
        truth("P1-Export T2 kWh", fed * 0, "received"),
    )
    return Dialect("P1.csv", text.encode(), truths, {"timezone": AMSTERDAM})


def logger() -> Dialect:
    """A register read by hand now and then: the energy between reads, whatever their distance."""
    when = pd.to_datetime(["2024-01-01", "2024-01-09", "2024-02-01", "2024-03-02"]).tz_localize("UTC")
    reads = (1000, 1100.5, 1420, 1900)
    text = "Date,Meter reading (kWh)\n" + "".join(f"{at:%Y-%m-%d},{v}\n" for at, v in zip(when, reads, strict=True))
    truths = (Truth("dial", "delivered", "2024-01-01 00:00", "2024-02-01 00:00", 3, 0, 900.0),)
    return Dialect("dial.csv", text.encode(), truths, {"timezone": "UTC"})


def inverter() -> Dialect:
    """An inverter's day file: a `sep=;` line, a row of units below the names, decimal commas."""
    made = mean_kw(load("2023-05-15", 4, 5, BERLIN, kw=6.0))
    text = "sep=;\nDatum;Leistung;Status\nTT.MM.JJJJ hh:mm;kW;\n" + rows(made, "{s:%d.%m.%Y %H:%M};{c};ok")
    truths = (truth("inverter", made, factor=1 / 12),)
    return Dialect("inverter.csv", text.encode(), truths, {"timezone": BERLIN})


def eager_plug() -> Dialect:
    """A plug that counts seconds past the minute: stamps off the grid are moved onto it."""
    use = load("2024-01-15", 4, 15, "UTC")
    text = "timestamp,energy_kwh\n" + rows(use, "{s:%Y-%m-%d %H:%M}:07,{v}")
    return Dialect("plug.csv", text.encode(), (truth("plug", use),), {"timezone": "UTC"})


def ten_seconds() -> Dialect:
    """A clamp that reports watts every ten seconds: minutes are the shortest interval there is."""
    watts = (mean_kw(load("2024-01-15", 1, 1, "UTC", kw=1.3)) * 1000).round(1)
    text = "time,power (W)\n"
    for start, value in watts.items():
        for second, more in zip(range(0, 60, 10), (-9, 3, 9, -3, 5, -5), strict=True):
            text += f"{start + pd.Timedelta(seconds=second):%Y-%m-%d %H:%M:%S},{value + more:.1f}\n"
    truths = (truth("clamp", watts, factor=1 / 60000),)
    return Dialect("clamp.csv", text.encode(), truths, {"timezone": "UTC"}, findings=("V06",))


def whole_register() -> Dialect:
    """A register of whole kWh under a name of plain energy: it stands for hours, and rises by one or two."""
    reads = np.floor(register(load("2023-05-20", 10, 60, AMSTERDAM), 51234.0))
    text = "Time,Import (kWh)\n" + rows(reads, "{s:%Y-%m-%d %H:%M},{v}")
    known = truth("whole", reads.diff().shift(-1))
    return Dialect("whole.csv", text.encode(), (known,), {"timezone": AMSTERDAM})


def daily_reads() -> Dialect:
    """A register read each midnight of a month: thirty rises, small beside where it stands."""
    reads = np.floor(register(load("2023-05-20", 30, 1440, "UTC", kw=0.4), 51234.0))
    text = "Date,Energy (kWh)\n" + rows(reads, "{s:%Y-%m-%d},{v}")
    return Dialect("midnights.csv", text.encode(), (truth("midnights", reads.diff().shift(-1)),), {"timezone": "UTC"})


def steady_register() -> Dialect:
    """A register that rises by the same each quarter of an hour, as beside a load that never changes."""
    use = load("2023-05-20", 4, 15, AMSTERDAM) * 0 + 0.01
    text = "time,fridge\n" + rows(register(use, 1000.0), "{s:%Y-%m-%d %H:%M},{v}")
    return Dialect("fridge.csv", text.encode(), (truth("fridge", use),), {"timezone": AMSTERDAM})


def yields_of_two() -> Dialect:
    """Counters of the day of two inverters one below the other, each beginning again at its midnight."""
    text, truths = "Inverter SN,Time,Daily Yield(kWh)\n", []
    for serial, peak in (("1031050000000001", 4.0), ("1031050000000002", 6.0)):
        made = sun(load("2023-05-20", 6, 15, BERLIN), peak)
        so_far = (made.groupby(made.index.date).cumsum() - made).round(3)
        text += rows(so_far, serial + ",{s:%Y-%m-%d %H:%M:%S},{v}")
        truths.append(truth(serial, made.iloc[:-1], "received"))
    return Dialect("yields.csv", text.encode(), tuple(truths), {"timezone": BERLIN})


def dsmr() -> Dialect:
    """A P1 port: a register that grows, one of the same kind that stands still, and the power beside them."""
    use = load("2023-05-20", 4, 15, AMSTERDAM)
    grown = register(use, 1000.0)
    other = (0.3 + 0.01 * grown % 0.2).round(3)
    columns = {"delivered_1": grown, "returned_1": grown * 0 + 20, "currently_delivered": other}
    text = wide({f"electricity_{name}": one for name, one in columns.items()}, "{s:%Y-%m-%d %H:%M}", "time")
    truths = (
        truth("electricity_delivered_1", use),
        truth("electricity_returned_1", use * 0, channel="received"),
        truth("electricity_currently_delivered", other),
    )
    return Dialect("dsmr.csv", text.encode(), truths, {"timezone": AMSTERDAM, "unit": "kWh"})
