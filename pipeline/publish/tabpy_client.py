"""A TabPy as we talk to it: its HTTP interface, and what each refusal means in one sentence.

TabPy's own client writes functions to a path that only a shared disk makes reach the server, and never verifies a
certificate; this one needs neither.
"""

import base64
import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from pipeline.connect import connect_tabpy
from pipeline.errors import PublishError

CHUNK_BYTES = 512 * 1024
"""Of a function sent in one request: as text below 1 MB, which is what nginx lets through unless told otherwise."""


class TabPyRefusedError(PublishError):
    """An answer of TabPy that is no success; `status` is its HTTP status, `said` its own words."""

    def __init__(self, message: str, status: int, said: str) -> None:
        self.status = status
        self.said = said
        super().__init__(message)


@dataclass(frozen=True)
class TabPy:
    """One server. Every call opens a connection of its own, so nothing is left open.

    Parameters
    ----------
    url : str
        `http://HOST:PORT` or `https://HOST:PORT`.
    user, password : str or None
        Only for a server that wants them: an open one refuses whoever brings some.
    ca : Path or None
        PEM file of the authority behind the server's certificate.
    timeout : float, default 60
        Longest wait for an answer: twice what TabPy gives a script by default. [s]
    """

    url: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None
    timeout: float = 60.0

    @cached_property
    def info(self) -> dict[str, Any]:
        """`/info`, as it was at the first question."""
        return self.ask_info()

    def ask_info(self) -> dict[str, Any]:
        """Ask `/info`: name, server_version, state_path, versions.

        Raises
        ------
        PublishError
            Also when whoever answers is no TabPy.
        """
        info = self.ask("GET", "/info")
        if not isinstance(info, dict) or "server_version" not in info:
            raise PublishError(f"{self.url}: answers, but is no TabPy -> check host and port")
        return info

    @property
    def can_evaluate(self) -> bool:
        """True when the server runs scripts, as every SCRIPT_ calculation needs."""
        return bool(self._features.get("evaluate_enabled", True))

    @property
    def wants_user(self) -> bool:
        """True when the server lets in nobody without user and password."""
        return "authentication" in self._features

    @property
    def _features(self) -> Mapping[str, Any]:
        features: Mapping[str, Any] = self.info.get("versions", {}).get("v1", {}).get("features", {})
        return features

    def status(self) -> dict[str, Any]:
        """Give the functions in the server's memory: name to version, status, last_error."""
        return dict(self.ask("GET", "/status"))

    def endpoints(self) -> dict[str, Any]:
        """Give the functions in the server's state file: name to version, description, docstring."""
        return dict(self.ask("GET", "/endpoints"))

    def query(self, name: str, arguments: Mapping[str, Any] | list[Any]) -> Any:
        """Call a deployed function by `/query`; give its answer."""
        return self.ask("POST", f"/query/{quote(name)}", {"data": arguments})["response"]

    def evaluate(self, script: str, *arguments: Any) -> Any:
        """Run a script with `_arg1` ... by `/evaluate`, as Tableau does; give its answer."""
        data = {f"_arg{number}": value for number, value in enumerate(arguments, start=1)}
        return self.ask("POST", "/evaluate", {"data": data, "script": script})

    def send_file(self, path: str, content: bytes) -> None:
        """Write a file on the server by scripts, piece by piece; the folder is made.

        Raises
        ------
        PublishError
            When the server may not write there, or less arrives than was sent.
        """
        size = 0
        for first in range(0, max(1, len(content)), CHUNK_BYTES):
            piece = base64.b64encode(content[first : first + CHUNK_BYTES]).decode("ascii")
            size = self.evaluate(WRITE, path, "ab" if first else "wb", piece)
        if size != len(content):
            raise PublishError(f"{self.url}: {path} has {size} bytes, {len(content)} were sent -> is its disk full?")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request; give the decoded answer.

        Raises
        ------
        TabPyRefusedError
            The server answered, and it is no success.
        PublishError
            It did not answer, not in time, or not with JSON.
        """
        sent = None if body is None else json.dumps(body).encode()
        with closing(connect_tabpy(self.url, ca=self.ca, timeout=self.timeout)) as connection:
            try:
                connection.request(method, urlsplit(self.url).path.rstrip("/") + path, sent, self._headers())
                answer = connection.getresponse()
                text = answer.read().decode("utf-8", "replace")
            except TimeoutError as error:
                raise PublishError(
                    f"{self.url}{path}: no answer in {self.timeout:g} s -> one slow call holds up all of a TabPy: "
                    "wait, start it again, or run several behind one address (`hyperwatt tabpy site`)"
                ) from error
            except (HTTPException, OSError) as error:
                raise PublishError(f"{self.url}{path}: broke off ({error or type(error).__name__})") from error
        if answer.status >= 400:
            raise self._refused(path, answer.status, _said(text))
        return self._decoded(path, text)

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if self.user is not None:
            secret = base64.b64encode(f"{self.user}:{self.password or ''}".encode()).decode("ascii")
            headers["Authorization"] = f"Basic {secret}"
        return headers

    def _decoded(self, path: str, text: str) -> Any:
        try:
            return json.loads(text, parse_constant=_no_number) if text else None
        except ValueError as error:
            raise PublishError(f"{self.url}{path}: the answer is not JSON ({error})") from error

    def _refused(self, path: str, status: int, said: str) -> TabPyRefusedError:
        advice = REFUSALS.get(status, "see the log of the server")
        if status == 401 and self.user is None:
            advice = "it wants a user: --user NAME, and the password by HYPERWATT_TABPY_PASSWORD"
        if status == 404 and path == "/evaluate" and "disabled" in said:
            advice = "set TABPY_EVALUATE_ENABLE = true: every SCRIPT_ calculation needs it"
        return TabPyRefusedError(f"{self.url}{path}: {status} {said} -> {advice}", status, said)


REFUSALS = {
    401: "user or password is wrong",
    403: "this user may not do that here",
    404: "deploy it: `hyperwatt tabpy deploy`",
    406: "this server is open and refuses whoever brings a password: leave out --user",
    408: "the call took longer than TABPY_EVALUATE_TIMEOUT: send fewer rows, or look up precomputed answers",
    413: "more than TABPY_MAX_REQUEST_SIZE_MB, or than the proxy in front lets through",
    502: "the proxy is there, TabPy behind it is not",
    503: "the proxy is there, TabPy behind it is not",
    504: "the proxy gave up waiting: its timeouts must be longer than TABPY_EVALUATE_TIMEOUT",
}
"""HTTP status to what to do about it."""

WRITE = """import base64, os
os.makedirs(os.path.dirname(_arg1), exist_ok=True)
with open(_arg1, _arg2) as file:
    file.write(base64.b64decode(_arg3))
return os.path.getsize(_arg1)"""
"""Runs on the server. TabPy writes scripts to its log, but not their arguments: the content stays out of it."""


def _said(text: str) -> str:
    """TabPy's own words, in one line: its answers have `message` and `info`; a proxy answers with a page."""
    try:
        found = json.loads(text)
        words = [found.get("message"), found.get("info")]
    except (ValueError, AttributeError):
        words = [text.partition("<title>")[2].partition("</title>")[0] or text[:200]]
    return " ".join(" ".join(json.dumps(word) if not isinstance(word, str) else word for word in words if word).split())


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
