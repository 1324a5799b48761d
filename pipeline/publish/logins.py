"""As whom published content signs in to its databases: embedded in its connections, or asked of every viewer.

A password goes to the site in one kind of request only, which changes a connection of content that is there already.
Tableau's client would also send it along with the file, but its XML is then not as Tableau's schema has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import PublishError, SettingsError
from pipeline.publish.credentials import Login
from pipeline.publish.declared import EVERY, PROMPT, Wanted
from pipeline.publish.insides import INNER
from pipeline.publish.sign_in import Site


@dataclass(frozen=True)
class Change:
    """A connection that is not as it is declared.

    Attributes
    ----------
    connection : tableauserverclient.ConnectionItem
    login : Login or None
        None: every viewer is asked.
    """

    connection: Any = field(repr=False)
    login: Login | None


def missing_logins(site: Site, wanted: Wanted, content: Any) -> str:
    """Say which connections are not as declared; empty: none.

    Raises
    ------
    PublishError
        A server is named that no connection of the content goes to.
    SettingsError
        A user or a password is named nowhere.
    """
    if not wanted.credentials:
        return ""
    logins = {server: _login(site, name) for server, name in wanted.credentials.items()}
    if content is None:
        return f"credentials: {', '.join(_said(one) for one in dict.fromkeys(logins.values()))}"
    changes = _changes(site, wanted, content, logins)
    return f"credentials: {', '.join(dict.fromkeys(_said(one.login) for one in changes))}" if changes else ""


def set_logins(site: Site, wanted: Wanted, content: Any) -> None:
    """Embed what is declared, or take it out; and look whether the site has done it."""
    logins = {server: _login(site, name) for server, name in wanted.credentials.items()}
    endpoint = getattr(site.server, f"{wanted.kind}s")
    for change in _changes(site, wanted, content, logins):
        item = change.connection
        # What is not ours to change is not sent.
        item.server_address = item.server_port = item.auth_type = None
        item.embed_password = change.login is not None
        if change.login is not None:
            item.username, item.password = change.login.user, change.login.password
        with site.told(f"setting credentials of {wanted.name!r}"):
            endpoint.update_connection(content, item)
        site.renewed.add(item.id)
    left = _changes(site, wanted, content, logins)
    if left:
        where = left[0].connection.server_address
        raise PublishError(
            f"{wanted.name!r}: the site did not keep the credentials for {where} -> set them there by hand"
        )


def _login(site: Site, name: str) -> Login | None:
    return None if name == PROMPT else login_of(site, name)


def login_of(site: Site, name: str) -> Login:
    """Give a login by its name; a SettingsError names what is said nowhere."""
    login = site.how.logins.get(name)
    if login is None:
        upper = f"HYPERWATT_TABLEAU_{name.upper()}"
        raise SettingsError(
            f"login {name!r} lacks its user or its password -> set {upper}_USER and {upper}_PASSWORD, or put "
            f"{name}_user and {name}_password into the key file or the keyring"
        )
    return login


def _changes(site: Site, wanted: Wanted, content: Any, logins: Mapping[str, Login | None]) -> list[Change]:
    """Give the connections that are to be changed. That a password is another one a site does not tell."""
    connections = _connections(site, wanted, content)
    servers = [str(one.server_address).lower() for one in connections]
    astray = set(logins) - {EVERY, *servers}
    if astray or not servers:
        there, missed = ", ".join(dict.fromkeys(servers)) or "no server", min(astray, default="any")
        raise PublishError(f"{wanted.name!r} does not connect to {missed} -> by the site it connects to {there}")
    wishes = [
        Change(one, logins.get(server, logins.get(EVERY)))
        for one, server in zip(connections, servers, strict=True)
        if server in logins or EVERY in logins
    ]
    return [one for one in wishes if not _is_so(site, one)]


def _is_so(site: Site, wish: Change) -> bool:
    connection, login = wish.connection, wish.login
    if login is None:
        return not connection.embed_password
    is_new = site.how.new_passwords and connection.id not in site.renewed
    return bool(connection.embed_password) and connection.username == login.user and not is_new


def _connections(site: Site, wanted: Wanted, content: Any) -> list[Any]:
    """Ask for the connections of content that lead to a server."""
    with site.told(f"reading the connections of {wanted.name!r}"):
        getattr(site.server, f"{wanted.kind}s").populate_connections(content)
        return [one for one in content.connections if one.connection_type not in INNER and one.server_address]


def _said(login: Login | None) -> str:
    return "ask every viewer" if login is None else f"embed {login.user!r}"
