"""A server that says what a test wants a TabPy to say."""

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

INFO: dict[str, Any] = {
    "server_version": "2.16.0",
    "state_path": "/elsewhere/state",
    "creation_time": "0",
    "versions": {"v1": {"features": {"evaluate_enabled": True}}},
}


@contextmanager
def fake_tabpy(answers: Mapping[str, Any], *, tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[str]]]:
    """Answer each path with what stands for it; give the address, and what is asked.

    A list is gone through in turn, and its last stays; a tuple is status and body; bytes are sent as they are; an event
    is waited for.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append(f"{self.command} {self.path}")
            said = answers.get(self.path, (404, {"message": "UnknownURI", "info": "not there"}))
            if isinstance(said, list):
                said = said.pop(0) if len(said) > 1 else said[0]
            if isinstance(said, threading.Event):
                said.wait(10)
                said = None
            status, body = said if isinstance(said, tuple) else (200, said)
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
