"""The HTTP side: one request after the other, faults in front of them, Tableau's schema behind them."""

import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from lxml import etree
from tableauhyperapi import HyperProcess

from tableau_server import belongings, extensions, jobs, people, publishing, revisions, tasks, views
from tableau_server.faults import Fault
from tableau_server.routes import dispatch
from tableau_server.state import State
from tableau_server.wire import Answer, RefusedError, Request, answer, element, violations

PAGE = b"<html><head><title>Corporate sign-in</title></head><body>Please sign in to go on.</body></html>"
OPEN = ("auth/signin", "serverinfo", "serverInfo")
PARTS = (belongings, extensions, jobs, people, publishing, revisions, tasks, views)
"""Modules whose routes are known by importing them."""


@dataclass
class StandIn:
    """A running stand-in.

    Attributes
    ----------
    url : str
        `http://127.0.0.1:PORT`.
    state : State
        What it remembers; tests may look and meddle.
    faults : list of Fault
        What is to go wrong.
    requests : list of str
        "METHOD path" of every request, in order.
    violations : list of str
        What was against Tableau's schema, in requests and in answers.
    version : (str, str)
        Product and REST API version.
    watch : callable
        Told "METHOD path" of every request before it is answered.
    """

    state: State
    url: str = ""
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    received: int = 0
    version: tuple[str, str] = ("2026.1.0", "3.28")
    watch: Callable[[str], object] = str

    def answer(self, request: Request) -> Answer | None:
        """Answer a request; None: break the connection."""
        with self.state.lock:
            said = f"{request.method} {request.path}"
            self.requests.append(said)
            self.watch(said)
            self.received += len(request.body)
            fault = next((one for one in self.faults if one.strikes(said)), None)
            if fault is not None and fault.effect not in ("lost", "cut"):
                return self.spoilt(fault.effect, request)
            made = self.worked(request)
            made.cut = fault is not None and fault.effect == "cut"
            return None if fault is not None and not made.cut else made

    def spoilt(self, effect: str, request: Request) -> Answer | None:
        """Give what a client sees when something goes wrong before the work is done."""
        if effect == "ended":
            self.state.sessions.pop(request.headers.get("x-tableau-auth", ""), None)
            return RefusedError("401002", "Unauthorized Access", "Invalid authentication credentials").answer
        if effect == "throttled":
            made = RefusedError("429000", "Too Many Requests", "Slow down").answer
            made.headers["Retry-After"] = "7"
            return made
        return {
            "gateway": Answer(504, PAGE.replace(b"Corporate sign-in", b"504 Gateway Time-out"), HTML),
            "page": Answer(200, PAGE, HTML),
            "forbidden": RefusedError("403004", "Forbidden", "You do not have permission").answer,
            "unavailable": RefusedError("503001", "Service Unavailable", "Restarting").answer,
        }.get(effect)

    def worked(self, request: Request) -> Answer:
        """Do what was asked, and hold request and answer against the schema."""
        try:
            found = re.fullmatch(r"/api/(?P<version>[\d.]+|-)/(?P<path>.*)", request.path)
            if found is None:
                raise RefusedError("404000", "Resource Not Found", request.path)
            self.judge("request", request_xml(request), request)
            made = self.routed(request, found["path"])
        except RefusedError as refusal:
            made = refusal.answer
        if made.headers.get("Content-Type", "").startswith("application/xml"):
            self.judge("answer", made.body, request)
        return made

    def routed(self, request: Request, path: str) -> Answer:
        """Answer who is signed in, or asks what anybody may ask."""
        if path.lower() == "serverinfo":
            product = element("productVersion", text=self.version[0], build="20261.26.0420.1100")
            return answer(200, element("serverInfo", product, element("restApiVersion", text=self.version[1])))
        if path not in OPEN and request.headers.get("x-tableau-auth") not in self.state.sessions:
            raise RefusedError("401002", "Unauthorized Access", "Invalid authentication credentials were provided")
        return dispatch(self.state, request, path)

    def judge(self, what: str, text: bytes, request: Request) -> None:
        """Note what the schema has against a piece of XML; a request like that is refused."""
        against = [f"{what} {request.method} {request.path}: {message}" for message in violations(text)]
        self.violations += against
        if against and what == "request":
            raise RefusedError("400000", "Bad Request", against[0])


HTML = {"Content-Type": "text/html"}


def request_xml(request: Request) -> bytes:
    """Give the XML of a request, if it has any."""
    kind = request.headers.get("content-type", "")
    if "multipart" in kind:
        return request.parts["request_payload"][1]
    return request.body if "xml" in kind and request.body.strip() else b""


class Handler(BaseHTTPRequestHandler):
    """HTTP to `StandIn.answer` and back."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    stand_in: StandIn

    def handle_any(self) -> None:
        """Answer one request of any method."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, unquote(parts.path), dict(parse_qsl(parts.query)), headers, body)
        try:
            made = self.stand_in.answer(request)
        except (KeyError, ValueError, etree.XMLSyntaxError) as error:
            made = RefusedError("400000", "Bad Request", f"{type(error).__name__}: {error}").answer
        if made is None:
            self.reset()
            return
        self.send_response(made.status)
        for name, value in made.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(made.body)))
        self.end_headers()
        self.wfile.write(made.body[: len(made.body) // 2] if made.cut else made.body)
        if made.cut:
            self.reset()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

    def reset(self) -> None:
        """Break the connection at once, as a router does that has lost it."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@contextmanager
def running(folder: Path, hyper: HyperProcess, **options: Any) -> Iterator[StandIn]:
    """Run a stand-in while the block lasts.

    Parameters
    ----------
    folder : Path
        Where it keeps files.
    hyper : HyperProcess
        The hyperd by which it carries data actions out.
    **options
        Fields of `State`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stand_in = StandIn(State(folder, hyper, **options))
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"stand_in": stand_in}))
    server.daemon_threads = True
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
