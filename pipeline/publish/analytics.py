"""The connection to a TabPy that a site is to have: `[publish.tabpy]`, read and checked."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pipeline.errors import SettingsError


@dataclass(frozen=True)
class SiteTabPy:
    """`[publish.tabpy]`.

    Attributes
    ----------
    name : str
        Of the connection, by which workbooks choose it.
    host : str
    port : int
    is_ssl : bool
    login : str
        Name of the login that it wants; empty: none.
    """

    name: str
    host: str
    port: int
    is_ssl: bool
    login: str = ""

    def __str__(self) -> str:
        return f"{self.name!r} to {'https' if self.is_ssl else 'http'}://{self.host}:{self.port}"


def read_site_tabpy(said: dict[str, Any]) -> SiteTabPy:
    """Read `[publish.tabpy]`: `name`, `url`, and `login` where TabPy wants one.

    Raises
    ------
    SettingsError
        An unknown name, or an address that cannot be.
    """
    if set(said) - {"login"} != {"name", "url"} or not all(isinstance(one, str) for one in said.values()):
        raise SettingsError(
            '[publish.tabpy]: wants name = "...", url = "https://HOST:9004", and login for one with users'
        )
    try:
        parts = urlsplit(said["url"])
        host, port = parts.hostname or "", parts.port or 9004
    except ValueError:
        raise SettingsError("[publish.tabpy]: url cannot be read -> https://HOST:9004") from None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise SettingsError("[publish.tabpy]: url must be https://HOST:9004, without user or password")
    return SiteTabPy(said["name"], host, port, parts.scheme == "https", said.get("login", ""))
