"""Measure the hot paths: `python -m benchmarks [NAME ...]`, or `make bench`.

Every figure is a ratio to a reference measured in the same run, the better of two tries each, with rows and bytes:

extract    CSV → VEE → readings.hyper            against hyperd's bare COPY of the same CSV into one table
mysql      CSV → VEE → MySQL/MariaDB             against a bare LOAD DATA LOCAL INFILE of the rows that it wrote
memory     peak memory of 4,000 meters           against 400
default    `run`: CSV → VEE → SQLite + extracts  against a bare ADBC ingest of the rows that it wrote + the bare COPY
increment  one day of 400 meters onto two years  against the same day onto one year
forecast   `forecast` of 16 meters, two years    against the bare fits of the same days on as many cores
lookups    `lookup_forecast`, and `forecast` asked once more, through a real TabPy, against a trivial function there
prophet    `forecast_prophet` of two years of days through TabPy, against a bare Prophet fit and predict here
workers    16 clients at once on precomputed answers: two TabPy behind a real nginx, against one
"""

import sys
import tempfile
from pathlib import Path

from benchmarks import forecast_run, hot_paths, tabpy_calls

BENCHMARKS = hot_paths.BENCHMARKS | forecast_run.BENCHMARKS | tabpy_calls.BENCHMARKS


def main(names: list[str]) -> None:
    """Run the benchmarks named, or all."""
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        raise SystemExit(f"no benchmark {sorted(unknown)[0]!r}; there are: {', '.join(BENCHMARKS)}")
    with tempfile.TemporaryDirectory(prefix="hyperwatt-bench-") as folder:
        for name in names or BENCHMARKS:
            sys.stdout.write(f"{name:10s} {BENCHMARKS[name](Path(folder))}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
