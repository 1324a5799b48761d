"""What a call of Tableau costs on a real TabPy; what each compares stands in `benchmarks.__main__`."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.config import tabpy_environment
from pipeline.errors import PublishError
from pipeline.publish.tabpy_build import Deployable, build_functions
from pipeline.publish.tabpy_client import TabPy
from pipeline.publish.tabpy_server import running_tabpy, serving
from pipeline.publish.tabpy_site import FIRST, write_site
from pipeline.publish.tabpy_state import ServerSettings
from tabpy_functions.catalogue import FUNCTIONS, Published, equal_to
from tabpy_functions.lookup import build_lookup

DAYS, AHEAD = 730, 30
CLIENTS = 16
SECONDS, BURSTS = 1.0, 12
"""Of each burst of calls by many clients [s], and how many there are, by turns."""


def made_here() -> Callable[..., Any]:
    """Give what any deployed function costs at least; made in here, it travels as a whole."""

    def trivial(*columns: list[Any]) -> list[float]:
        """Answer every row with the same number."""
        return [1.0] * len(columns[0])

    return trivial


def a_meter(first_day: date = date(2023, 1, 1), days: int = DAYS + AHEAD) -> tuple[list[str], list[float | None]]:
    """Two years of days and a month to come, with weeks, a year and noise."""
    day = np.arange(days)
    shape = (1 - 0.3 * (day % 7 >= 5)) * (1 + 0.2 * np.cos(day / 365.25 * 2 * np.pi))
    energy = (500 * shape * np.random.default_rng(0).lognormal(0, 0.05, days)).round(2).tolist()
    dates = [(first_day + timedelta(days=number)).isoformat() for number in range(days)]
    return dates, [*energy[: days - AHEAD], *[None] * AHEAD]


def catalogue() -> list[Deployable]:
    """Give all functions and the trivial one, with a table of a hundred channels' next month."""
    dates = a_meter()[0][-AHEAD:]
    frame = pd.DataFrame(
        [(f"M{meter}", "delivered", "day", day, 1.0, 0.5, 1.5) for meter in range(100) for day in dates],
        columns=["meter_id", "channel", "grain", "interval_start", "forecast_kwh", "lower_kwh", "upper_kwh"],
    )
    table = build_lookup(frame.assign(interval_start=pd.to_datetime(frame["interval_start"])))
    one = Published(made_here(), "Answers every row with 1.", (), equal_to([]))
    return build_functions(FUNCTIONS | {"trivial": one}, {"lookup_forecast": {"table": table}})


@contextmanager
def one_tabpy(folder: Path) -> Iterator[TabPy]:
    """Run a TabPy with all functions."""
    with serving(folder / "tabpy", catalogue(), ServerSettings(0), tabpy_environment()) as running:
        yield running.client


