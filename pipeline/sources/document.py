"""From a path to streams of text that may hold meter data: encodings told, what is not data refused by its name.

Nothing here knows a layout. A stream may be opened many times (once to sniff, once to read), always from its beginning.
"""

import codecs
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import FileRefusedError, SettingsError
from pipeline.sources.archive import Opener, open_members
from pipeline.sources.source import Feed

SAMPLE_BYTES = 1 << 18
"""How much of a file is looked at before it is read: 256 KiB, chosen, not measured."""

WORKBOOK = "workbook"
"""The `encoding` of a spreadsheet, which is not text (xlsx, xlsb, ods, xls)."""

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF87a", "a picture (GIF)"),
    (b"GIF89a", "a picture (GIF)"),
    (b"II*\x00", "a picture (TIFF)"),
    (b"MM\x00*", "a picture (TIFF)"),
    (b"RIFF", "a sound, film or picture (RIFF)"),
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"{\\rtf", "a word-processor document (RTF)"),
    (b"\x7fELF", "a program (ELF)"),
    (b"MZ", "a program (Windows)"),
    (b"\xcf\xfa\xed\xfe", "a program (macOS)"),
    (b"\xca\xfe\xba\xbe", "a program (Java or macOS)"),
    (b"#!", "a script"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"HyPe", "a Hyper extract"),
)
_XLS = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_REPLACEMENT = "�".encode()
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x19\x1b-\x1f\x7f-\x9f]")
_NUMBER = re.compile(r"\s*[-+]?\d+([.,]\d*)?([eE][-+]?\d+)?\s*")


@dataclass(frozen=True)
class Document:
    """One stream of text (or one workbook) that may hold meter data.

    Attributes
    ----------
    path : Path
        As the user named it; `archive.zip/member.csv` for a member.
    open : callable
        Gives a fresh stream of the bytes, decompressed, byte order mark included.
    encoding : str
        Python's name of it ("utf-8", "utf-16-le", "cp1252"), or `WORKBOOK`.
    notes : tuple of str
        What was decoded or repaired, in plain words.
    """

    path: Path
    open: Callable[[], BinaryIO]
    encoding: str
    notes: tuple[str, ...] = ()


def open_documents(path: Path, feed: Feed) -> Iterator[Document]:
    """Give every document in a file: one, or the members of a zip archive in their order.

    Members that are not data do not stop the others: they are refused together, after the last good one.

    Raises
    ------
    FileRefusedError
        V21, when the path is no readable file, or what it holds is not data.
    """
    refused: list[FileRefusedError] = []
    for member in open_members(path):
        try:
            document = _inspect(member.path, member.open, feed)
        except FileRefusedError as refusal:
            refused.append(refusal)
        else:
            yield replace(document, notes=(*member.notes, *document.notes))
    if len(refused) == 1:
        raise refused[0]
    if refused:
        raise FileRefusedError(path, "; ".join(f"{each.path.name}: {each.reason}" for each in refused))


def utf8_stream(document: Document) -> BinaryIO:
    """Open the document's text as UTF-8 without byte order mark and NUL characters, whatever it is stored as."""
    stream = document.open()
    if document.encoding != "utf-8":
        return io.BufferedReader(_Transcoded(stream, document.encoding), 1 << 20)
    start = stream.read(len(codecs.BOM_UTF8))
    if start == codecs.BOM_UTF8:
        return stream
    stream.close()
    return document.open()


def read_text(document: Document, limit: int | None = None) -> str:
    """Read the document's text, at most `limit` bytes of it as UTF-8; line ends stay as they are."""
    with utf8_stream(document) as stream:
        content = stream.read() if limit is None else stream.read(limit)
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    return decoder.decode(content, final=limit is None or len(content) < limit)


