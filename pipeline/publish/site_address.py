"""Where to publish: the server and the site, out of whatever address people copy from their browser."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from pipeline.errors import SettingsError

EXAMPLE = "https://SERVER/#/site/SITE"
CLOUD = ".online.tableau.com"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class SiteAddress:
    """A site of a Tableau Server or of Tableau Cloud.

    Attributes
    ----------
    server : str
        `https://HOST` or `https://HOST:PORT`.
    site : str
        As it stands in addresses; empty: the default site of a server.
    """

    server: str
    site: str

    def __str__(self) -> str:
        return f"{self.server}/#/site/{self.site}" if self.site else self.server


def read_address(pasted: str, site: str | None = None, *, plain: bool = False) -> SiteAddress:
    """Understand an address.

    Parameters
    ----------
    pasted : str
        `https://SERVER`, or any page of the site as the browser shows it.
    site : str or None
        Named apart; it wins over what the address says.
    plain : bool, default False
        Let http:// through, on which everybody on the way can read the token.

    Raises
    ------
    SettingsError
        No address; one with a password in it; Tableau Public; Tableau Cloud without a site; http:// to another machine.
    """
    text = pasted.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        port = parts.port
    except ValueError:
        raise SettingsError(f"the address of the site cannot be read -> use {EXAMPLE}") from None
    if parts.username is not None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"the address of the site must be {EXAMPLE}, without user or password")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    named = _site_in(f"{parts.path}#{parts.fragment}") if site is None else site
    _check(parts.scheme, parts.hostname, named, plain)
    return SiteAddress(f"{parts.scheme}://{host}" + (f":{port}" if port else ""), named)


def _site_in(path: str) -> str:
    """Give the site in a path: `#/site/NAME/…` of today's pages, `/t/NAME/…` of views; none: the default site."""
    found = re.search(r"(?:#/site|^/t)/([^/?#]+)", path)
    return unquote(found[1]) if found else ""


def _check(scheme: str, host: str, site: str, plain: bool) -> None:
    if host == "public.tableau.com":
        raise SettingsError(
            "Tableau Public takes nothing from programs -> `hyperwatt publish --public` makes the package for it"
        )
    if host.endswith(CLOUD) and not site:
        raise SettingsError(
            f"{host}: the address names no site -> sign in with a browser and copy the address of any page: {EXAMPLE}"
        )
    if scheme == "http" and not plain and host not in LOOPBACK:
        raise SettingsError(
            f"http://{host}: everybody on the way could read the token -> use https://, or say plain_http = true"
        )
