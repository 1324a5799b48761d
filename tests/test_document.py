"""Documents: archives opened, encodings told and repaired, what is not data refused by its name."""

import gzip
import io
import shutil
import zipfile
from pathlib import Path

import pytest

from pipeline.errors import FileRefusedError, SettingsError
from pipeline.sources.document import WORKBOOK, Document, open_documents, read_text, utf8_stream
from pipeline.sources.source import Feed

ROWS = "meter,stamp,kwh\nM1,2019-01-01 00:00,1.5\nM1,2019-01-01 01:00,2.5\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))


def write(folder: Path, content: bytes, name: str = "file.csv") -> Path:
    """Put bytes in a file."""
    path = folder / name
    path.write_bytes(content)
    return path


def only(path: Path, feed: Feed | None = None) -> Document:
    """Open a file that holds one document."""
    (document,) = open_documents(path, feed or Feed())
    return document


def zipped(members: dict[str, bytes]) -> bytes:
    """Make a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        pytest.param(ROWS.encode(), "utf-8", id="plain"),
        pytest.param(b"\xef\xbb\xbf" + ROWS.encode(), "utf-8", id="utf-8 with mark"),
        pytest.param(b"\xff\xfe" + ROWS.encode("utf-16-le"), "utf-16-le", id="utf-16 with mark"),
        pytest.param(b"\xfe\xff" + ROWS.encode("utf-16-be"), "utf-16-be", id="big-endian utf-16 with mark"),
        pytest.param(ROWS.encode("utf-16-le"), "utf-16-le", id="utf-16 without mark"),
        pytest.param(ROWS.encode("utf-16-be"), "utf-16-be", id="big-endian utf-16 without mark"),
    ],
)
def test_text_is_the_same_however_it_is_encoded(tmp_path: Path, content: bytes, encoding: str) -> None:
    """Marks and encodings are told from the bytes and leave no trace in the text."""
    document = only(write(tmp_path, content))

    assert document.encoding == encoding
    assert read_text(document) == ROWS


def test_windows_text_is_decoded_and_said(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are read as Windows-1252, with a note."""
    document = only(write(tmp_path, "timestamp,Gebäude [kWh]\n2019-01-01,1\n".encode("cp1252")))

    assert "Gebäude" in read_text(document)
    assert "Windows-1252" in document.notes[0]


def test_lone_nul_bytes_are_taken_out(tmp_path: Path) -> None:
    """A few NULs inside text are dropped, and that is said."""
    document = only(write(tmp_path, ROWS.replace("M1,2019", "M1\0,2019", 1).encode()))

    assert read_text(document) == ROWS
    assert "NUL" in document.notes[0]


def test_damaged_utf16_is_repaired(tmp_path: Path) -> None:
    """Replacement characters in place of the mark, and half a character lost at the end, cost no cell."""
    document = only(write(tmp_path, "��".encode() + ROWS.encode("utf-16-le")[:-1]))

    assert read_text(document).splitlines() == ROWS.splitlines()
    assert any("repaired" in note for note in document.notes)


def test_named_encoding_wins(tmp_path: Path) -> None:
    """The user's encoding is taken as it is, and a wrong name is a settings error."""
    path = write(tmp_path, "a,°\n1,2\n".encode("latin-1"))

    assert "°" in read_text(only(path, Feed(encoding="latin-1")))
    with pytest.raises(SettingsError, match="klingon"):
        only(path, Feed(encoding="klingon"))


def test_gzip_is_opened_under_its_own_name(tmp_path: Path) -> None:
    """A gzip file is its content, whatever it is called, and can be opened many times."""
    path = write(tmp_path, gzip.compress(ROWS.encode()), "rows.csv.gz")
    document = only(path)

    assert document.path == path
    assert [document.open().read() for _ in range(2)] == [ROWS.encode()] * 2