class _Transcoded(io.RawIOBase):
    """Any text as a stream of UTF-8, a piece at a time; bytes that mean nothing become replacement characters."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._ready = b""
        self._at_start = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        while not self._ready:
            piece = self._stream.read(1 << 18)
            if not piece:
                break  # what is left of a character that the end cuts in two means nothing
            self._ready = self._clean(self._decoder.decode(piece)).encode()
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _clean(self, text: str) -> str:
        if self._at_start and text:
            text = text.lstrip("\ufeff")
            self._at_start = False
        return text.replace("\x00", "")

    def close(self) -> None:
        self._stream.close()
        super().close()


def _inspect(path: Path, opener: Opener, feed: Feed) -> Document:
    with opener() as stream:
        sample = stream.read(SAMPLE_BYTES)
    if sample.startswith(_XLS) or _is_zipped_workbook(sample, opener):
        return Document(path, opener, WORKBOOK)
    _refuse_signatures(path, sample)
    document = _decode(path, opener, sample, feed)
    _refuse_text(path, read_text(document, SAMPLE_BYTES), whole=len(sample) < SAMPLE_BYTES)
    return document


def _is_zipped_workbook(sample: bytes, opener: Opener) -> bool:
    if not sample.startswith(b"PK\x03\x04"):
        return False
    with opener() as stream:
        try:
            names = set(zipfile.ZipFile(io.BytesIO(stream.read(1 << 28))).namelist())
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
            return False
    return bool(names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"})


def _refuse_signatures(path: Path, sample: bytes) -> None:
    if not sample:
        raise FileRefusedError(path, "this is an empty file (0 bytes)", "export or copy it again")
    if sample.startswith((b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06")):
        raise FileRefusedError(path, "this is an archive inside an archive", "unpack it first")
    for magic, name in _MAGIC:
        if sample.startswith(magic) and not (len(magic) < 4 and _is_plain(sample[:64])):
            raise FileRefusedError(path, f"this is {name}, not meter data", "give the data file itself")
    if sample[257:262] == b"ustar":
        raise FileRefusedError(path, "this is a tar archive, not meter data", "unpack it first")


def _is_plain(head: bytes) -> bool:
    """Whether a short signature such as `MZ` is more likely the beginning of a line of text."""
    return b"," in head and all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head)


def _decode(path: Path, opener: Opener, sample: bytes, feed: Feed) -> Document:
    if feed.encoding is not None:
        return Document(path, opener, _known_encoding(feed.encoding))
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            note = () if encoding == "utf-8" else (f"text is {encoding.upper()} with a byte order mark",)
            return Document(path, opener, encoding, note)
    lost = len(sample) - len(sample.lstrip(_REPLACEMENT)) if sample.startswith(_REPLACEMENT) else 0
    lost -= lost % len(_REPLACEMENT)
    body = sample[lost:]
    notes = (f"encoding repaired: {lost // 3} replacement characters before the first line taken out",) if lost else ()
    opener = partial(_skip, opener, lost) if lost else opener
    if b"\x00" in body:
        encoding = _wide_encoding(body)
        return Document(path, opener, encoding, (*notes, _nul_note(encoding)))
    if _decodes(body, "utf-8"):
        return Document(path, opener, "utf-8", notes)
    return Document(path, opener, "cp1252", (*notes, "text is not UTF-8, read as Windows-1252 (--encoding)"))


def _known_encoding(name: str) -> str:
    try:
        found = codecs.lookup(name).name
        "".encode(found)
    except (LookupError, ValueError):
        raise SettingsError(f"encoding {name!r} is not known -> use a name like utf-8, cp1252 or utf-16") from None
    return "utf-8" if found in ("ascii", "utf-8-sig") else found


def _skip(opener: Opener, count: int) -> BinaryIO:
    stream = opener()
    stream.read(count)
    return stream


def _wide_encoding(body: bytes) -> str:
    """Tell UTF-16 without a mark from text with stray NULs, which is read byte by byte and its NULs dropped."""
    for encoding, high in (("utf-16-le", body[1::2]), ("utf-16-be", body[0::2])):
        if high.count(0) > 0.9 * len(high) and _decodes(body, encoding):
            return encoding
    return "cp1252"


def _nul_note(encoding: str) -> str:
    if encoding == "cp1252":
        return "encoding repaired: NUL bytes between the characters taken out"
    return f"encoding repaired: text is {encoding.upper()} without a byte order mark"


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(content, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_text(path: Path, text: str, whole: bool) -> None:
    start = text.lstrip().lower()
    odd = len(_CONTROLS.findall(text[:4096]))
    if odd > 0.02 * len(text[:4096]):
        raise FileRefusedError(path, "this is binary content, not text", "give a CSV, XML or workbook export")
    if start.startswith(("<!doctype html", "<html")) or "<html" in start[:1024]:
        raise FileRefusedError(path, f"this is a web page (HTML){_title(text)}", "download the data file again")
    if re.match(r"\{|\[\s*[\[{\"\]]", start):
        raise FileRefusedError(path, f"this is JSON: {_one_line(text)}", "export the readings as CSV")
    if whole:
        _refuse_without_rows(path, text)


def _title(text: str) -> str:
    found = re.search(r"<title[^>]*>([^<]{1,80})", text, re.IGNORECASE)
    return f" titled {_one_line(found.group(1))!r}" if found else ""


def _one_line(text: str, longest: int = 80) -> str:
    return " ".join(text.split())[:longest]


def _refuse_without_rows(path: Path, text: str) -> None:
    lines = [line for line in text.splitlines() if line.strip(" \t,;\x1a")]
    if not lines:
        raise FileRefusedError(path, "this file is empty: it holds only blank lines", "export it again")
    said = [line for line in lines if not re.match(r"\s*\"?sep=", line, re.IGNORECASE)]
    if not said:
        raise FileRefusedError(path, f"this file is empty: it holds only {lines[0].strip()!r}", "export it again")
    if len(said) == 1 and not said[0].lstrip().startswith("<") and not _has_number(said[0]):
        reason = f"this file is empty: it has a header and no readings ({_one_line(said[0])})"
        raise FileRefusedError(path, reason, "export a time in which there are some")


def _has_number(line: str) -> bool:
    return any(_NUMBER.fullmatch(cell.strip(' "')) for cell in re.split(r"[,;\t|]", line))
