"""What the user says of a meter wins over what its file says or lets guess."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pipeline.errors import SettingsError
from pipeline.schema import CHANNELS
from pipeline.sources.source import Feed, Stream
from pipeline.sources.values import known_unit

POWER_UNITS = {"W", "kW", "MW", "kVAr"}
METER_SETTINGS = ("meter_id", "channel", "timezone", "unit", "label", "multiplier", "is_register", "site_id", "skip")


def apply_feed(stream: Stream, name: str, feed: Feed) -> Stream | None:
    """Put everything a feed says on a stream whose facts were guessed; None when the stream is to be left out.

    A clock that the file states (instants, or a fixed offset all year) is no guess: only the meter's own entry in
    `feed.meters` replaces it.
    """
    facts = ("label", "minutes", "is_register", "digits", "newest_first", "reset_window")
    said: dict[str, Any] = {fact: getattr(feed, fact) for fact in facts if getattr(feed, fact) is not None}
    if feed.unit is not None:
        said |= _in_unit(feed.unit)
    if stream.timezone is None:
        said["timezone"] = feed.timezone
    settled = apply_meter(replace(stream, **said), name, feed)
    if feed.is_register and settled is not None and settled.is_register and settled.unit in POWER_UNITS:
        raise SettingsError(f"a register counts energy, and {settled.unit} is power -> --unit kWh, or --interval")
    return settled


def apply_meter(stream: Stream, name: str, feed: Feed) -> Stream | None:
    """Put on a stream what a feed says of this one meter, and the feed's multiplier; None: leave it out.

    A unit that the user states replaces the file's unit and every multiplier of the file with it.

    Parameters
    ----------
    stream : Stream
        As its file describes it.
    name : str
        The meter or column as the file names it; key into `feed.meters`, where "*" is every other.
    feed : Feed

    Raises
    ------
    SettingsError
        When the entry names a setting or a channel that does not exist.
    """
    said = dict(feed.meters.get(name, feed.meters.get("*", {})))
    _check_settings(name, said)
    if said.pop("skip", False):
        return None
    factor = feed.multiplier * float(said.pop("multiplier", 1.0))
    if "unit" in said:
        said |= _in_unit(said["unit"])
    settled = replace(stream, **said)
    return replace(settled, multiplier=settled.multiplier * factor)


def _in_unit(unit: str) -> dict[str, Any]:
    """Give unit and multiplier in the words of `Stream`."""
    meaning = known_unit(unit)
    return {"unit": meaning.unit, "multiplier": meaning.multiplier}


def _check_settings(name: str, said: Mapping[str, Any]) -> None:
    unknown = sorted(set(said) - set(METER_SETTINGS))
    if unknown:
        raise SettingsError(f"meter {name!r}: {', '.join(unknown)} is not known -> use {', '.join(METER_SETTINGS)}")
    if said.get("channel", CHANNELS[0]) not in CHANNELS:
        raise SettingsError(f"meter {name!r}: channel {said['channel']!r} is not known -> use {', '.join(CHANNELS)}")
