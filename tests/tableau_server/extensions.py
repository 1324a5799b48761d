"""Analytics extensions: the site's connections to TabPy, and which of them a workbook calls. JSON, without a version.

There is no schema of Tableau's for these: media types and names are those of its published OpenAPI description, and
what differs from them is refused.
"""

import json
from typing import Any

from tableau_server.publishing import content_of
from tableau_server.routes import route
from tableau_server.state import State
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
    more = {"host": "tabpy.corp", "port": 9004, "is_ssl_enabled": True}
    return told(request, "ConnectionList", {"connectionList": [brief(state, id) | more for id in state.extensions]})


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
