"""What is not written any more goes; what somebody put there, or changed, does not."""

from pathlib import Path

import pytest

from pipeline.written import note_written


def write(folder: Path, **files: str) -> list[Path]:
    """Files of these texts, `a__b` in the folder `a`."""
    paths = []
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        paths.append(path)
    return paths


def names(folder: Path) -> set[str]:
    """All files."""
    return {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder of results."""
    return tmp_path / "out"


def test_what_is_not_written_any_more_goes(out: Path) -> None:
    """Also in folders, which go when they are empty; a second time there is nothing to do."""
    note_written(out, "us", write(out, a="1", old="2", book__sheet="3"))

    gone = note_written(out, "us", write(out, a="other"))

    assert sorted(gone) == sorted([out / "old", out / "book/sheet"])
    assert names(out) == {"a"}
    assert not (out / "book").exists()
    assert note_written(out, "us", [out / "a"]) == []


def test_what_is_somebodys_stays(out: Path) -> None:
    """A file beside ours, one in a folder of ours, one of ours that was changed since."""
    note_written(out, "us", write(out, a="1", changed="2", book__sheet="3"))
    write(out, changed="theirs", theirs="4", book__notes="5")

    gone = note_written(out, "us", write(out, a="1"))

    assert gone == [out / "book/sheet"]
    assert names(out) == {"a", "changed", "theirs", "book/notes"}


def test_writers_leave_each_others_files(out: Path) -> None:
    """Workbooks of one spec stay when another is built into the same folder, and what both write stays with one."""
    note_written(out, "shipped", write(out, a="1", both="2"))
    note_written(out, "mine.py", write(out, b="3", both="2"))

    assert note_written(out, "mine.py", write(out, c="4")) == [out / "b"]
    assert names(out) == {"a", "both", "c"}


@pytest.mark.parametrize("note", ["", "[]", '{"us": 1', '{"us": ["a"]}'])
def test_a_broken_note_takes_nothing_away(tmp_path: Path, out: Path, note: str) -> None:
    """What cannot be read is no permission."""
    file, _ = write(out, a="1", b="2")
    (tmp_path / ".hyperwatt").mkdir()
    (tmp_path / ".hyperwatt" / "out.written.json").write_text(note)

    assert note_written(out, "us", [file]) == []
    assert names(out) == {"a", "b"}