def test_zip_gives_each_member(tmp_path: Path) -> None:
    """Members come in order, named `archive.zip/member`; folders and a desktop's litter are no members."""
    content = zipped({"a.csv": ROWS.encode(), "sub/b.csv": ROWS.encode(), "__MACOSX/._a.csv": b"\0\0", "sub/": b""})
    path = write(tmp_path, content, "rows.zip")

    assert [each.path for each in open_documents(path, Feed())] == [path / "a.csv", path / "sub" / "b.csv"]


def test_member_names_cannot_leave_the_archive(tmp_path: Path) -> None:
    """Dots in a member's name lead nowhere."""
    path = write(tmp_path, zipped({"../../etc/x.csv": ROWS.encode()}), "rows.zip")

    assert only(path).path == path / "etc" / "x.csv"


def test_bad_members_are_refused_after_the_good_ones(tmp_path: Path) -> None:
    """One picture in an archive does not lose the data beside it."""
    path = write(tmp_path, zipped({"1.csv": PNG, "2.csv": ROWS.encode(), "3.csv": b""}), "rows.zip")
    documents = open_documents(path, Feed())

    assert next(documents).path.name == "2.csv"
    with pytest.raises(FileRefusedError, match=r"1\.csv: this is a picture.*3\.csv: this is an empty file"):
        next(documents)


def test_papers_in_an_archive_are_left_out_with_a_note(tmp_path: Path) -> None:
    """A read-me and a picture beside data are no refusal; alone they are."""
    members = {"README.txt": b"Our data", "docs/logo.png": PNG, "a.csv": ROWS.encode()}
    path = write(tmp_path, zipped(members), "rows.zip")

    assert only(path).path.name == "a.csv"
    assert only(path).notes == ("left out of the archive: README.txt, docs/logo.png",)
    with pytest.raises(FileRefusedError, match="picture"):
        only(write(tmp_path, zipped({"logo.png": PNG}), "rows.zip"))


def test_workbook_is_passed_on_whole(tmp_path: Path) -> None:
    """A spreadsheet is not text: it is marked and left to its reader."""
    content = zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"})

    assert only(write(tmp_path, content, "book.xlsx")).encoding == WORKBOOK


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "empty file", id="no bytes"),
        pytest.param(b"\n \r\n,,,\n", "only blank lines", id="blank lines"),
        pytest.param(b"sep=,\n", r"holds only 'sep=,'", id="only sep"),
        pytest.param(b"sep=;\nmeter;date;[00:30];[01:00]\n", "header and no readings", id="header only"),
        pytest.param(b"Site,12/01/2019 00:00,12/01/2019 01:00\n", "header and no readings", id="campus header only"),
        pytest.param(b"<!DOCTYPE html><html><title>Sign in</title>", "web page.*'Sign in'", id="html"),
        pytest.param(b"\xff\xfe" + "<HTML><body>".encode("utf-16-le"), "web page", id="html in utf-16"),
        pytest.param(b'{"error": {"code": 401}}', r'JSON: \{"error": \{"code": 401', id="json error"),
        pytest.param(b'[\n {"value": 1}]', "JSON", id="json list"),
        pytest.param(PNG, "picture .PNG", id="png"),
        pytest.param(b"\xff\xd8\xff\xe0\x00\x10JFIF", "picture .JPEG", id="jpeg"),
        pytest.param(b"GIF89a\x01\x00", "picture .GIF", id="gif"),
        pytest.param(b"%PDF-1.7\n", "PDF", id="pdf"),
        pytest.param(b"\x7fELF\x02\x01", "program", id="elf"),
        pytest.param(b"MZ\x90\x00\x03", "program", id="exe"),
        pytest.param(b"#!/bin/sh\nrm\n", "script", id="script"),
        pytest.param(b"SQLite format 3\x00", "SQLite database", id="sqlite"),
        pytest.param(b"PAR1\x15\x04", "Parquet", id="parquet"),
        pytest.param(bytes(range(256)) * 8, "binary", id="random bytes"),
        pytest.param(gzip.compress(gzip.compress(b"a,b\n1,2\n")), "archive inside", id="gzip in gzip"),
        pytest.param(zipped({"b.zip": zipped({"a.csv": b"a,1"})}), "archive inside", id="zip in zip"),
        pytest.param(gzip.compress(b"a,b\n1,2\n" * 2000)[:-20], "damaged", id="gzip cut short"),
        pytest.param(zipped({"a.csv": b"a,b\n1,2\n"})[:-30], "damaged", id="zip cut short"),
        pytest.param(zipped({}), "empty", id="zip of nothing"),
    ],
)
def test_what_is_not_data_is_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    """A refusal says what the file is."""
    with pytest.raises(FileRefusedError, match=said) as refusal:
        list(open_documents(write(tmp_path, content), Feed()))

    assert refusal.value.rule_id == "V21"


