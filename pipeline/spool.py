"""The rows of a run, parted by channel while they are read, so that memory depends on neither files nor meters.

Readers give rows in file order, often one instant of all meters after the other; VEE wants all instants of some
meters. The spool keeps rows in memory up to a budget and in one scratch file beyond it, and hands them back bucket by
bucket in the order they came.
"""

import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.schema import Rows

CHANNELS_PER_BUCKET = 16


DTYPES = (np.int32, np.int64, np.float64, np.uint8, np.uint8, np.int32)
FILLERS = (0, 0, 0.0, 0, 0, 0)


class Spool:
    """Rows by bucket of channels, in memory first, in a scratch file when they are many.

    Parameters
    ----------
    folder : Path
        Where the scratch file is made when it is needed; it has no name that could be left behind by a kill.
    budget : int, default 160 MB
        Bytes kept in memory while files are read: seven million readings (chosen, not measured).
    """

    def __init__(self, folder: Path, budget: int = 160 << 20) -> None:
        self.folder = folder
        self.budget = budget
        self._held: dict[int, list[Rows]] = {}
        self._bytes = 0
        self._spilled: dict[int, list[list[int]]] = {}
        self._counts: dict[int, int] = {}
        self._file: IO[bytes] | None = None

    def add(self, rows: Rows, bucket_of_stream: NDArray[np.int32]) -> None:
        """Keep some rows; `bucket_of_stream` says where each stream belongs."""
        bucket = bucket_of_stream[rows.stream]
        borders = np.flatnonzero(np.diff(bucket))
        if len(borders) > 64:
            order = np.argsort(bucket.astype(np.uint16), kind="stable")
            rows, bucket = rows.take(order), bucket[order]
            borders = np.flatnonzero(np.diff(bucket))
        edges = [0, *(borders + 1).tolist(), len(bucket)]
        for first, end in pairwise(edges):
            if end > first:
                self._keep(int(bucket[first]), rows.take(slice(first, end)))
        if self._bytes > self.budget:
            self._spill()

    def _keep(self, bucket: int, rows: Rows) -> None:
        self._held.setdefault(bucket, []).append(rows)
        self._counts[bucket] = self._counts.get(bucket, 0) + len(rows.stream)
        self._bytes += sum(column.nbytes for column in rows if column is not None)

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115 - open until `close`
        self._file.seek(0, 2)
        for bucket, pieces in sorted(self._held.items()):
            rows = _join(pieces)
            places = []
            for column in rows:
                places.append(-1 if column is None else self._file.tell())
                if column is not None:
                    self._file.write(np.ascontiguousarray(column).data)
            self._spilled.setdefault(bucket, []).append([len(rows.stream), *places])
        self._held.clear()
        self._bytes = 0

    def _read(self, piece: list[int]) -> Rows:
        columns: list[Any] = []
        for place, dtype in zip(piece[1:], DTYPES, strict=True):
            if place < 0 or self._file is None:
                columns.append(None)
                continue
            self._file.seek(place)
            columns.append(np.frombuffer(self._file.read(piece[0] * np.dtype(dtype).itemsize), dtype=dtype))
        return Rows(*columns)

    def blocks(self, rows_per_block: int) -> Iterator[tuple[list[int], int]]:
        """Group neighbouring buckets into blocks of about so many rows: the buckets and the number of rows.

        From here on rows are only taken: when some had to be spilled, the rest leaves memory too.
        """
        if self._file is not None:
            self._spill()
        group: list[int] = []
        total = 0
        for bucket in sorted(self._counts):
            if group and total + self._counts[bucket] > rows_per_block:
                yield group, total
                group, total = [], 0
            group.append(bucket)
            total += self._counts[bucket]
        if group:
            yield group, total

    def take(self, buckets: list[int]) -> Rows:
        """Give the rows of some buckets, bucket after bucket, in the order they were added, and forget them."""
        pieces = []
        for bucket in buckets:
            pieces += [self._read(piece) for piece in self._spilled.get(bucket, [])]
            pieces += self._held.pop(bucket, [])
        return _join(pieces)

    def close(self) -> None:
        """Let go of the scratch file."""
        if self._file is not None:
            self._file.close()


def _join(pieces: list[Rows]) -> Rows:
    if len(pieces) == 1:
        return pieces[0]
    columns: list[Any] = []
    for column, (dtype, filler) in enumerate(zip(DTYPES, FILLERS, strict=True)):
        parts = [piece[column] for piece in pieces]
        if all(part is None for part in parts):
            columns.append(None)
            continue
        filled = [
            np.full(len(piece.stream), filler, dtype=dtype) if part is None else part
            for piece, part in zip(pieces, parts, strict=True)
        ]
        columns.append(np.concatenate(filled))
    return Rows(*columns)
