"""How far a long piece of work is: a live bar on a terminal, plain lines otherwise, always on stderr."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Tell(Protocol):
    """Called with a stage, how much of it is done, and how much there is (0: nobody knows)."""

    def __call__(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Say it."""


def silent(stage: str, done: int = 0, total: int = 0) -> None:
    """Say nothing."""


@contextmanager
def show_progress(*, every: float = 5.0) -> Iterator[Tell]:
    """Show progress on stderr while the block runs.

    Parameters
    ----------
    every : float, default 5
        Where stderr is not a terminal: least time between two lines of one stage. [s]
    """
    if not sys.stderr.isatty():
        yield _plain_lines(every)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}/{task.total:,}"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bars:
        yield _live_bars(bars)


def _live_bars(bars: Progress) -> Tell:
    tasks: dict[str, TaskID] = {}

    def tell(stage: str, done: int = 0, total: int = 0) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=max(total, 1))
        bars.update(tasks[stage], completed=done, total=max(total, done, 1))

    return tell


def _plain_lines(every: float) -> Tell:
    said: dict[str, float] = {}

    def tell(stage: str, done: int = 0, total: int = 0) -> None:
        now = time.monotonic()
        ended = 0 < total <= done
        if stage in said and now - said[stage] < every and not ended:
            return
        said[stage] = now
        sys.stderr.write(f"{stage} {done:,}/{total:,}\n" if total else f"{stage}\n")

    return tell
