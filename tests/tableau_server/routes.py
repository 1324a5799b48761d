"""Which function answers which request."""

import re
from collections.abc import Callable

from tableau_server.state import State
from tableau_server.wire import Answer, RefusedError, Request

Handler = Callable[..., Answer]
ROUTES: list[tuple[str, re.Pattern[str], Handler]] = []
SITE = "sites/[^/]+/"


def route(method: str, pattern: str) -> Callable[[Handler], Handler]:
    """Say what a function answers: a pattern on the path after `/api/VERSION/`."""

    def note(handler: Handler) -> Handler:
        ROUTES.append((method, re.compile(pattern), handler))
        return handler

    return note


def dispatch(state: State, request: Request, path: str) -> Answer:
    """Let the right function answer."""
    for method, pattern, handler in ROUTES:
        found = pattern.fullmatch(path)
        if method == request.method and found:
            return handler(state, request, **found.groupdict())
    raise RefusedError("404000", "Resource Not Found", f"{request.method} {path}")
