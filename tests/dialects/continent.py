"""More files of European grid operators, retailers and meters: ends and starts over clock changes, codes for flows."""

import pandas as pd

from dialects.made import Dialect, clocks, load, mean_kw, register, rows, sun, truth

VIENNA, BERLIN, MADRID, PARIS = "Europe/Vienna", "Europe/Berlin", "Europe/Madrid", "Europe/Paris"
LISBON, WARSAW, PRAGUE, DUBLIN = "Europe/Lisbon", "Europe/Warsaw", "Europe/Prague", "Europe/Dublin"
LONDON, LJUBLJANA, MOSCOW = "Europe/London", "Europe/Ljubljana", "Europe/Moscow"


def comma(text: str) -> str:
    """Write decimal commas where no date is."""
    return "\n".join(";".join(_comma(cell) for cell in line.split(";")) for line in text.split("\n"))


def _comma(cell: str) -> str:
    return cell.replace(".", ",") if cell.replace(".", "", 1).isdigit() else cell


def days_of(use: pd.Series, date: str, cells: int, delimiter: str = ",") -> str:
    """Write a line for each local day, blank cells behind those that the day has."""
    lines = []
    for _, day in use.groupby(use.index.date):
        filled = [f"{each:.10g}" for each in day]
        lines.append(delimiter.join([date.format(s=day.index[0]), *filled, *[""] * (cells - len(filled))]))
    return "\n".join(lines) + "\n"


def wiener_netze_spring() -> Dialect:
    """Vienna: a day, and both times of the quarter; the one before the change ends an hour later by the clock."""
    use = load("2023-03-25", 3, 15, VIENNA)
    text = "Datum;Zeit von;Zeit bis;Verbrauch [kWh];\n" + rows(use, "{s:%d.%m.%Y};{s:%H:%M:%S};{e:%H:%M:%S};{c};")
    return Dialect("vienna1.csv", text.encode("utf-8-sig"), (truth("vienna1", use),), {"timezone": VIENNA})


def wiener_netze_autumn() -> Dialect:
    """The same in autumn: the quarter before the change ends before it begins."""
    use = load("2023-10-28", 3, 15, VIENNA)
    text = "Datum;Zeit von;Zeit bis;Verbrauch [kWh];\n" + rows(use, "{s:%d.%m.%Y};{s:%H:%M:%S};{e:%H:%M:%S};{c};")
    return Dialect("vienna2.csv", text.encode("utf-8-sig"), (truth("vienna2", use),), {"timezone": VIENNA})


def smard_spring() -> Dialect:
    """SMARD: from, to, and megawatt-hours with points for thousands."""
    use = (load("2023-03-24", 4, 15, BERLIN, kw=5e7, digits=0) / 1000).round(2)
    text = "Datum von;Datum bis;Netzlast [MWh] Berechnete Auflösungen\n"
    for line, value in zip(rows(use, "{s:%d.%m.%Y %H:%M};{e:%d.%m.%Y %H:%M}").splitlines(), use, strict=True):
        text += f"{line};" + f"{value:,.2f}".translate(str.maketrans(",.", ".,")) + "\n"
    return Dialect("smard1.csv", text.encode("utf-8-sig"), (truth("smard1", use, factor=1000),), {"timezone": BERLIN})


def smard_autumn() -> Dialect:
    """The same over the autumn change: 02:45 to 02:00."""
    use = load("2023-10-28", 4, 15, BERLIN)
    text = "Datum von;Datum bis;Netzlast [kWh]\n" + rows(use, "{s:%d.%m.%Y %H:%M};{e:%d.%m.%Y %H:%M};{c}")
    return Dialect("smard2.csv", text.encode(), (truth("smard2", use),), {"timezone": BERLIN})


def from_to_with_a_meter() -> Dialect:
    """Four columns of which one names two meters: no plain list of periods."""
    one, two = load("2023-03-24", 4, 60, BERLIN), load("2023-03-24", 4, 60, BERLIN, kw=5.0)
    row = ";{s:%d.%m.%Y %H:%M};{e:%d.%m.%Y %H:%M};{c}"
    text = "Zähler;Von;Bis;kWh\n" + rows(one, f"Z 71{row}") + rows(two, f"Z 72{row}")
    return Dialect("fromto.csv", text.encode(), (truth("Z 71", one), truth("Z 72", two)), {"timezone": BERLIN})


