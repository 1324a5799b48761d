"""Analytics extensions: the site's connections to TabPy, and which of them a workbook calls. JSON, without a version.

There is no schema of Tableau's for these: media types and names are those of its published OpenAPI description, and
what differs from them is refused.
"""

import json
from typing import Any

from tableau_server.publishing import content_of
from tableau_server.routes import route
from tableau_server.state import State, luid
from tableau_server.wire import Answer, Request

ROOT = "settings/site/extensions/analytics/"
WORKBOOK = ROOT + "workbooks/(?P<id>[0-9a-f-]{36})/"


def told(request: Request, kind: str, said: Any, status: int = 200) -> Answer:
    """Answer in the media type of a kind, which the request must have asked for."""
    media = f"application/vnd.tableau.analyticsextensions.v1.{kind}+json"
    if request.headers.get("accept") != media:
        return Answer(406, b"{}", {"Content-Type": "application/json"})
    return Answer(status, json.dumps(said).encode(), {"Content-Type": media})


def refused(status: int) -> Answer:
    """Refuse as these calls do."""
    return Answer(status, b'{"errors": []}', {"Content-Type": "application/json"})


def brief(state: State, id: str) -> dict[str, Any]:
    """Give what an author is told of a connection."""
    return {
        "connection_luid": id,
        "connection_brief": {"connection_name": state.extensions[id], "connection_type": "TABPY"},
    }


@route("GET", ROOT + "connections")
def connections(state: State, request: Request) -> Answer:
    """List the site's connections, to its administrators."""
    if not state.is_admin:
        return refused(403)
    found = [state.extension_items.get(id, {}) | brief(state, id) for id in state.extensions]
    hidden = [{name: value for name, value in one.items() if name != "password"} for one in found]
    return told(request, "ConnectionList", {"connectionList": hidden})


@route("POST", ROOT + "connections")
@route("PUT", ROOT + "connections/(?P<id>[^/]+)")
def keep(state: State, request: Request, id: str = "") -> Answer:
    """Make a connection, or change one; twice is two."""
    if not state.is_admin:
        return refused(403)
    said = json.loads(request.body)
    user = {"username", "password"} if said.get("is_auth_enabled") else set()
    if set(said) != {"host", "port", "is_ssl_enabled", "is_auth_enabled", "connection_brief"} | user:
        return refused(400)
    if id and id not in state.extensions:
        return refused(404)
    own = id or luid()
    state.extensions[own] = said["connection_brief"]["connection_name"]
    state.extension_items[own] = said
    return told(request, "ConnectionItem", brief(state, own) | {"host": said["host"]}, 200 if id else 201)


@route("GET", ROOT.rstrip("/"))
def settings(state: State, request: Request) -> Answer:
    """Tell whether the site uses analytics extensions."""
    return told(request, "SiteSettings", {"enabled": state.uses_extensions}) if state.is_admin else refused(403)


@route("PUT", ROOT.rstrip("/"))
def switch(state: State, request: Request) -> Answer:
    """Let the site use them, or not."""
    if not state.is_admin:
        return refused(403)
    state.uses_extensions = json.loads(request.body)["enabled"]
    return told(request, "SiteSettings", {"enabled": state.uses_extensions})


@route("GET", WORKBOOK + "connections")
def options(state: State, request: Request, id: str) -> Answer:
    """List what a workbook may choose among."""
    content_of(state, "workbook", id)
    listed = {"connectionMetadataList": [brief(state, one) for one in state.extensions]}
    return told(request, "ConnectionMetadataList", listed)


@route("GET", WORKBOOK + "selected_connection")
def chosen(state: State, request: Request, id: str) -> Answer:
    """Tell what a workbook has chosen."""
    content = content_of(state, "workbook", id)
    if content.extension not in state.extensions:
        return refused(404)
    return told(request, "ConnectionMetadata", brief(state, content.extension))


@route("PUT", WORKBOOK + "selected_connection")
def choose(state: State, request: Request, id: str) -> Answer:
    """Choose for a workbook."""
    said = json.loads(request.body)
    if not request.headers.get("content-type", "").endswith("v1.ConnectionMapping+json"):
        return refused(415)
    if set(said) != {"workbook_luid", "connection_luid"} or said["workbook_luid"] != id:
        return refused(400)
    if said["connection_luid"] not in state.extensions:
        return refused(404)
    content_of(state, "workbook", id).extension = said["connection_luid"]
    return told(request, "ConnectionMapping", said)
