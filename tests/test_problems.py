"""Problems of rows: gathered by kind, named by line, fatal where the user wants them so."""

import io
from pathlib import Path

import pytest

from pipeline.errors import FileRefusedError
from pipeline.schema import Finding
from pipeline.sources.document import Document
from pipeline.sources.problems import Problems, is_damaged_name, refuse_open_quote

FILE = Path("a.csv")


def test_rows_of_one_kind_are_one_finding() -> None:
    """A finding counts its intervals, spans its starts and names the first lines."""
    problems = Problems(FILE, shown=2)
    for line, start in ((7, 300), (9, 100), (12, 200)):
        problems.add("V04", "too short", f"line {line}", stream=("m", "delivered"), starts=(start,), intervals=2)

    assert problems.findings() == [
        Finding("V04", "m", "delivered", 100, 300, 6, "too short (line 7; line 9; and 1 more)", FILE)
    ]


def test_kinds_and_meters_are_kept_apart() -> None:
    """Another rule, text or meter is another finding; without one, the file's own meter is meant."""
    problems = Problems(FILE, stream=("m", "delivered"))
    problems.add("V04", "too short", "line 1")
    problems.add("V04", "too short", "line 2", stream=("n", None))
    problems.add("V04", "too long", "line 3")

    assert [(each.meter_id, each.detail) for each in problems.findings()] == [
        ("m", "too short (line 1)"),
        ("n", "too short (line 2)"),
        ("m", "too long (line 3)"),
    ]
    assert problems.summary() == "too short (line 1); too short (line 2); too long (line 3)"


def test_strict_refuses_bad_rows_only() -> None:
    """What is only worth saying never refuses a file."""
    problems = Problems(FILE, strict=True)
    problems.say("V20", "estimated", "line 1")

    with pytest.raises(FileRefusedError, match=r"V04 too short \(line 2\)"):
        problems.add("V04", "too short", "line 2")


@pytest.mark.parametrize(
    ("name", "damaged"),
    [
        ("1.23405E+12", True),
        ("2e+12", True),
        ("", True),
        ("  ", True),
        ("2200012767323", False),
        ("E12", False),
        ("1E", False),
    ],
)
def test_damaged_names(name: str, damaged: bool) -> None:
    """A rounded number or nothing is no meter; digits and words are."""
    assert is_damaged_name(name) is damaged


@pytest.mark.parametrize(
    ("text", "line"),
    [('a,b\n"1",2\n"3,4\n5,6\n', 3), ('a,"b\nc",d\n1,"2\n', 3), ('"a",b\n', None), ('a,"b\nc",d\n', None)],
)
def test_open_quote(text: str, line: int | None) -> None:
    """A quote that nothing closes is refused with its line; one that closes on a later line is not."""
    document = Document(FILE, lambda: io.BytesIO(text.encode()), "utf-8")
    if line is None:
        return refuse_open_quote(document)
    with pytest.raises(FileRefusedError, match=rf"line {line}: a quote"):
        refuse_open_quote(document)
    return None
