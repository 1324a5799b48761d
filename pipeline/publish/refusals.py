"""What a site says when it refuses, in one sentence with what to do; never with a secret in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.errors import PublishError
from pipeline.publish.patience import BrokenOffError, SessionEndedError


class SiteRefusedError(PublishError):
    """A refusal by Tableau; `code` is its own, as "409004"."""

    def __init__(self, message: str, code: str) -> None:
        self.code = code
        super().__init__(message)


ADVICE = {
    "400006": "the server is too old for this question: Tableau Server 2021.3 or later is needed",
    "400011": "the file cannot be published: look at it with Tableau Desktop",
    "400013": "the site takes no file of this kind",
    "401001": (
        "name, secret or site is wrong, or the token has expired (15 days without use): make a new one under My "
        "Account Settings, and copy the address from the browser"
    ),
    "403004": "ask for the right to publish: role Creator or Explorer (can publish), and Publish on the project",
    "403007": "ask for the right to publish to this project",
    "404005": "the project is gone: publish again",
    "409004": "something of that name is there already: publish again",
    "413000": "the site takes no file of this size: ask its administrator",
}
"""Tableau's codes and what to do; 401001 and 409004 are Tableau's documented ones, others may differ by version."""

BY_STATUS = {
    "401": "sign in with somebody who may do this",
    "403": "ask the owner of the project, or an administrator of the site, for this right",
    "404": "it is not there, or not for this user",
    "409": "somebody else is changing it: publish again",
    "413": "the site takes no request of this size: make chunk_mb smaller",
}


@contextmanager
def site_told(what: str, hide: Callable[[str], str] = str) -> Iterator[None]:
    """Say a refusal as one sentence.

    Parameters
    ----------
    what : str
        What was being done: "publishing readings".
    hide : callable
        Takes secrets out of a text.

    Raises
    ------
    BrokenOffError
        The answer broke off.
    SessionEndedError
        The session is over.
    SiteRefusedError
        Any other refusal, with its code.
    PublishError
        A server that is too old, or an answer that cannot be read.
    """
    from tableauserverclient import ServerResponseError
    from tableauserverclient.server.endpoint.exceptions import TableauError
    from tableauserverclient.server.exceptions import EndpointUnavailableError, ServerInfoEndpointNotFoundError

    try:
        yield
    except PublishError:
        raise
    except EndpointUnavailableError as error:
        raise PublishError(f"{what}: the server is too old ({error})") from None
    except ServerInfoEndpointNotFoundError:
        raise PublishError(f"{what}: no Tableau there, or one older than 2018 -> check the address") from None
    except (ServerResponseError, _sign_in_error()) as error:
        raise _refused(what, error, hide) from None
    except OSError as error:
        # An answer that breaks off half-way is met outside the adapter. A local file's trouble is not the site's.
        if not type(error).__module__.startswith("requests"):
            raise
        raise BrokenOffError(f"{what}: the answer broke off ({type(error).__name__}) -> publish again") from None
    except (TableauError, SyntaxError, AttributeError, LookupError) as error:
        # SyntaxError is what the XML parser raises; the client takes XML for granted that it knows.
        raise PublishError(f"{what}: the answer cannot be read ({type(error).__name__}) -> is it a Tableau?") from None


def _sign_in_error() -> type[Exception]:
    from tableauserverclient import FailedSignInError

    return FailedSignInError


def _refused(what: str, error: Any, hide: Callable[[str], str]) -> PublishError:
    said = hide(" ".join(f"{error.summary or ''}: {error.detail or ''}".split()))
    if error.code == "401002":
        return SessionEndedError(f"{what}: the site has ended the session ({said}) -> is the token used elsewhere too?")
    advice = ADVICE.get(error.code, BY_STATUS.get(error.code[:3], "see what the server says"))
    return SiteRefusedError(f"{what}: {error.code} {said} -> {advice}", error.code)
