"""Who may come in, and what the server says of itself, its users, groups and projects."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from typing import Any

from tableau_server.routes import SITE, route
from tableau_server.state import Project, Session, State
from tableau_server.wire import Answer, RefusedError, Request, answer, element


def page(request: Request, items: Sequence[Any], holder: str) -> Answer:
    """Give one page of a list."""
    size, number = int(request.query.get("pageSize", 100)), int(request.query.get("pageNumber", 1))
    shown = items[(number - 1) * size : number * size]
    pagination = element("pagination", pageNumber=number, pageSize=size, totalAvailable=len(items))
    return answer(200, pagination, element(holder, *shown))


def filters(request: Request) -> dict[str, str]:
    """Give what a list is to be filtered by; other operators than equality are not known here."""
    said = request.query.get("filter", "")
    found = {}
    for one in said.split(",") if said else []:
        name, operator, value = one.split(":", 2)
        if operator != "eq":
            raise RefusedError("400006", "Invalid filter", f"operator {operator}")
        found[name] = value
    return found


@route("POST", "auth/signin")
def sign_in(state: State, request: Request) -> Answer:
    """Let somebody in; a second sign-in of a token ends the first."""
    credentials = request.xml
    by = known(state, credentials)
    site = credentials.find("site").get("contentUrl")
    if by is None or site != state.site:
        raise RefusedError("401001", "Signin Error", "Error signing in to Tableau Server")
    for token in [token for token, old in state.sessions.items() if old.by == by and by.startswith("token ")]:
        del state.sessions[token]
    session = Session(by)
    state.sessions[session.token] = session
    inside = [element("site", id=state.site_id, contentUrl=state.site), element("user", id=state.user_id)]
    return answer(200, element("credentials", *inside, token=session.token, estimatedTimeToExpiration="177:05:38"))


def known(state: State, said: Any) -> str | None:
    """Tell who this is: a token, a user, or somebody a connected app speaks for."""
    token, name = said.get("personalAccessTokenName"), said.get("name")
    if token is not None and state.tokens.get(token) == said.get("personalAccessTokenSecret"):
        return f"token {token}"
    if name is not None and state.users.get(name) == said.get("password"):
        return f"user {name}"
    if said.get("jwt") is not None and state.client:
        return spoken_for(said.get("jwt"), state.client)
    return None


def spoken_for(jwt: str, client: tuple[str, str, str]) -> str | None:
    """Give the user that a connected app's token names, when it is rightly signed, fresh and short-lived."""
    head, claims, signature = jwt.split(".")
    right = hmac.new(client[2].encode(), f"{head}.{claims}".encode(), hashlib.sha256).digest()
    header, body = json.loads(decoded(head)), json.loads(decoded(claims))
    fresh = time.time() < body["exp"] <= time.time() + 600
    fits = (header["alg"], header["kid"], body["iss"], body["aud"]) == ("HS256", client[1], client[0], "tableau")
    if not (hmac.compare_digest(decoded(signature), right) and fresh and fits and body["jti"] and body["scp"]):
        return None
    return f"user {body['sub']}"


def decoded(text: str) -> bytes:
    """Undo base64 without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@route("POST", "auth/signout")
def sign_out(state: State, request: Request) -> Answer:
    """End a session."""
    del state.sessions[request.headers["x-tableau-auth"]]
    return Answer(204)


@route("GET", SITE + "users/(?P<id>[^/]+)")
def user(state: State, request: Request, id: str) -> Answer:
    """Give a user; tabcmd asks after signing in."""
    return answer(200, element("user", id=id, name="ada", siteRole="Creator"))


@route("GET", SITE + "groups")
def groups(state: State, request: Request) -> Answer:
    """List groups."""
    wanted = filters(request).get("name")
    found = [
        element("group", element("domain", name="local"), id=id, name=name)
        for id, name in state.groups.items()
        if wanted in (None, name)
    ]
    return page(request, found, "groups")


def project_element(project: Project) -> Any:
    """Give a project as the wire has it."""
    return element(
        "project",
        id=project.id,
        name=project.name,
        description=project.description,
        parentProjectId=project.parent,
        contentPermissions="ManagedByOwner",
    )


@route("GET", SITE + "projects")
def projects(state: State, request: Request) -> Answer:
    """List projects."""
    wanted = filters(request)
    found = [
        project_element(one)
        for one in state.projects
        if wanted.get("name") in (None, one.name) and wanted.get("parentProjectId") in (None, one.parent)
    ]
    return page(request, found, "projects")


@route("POST", SITE + "projects")
def create_project(state: State, request: Request) -> Answer:
    """Make a project; two of a name in one place are refused."""
    said = request.xml
    if any((one.name, one.parent) == (said.get("name"), said.get("parentProjectId")) for one in state.projects):
        raise RefusedError("409006", "Resource Conflict", f"Project {said.get('name')} exists")
    project = Project(said.get("name"), said.get("parentProjectId"), description=said.get("description", ""))
    state.projects.append(project)
    return answer(201, project_element(project))