def netze_bw() -> Dialect:
    """Netze BW: both ends, the unit in a column, words for quality."""
    use = load("2023-10-28", 3, 15, BERLIN)
    row = "{s:%d.%m.%Y %H:%M};{e:%d.%m.%Y %H:%M};{c};kWh;Wahrer Wert"
    text = "Zeitstempel (von);Zeitstempel (bis);Wert;Einheit;Status\n" + rows(use, row)
    return Dialect("netzebw.csv", text.encode(), (truth("netzebw", use),), {"timezone": BERLIN})


def enedis_r63() -> Dialect:
    """Enedis for professionals: the period asked for stands in every row, and is no reading's."""
    watts = (mean_kw(load("2023-03-24", 4, 30, PARIS)) * 1000).round()
    text = (
        "Identifiant PRM;Date de debut;Date de fin;Grandeur physique;Grandeur metier;Etape metier;Unite;Horodate;"
        "Valeur;Nature;Pas;Indice de vraisemblance;Etat complementaire\n"
    )
    text += rows(watts, "19876543210987;2023-03-24;2023-03-28;PA;CONS;BRUT;W;{s:%Y-%m-%d %H:%M:%S};{v};R;PT30M;0;0")
    truths = (truth("19876543210987", watts, factor=0.0005),)
    return Dialect("ENEDIS_R63.csv", text.encode(), truths, {"timezone": PARIS})


def datadis_with_a_roof() -> Dialect:
    """Datadis as it is now: what is fed in beside it, and columns that stay blank."""
    use = load("2024-05-10", 4, 60, MADRID)
    fed = sun(use)
    text = (
        "cups,fecha,hora,consumo_kWh,metodoObtencion,energiaVertida_kWh,energiaGenerada_kWh,energiaAutoconsumida_kWh\n"
    )
    for (start, value), out in zip(use.items(), fed, strict=True):
        text += f"ES00310000000002XX,{start:%Y/%m/%d},{start.hour + 1:02d}:00,{value:.10g},Real,{out:.10g},,\n"
    truths = truth("ES00310000000002XX", use), truth("ES00310000000002XX", fed, "received")
    return Dialect("datadis2.csv", text.encode(), truths, {"timezone": MADRID})


def twenty_five_hours() -> Dialect:
    """A column for each hour of the longest day, the last of them blank but for autumn."""
    use = load("2023-10-27", 5, 60, MADRID)
    text = "Fecha," + ",".join(f"H{n:02d}" for n in range(1, 26)) + "\n" + days_of(use, "{s:%d/%m/%Y}", 25)
    return Dialect("h25.csv", text.encode(), (truth("h25", use),), {"timezone": MADRID, "unit": "kWh"})


def hours_3a_3b() -> Dialect:
    """German hours: the repeated one is 3B, blank on any other day."""
    use = load("2023-10-27", 5, 60, BERLIN)
    hours = ["1", "2", "3A", "3B", *(str(n) for n in range(4, 25))]
    text = "Datum;" + ";".join(f"Stunde {hour}" for hour in hours) + "\n"
    for day, own in use.groupby(use.index.date):
        cells = [f"{each:.10g}" for each in own]
        cells = cells if len(cells) == 25 else [*cells[:3], "", *cells[3:]]
        text += ";".join([f"{day:%d.%m.%Y}", *cells]) + "\n"
    return Dialect("hours3b.csv", text.encode(), (truth("hours3b", use),), {"timezone": BERLIN, "unit": "kWh"})


def fifty_periods(file: str, start: str) -> Dialect:
    """Fifty columns of settlement periods."""
    use = load(start, 5, 30, LONDON)
    text = "MPAN,Settlement Date," + ",".join(f"SP{n}" for n in range(1, 51)) + "\n"
    text += days_of(use, f"120009999999{len(file)},{{s:%d/%m/%Y}}", 50)
    return Dialect(file, text.encode(), (truth(f"120009999999{len(file)}", use),), {"timezone": LONDON})


def fifty_periods_spring() -> Dialect:
    """46 of 50 in spring."""
    return fifty_periods("sp.csv", "2023-03-24")


