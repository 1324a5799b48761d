"""What may go wrong on the way: one fault at one request, in front of the work or after it."""

import re
from dataclasses import dataclass

EFFECTS = ("ended", "throttled", "gateway", "page", "reset", "lost", "cut", "forbidden", "unavailable")
"""ended: the session is over (401002). throttled: 429 with Retry-After. gateway: 504 with HTML. page: 200 with HTML, as
a proxy's sign-in page. reset: the connection breaks before the server has taken the request. lost: the server does the
work, and its answer never arrives. cut: half of the answer arrives. forbidden: 403004. unavailable: 503 in XML."""


@dataclass
class Fault:
    """A fault that waits for its request.

    Attributes
    ----------
    effect : str
        One of `EFFECTS`.
    request : str
        Regular expression on "METHOD path".
    after : int
        Requests that fit and go well before it strikes.
    times : int
        How often it strikes.
    """

    effect: str
    request: str = ""
    after: int = 0
    times: int = 1

    def strikes(self, request: str) -> bool:
        """Tell whether this request is hit, and count it."""
        if self.times < 1 or not re.search(self.request, request):
            return False
        if self.after:
            self.after -= 1
            return False
        self.times -= 1
        return True
