"""What was written into a folder of results, so that what is not written any more can go the next time.

A file goes only while it is what we wrote, byte for byte: what somebody put there or changed since then is theirs.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pipeline.stores.scratch import file_hash, hidden, told, write_text


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
        now = {file.relative_to(folder).as_posix(): file_hash(file) for file in files}
        others = {name for writer, own in known.items() if writer != by for name in own}
        gone = [
            folder / name
            for name, content in known.get(by, {}).items()
            if name not in now and name not in others and _is_ours(folder / name, content)
        ]
        for file in gone:
            _take_away(file, folder)
        note.parent.mkdir(parents=True, exist_ok=True)
        write_text(note, json.dumps(known | {by: now}, indent=1, sort_keys=True))
    return gone


def _read(note: Path) -> dict[str, dict[str, str]]:
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # a note that cannot be read takes nothing away
        return {}
    return {by: own for by, own in found.items() if isinstance(own, dict)} if isinstance(found, dict) else {}


def _is_ours(file: Path, content: str) -> bool:
    return file.is_file() and not file.is_symlink() and file_hash(file) == content


def _take_away(file: Path, folder: Path) -> None:
    """Take away a file, and the folders that it leaves empty."""
    file.unlink()
    for parent in file.parents:
        if parent == folder or folder not in parent.parents:
            return
        with suppress(OSError):
            parent.rmdir()
