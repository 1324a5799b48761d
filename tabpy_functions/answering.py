"""How a deployed function answers: never an error, as many values as were asked for, plain numbers or None.

TabPy calls a function inline in its one event loop, from a module that it unpickled: each deployed function has its
own copy of this module, and what lives in it lives as long as the process. So each function carries its own cache,
which travels empty; reasons are kept where all copies find them, at the one logger of the process.
"""

import hashlib
import logging
import marshal
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps

import numpy as np
from numpy.typing import NDArray

from tabpy_functions.inputs import InputError

LOGGER = "hyperwatt.tabpy"
"""Where calls are logged: WARNING with the reason where something could not be answered, else DEBUG."""

Value = float | str | None
Column = NDArray[np.float64] | Sequence[object]
Arguments = tuple[object, ...]
Function = Callable[..., "Answer | Column"]


@dataclass(frozen=True)
class Answer:
    """Values with notes on what was odd, for functions that have something to say."""

    values: Column
    notes: tuple[str, ...] = ()


class Cache:
    """Answers to identical calls, the least recently used leaving first.

    Identical is what has the same bytes: a digest of the arguments is the key, so that a long call is not kept. Only
    plain lists, text, numbers and None are recognised; a call with anything else is worked out each time.

    Parameters
    ----------
    most_calls : int, default 256
        Chosen: a workbook sends some ten different calls per view.
    most_values : int, default 1_000_000
        Values of all answers together, about 32 MB.
    """

    def __init__(self, most_calls: int = 256, most_values: int = 1_000_000) -> None:
        self.most_calls, self.most_values = most_calls, most_values
        self._answers: OrderedDict[bytes, list[Value]] = OrderedDict()
        self._values = 0

    def __reduce__(self) -> tuple[type["Cache"], tuple[int, int]]:
        """Travel empty."""
        return Cache, (self.most_calls, self.most_values)

    def get(self, key: bytes | None) -> list[Value] | None:
        """Give a copy of what was answered, or None."""
        found = self._answers.get(key) if key is not None else None
        if found is None or key is None:
            return None
        self._answers.move_to_end(key)
        return found.copy()

    def put(self, key: bytes | None, answer: list[Value]) -> None:
        """Remember an answer, and forget old ones until there is room."""
        if key is None or len(answer) > self.most_values:
            return
        self._values += len(answer) - len(self._answers.pop(key, ()))
        self._answers[key] = answer.copy()
        while len(self._answers) > self.most_calls or self._values > self.most_values:
            self._values -= len(self._answers.popitem(last=False)[1])


class Reasons(logging.Handler):
    """Keeps the last reasons why a call was not answered, or not wholly."""

    def __init__(self, most: int = 100) -> None:
        super().__init__(logging.WARNING)
        self.set_name(LOGGER)
        self.kept: deque[dict[str, object]] = deque(maxlen=most)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what a call left."""
        if isinstance(record.args, dict):
            self.kept.append({"at": record.created, **record.args})


def last_reasons() -> list[dict[str, object]]:
    """Give the last reasons of this process, oldest first.

    Returns
    -------
    list of dict
        `at` [s since 1970 UTC], `call_id`, `function`, `rows`, `ms`, `reason`; at most the last hundred.
    """
    return list(_reasons().kept)


def _reasons() -> Reasons:
    """Find the handler that this process has already, whichever copy of this module put it there."""
    logger = logging.getLogger(LOGGER)
    for handler in logger.handlers:
        if handler.get_name() == LOGGER:
            return handler  # type: ignore[return-value]  # the same class, from another copy of this module
    handler = Reasons()
    logger.addHandler(handler)
    return handler


def answers(function: Function, *, remember: bool = True) -> Callable[..., list[Value]]:
    """Decorate a function for TabPy.

    Parameters
    ----------
    function : callable
        Takes lists as Tableau sends them; returns one value a row, NaN or None where there is none, or an `Answer`.
        It may raise `InputError` with the reason why it cannot answer.
    remember : bool, default True
        Answer identical calls from a cache. It must then depend on its arguments only.

    Returns
    -------
    callable
        Never raises; gives as many values as the first list that it was called with is long, each a plain float, text
        or None.
    """
    cache = Cache() if remember else None

    @wraps(function)
    def answer(*arguments: object, **named: object) -> list[Value]:
        key = _key(arguments, named) if cache is not None else None
        if cache is not None and (known := cache.get(key)) is not None:
            return known
        values, is_lasting = _call(function, arguments, named)
        if cache is not None and is_lasting:
            cache.put(key, values)
        return values

    return answer


def _call(function: Function, arguments: Arguments, named: dict[str, object]) -> tuple[list[Value], bool]:
    """Work out an answer, leave a line in the log, and say whether the same call would have the same answer."""
    begun, reason, is_lasting = time.perf_counter(), "", True
    rows = _rows((*arguments, *named.values()))
    values: list[Value] = [None] * rows
    try:
        with np.errstate(all="ignore"):
            given = function(*arguments, **named)
        found = given if isinstance(given, Answer) else Answer(given)
        values, reason = _as_long(plain(found.values), rows), "; ".join(found.notes)
    except InputError as error:
        reason = str(error)
    except Exception as error:  # whatever it is: an error here would be a 404 with a wrong text in Tableau
        reason, is_lasting = _described(error), False
    _log(function.__name__, rows, time.perf_counter() - begun, reason)
    return values, is_lasting


def _rows(asked: Arguments) -> int:
    """How many values the caller waits for: as many as the first list holds."""
    return next((len(one) for one in asked if isinstance(one, list | tuple | np.ndarray)), 1)


def plain(values: Column) -> list[Value]:
    """Turn a column into what JSON knows.

    Parameters
    ----------
    values : array of float64 or sequence

    Returns
    -------
    list of float, str or None
        None for NaN, infinity, and whatever is no number and no text.
    """
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        known: list[Value] = values.astype(np.float64).tolist()
        for row in np.flatnonzero(~np.isfinite(values)).tolist():
            known[row] = None
        return known
    return [_plain(one) for one in values]


def _plain(one: object) -> Value:
    if isinstance(one, str):
        return str(one)
    if isinstance(one, bool | int | float | np.number | np.bool_) and np.isfinite(one):
        return float(one)
    return None


def _as_long(values: list[Value], rows: int) -> list[Value]:
    if len(values) != rows:
        raise ValueError(f"{len(values)} values for {rows} rows")
    return values


def _described(error: Exception) -> str:
    """Say what an unforeseen error is and where it came from, in one line."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" ({place.tb_frame.f_code.co_name}, line {place.tb_lineno})" if place is not None else ""
    return " ".join(f"{type(error).__name__}: {error}{where}".split())[:300]


def _log(function: str, rows: int, seconds: float, reason: str) -> None:
    call = {
        "call_id": uuid.uuid4().hex[:8],
        "function": function,
        "rows": rows,
        "ms": round(seconds * 1000, 1),
        "reason": reason,
    }
    _reasons()  # so that it is kept
    level = logging.WARNING if reason else logging.DEBUG
    logging.getLogger(LOGGER).log(level, "%(function)s %(call_id)s: %(rows)s rows, %(ms)s ms. %(reason)s", call)


def _key(arguments: Arguments, named: dict[str, object]) -> bytes | None:
    """Digest the arguments; None when they are not plain."""
    try:
        # Version 2 writes floats as they are and knows no references, so that equal lists give equal bytes.
        whole = marshal.dumps((arguments, sorted(named.items())), 2)  # type: ignore[arg-type]  # or it raises
    except (TypeError, ValueError):
        return None
    return hashlib.blake2b(whole, digest_size=16).digest()