def timed(work: Callable[[], object]) -> float:
    """Time one call. [s]"""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_turn(*works: Callable[[], object], tries: int) -> list[float]:
    """Give the lower quartile of each, by turns: what else the machine does meets all alike, and counts little. [s]"""
    rounds = [[timed(work) for work in works] for _ in range(tries)]
    return [sorted(taken)[tries // 4] for taken in zip(*rounds, strict=True)]


def lookups(folder: Path) -> str:
    """(f)"""
    dates, energy = a_meter()
    asked = [["M7"] * AHEAD, ["delivered"] * AHEAD, dates[-AHEAD:]]
    with one_tabpy(folder) as tabpy:
        tabpy.query("forecast", [dates, energy])
        looked, beside, again, plain = in_turn(
            lambda: tabpy.query("lookup_forecast", asked),
            lambda: tabpy.query("trivial", asked),
            lambda: tabpy.query("forecast", [dates, energy]),
            lambda: tabpy.query("trivial", [dates, energy]),
            tries=200,
        )
    return (
        f"lookup_forecast {looked / beside:.2f} x a trivial function ({looked * 1e3:.2f} ms / {beside * 1e3:.2f} ms; "
        f"{AHEAD} rows), forecast once more {again / plain:.2f} x ({again * 1e3:.2f} ms / {plain * 1e3:.2f} ms; "
        f"{len(dates)} rows)"
    )


def prophet(folder: Path) -> str:
    """(g)"""
    from prophet import Prophet  # type: ignore[import-untyped]

    dates, energy = a_meter()
    stamps = pd.to_datetime(pd.Series(dates))
    changed = iter(range(1, 1000))

    def bare() -> None:
        known = pd.DataFrame({"ds": stamps[:DAYS], "y": energy[:DAYS]})
        Prophet().fit(known).predict(pd.DataFrame({"ds": stamps[DAYS:]}))

    with one_tabpy(folder) as tabpy:
        # A value is changed each time: an identical call would come from the cache.
        def ours() -> None:
            tabpy.query("forecast_prophet", [dates, [(energy[0] or 0.0) + 0.01 * next(changed), *energy[1:]]])

        in_turn(ours, bare, tries=2)
        called, alone = in_turn(ours, bare, tries=15)
    return (
        f"{called / alone:.2f} x a bare Prophet fit and predict ({called * 1e3:.0f} ms / {alone * 1e3:.0f} ms; "
        f"{len(dates)} rows)"
    )


def workers(folder: Path) -> str:
    """(h)"""
    if shutil.which("nginx") is None:
        return "not measured: nginx is not installed"
    with behind_nginx(folder / "one", 1) as one, behind_nginx(folder / "two", 2) as two:
        bursts = [(crowd(one), crowd(two)) for _ in range(BURSTS)]
    # The best of each: what else the machine does can only lower a rate.
    alone, both = (max(done for done, _ in found) / SECONDS for found in zip(*bursts, strict=True))
    failed = sum(bad for pair in bursts for _, bad in pair)
    rates = f"{both:,.0f} / {alone:,.0f} calls a second"
    return f"{both / alone:.2f} x one worker ({rates}, {CLIENTS} clients, {failed} failed)"


@contextmanager
def behind_nginx(folder: Path, count: int) -> Iterator[int]:
    """Run so many TabPy behind nginx; give its port."""
    port = free_port(count)
    write_site(folder, catalogue(), ServerSettings(port), workers=count)
    with ExitStack() as stack:
        for number in range(count):
            state = folder / "workers" / str(number + 1)
            stack.enter_context(running_tabpy(state, tabpy_environment(), port=port + FIRST + number))
        command = ["nginx", "-p", str(folder), "-c", "nginx.conf", "-e", "nginx.err", "-g", "daemon off;"]
        process = stack.enter_context(subprocess.Popen(command))
        stack.callback(process.terminate)
        wait_for(TabPy(f"http://127.0.0.1:{port}"))
        yield port


def free_port(count: int) -> int:
    """Find a port that is free, with those of so many workers; below those that outgoing connections take."""
    for port in range(20_000 + 7 * os.getpid() % 5_000, 32_000):
        with ExitStack() as stack:
            try:
                for each in (port, *range(port + FIRST, port + FIRST + count)):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", each))
            except OSError:
                continue
            return port
    raise SystemExit("no free ports")


def wait_for(tabpy: TabPy, tries: int = 5000) -> None:
    """Ask until nginx listens."""
    for left in range(tries, 0, -1):
        try:
            tabpy.ask_info()
            return
        except PublishError:
            if left == 1:
                raise


def crowd(port: int) -> tuple[int, int]:
    """Let many clients look up forecasts as Tableau does; give calls answered rightly, and others."""
    dates = a_meter()[0][-AHEAD:]
    columns = {"_arg1": ["M7"] * AHEAD, "_arg2": ["delivered"] * AHEAD, "_arg3": dates}
    script = "return tabpy.query('lookup_forecast',_arg1,_arg2,_arg3)['response']"
    body = json.dumps({"data": columns, "script": script}).encode()
    right = json.dumps([1.0] * AHEAD).encode()
    stop = time.perf_counter() + SECONDS

    def client(_number: int) -> tuple[int, int]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        done = bad = 0
        while time.perf_counter() < stop:
            connection.request("POST", "/evaluate", body)  # opens again what nginx closes after a thousand calls
            with connection.getresponse() as answer:
                is_right = answer.status == 200 and answer.read() == right
            done, bad = done + is_right, bad + (not is_right)
        connection.close()
        return done, bad

    with ThreadPoolExecutor(CLIENTS) as pool:
        found = list(pool.map(client, range(CLIENTS)))
    return sum(done for done, _ in found), sum(bad for _, bad in found)


BENCHMARKS: dict[str, Callable[[Path], str]] = {"lookups": lookups, "prophet": prophet, "workers": workers}