def test_a_header_that_begins_like_a_program_is_text(tmp_path: Path) -> None:
    """`MZ` is two letters of a column name as long as the rest is text."""
    assert only(write(tmp_path, b"MZ1,stamp,kwh\n1,2019-01-01,2\n")).encoding == "utf-8"


def test_encrypted_archive_is_refused(tmp_path: Path) -> None:
    """A member behind a password is told before anything is read."""
    content = bytearray(zipped({"a.csv": ROWS.encode()}))
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1

    with pytest.raises(FileRefusedError, match="encrypted"):
        list(open_documents(write(tmp_path, bytes(content), "a.zip"), Feed()))


@pytest.mark.parametrize("kind", ["gzip", "zip"])
def test_a_bomb_is_refused_while_it_unpacks(tmp_path: Path, kind: str) -> None:
    """An archive that grows more than 400-fold beyond 64 MiB is stopped there, not in the machine's memory."""
    bomb = ROWS.encode() + b"\n" * (100 << 20)
    content = gzip.compress(bomb, 9) if kind == "gzip" else zipped({"a.csv": bomb})
    document = only(write(tmp_path, content, f"bomb.{kind}"))

    with pytest.raises(FileRefusedError, match="more than 400 times"), utf8_stream(document) as stream:
        shutil.copyfileobj(stream, io.BytesIO())


@pytest.mark.parametrize(
    ("name", "said"), [("missing.csv", "no such file"), (".", "a folder"), ("a\0b.csv", "opened|no such")]
)
def test_paths_that_are_no_files_are_refused(tmp_path: Path, name: str, said: str) -> None:
    """A missing file and a folder are refusals, not tracebacks."""
    with pytest.raises(FileRefusedError, match=said):
        list(open_documents(tmp_path / name, Feed()))


@pytest.mark.shared_data
def test_every_shared_document_is_what_its_readme_says(shared_data: Path) -> None:
    """The PNG is a picture, the `sep=` file empty, the damaged UTF-16 repaired; every API answer is JSON."""
    amr = shared_data / "energy_sparks_amr"
    with pytest.raises(FileRefusedError, match="picture"):
        only(amr / "amr_upload_data_files" / "not_a_csv.csv")
    with pytest.raises(FileRefusedError, match="sep=,"):
        only(amr / "amr_data" / "row-per-reading" / "empty-msft.csv")
    with pytest.raises(FileRefusedError, match="header and no readings"):
        only(amr / "amr_data" / "row-per-day" / "empty-with-header.csv")
    broken = only(amr / "amr_upload_data_files" / "with-nulls-and-empty-lines.csv")
    answers = sorted((shared_data / "api_samples").glob("*.json"))

    assert sum("Aug" in line for line in read_text(broken).splitlines()) == 15
    assert any("repaired" in note for note in broken.notes)
    assert len(answers) == 18
    for answer in answers:
        with pytest.raises(FileRefusedError, match="JSON"):
            only(answer)