def fifty_periods_autumn() -> Dialect:
    """All 50 in autumn."""
    return fifty_periods("sp50.csv", "2023-10-27")


def fifty_periods_without_a_clock() -> Dialect:
    """Nobody says on which clock days have 50: it is asked for."""
    told = fifty_periods("sp50no.csv", "2023-10-27")
    return Dialect(told.file, told.content, refusal="cells for days of 25 hours")


def british_quantities() -> Dialect:
    """AI, AE and RI of one meter: a line for each, and only the code tells them apart."""
    use = load("2023-05-20", 10, 30, LONDON)
    fed, reactive = sun(use), (use * 0.3).round(3)
    text = "MPAN,Measurement,Read Date," + ",".join(clocks(30)) + "\n"
    for day, own in use.groupby(use.index.date):
        for code, values in (("AI", use), ("AE", fed), ("RI", reactive)):
            text += ",".join(["1200099999990", code, f"{day:%d/%m/%Y}", *(f"{v:.10g}" for v in values[own.index])])
            text += "\n"
    truths = (
        truth("1200099999990", use),
        truth("1200099999990", fed, "received"),
        truth("1200099999990", reactive, "reactive"),
    )
    return Dialect("quantities.csv", text.encode(), truths, {"timezone": LONDON})


def values_and_flags() -> Dialect:
    """A flag behind each of the day's cells."""
    use = load("2023-03-20", 5, 30, LONDON)
    text = "MPAN,Utility,Units,Read Date," + ",".join(f"HH{n:02d},F{n:02d}" for n in range(1, 49)) + "\n"
    for day, own in use.groupby(use.index.date):
        values = own.tolist()
        if len(values) < 48:  # as a collector fills a day of 46
            values[2:2] = [0.0, 0.0]
        text += f"1200099999989,E,kWh,{day:%d/%m/%Y}," + ",".join(f"{value:.10g},A" for value in values) + "\n"
    return Dialect("hhflags.csv", text.encode(), (truth("1200099999989", use),), {"timezone": LONDON})


def obis_rows() -> Dialect:
    """Register codes of IEC 62056-61 in a column: 1.29.0 is used, 2.29.0 fed in."""
    use = load("2023-05-20", 4, 15, BERLIN)
    fed = sun(use)
    row = ";{s:%d.%m.%Y %H:%M};{e:%d.%m.%Y %H:%M};{c};kWh"
    text = "Zählpunkt;OBIS-Kennzahl;Von;Bis;Wert;Einheit\n"
    text += rows(use, f"DE0001234;1-0:1.29.0{row}") + rows(fed, f"DE0001234;1-0:2.29.0{row}")
    truths = truth("DE0001234", use), truth("DE0001234", fed, "received")
    return Dialect("obis1.csv", text.encode(), truths, {"timezone": BERLIN})


def obis_registers() -> Dialect:
    """The same codes for names of two registers."""
    use = load("2023-05-20", 4, 15, BERLIN)
    fed = sun(use)
    text = "Zeitstempel;1-0:1.8.0*255 [kWh];1-0:2.8.0*255 [kWh]\n"
    for (start, used), out in zip(register(use).items(), register(fed), strict=True):
        text += f"{start:%d.%m.%Y %H:%M};{used:.3f};{out:.3f}\n"
    truths = truth("obis2", use), truth("obis2", fed, "received")
    return Dialect("obis2.csv", comma(text).encode(), truths, {"timezone": BERLIN})


def plus_and_minus() -> Dialect:
    """+A and -A, as Czech and Slovak portals name the two ways."""
    use = load("2023-05-20", 6, 15, PRAGUE)
    fed = sun(use)
    text = "Datum;+A [kWh];-A [kWh]\n"
    for line, out in zip(rows(use, "{s:%d.%m.%Y %H:%M};{c}").splitlines(), fed, strict=True):
        text += f"{line};{out:.10g}\n".replace(".", ",").replace(",05,2023", ".05.2023")
    truths = truth("plusminus", use), truth("plusminus", fed, "received")
    return Dialect("plusminus.csv", text.encode(), truths, {"timezone": PRAGUE})


