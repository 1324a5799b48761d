"""What lies between us and a site: it is counted, and what is safe to ask again is asked again.

Tableau's client retries nothing and has no time-outs. `Patient` stands in the place of its HTTP adapter, so that every
request of every call goes through it.
"""

import itertools
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import PublishError

BUSY = (502, 503, 504)
"""A gateway gave up, or the server restarts: whether the work was done is not known."""


class BrokenOffError(PublishError):
    """The answer never came, so whether the work was done is not known: look at the site, then go on."""


class SessionEndedError(BrokenOffError):
    """The site has ended our session: sign in again, look, and go on."""


@dataclass(frozen=True)
class Patience:
    """How long to put up with a site.

    Parameters
    ----------
    tries : int, default 5
        How often a request, and how often a whole step, is begun at most (chosen: with the waits below it outlasts a
        restart of a gateway of half a minute).
    first_wait : float, default 1
        Before the second try; each further one is twice as long. [s]
    longest_wait : float, default 60
        Longest wait, also of those that the site asks for. [s]
    first_poll, longest_poll : float, default 0.5 and 15
        Between two questions after a job, growing by a half each time. [s]
    longest_job : float, default 7200
        How long a job may take: Tableau's own limit for a refresh. [s]
    sleep : callable
        Waits some seconds.
    """

    tries: int = 5
    first_wait: float = 1.0
    longest_wait: float = 60.0
    first_poll: float = 0.5
    longest_poll: float = 15.0
    longest_job: float = 7200.0
    sleep: Callable[[float], object] = field(default=time.sleep, repr=False)

    def wait(self, number: int) -> float:
        """Give the wait after the try of a number, from 1. [s]"""
        return min(self.first_wait * (1 << (number - 1)), self.longest_wait)


@dataclass
class Traffic:
    """What went over the wire, headers left out. [bytes]"""

    sent: int = 0
    received: int = 0


class Patient:
    """An HTTP adapter around that of the `requests` library."""

    def __init__(self, inner: Any, patience: Patience, traffic: Traffic) -> None:
        self._inner, self._patience, self._traffic = inner, patience, traffic

    def send(self, request: Any, **options: Any) -> Any:
        """Send a request, again where that is safe, and give its answer.

        Raises
        ------
        BrokenOffError
            No answer, or a gateway's, and asking again did not help or would not have been safe.
        PublishError
            Somebody else answers, or the certificate is not trusted.
        """
        for number in itertools.count(1):
            last = number >= self._patience.tries
            self._traffic.sent += len(request.body or b"")
            try:
                answer = self._inner.send(request, **options)
                if not options.get("stream"):
                    # Read here, so that an answer that breaks off is met here.
                    _ = answer.content
            except OSError as error:
                if last or not is_safe(request) or "CERTIFICATE" in str(error):
                    raise _broken(request, error) from None
                self._patience.sleep(self._patience.wait(number))
                continue
            self._traffic.received += int(answer.headers.get("Content-Length") or 0)
            wait = self._wait(request, answer, number)
            if wait is None or last:
                return _judged(request, answer)
            answer.close()
            self._patience.sleep(wait)

    def _wait(self, request: Any, answer: Any, number: int) -> float | None:
        """Tell how long to wait before asking again; None: this answer holds."""
        asked = str(answer.headers.get("Retry-After", ""))
        wait = float(asked) if asked.isdigit() else self._patience.wait(number)
        if answer.status_code == 429 and wait <= self._patience.longest_wait:
            return wait
        if answer.status_code in BUSY and is_safe(request):
            return min(wait, self._patience.longest_wait)
        return None

    def close(self) -> None:
        """Close what is open."""
        self._inner.close()


def is_safe(request: Any) -> bool:
    """Tell whether doing a request twice is the same as once.

    Reading is; so are tags, permissions and descriptions, which are set and not added; and changes of rows, which
    carry an id that the server remembers. A piece of an upload would be there twice, and so might a refresh.
    """
    if request.method == "PUT":
        return not any(part in request.url for part in ("/fileUploads/", "/schedules/"))
    return request.method == "GET" or (request.method == "PATCH" and "requestid" in request.headers)


def _judged(request: Any, answer: Any) -> Any:
    """Give an answer that Tableau's client may read; it takes a proxy's page for an empty list."""
    where = _where(request)
    if answer.status_code >= 500:
        raise BrokenOffError(f"{where}: {answer.status_code} {_title(answer)} -> try again when the site answers")
    if "html" in answer.headers.get("Content-Type", ""):
        raise PublishError(
            f"{where}: a web page answers ({_title(answer)}), not Tableau -> is the address right, and does a proxy or "
            "a sign-in page stand between?"
        )
    if answer.status_code == 429:
        raise PublishError(f"{where}: the site asks us to slow down (429) -> publish less often")
    return answer


def _broken(request: Any, error: OSError) -> PublishError:
    where = _where(request)
    if "CERTIFICATE" in str(error):
        return PublishError(f"{where}: certificate not trusted -> name its authority's PEM file: ca under [publish]")
    return BrokenOffError(
        f"{where}: no answer ({type(error).__name__}) -> is the site up, and the network? Then publish again"
    )


def _where(request: Any) -> str:
    """Give host and path; what follows a question mark is nobody's business."""
    return f"{request.method} {str(request.url).partition('?')[0]}"


def _title(answer: Any) -> str:
    found = re.search(r"<title>(.*?)</title>", answer.text, re.DOTALL | re.IGNORECASE)
    summary = re.search(r"<summary>(.*?)</summary>", answer.text)
    return " ".join((found or summary or ["", answer.reason or "without a word"])[1].split())[:80]
