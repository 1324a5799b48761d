"""What the user says of a meter wins over its file, and over guesses only where they are guesses."""

import pytest

from pipeline.errors import SettingsError
from pipeline.sources.overrides import apply_feed, apply_meter
from pipeline.sources.source import Feed, Stream


def test_guesses_are_replaced() -> None:
    """Unit, label, length and clock that a reader guessed give way to the feed."""
    feed = Feed(timezone="Europe/London", unit="mwh", label="end", minutes=30, multiplier=2.0)

    assert apply_feed(Stream("a", multiplier=5.0), "a", feed) == Stream(
        "a", unit="MWh", timezone="Europe/London", label="end", minutes=30, multiplier=2.0
    )


def test_clock_that_the_file_states_stays() -> None:
    """Instants are no guess: only the meter's own entry replaces their clock."""
    stream = Stream("a", timezone="UTC")
    own = Feed(timezone="Europe/London", meters={"a": {"timezone": "Asia/Kolkata"}})

    assert apply_feed(stream, "a", Feed(timezone="Europe/London")) == stream
    assert apply_feed(stream, "a", own) == Stream("a", timezone="Asia/Kolkata")


def test_meter_entry() -> None:
    """A meter's entry renames it and joins its multiplier to the feed's; other meters are left alone."""
    feed = Feed(multiplier=2.0, meters={"raw 1": {"meter_id": "main", "channel": "received", "multiplier": 3}})

    assert apply_meter(Stream("raw 1"), "raw 1", feed) == Stream("main", "received", multiplier=6.0)
    assert apply_meter(Stream("raw 2"), "raw 2", feed) == Stream("raw 2", multiplier=2.0)


def test_entry_of_every_other_meter() -> None:
    """The entry "*" holds for meters without one of their own: the nightly files of one meter, say."""
    feed = Feed(meters={"*": {"meter_id": "main"}, "solar": {"channel": "received"}})

    assert apply_meter(Stream("main_2024-01-01"), "main_2024-01-01", feed) == Stream("main")
    assert apply_meter(Stream("solar"), "solar", feed) == Stream("solar", "received")


def test_unit_that_streams_have_no_word_for() -> None:
    """Gigawatts become megawatts times a thousand, whatever the file's own multiplier was."""
    feed = Feed(meters={"a": {"unit": "GW"}})

    assert apply_meter(Stream("a", multiplier=7.0), "a", feed) == Stream("a", unit="MW", multiplier=1000.0)


def test_skip() -> None:
    """`skip = true` leaves the meter out, `skip = false` does not."""
    assert apply_meter(Stream("a"), "a", Feed(meters={"a": {"skip": True}})) is None
    assert apply_meter(Stream("a"), "a", Feed(meters={"a": {"skip": False}})) == Stream("a")


@pytest.mark.parametrize(
    ("said", "message"),
    [({"colour": "red"}, "colour"), ({"channel": "import"}, "'import'"), ({"unit": "parsec"}, "'parsec'")],
)
def test_words_that_are_not_known(said: dict[str, str], message: str) -> None:
    """A setting, channel or unit that does not exist is the user's mistake, named with what there is."""
    with pytest.raises(SettingsError, match=message):
        apply_meter(Stream("a"), "a", Feed(meters={"a": said}))
