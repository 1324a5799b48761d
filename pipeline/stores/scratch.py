"""A place to build a file beside its target, for one process at a time.

What goes on is in the hidden folder `.hyperwatt` beside the target, so it is on the same file system and `os.replace`
is atomic. A killed run leaves litter there and nothing else; the next one sweeps it.
"""

import hashlib
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.errors import StoreError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def hidden(path: Path, suffix: str) -> Path:
    """Give the file or folder that goes with a target: `out/a.hyper`, "json" → `out/.hyperwatt/a.hyper.json`."""
    return path.parent / ".hyperwatt" / f"{path.name}.{suffix}"


def file_name(name: str, most: int = 80) -> str:
    """Make a name that every file system takes, and that leads nowhere else, out of one that a person made."""
    return re.sub(r"[^\w .,-]", "_", name)[:most].strip(" .") or "_"


@contextmanager
def own_scratch(path: Path) -> Iterator[Path]:
    """Give an empty scratch folder for a target, which no other process has until this one lets go or dies.

    Raises
    ------
    StoreError
        When another process is building the same target, or the folder cannot be made.
    """
    lock, scratch = hidden(path, "lock"), hidden(path, "building")
    with told(path):
        lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        with told(path):
            locked = _lock(descriptor)
        if not locked:
            raise StoreError(f"{path}: another run is writing it -> wait for that, then run `hyperwatt extract`")
        with told(path):
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Take away what a killed process left beside targets that nobody has reason to build again.

    A process may die after its file is in place and before its scratch folder is gone; one that is still building
    keeps what it has.
    """
    ending = ".building"
    for scratch in (folder / ".hyperwatt").glob(f"*{ending}"):
        with suppress(StoreError), own_scratch(folder / scratch.name.removesuffix(ending)):
            pass


@contextmanager
def own_folder(folder: Path, waiting: Callable[[], object]) -> Iterator[None]:
    """Hold a folder against other runs: while one puts its extracts in place no other looks how far they are.

    Parameters
    ----------
    folder : Path
        Made when it is not there.
    waiting : callable
        Told once when another process holds it; this one then waits until that lets go or dies.

    Raises
    ------
    StoreError
        When the folder cannot be made.
    """
    lock = hidden(folder / "folder", "lock")
    with told(folder):
        lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _lock(descriptor):
            waiting()
            while not _lock(descriptor):
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Take the lock, which the system gives back when the process ends, however it ends."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Say a failure of the file system as a StoreError that names the target and what to do."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror or error} -> close it in Tableau and other programs, "
            "see that there is room and permission, and run `hyperwatt extract`"
        ) from error


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    if path.is_dir() and sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_hash(path: Path) -> str:
    """Give the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_text(path: Path, text: str) -> None:
    """Write a small file so that it is there as it was before, or whole."""
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    sync(draft)
    draft.replace(path)
