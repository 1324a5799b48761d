"""What the words of a header or of a name say."""

import pytest

from pipeline.sources.words import own_words, says_when


@pytest.mark.parametrize(
    "name",
    [
        "Jan",
        "January 2024",
        "2024-01",
        "01-2024",
        "2024",
        "Q1",
        "Q1 2024",
        "Week 7",
        "KW12",
        "Mai",
        "Jan-24",
        "Sep_2023",
    ],
)
def test_names_of_times(name: str) -> None:
    """A sheet of that name is one of several of a meter."""
    assert says_when(name)


@pytest.mark.parametrize("name", ["Main", "Marketing", "Sheet1", "Hall 7", "12", "100", "M24", "Solar 24", "Decks", ""])
def test_names_of_meters(name: str) -> None:
    """What only begins like a month, or is a number, may be a meter."""
    assert not says_when(name)


@pytest.mark.parametrize(
    ("name", "own"), [("North Hall (kWh)", ("north", "hall")), ("Usage (kWh)", ()), ("Meter 7 active power", ("7",))]
)
def test_words_of_a_meters_own(name: str, own: tuple[str, ...]) -> None:
    """What is measured, and in which unit, is none of them."""
    assert own_words(name) == own