def energa() -> Dialect:
    """Poland: pobór is used, oddanie fed in."""
    use = load("2023-05-20", 6, 60, WARSAW)
    fed = sun(use)
    text = "Data i godzina;Pobór [kWh];Oddanie [kWh]\n"
    for (start, used), out in zip(use.items(), fed, strict=True):
        text += f"{start:%Y-%m-%d %H:%M};{used:.10g};{out:.10g}\n"
    truths = truth("energa", use), truth("energa", fed, "received")
    return Dialect("energa.csv", comma(text).encode(), truths, {"timezone": WARSAW})


def e_redes() -> Dialect:
    """E-REDES: lines of a title, mean kW by the end of the quarter, 24:00."""
    power = mean_kw(load("2023-10-28", 3, 15, LISBON))
    text = "Leituras;;;\nCPE;PT0002000012345678XX;;\n;;;\nData;Hora;Consumo registado (kW);Estado\n"
    text += rows(power, "{s:%Y/%m/%d};{e:%H:%M};{c};Real").replace(";00:00;", ";24:00;")
    return Dialect("eredes.csv", text.encode(), (truth("eredes", power, factor=0.25),), {"timezone": LISBON})


def esb_registers() -> Dialect:
    """ESB Networks by the day: registers of day and night, which the type of the row says."""
    day, night = load("2023-05-01", 20, 1440, DUBLIN, kw=0.3), load("2023-05-01", 20, 1440, DUBLIN, kw=0.2)
    text = "MPRN,Meter Serial Number,Read Value,Read Type,Read Date and End Time\n"
    begins, nights = register(day, 1000), register(night, 2000)
    for start in reversed(begins.index):
        for name, reads in (("Day", begins), ("Night", nights)):
            kind = f"{name} Active Import Register (kWh)"
            text += f"10012345678,00000001,{reads[start]:.3f},{kind},{start:%d-%m-%Y %H:%M}\n"
    truths = (
        truth("10012345678", day, minutes=1440),
        truth("10012345678-Night Active Import Register (kWh)", night, minutes=1440),
    )
    return Dialect("HDF_DNP.csv", text.encode(), truths, {"timezone": DUBLIN})


def fluvius_days() -> Dialect:
    """Fluvius by the day: four registers, two of them for each way, none of them lost."""
    zone = "Europe/Brussels"
    parts = {
        name: load("2023-05-01", 30, 1440, zone, kw=kw)
        for name, kw in (("Afname Dag", 0.3), ("Afname Nacht", 0.2), ("Injectie Dag", 0.1), ("Injectie Nacht", 0.15))
    }
    text = (
        "Van (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);EAN-code;Meter;Metertype;Register;Volume;Eenheid;"
        "Validatiestatus;Omschrijving\n"
    )
    row = '{s:%d-%m-%Y};00:00:00;{e:%d-%m-%Y};00:00:00;="541440000000000001";="1SAG11";Digitale meter;'
    text += "".join(rows(own, row + name + ";{c};kWh;Gevalideerd;") for name, own in parts.items())
    meters = ("541440000000000001", "541440000000000001-Afname Nacht")
    meters += ("541440000000000001", "541440000000000001-Injectie Nacht")
    ways = ("delivered", "delivered", "received", "received")
    truths = tuple(truth(*each, minutes=1440) for each in zip(meters, parts.values(), ways, strict=True))
    return Dialect("fluviusdays.csv", text.encode(), truths, {"timezone": zone})


def finnish_times() -> Dialect:
    """Times with a point instead of a colon."""
    zone = "Europe/Helsinki"
    use = load("2023-02-24", 4, 60, zone)
    text = "Ajankohta;Kulutus kWh\n" + rows(use, "{s.day}.{s.month}.{s.year} {s.hour}.{s:%M};{c}")
    return Dialect("caruna.csv", text.encode(), (truth("caruna", use),), {"timezone": zone})


def italian_times() -> Dialect:
    """The same in a column of its own, where it looks like a number."""
    zone = "Europe/Rome"
    use = load("2023-05-20", 6, 60, zone)
    text = "Data;Ora;Consumo (kWh)\n" + rows(use, "{s:%d/%m/%Y};{s:%H.%M};{c}")
    return Dialect("italy.csv", text.encode(), (truth("italy", use),), {"timezone": zone})


