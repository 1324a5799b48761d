"""The spool gives back what was put on it, in order, whatever had to be spilled."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.schema import Rows
from pipeline.spool import Spool


def some_rows(stream: list[int], first: int, *, quality: bool = False) -> Rows:
    """Rows with running stamps and values."""
    size = len(stream)
    codes = np.arange(size, dtype=np.uint8) if quality else None
    return Rows(
        np.array(stream, dtype=np.int32), np.arange(first, first + size), np.arange(size) / 4, codes, None, None
    )


@pytest.mark.parametrize("budget", [0, 1 << 20], ids=["spilled", "in memory"])
@pytest.mark.parametrize("interleaved", [False, True], ids=["by meter", "by instant"])
def test_rows_come_back_by_bucket_in_order(tmp_path: Path, budget: int, interleaved: bool) -> None:
    """Every row comes back once, in the order of the file, with its optional columns filled where others had none."""
    buckets = np.array([0, 0, 1, 2] * 50, dtype=np.int32)
    stream = list(range(200)) * 3 if interleaved else sorted(list(range(200)) * 3)
    spool = Spool(tmp_path, budget=budget)

    spool.add(some_rows(stream, 0), buckets)
    spool.add(some_rows(stream, 600, quality=True), buckets)
    blocks = [(group, spool.take(group)) for group, _ in spool.blocks(700)]
    spool.close()

    assert [group for group, _ in blocks] == [[0], [1, 2]]
    for group, rows in blocks:
        assert np.isin(buckets[rows.stream], group).all()
    stamps = np.concatenate([rows.stamp for _, rows in blocks])
    assert sorted(stamps.tolist()) == list(range(1200))
    for _, rows in blocks:
        for number in np.unique(rows.stream):
            assert (np.diff(rows.stamp[rows.stream == number]) > 0).all()
        assert rows.quality is not None
        assert (rows.quality[rows.stamp < 600] == 0).all()


def test_blocks_are_as_large_as_asked(tmp_path: Path) -> None:
    """Neighbouring buckets are joined up to the number of rows asked for, never split."""
    spool = Spool(tmp_path)
    for bucket in range(5):
        spool.add(some_rows([bucket] * 10, 0), np.arange(5, dtype=np.int32))

    assert list(spool.blocks(25)) == [([0, 1], 20), ([2, 3], 20), ([4], 10)]
    assert list(spool.blocks(1)) == [([bucket], 10) for bucket in range(5)]
