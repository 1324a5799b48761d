"""What blocks of channels must know before they are worked on: sites, clocks, rules, holidays, earlier readings."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import holidays
import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline.block import Known
from pipeline.config import Settings
from pipeline.errors import SettingsError
from pipeline.intake import Intake
from pipeline.schema import Stream
from pipeline.stores.tables import NO_SITE
from pipeline.vee.cells import Registry
from pipeline.vee.rules import RuleBook

History = Callable[[Sequence[int], int, int], pa.Table]
EPOCH = np.datetime64("1970-01-01", "D")
BIG_UNITS = {"MW", "MWh", "GWh"}
NATION_KW = 1e10
"""No network's mean power is above ten terawatts (the world's is about three)."""


def site_clock(stream: Stream, said: str | None, places: pd.DataFrame) -> str | None:
    """Name the clock that decides what a day is: the register's, else what the user said, else the file's."""
    if stream.meter_id in places.index:
        own = places.at[stream.meter_id, "timezone"]
        if isinstance(own, str) and own:
            return own
    return said or stream.site_timezone or stream.timezone


def known_places(stored: pd.DataFrame, register: pd.DataFrame) -> pd.DataFrame:
    """Give `site_id` and `timezone` of every meter that a register or an earlier run has placed, by meter_id."""
    columns = ["meter_id", "site_id", "timezone"]
    known = [frame.reindex(columns=columns) for frame in (register, stored) if len(frame)]
    found = (pd.concat(known) if known else pd.DataFrame(columns=columns)).astype(object)
    clocks = found.groupby("site_id")["timezone"].first()
    own = found["timezone"].where(found["timezone"].notna(), found["site_id"].map(clocks))
    return found.assign(timezone=own).groupby("meter_id", sort=False).first()


def place_meters(streams: Sequence[Stream], said: Sequence[str | None], places: pd.DataFrame) -> list[tuple[str, str]]:
    """Give the site of each stream's meter, and its clock: the register's, else the file's, else the site of all.

    A site has one clock. A meter that nobody has placed is a site of its own where its clock is not that of all.

    Parameters
    ----------
    streams : sequence of Stream
    said : sequence of str or None
        The clock that the user gave for the file of each.
    places : pandas.DataFrame
        As `known_places` gives it.
    """
    clocks = {site: clock for site, clock in zip(places["site_id"], places["timezone"], strict=True) if clock}
    sites: dict[Any, str] = places["site_id"].to_dict()
    found = []
    for stream, zone in zip(streams, said, strict=True):
        clock = site_clock(stream, zone, places) or "UTC"
        site = sites.get(stream.meter_id) or stream.site_id
        if not site:
            site = NO_SITE if clocks.setdefault(NO_SITE, clock) == clock else stream.meter_id
        sites[stream.meter_id] = site
        found.append((site, clocks.setdefault(site, clock)))
    return found


def retold_clocks(intake: Intake, channels: pd.DataFrame, register: pd.DataFrame) -> pd.DataFrame:
    """Give sites the clock that their files are said to have now, read again, where it was theirs before.

    A site keeps its clock when a register tells it, or when not all of its meters are read again.

    Returns
    -------
    pandas.DataFrame
        `meter_id`, `site_id`, `timezone`, as in a register.
    """
    said = {}
    for stream, number, idle in zip(intake.streams, intake.file_of, intake.unused(), strict=True):
        file = intake.files[number]
        if file.former and file.timezone and not idle:
            said[stream.meter_id] = (file.former.settings.get("timezone"), file.timezone)
    registered = set(register["site_id"]) if len(register) else set()
    rows = []
    groups: Any = channels.groupby(["site_id", "timezone"])["meter_id"]
    for (site, clock), meters in groups:
        pairs = {said.get(meter, (None, None)) for meter in meters}
        was, now = pairs.pop()
        if not pairs and site not in registered and was == clock and now not in (None, clock):
            rows += [{"meter_id": meter, "site_id": site, "timezone": now} for meter in meters.unique()]
    return pd.DataFrame(rows)


def know(intake: Intake, settings: Settings, places: pd.DataFrame, stored: pd.DataFrame, history: History) -> Known:
    """Gather what blocks must know.

    Parameters
    ----------
    intake : Intake
    settings : Settings
    places : pandas.DataFrame
        As `known_places` gives it.
    stored : pandas.DataFrame
        Channels of earlier runs, as `pipeline.stores.database.read_channels` gives them.
    history : function
        (channel_ids, first_utc, last_utc) to their readings.
    """
    idle = intake.unused()
    order = sorted(range(len(intake.streams)), key=lambda n: (not idle[n], -n))
    first = {intake.numbers[intake.streams[n].meter_id, intake.streams[n].channel]: n for n in order}
    streams = [intake.streams[first[number]] for number in range(len(intake.numbers))]
    said = [intake.files[intake.file_of[first[number]]].timezone for number in range(len(intake.numbers))]
    placed = place_meters(streams, said, places)
    ids = zip(stored["meter_id"], stored["channel"], stored["interval_minutes"], stored["channel_id"], strict=True)
    spans = stored[stored["first_start_utc"].notna()].set_index("channel_id")[["first_start_utc", "last_start_utc"]]
    received = {meter for meter, channel in intake.numbers if channel == "received"}
    days = holiday_days(settings.country)
    return Known(
        streams=intake.streams,
        files=[intake.files[number].path for number in intake.file_of],
        registry=Registry(
            number=intake.number_of_stream(),
            file_id=np.array([intake.files[number].file_id for number in intake.file_of], dtype=np.int32),
            timezones=[clock for _, clock in placed],
            names=list(intake.numbers),
        ),
        sites=[site for site, _ in placed],
        channel_ids={(meter, channel, int(minutes)): int(number) for meter, channel, minutes, number in ids},
        history=history,
        reloaded=frozenset(file.file_id for file in intake.files if file.former and not file.is_loaded),
        spans={int(number): (int(begin), int(end)) for number, begin, end in spans.itertuples()},
        book=rule_book(settings, intake),
        holidays=np.array(sorted(days), dtype=np.int64) if days else None,
        now=intake.newest,
        exporting=frozenset(received | set(stored.loc[stored["channel"] == "received", "meter_id"])),
    )


def holiday_days(country: str | None, years: range = range(2000, 2041)) -> dict[int, str]:
    """Give a country's public holidays, by local day number since 1970.

    Raises
    ------
    SettingsError
        When the `holidays` package has no such country or subdivision.
    """
    if not country:
        return {}
    code, _, part = country.partition("-")
    try:
        found = holidays.country_holidays(code, subdiv=part or None, years=years)
    except NotImplementedError as error:
        raise SettingsError(f"country {country!r}: {error} -> use a code like GB, GB-ENG or US-CA") from error
    return {int((np.datetime64(day, "D") - EPOCH).astype(int)): name for day, name in found.items()}


def holiday_frame(country: str | None) -> pd.DataFrame:
    """Give a country's public holidays as the database keeps them: `calendar`, `day`, `name`."""
    days = holiday_days(country)
    dates = [date(1970, 1, 1) + timedelta(days=day) for day in days]
    return pd.DataFrame({"calendar": country, "day": dates, "name": list(days.values())})


def rule_book(settings: Settings, intake: Intake) -> RuleBook:
    """Make the rule book: what feeds say of their meters, over it what the settings say of single ones.

    A file that counts in megawatts may hold a nation's load: for it a gigawatt is no sign of a wrong multiplier.
    """
    overrides: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    nation = {} if "limit_kw" in settings.rules.get("V15", {}) else {"limit_kw": NATION_KW}
    for stream, number in zip(intake.streams, intake.file_of, strict=True):
        said = dict(settings.feed_for(intake.files[number].path).rules)
        if stream.unit in BIG_UNITS:
            said["V15"] = nation | dict(said.get("V15", {}))
        if said:
            overrides[stream.meter_id, stream.channel] = said
    for key, more in settings.channel_rules().items():
        overrides.setdefault(key, {}).update(more)
    return RuleBook(settings.rules, overrides)