def hour_a_and_b() -> Dialect:
    """The repeated hour has letters: 02:00A, 02:00B."""
    use = load("2023-10-28", 3, 15, BERLIN)
    text = "Datum;Uhrzeit;kWh\n"
    for start, value in use.items():
        letter = ("A" if start.dst() else "B") if f"{start:%d.%H}" == "29.02" else ""
        text += f"{start:%d.%m.%Y};{start:%H:%M}{letter};{_comma(f'{value:.10g}')}\n"
    return Dialect("letters.csv", text.encode(), (truth("letters", use),), {"timezone": BERLIN})


def swiss_thousands() -> Dialect:
    """Thousands set off by apostrophes."""
    zone = "Europe/Zurich"
    use = load("2023-05-20", 6, 60, zone, kw=3000.0, digits=1)
    text = "Zeit;Verbrauch (kWh)\n"
    text += "".join(f"{start:%d.%m.%Y %H:%M};{value:,.1f}\n".replace(",", "'") for start, value in use.items())
    return Dialect("swiss.csv", text.encode(), (truth("swiss", use),), {"timezone": zone})


def german_thousands() -> Dialect:
    """Whole Wh with points for thousands: 987 and 1.234."""
    use = load("2023-05-20", 6, 60, BERLIN, kw=1000.0, digits=0)
    text = "Zeit;Verbrauch (Wh)\n"
    text += "".join(f"{start:%d.%m.%Y %H:%M};" + f"{value:,.0f}\n".replace(",", ".") for start, value in use.items())
    return Dialect("points.csv", text.encode(), (truth("points", use, factor=0.001),), {"timezone": BERLIN})


def russian_power() -> Dialect:
    """Kilowatts in Cyrillic: mean power, not energy."""
    power = mean_kw(load("2023-05-20", 6, 30, MOSCOW))
    text = "Дата;Время;Активная мощность, кВт\n" + rows(power, "{s:%d.%m.%Y};{s:%H:%M};{c}")
    truths = (truth("Активная мощность, кВт", power, factor=0.5),)
    return Dialect("moscow.csv", text.encode(), truths, {"timezone": MOSCOW})


def russian_as_windows() -> Dialect:
    """The same in a code page that nobody names: the unit is asked for, and the code page."""
    told = russian_power()
    content = told.content.decode().encode("cp1251")
    return Dialect("cp1251.csv", content, options=told.options, refusal="--encoding cp1251")


def _on_two_clocks(use: pd.Series, row: str) -> str:
    """Write a line for each reading: `u` is its start in UTC, `s` on the local clock."""
    return "".join(row.format(u=start.tz_convert("UTC"), s=start, v=value) + "\n" for start, value in use.items())


def utc_and_local() -> Dialect:
    """The local clock is an hour ahead and a row is an hour, so the two stamps chain as start and end would."""
    use = load("2023-01-10", 6, 60, PARIS)
    text = "Date locale,Date UTC,Consommation (kWh)\n" + _on_two_clocks(
        use, "{s:%Y-%m-%d %H:%M},{u:%Y-%m-%d %H:%M},{v}"
    )
    return Dialect("twoclocks.csv", text.encode(), (truth("twoclocks", use),), {"timezone": PARIS})


def energinet_march() -> Dialect:
    """HourUTC and HourDK over the change, with an area that is the same in every row."""
    zone = "Europe/Copenhagen"
    use = load("2023-03-24", 4, 60, zone, kw=900.0)
    text = "HourUTC;HourDK;PriceArea;GrossConsumptionMWh\n"
    text += comma(_on_two_clocks(use, "{u:%Y-%m-%d %H:%M};{s:%Y-%m-%d %H:%M};DK 7;{v}"))
    return Dialect("energinet7.csv", text.encode(), (truth("energinet7", use, factor=1000),), {"timezone": zone})


def utc_and_local_alike() -> Dialect:
    """In a British winter both clocks say the same: no interval without length."""
    use = load("2023-01-20", 4, 30, LONDON)
    text = "UTC Time,Local Time,kWh\n" + _on_two_clocks(use, "{u:%Y-%m-%d %H:%M},{s:%Y-%m-%d %H:%M},{v}")
    return Dialect("sameclock.csv", text.encode(), (truth("sameclock", use),), {"timezone": LONDON})


