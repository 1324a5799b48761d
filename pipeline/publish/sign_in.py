"""Into a site and out of it again: one session of a token at a time, and no secret in anything that is said."""

import hashlib
import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pipeline.connect import connect_tableau
from pipeline.errors import PublishError
from pipeline.progress import Tell, silent
from pipeline.publish.credentials import SCOPES, Credentials, Login, app_token
from pipeline.publish.patience import BrokenOffError, Patience, Patient, SessionEndedError, Traffic
from pipeline.publish.refusals import site_told
from pipeline.publish.site_address import SiteAddress
from pipeline.stores.scratch import own_folder

T = TypeVar("T")

OLDEST = {"token": (3, 6), "app": (3, 14), "user": (2, 4)}
"""REST API that a way of signing in needs: Tableau Server 2019.4, 2021.4 and 10.1."""

UPDATES_FROM = (3, 13)
"""REST API from which rows of a published extract can be changed: Tableau Server 2021.3."""

WAITING = "another run uses this token, and a second sign-in would end its session; waiting for it to end"


@dataclass(frozen=True)
class SignIn:
    """How to come into a site.

    Attributes
    ----------
    address : SiteAddress
    credentials : Credentials
    ca : Path or None
        PEM file of the authority behind the server's certificate; None: those that the client trusts.
    verify : bool
        Whether that certificate is verified.
    timeout : float
        Longest silence of the server. [s]
    patience : Patience
    chunk : int
        Of a piece of an upload: three of them are in memory at once (chosen). [bytes]
    logins : mapping of str to Login
        As whom content may sign in to its databases.
    scopes : tuple of str
        What a connected app's token may do.
    new_passwords : bool
        Embed passwords again: a site does not tell which it has.
    """

    address: SiteAddress
    credentials: Credentials
    ca: Path | None = None
    verify: bool = True
    timeout: float = 300.0
    patience: Patience = field(default_factory=Patience)
    chunk: int = 10 << 20
    logins: Mapping[str, Login] = field(default_factory=dict)
    scopes: tuple[str, ...] = SCOPES
    new_passwords: bool = False


@dataclass
class Site:
    """A site that we are signed in to.

    Attributes
    ----------
    server : tableauserverclient.Server
    how : SignIn
    tell : Tell
        Where progress is told.
    traffic : Traffic
        What has gone over the wire.
    renewed : set of str
        Ids of connections whose password was embedded in this session.
    promised : set of str
        Connections to TabPy that a dry run has found to be made.
    """

    server: Any
    how: SignIn
    tell: Tell
    traffic: Traffic = field(default_factory=Traffic)
    renewed: set[str] = field(default_factory=set)
    promised: set[str] = field(default_factory=set)

    @property
    def version(self) -> tuple[int, int]:
        """REST API of the server."""
        return _version(self.server.version)

    @property
    def can_update(self) -> bool:
        """True when rows of a published extract can be changed."""
        return self.version >= UPDATES_FROM

    def told(self, what: str) -> AbstractContextManager[None]:
        """Say refusals inside as one sentence, without secrets."""
        return site_told(what, self.hide)

    def hide(self, text: str) -> str:
        """Take secrets out of a text."""
        token = self.server._auth_token
        passwords = (login.password for login in self.how.logins.values())
        for secret in (self.how.credentials.secret, token, *passwords):
            text = text.replace(secret, "***") if secret else text
        return text

    def sign_in(self) -> None:
        """Sign in, or in again after the site has ended the session."""
        with self.told(f"signing in to {self.how.address} with {self.how.credentials}"):
            self.server.auth.sign_in(_request(self.how))

    def steadily(self, work: Callable[[], T]) -> T:
        """Do something that looks before it does, again when it is broken off, and in a new session when that ended.

        Raises
        ------
        PublishError
            Of the last try, or one that is not a matter of patience.
        """
        patience = self.how.patience
        for number in itertools.count(1):
            try:
                return work()
            except BrokenOffError as error:
                if number >= patience.tries:
                    raise
                if isinstance(error, SessionEndedError):
                    self.steadily(self.sign_in)
                else:
                    patience.sleep(patience.wait(number))
        raise AssertionError


@contextmanager
def signed_in(how: SignIn, tell: Tell = silent) -> Iterator[Site]:
    """Sign in to a site while the block lasts.

    Parameters
    ----------
    how : SignIn
    tell : Tell
        Where progress is told; also when another process here uses the same token, and this one waits for it.

    Raises
    ------
    PublishError
        No Tableau there, too old, not let in; one sentence with what to do.
    """
    with _own_token(how, tell):
        server = connect_tableau(how.address.server, ca=how.ca, verify=how.verify, timeout=how.timeout)
        site = Site(server, how, tell)
        adapter = server.session.get_adapter(how.address.server)
        server.session.mount(how.address.server, Patient(adapter, how.patience, site.traffic))
        try:
            _check_version(site)
            site.steadily(site.sign_in)
            yield site
        finally:
            # Leaving is a courtesy: what came before has been done, or has its own error.
            with suppress(PublishError), site.told("signing out"):
                server.auth.sign_out()
            server.close()


def _own_token(how: SignIn, tell: Tell) -> AbstractContextManager[None]:
    """Hold a token against other processes of this machine; users and apps may have many sessions."""
    if how.credentials.kind != "token":
        return nullcontext()
    name = hashlib.sha256(f"{how.address.server} {how.credentials.name} {Path.home()}".encode()).hexdigest()[:16]
    return own_folder(Path(tempfile.gettempdir()) / f"hyperwatt-{name}", lambda: tell(WAITING))


def _check_version(site: Site) -> None:
    how = site.how
    with site.told(str(how.address)):
        site.server.version = site.server.server_info.get().rest_api_version
    if site.version < OLDEST[how.credentials.kind]:
        raise PublishError(
            f"{how.address.server}: too old (REST API {site.server.version}) to sign in with a {how.credentials} "
            f"-> needs {'.'.join(map(str, OLDEST[how.credentials.kind]))}, or user and password"
        )


def _request(how: SignIn) -> Any:
    from tableauserverclient import JWTAuth, PersonalAccessTokenAuth, TableauAuth

    own, site = how.credentials, how.address.site
    makers: dict[str, Callable[[], Any]] = {
        "token": lambda: PersonalAccessTokenAuth(own.name, own.secret, site_id=site),
        "app": lambda: JWTAuth(app_token(own, scopes=how.scopes), site_id=site),
        "user": lambda: TableauAuth(own.name, own.secret, site_id=site),
    }
    return makers[own.kind]()


def _version(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return int(major), int(minor or 0)
