"""What hyperwatt.toml says of prices and factors: read, refused in one line, and told apart by a fingerprint."""

from pathlib import Path

import pytest

from pipeline.config import load_settings
from pipeline.emission_factors import Carbon
from pipeline.errors import SettingsError
from pipeline.pricing import __doc__ as example
from pipeline.tariffs import Rate, Tariff

WHOLE = """
[[tariff]]
name = "t"
currency = "EUR"
[[tariff.rate]]
name = "day"
price = 0.3
"""


def settings_of(folder: Path, text: str):
    """Settings of a file beside which nothing else is."""
    folder.mkdir(exist_ok=True)
    (folder / "hyperwatt.toml").write_text(text, encoding="utf-8")
    return load_settings(folder / "hyperwatt.toml").pricing


def test_the_example_of_the_docstring(tmp_path):
    """It is read, and means what its comments say."""
    pricing = settings_of(tmp_path, str(example).partition("\n\n")[2])
    (tariff,) = pricing.tariffs

    assert (tariff.name, tariff.currency, tariff.standing_charge, tariff.feed_in_price) == (
        "day and night",
        "GBP",
        0.55,
        0.15,
    )
    assert (str(tariff.since), tariff.is_default) == ("2025-04-01", True)
    assert tariff.rates == (Rate("peak", 0.42, (64, 76), (0,), (11, 12, 1, 2)), Rate("day", 0.27))
    assert pricing.carbon == Carbon(0.177, tmp_path / "carbon.csv")


def test_nothing_is_set(tmp_path):
    """Without tables there is nothing to work out; each alone is enough; factors may be by year."""
    assert not settings_of(tmp_path, "").is_set
    assert settings_of(tmp_path, WHOLE).tariffs == (Tariff("t", "EUR", (Rate("day", 0.3),)),)
    by_year = settings_of(tmp_path, "[carbon]\naverage_kg_per_kwh = { 2025 = 0.177, 2024 = 0.20705 }")
    assert by_year.is_set
    assert by_year.carbon == Carbon(((2024, 0.20705), (2025, 0.177)))


def with_rate(text: str) -> str:
    """A whole tariff with one more rate before the last."""
    return WHOLE.replace("[[tariff.rate]]", f"[[tariff.rate]]\nname = 'peak'\nprice = 1\n{text}\n[[tariff.rate]]")


REFUSED = [
    (WHOLE.replace('name = "t"\n', ""), r"\[\[tariff\]\] number 1 has no name"),
    (WHOLE.replace("EUR", "euro"), "currency = 'euro' -> three capitals"),
    (WHOLE.replace("currency", "money"), "unknown setting 'money' -> known: name, currency"),
    (WHOLE.replace('"EUR"', '"EUR"\nfrom = "2025"'), "from = '2025' is no day"),
    (WHOLE.replace('"EUR"', '"EUR"\ndefault = 1'), "default = 1 -> true or false"),
    (WHOLE.replace('"EUR"', '"EUR"\nstanding_charge = "0.5"'), "standing_charge = '0.5' is no number"),
    (WHOLE.replace("0.3", "nan"), "rate number 1: price = nan is no number"),
    (WHOLE.replace('"day"', '"feed-in"'), "name = 'feed-in'"),
    (WHOLE.partition("[[tariff.rate]]")[0], "has no prices"),
    (WHOLE.replace("[[tariff]]", "[tariff]").replace("[[tariff.rate]]", "[tariff.rate]"), "two brackets"),
    (WHOLE + WHOLE, "'t' is there twice for the same time -> say from when"),
    (
        (WHOLE + WHOLE.replace('"t"', '"u"')).replace('"EUR"', '"EUR"\ndefault = true'),
        "'t' and 'u' are both the default",
    ),
    (WHOLE + "hours = [16, 19]", r"'t' has no price for weekdays at 00:00 in month 1 -> end with a"),
    (WHOLE + 'days = "weekdays"', "no price for weekends at 00:00 in month 1"),
    (WHOLE + "months = [1, 2]", "no price for weekdays at 00:00 in month 3"),
    (with_rate("hours = [19]"), r"rate number 1: hours = \[19\]"),
    (with_rate("hours = [19, 19]"), r"hours = \[19, 19\] -> two times of day"),
    (with_rate("hours = [-1, 19]"), r"hours = \[-1, 19\]"),
    (with_rate("hours = [1, 25]"), r"hours = \[1, 25\]"),
    (with_rate('hours = ["01:10", "02:00"]'), "quarters of an hour"),
    (with_rate("hours = 7"), "hours = 7"),
    (with_rate('days = "sundays"'), "days = 'sundays' -> one of 'all', 'weekdays'"),
    (with_rate("days = [1]"), r"days = \[1\] -> one of"),
    (with_rate("months = [13]"), r"months = \[13\] -> a list of 1 to 12"),
    ("[carbon]", r"\[carbon\] has no factor"),
    ("[carbon]\naverage_kg_per_kwh = 250", "average_kg_per_kwh = 250 is not in kg/kWh -> divide grams"),
    ("[carbon]\naverage_kg_per_kwh = { 24 = 0.2 }", r"average_kg_per_kwh = \{'24': 0.2\}"),
    ("[carbon]\nfactor = 0.2", "unknown setting 'factor'"),
    ("[carbon]\nfile = 7", "file = 7 is no path"),
    ('[carbon]\nfile = "c.csv"\ntimezone = "London"', "time zone 'London' is not known"),
    ("tariffs = 3", "unknown setting 'tariffs' -> known: .*'tariff'"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_settings_that_cannot_be_are_refused(tmp_path, text, said):
    """In one line that says where it stands, and what to write."""
    with pytest.raises(SettingsError, match=said) as raised:
        settings_of(tmp_path, text)

    assert "\n" not in str(raised.value)
    assert " -> " in str(raised.value)


def test_prices_may_be_below_zero(tmp_path):
    """A supplier may pay for use at night, and hours may wrap midnight."""
    (tariff,) = settings_of(tmp_path, with_rate("hours = [22, 6]").replace("price = 1", "price = -0.05")).tariffs

    assert tariff.rates[0] == Rate("peak", -0.05, (88, 24))


def test_the_fingerprint(tmp_path):
    """Another one for another price, factor, zone, or byte of the file; the same wherever the file lies."""
    carbon = '[carbon]\nfile = "c.csv"\n'
    texts = ["", WHOLE, WHOLE.replace("0.3", "0.31"), WHOLE + carbon, WHOLE + carbon + 'timezone = "UTC"']
    texts.append(WHOLE + carbon + "average_kg_per_kwh = 0.2")
    seen = []
    for content in ("a", "b"):
        (tmp_path / "c.csv").write_text(content)
        seen += [settings_of(tmp_path, text).fingerprint() for text in texts]
    moved = tmp_path / "moved"
    other = settings_of(moved, texts[3])
    (moved / "c.csv").write_text("b")

    assert len(set(seen)) == 2 * len(texts) - 3  # three of them name no file
    assert other.fingerprint() == seen[len(texts) + 3]
    (moved / "c.csv").unlink()
    with pytest.raises(SettingsError, match=r"c\.csv: cannot be read .* -> file under \[carbon\]"):
        other.fingerprint()