def ninja() -> Dialect:
    """Renewables.ninja: only one name says which clock it is on."""
    zone = "America/Vancouver"
    power = mean_kw(load("2023-05-10", 4, 60, zone))
    text = "# Units: electricity in kW\ntime,local_time,electricity\n"
    text += _on_two_clocks(power, "{u:%Y-%m-%d %H:%M},{s:%Y-%m-%d %H:%M},{v}")
    return Dialect("ninja.csv", text.encode(), (truth("ninja", power),), {"timezone": zone, "unit": "kW"})


def two_unnamed_clocks() -> Dialect:
    """Nothing says which clock is which, and every row ends after the next has begun."""
    use = load("2023-05-20", 4, 60, "America/New_York")
    text = "Time 1,Time 2,kWh\n" + _on_two_clocks(use, "{s:%Y-%m-%d %H:%M},{u:%Y-%m-%d %H:%M},{v}")
    return Dialect(
        "unnamedclocks.csv", text.encode(), options={"timezone": "UTC"}, refusal="nothing says which is meant"
    )


def ellevio_from_till() -> Dialect:
    """Swedish words for both ends, and two channels beside them."""
    zone = "Europe/Stockholm"
    use = load("2023-03-24", 4, 60, zone)
    made = sun(use)
    text = "Från;Till;Förbrukning (kWh);Produktion (kWh)\n"
    for line, value in zip(rows(use, "{s:%Y-%m-%d %H:%M};{e:%Y-%m-%d %H:%M};{c}").splitlines(), made, strict=True):
        text += f"{line};{_comma(str(value))}\n"
    truths = (truth("fromtill", use), truth("fromtill", made, "received"))
    return Dialect("fromtill.csv", text.encode(), truths, {"timezone": zone})


def gridvis_both_times() -> Dialect:
    """German words for both ends in one, beside a voltage."""
    use = (load("2023-05-20", 4, 15, BERLIN, kw=20.0) * 1000).round()
    text = "Startzeit;Endzeit;UMG 77 Wirkenergie Bezug L1..L3 [Wh];UMG 77 Spannung L1 [V]\n"
    text += rows(use, "{s:%d.%m.%Y %H:%M:%S};{e:%d.%m.%Y %H:%M:%S};{v};230,1")
    truths = (truth("UMG 77 Wirkenergie Bezug L1..L3 [Wh]", use, factor=0.001),)
    return Dialect("gridvis77.csv", text.encode(), truths, {"timezone": BERLIN})


def bst_and_gmt() -> Dialect:
    """BST before the change and GMT behind it: a clock and its summer, though GMT alone is an offset."""
    use = load("2023-10-27", 4, 30, LONDON)
    text = "Time,kWh\n" + rows(use, "{s:%d/%m/%Y %H:%M %Z},{v}")
    return Dialect("bstgmt.csv", text.encode(), (truth("bstgmt", use),), {"timezone": LONDON})


def bst_and_gmt_newest_first() -> Dialect:
    """The same in ISO and backwards."""
    use = load("2023-10-27", 4, 30, LONDON)
    text = "Time,kWh\n" + rows(use, "{s:%Y-%m-%d %H:%M %Z},{v}", newest_first=True)
    return Dialect("gmtbst.csv", text.encode(), (truth("gmtbst", use),), {"timezone": LONDON})


def ist_and_gmt_at_both_ends() -> Dialect:
    """Dublin's summer clock has the short name of India's, at the start and the end of each interval."""
    use = load("2023-10-27", 4, 30, DUBLIN)
    text = "Start,End,kWh\n" + rows(use, "{s:%d/%m/%Y %H:%M %Z},{e:%d/%m/%Y %H:%M %Z},{v}")
    return Dialect("istgmt.csv", text.encode(), (truth("istgmt", use),), {"timezone": DUBLIN})


def est_and_edt() -> Dialect:
    """Short names that are no offset: rows in order tell the repeated hour."""
    zone = "America/New_York"
    use = load("2023-11-03", 4, 60, zone)
    text = "Time,kWh\n" + rows(use, "{s:%Y-%m-%d %H:%M %Z},{v}", newest_first=True)
    return Dialect("estedt.csv", text.encode(), (truth("estedt", use),), {"timezone": zone})
