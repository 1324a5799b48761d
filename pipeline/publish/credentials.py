"""Who signs in: a personal access token, a connected app that speaks for a user, or a user with a password; and as whom
published content signs in to its databases.

What is secret is never part of a repr, and never an option of the command: the list of processes would show it.
"""

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.errors import SettingsError

SCOPES = (
    "tableau:content:read",
    "tableau:projects:*",
    "tableau:file_uploads:create",
    "tableau:datasources:*",
    "tableau:workbooks:*",
    "tableau:views:download",
    "tableau:permissions:*",
    "tableau:jobs:read",
)
"""What publishing needs and no more. Names as Tableau's help has them under "Access Scopes for Connected Apps"; which
of them a server of some age knows has not been tried."""

REFRESH_SCOPES = ("tableau:tasks:*", "tableau:schedules:read")
"""What it takes besides where something is declared that a site can refresh."""

LIFE = 300
"""Life of a connected app's token; Tableau takes at most ten minutes. [s]"""

HOW = (
    "set HYPERWATT_TABLEAU_TOKEN_NAME and HYPERWATT_TABLEAU_TOKEN (My Account Settings > Personal Access Tokens), "
    "or name a file with token_name and token in it: key_file under [publish]"
)


@dataclass(frozen=True)
class Credentials:
    """Who signs in.

    Attributes
    ----------
    kind : str
        "token", "app" or "user".
    name : str
        Of the token, of the user that the app speaks for, or of the user.
    secret : str
        Of the token or the app, or the password.
    client_id, secret_id : str
        Of a connected app.
    """

    kind: str
    name: str
    secret: str = field(repr=False)
    client_id: str = ""
    secret_id: str = ""

    def __str__(self) -> str:
        return {"token": "token", "app": "connected app for", "user": "user"}[self.kind] + f" {self.name!r}"


NAMES = ("token_name", "token", "client_id", "secret_id", "secret", "user", "password", "site")
"""What is asked of a keyring, as it is called in a key file."""


@dataclass(frozen=True)
class Login:
    """As whom content signs in to a database."""

    user: str
    password: str = field(repr=False)


def login_names(names: Iterable[str]) -> list[str]:
    """Give what users and passwords of logins are called: "warehouse_user", "warehouse_password"."""
    return [f"{name}_{part}" for name in sorted(set(names)) for part in ("user", "password")]


def read_logins(said: Mapping[str, str], names: Iterable[str]) -> dict[str, Login]:
    """Give the logins whose user and password are both said; the others are missed when they are needed."""
    pairs = {name: [said.get(one, "") for one in login_names([name])] for name in names}
    return {name: Login(user, password) for name, (user, password) in pairs.items() if user and password}


def read_credentials(said: Mapping[str, str]) -> Credentials:
    """Choose among what is said: a token before an app before a user.

    Parameters
    ----------
    said : mapping of str to str
        `token_name`, `token`; `client_id`, `secret_id`, `secret`, `user`; `user`, `password`.

    Raises
    ------
    SettingsError
        Nothing is said, or half of it.
    """
    kinds = {
        "token": ("token_name", "token"),
        "app": ("user", "secret", "client_id", "secret_id"),
        "user": ("user", "password"),
    }
    for kind, names in kinds.items():
        if all(said.get(name) for name in names):
            name, secret, *more = (said[name] for name in names)
            return Credentials(kind, name, secret, *more)
    for kind, names in kinds.items():
        missing = [name for name in names if not said.get(name)]
        # A user alone is no app that has been begun.
        if set(names) - set(missing) - ({"user"} if kind == "app" else set()):
            raise SettingsError(f"signing in lacks {' and '.join(missing)} -> {HOW}")
    raise SettingsError(f"nobody is named who signs in -> {HOW}")


def app_token(credentials: Credentials, now: float | None = None, scopes: Iterable[str] = SCOPES) -> str:
    """Sign a token by which a connected app speaks for a user, for five minutes and for publishing only.

    Parameters
    ----------
    credentials : Credentials
        Of kind "app".
    now : float or None
        The time; None: now. [s since 1970]
    scopes : iterable of str
        What it may do.
    """
    issued = int(time.time() if now is None else now)
    header = {"alg": "HS256", "typ": "JWT", "kid": credentials.secret_id, "iss": credentials.client_id}
    claims = {
        "iss": credentials.client_id,
        "aud": "tableau",
        "sub": credentials.name,
        "jti": str(uuid.uuid4()),
        "iat": issued,
        "exp": issued + LIFE,
        "scp": list(scopes),
    }
    body = ".".join(_coded(json.dumps(part).encode()) for part in (header, claims))
    return f"{body}.{_coded(hmac.new(credentials.secret.encode(), body.encode(), hashlib.sha256).digest())}"


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
