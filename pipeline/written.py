"""What was written into a folder of results, so that what is not written any more can go the next time.

A file goes only while it is what we wrote, byte for byte: what somebody put there or changed since then is theirs.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pipeline.stores.scratch import hidden, told


def note_written(folder: Path, by: str, files: Iterable[Path]) -> list[Path]:
    """Take away what the same writer wrote into a folder the last time and not now, and note what is there now.

    The note (who wrote which file, and its SHA-256) is beside the folder: `out/.hyperwatt/preview.written.json`.

    Parameters
    ----------
    folder : Path
        Where the files are, at whatever depth.
    by : str
        Who writes: two writers in a folder do not take away each other's files.
    files : iterable of Path
        All that was written now.

    Returns
    -------
    list of Path
        What was taken away.

    Raises
    ------
    StoreError
        When a file cannot be read or taken away, or the note cannot be written.
    """
    note = hidden(folder, "written.json")
    with told(note):
        known = _read(note)
        now = {file.relative_to(folder).as_posix(): _content(file) for file in files}
        others = {name for writer, own in known.items() if writer != by for name in own}
        gone = [
            folder / name
            for name, content in known.get(by, {}).items()
            if name not in now and name not in others and _is_ours(folder / name, content)
        ]
        for file in gone:
            _take_away(file, folder)
        _write(note, known | {by: now})
    return gone


def _read(note: Path) -> dict[str, dict[str, str]]:
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # a note that cannot be read takes nothing away
        return {}
    return {by: own for by, own in found.items() if isinstance(own, dict)} if isinstance(found, dict) else {}


def _write(note: Path, known: dict[str, dict[str, str]]) -> None:
    note.parent.mkdir(parents=True, exist_ok=True)
    draft = note.with_suffix(".new")
    draft.write_text(json.dumps(known, indent=1, sort_keys=True), encoding="utf-8")
    os.replace(draft, note)


def _content(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _is_ours(file: Path, content: str) -> bool:
    return file.is_file() and not file.is_symlink() and _content(file) == content


def _take_away(file: Path, folder: Path) -> None:
    """Take away a file, and the folders that it leaves empty."""
    file.unlink()
    for parent in file.parents:
        if parent == folder or folder not in parent.parents:
            return
        with suppress(OSError):
            parent.rmdir()
