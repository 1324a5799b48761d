"""Which TabPy a published workbook calls: one of the connections that the site has for analytics extensions.

What the REST API lets an author do is to choose among them. To make one, and to let a site use any at all, is for its
administrator (`site_extension`): it decides where the site's data may go. These calls have no version in their address,
speak JSON, and are not open to connected apps; Tableau's client does not know them.

References
----------
.. [1] help.tableau.com, REST API, "Analytics Extensions Settings Methods".
"""

import json
from typing import Any

from pipeline.errors import PublishError
from pipeline.publish.declared import Wanted
from pipeline.publish.patience import SessionEndedError
from pipeline.publish.refusals import SiteRefusedError
from pipeline.publish.sign_in import Site

PATH = "/api/-/settings/site/extensions/analytics"
FROM = (3, 11)
"""REST API from which there are these calls: Tableau Server 2021.1."""

BY_HAND = "its administrator makes it under Settings > Extensions > Analytics Extensions"
CHOOSE = "choose it in the workbook's menu, or sign in with a token of its owner"


def missing_tabpy(site: Site, wanted: Wanted, content: Any) -> str:
    """Say which TabPy is declared and not chosen; empty: none.

    Raises
    ------
    PublishError
        The site has no such connection, or it cannot be chosen this way.
    """
    if not wanted.tabpy:
        return ""
    words = f"TabPy connection {wanted.tabpy!r}"
    if content is None:
        _check_site(site, wanted)
    if content is None or wanted.tabpy in site.promised:
        return words
    own = _find(_options(site, wanted, f"workbooks/{content.id}/connections"), wanted)
    return "" if _chosen(site, wanted, content) == own else words


def set_tabpy(site: Site, wanted: Wanted, content: Any) -> None:
    """Have a workbook call the TabPy that is declared, and look whether it does."""
    own = _find(_options(site, wanted, f"workbooks/{content.id}/connections"), wanted)
    said = {"workbook_luid": content.id, "connection_luid": own}
    what = f"choosing the TabPy of {wanted.name!r}"
    ask(site, what, "PUT", f"workbooks/{content.id}/selected_connection", "ConnectionMapping", said)
    if missing_tabpy(site, wanted, content):
        raise PublishError(f"{what}: the site did not do it -> {CHOOSE}")


def _check_site(site: Site, wanted: Wanted) -> None:
    """Look for the connection before there is a workbook; the site tells its administrators alone."""
    try:
        every = _options(site, wanted, "connections", "ConnectionList")
    except SiteRefusedError as refusal:
        if refusal.code[:3] not in ("403", "404"):
            raise
        return
    if wanted.tabpy not in site.promised:
        _find(every, wanted)


def _options(site: Site, wanted: Wanted, path: str, kind: str = "ConnectionMetadataList") -> list[dict[str, Any]]:
    said = ask(site, f"looking for the TabPy of {wanted.name!r}", "GET", path, kind)
    return listed(said)


def listed(said: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the one list in an answer; documents and servers have had two names for it."""
    return next((value for value in said.values() if isinstance(value, list)), [])


def _find(every: list[dict[str, Any]], wanted: Wanted) -> str:
    """Give the id of the connection of a name."""
    names = {one.get("connection_brief", {}).get("connection_name"): one.get("connection_luid") for one in every}
    if wanted.tabpy not in names:
        known = ", ".join(sorted(filter(None, names))) or "none"
        raise PublishError(f"the site has no analytics extension {wanted.tabpy!r} (it has: {known}) -> {BY_HAND}")
    return str(names[wanted.tabpy])


def _chosen(site: Site, wanted: Wanted, content: Any) -> str:
    """Give the id of the connection that a workbook uses; empty where it has none of its own."""
    what = f"reading the TabPy of {wanted.name!r}"
    try:
        said = ask(site, what, "GET", f"workbooks/{content.id}/selected_connection", "ConnectionMetadata")
    except SiteRefusedError as refusal:
        if refusal.code.startswith("404"):
            return ""
        raise
    return str(said.get("connection_luid", ""))


def ask(site: Site, what: str, method: str, path: str, kind: str, said: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask the site about its analytics extensions, in JSON; refusals as one sentence, like those of `site_told`."""
    if site.how.credentials.kind == "app":
        raise PublishError(f"{what}: not open to connected apps -> sign in with a token")
    if site.version < FROM:
        raise PublishError(f"{what}: REST API {site.server.version} cannot -> leave tabpy out, and choose it by hand")
    media = f"application/vnd.tableau.analyticsextensions.v1.{kind}+json"
    headers = {"X-Tableau-Auth": site.server.auth_token, "Accept": media}
    body = None if said is None else json.dumps(said).encode()
    if body is not None:
        headers["Content-Type"] = media
    options = {"timeout": site.how.timeout, "verify": site.server.http_options.get("verify", True)}
    with site.told(what):
        answer = site.server.session.request(
            method,
            f"{site.how.address.server}{PATH}/{path}".rstrip("/"),
            headers=headers,
            data=body,
            allow_redirects=False,
            **options,
        )
    if answer.status_code == 401:
        raise SessionEndedError(f"{what}: the site has ended the session -> is the token used elsewhere too?")
    if not answer.ok:
        advice = f"{BY_HAND}, and lets authors choose it; or {CHOOSE}" if answer.status_code == 403 else BY_HAND
        raise SiteRefusedError(f"{what}: {answer.status_code} {answer.reason} -> {advice}", f"{answer.status_code}000")
    try:
        found = json.loads(answer.content or b"{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise PublishError(f"{what}: the answer cannot be read -> is it a Tableau?")
    return found
