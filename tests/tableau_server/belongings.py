"""What hangs on content: tags, permissions, connections."""

from typing import Any

from tableau_server.publishing import ONE, content_of
from tableau_server.routes import route
from tableau_server.state import Connection, Content, Project, State
from tableau_server.wire import Answer, RefusedError, Request, answer, element


@route("PUT", ONE + "/tags")
def add_tags(state: State, request: Request, kind: str, id: str) -> Answer:
    """Add tags to those that are there; the client puts one with a space in quotes."""
    content = content_of(state, kind, id)
    content.tags |= {one.get("label").strip('"') for one in request.xml.iterfind("tag")}
    return answer(200, element("tags", *(element("tag", label=label) for label in sorted(content.tags))))


@route("DELETE", ONE + "/tags/(?P<label>.+)")
def delete_tag(state: State, request: Request, kind: str, id: str, label: str) -> Answer:
    """Take a tag off."""
    content_of(state, kind, id).tags.discard(label)
    return Answer(204)


def permissions_answer(of: Content | Project) -> Answer:
    """Give who may do what."""
    grants = [
        element(
            "granteeCapabilities",
            element(grantee, id=id),
            element("capabilities", *(element("capability", name=name, mode=mode) for name, mode in modes.items())),
        )
        for (grantee, id), modes in of.permissions.items()
        if modes
    ]
    return answer(200, element("permissions", *grants))


@route("GET", ONE + "/permissions")
def permissions(state: State, request: Request, kind: str, id: str) -> Answer:
    """Give the permissions of content."""
    return permissions_answer(content_of(state, kind, id))


@route("PUT", ONE + "/permissions")
def add_permissions(state: State, request: Request, kind: str, id: str) -> Answer:
    """Add capabilities; one that is set the other way must be deleted first."""
    content = content_of(state, kind, id)
    grant(content, request.xml, state)
    return permissions_answer(content)


def grant(to: Content | Project, said: Any, state: State) -> None:
    """Set what is said, and refuse what contradicts."""
    for one in said.iterfind("granteeCapabilities"):
        grantee = one[0]
        if grantee.tag == "group" and grantee.get("id") not in state.groups:
            raise RefusedError("404012", "Resource Not Found", f"Group {grantee.get('id')} could not be found")
        modes = to.permissions.setdefault((grantee.tag, grantee.get("id")), {})
        for capability in one.iterfind("capabilities/capability"):
            name, mode = capability.get("name"), capability.get("mode")
            if modes.get(name, mode) != mode:
                raise RefusedError("409008", "Resource Conflict", f"{name} is already set to {modes[name]}")
            modes[name] = mode


@route("DELETE", ONE + "/permissions/(?P<grant>(group|user)s/[^/]+/[^/]+/[^/]+)")
def delete_permission(state: State, request: Request, kind: str, id: str, grant: str) -> Answer:
    """Take a capability away."""
    grantees, who, name, mode = grant.split("/")
    modes = content_of(state, kind, id).permissions.get((grantees.removesuffix("s"), who), {})
    if modes.get(name) != mode:
        raise RefusedError("404000", "Resource Not Found", f"{name} is not set to {mode}")
    del modes[name]
    return Answer(204)


@route("GET", ONE + "/connections")
def connections(state: State, request: Request, kind: str, id: str) -> Answer:
    """Give the connections of content."""
    content = content_of(state, kind, id)
    own = [connection_element(one) for one in content.connections]
    inner = element("connection", id=content.connection, type="hyper", serverAddress="localhost", embedPassword=False)
    return answer(200, element("connections", *own, *([] if own else [inner])))


def connection_element(one: Connection) -> Any:
    """Give a connection as the wire has it: without its password."""
    own = {"serverAddress": one.server, "serverPort": one.port, "userName": one.user, "embedPassword": one.embed}
    return element("connection", id=one.id, type=one.type, **own)


@route("PUT", ONE + "/connections/(?P<connection>[^/]+)")
def change_connection(state: State, request: Request, kind: str, id: str, connection: str) -> Answer:
    """Change as whom a connection signs in; what is not said stays."""
    found = [one for one in content_of(state, kind, id).connections if one.id == connection]
    if not found:
        raise RefusedError("404000", "Resource Not Found", f"connection {connection}")
    (one,), said = found, request.xml
    one.user, one.password = said.get("userName", one.user), said.get("password", one.password)
    one.embed = said.get("embedPassword") == "true"
    return answer(200, connection_element(one))
