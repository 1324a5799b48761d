"""Uploads, data sources and workbooks: published, listed, downloaded, changed by data actions."""

import json
import secrets
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lxml import etree

from tableau_server.actions import carry_out
from tableau_server.jobs import job_answer
from tableau_server.people import filters, page, project_element
from tableau_server.routes import SITE, route
from tableau_server.state import Connection, Content, Job, Project, State
from tableau_server.views import content_url, views_of
from tableau_server.wire import Answer, RefusedError, Request, answer, element

KIND = SITE + "(?P<kind>datasource|workbook)s"
ONE = KIND + "/(?P<id>[0-9a-f-]{36})"


@route("POST", SITE + "fileUploads")
def begin_upload(state: State, request: Request) -> Answer:
    """Open an upload."""
    session = f"{secrets.randbelow(10**6)}:{secrets.token_hex(16)}-{secrets.randbelow(10**4)}:{secrets.randbelow(10)}"
    state.uploads[session] = state.keep(b"", "upload")
    return answer(201, element("fileUpload", uploadSessionId=session, fileSize="0"))


@route("PUT", SITE + "fileUploads/(?P<session>.+)")
def append(state: State, request: Request, session: str) -> Answer:
    """Add a piece to an upload; what has been sent twice is there twice."""
    path = upload(state, session)
    with path.open("ab") as file:
        file.write(request.parts["tableau_file"][1])
    return answer(200, element("fileUpload", uploadSessionId=session, fileSize=str(path.stat().st_size >> 20)))


def upload(state: State, session: str) -> Path:
    """Give the file of an upload."""
    if session not in state.uploads:
        raise RefusedError("404000", "Resource Not Found", f"upload session {session}")
    return state.uploads[session]


def content_element(one: Content) -> Any:
    """Give a data source or workbook as the wire has it."""
    tags = element("tags", *(element("tag", label=label) for label in sorted(one.tags)))
    common = {
        "id": one.id,
        "name": one.name,
        "contentUrl": content_url(one),
        "description": one.description,
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": f"{one.updated:%Y-%m-%dT%H:%M:%SZ}",
        "size": one.file.stat().st_size >> 20,
    }
    if one.kind == "workbook":
        views = element("views", *(element("view", **view) for view in views_of(one)))
        return element("workbook", project_element(one.project), tags, views, **common, showTabs="true")
    return element(
        "datasource", project_element(one.project), tags, **common, type=one.type, isCertified=False, hasExtracts=True
    )


@route("POST", KIND)
def publish(state: State, request: Request, kind: str) -> Answer:
    """Publish, at once or as a job; nothing is seen of it before it is whole."""
    said = request.xml
    project = project_of(state, said)
    if "uploadSessionId" in request.query:
        file = upload(state, request.query["uploadSessionId"])
        del state.uploads[request.query["uploadSessionId"]]
    else:
        file = state.keep(request.parts[f"tableau_{kind}"][1], "upload")
    old = next((one for one in state.content if is_at(one, kind, said.get("name"), project)), None)
    if old is not None and not request.option("overwrite"):
        raise RefusedError("409004", "Resource Conflict", f"{kind} {said.get('name')} exists in {project.name}")
    if not file.stat().st_size:
        raise RefusedError("400011", "Bad Request", "There was a problem publishing the file: it is empty")
    if kind == "workbook" and connections_of(file) and not request.option("skipConnectionCheck"):
        raise RefusedError("400011", "Bad Request", "There was a problem publishing the file: cannot connect")

    def work() -> Content:
        return put(state, kind, said, project, state.keep(file, request.query[f"{kind}Type"]))

    if not request.option("asJob"):
        return answer(201, content_element(work()))

    def published() -> Content | None:
        return next((one for one in state.content if is_at(one, kind, said.get("name"), project)), None)

    return job_answer(202, state.begin(Job(f"Publish{kind.title()}", work, published)))


def put(state: State, kind: str, said: Any, project: Project, file: Path) -> Content:
    """Put published content in its place: a new revision, or the first; tags and permissions stay.

    What was embedded in connections, and which TabPy was chosen, is gone: users have met both.
    """
    content = next((one for one in state.content if is_at(one, kind, said.get("name"), project)), None)
    if content is None:
        content = Content(kind, said.get("name"), project, file, file.suffix[1:], updated=state.tick())
        state.content.append(content)
    else:
        state.store(content, file)
    content.description = said.get("description", content.description)
    content.attributes = dict(said.attrib)
    content.connections, content.extension = connections_of(file), ""
    return content


def connections_of(file: Path) -> list[Connection]:
    """Give the connections of a file to servers; nobody signs in by them yet, whatever was before."""
    text = definition_of(file)
    found = etree.fromstring(text).iter("connection") if text else []
    return [Connection(one.get("class"), one.get("server"), one.get("port")) for one in found if one.get("server")]


def definition_of(file: Path) -> bytes:
    """Give the XML of a workbook or data source; empty where there is none."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as packed:
            names = [name for name in packed.namelist() if name.endswith((".twb", ".tds"))]
            return packed.read(names[0]) if names else b""
    with file.open("rb") as opened:
        return file.read_bytes() if opened.read(1) == b"<" else b""


def is_at(one: Content, kind: str, name: str, project: Project) -> bool:
    """Tell whether this is the content of a name in a project."""
    return (one.kind, one.name, one.project) == (kind, name, project)


def project_of(state: State, said: Any) -> Project:
    """Give the project that something is to be published to."""
    wanted = said.find("project")
    found = [one for one in state.projects if wanted is not None and one.id == wanted.get("id")]
    if not found:
        raise RefusedError("404005", "Resource Not Found", "Project could not be found")
    return found[0]


def content_of(state: State, kind: str, id: str) -> Content:
    """Give a data source or workbook."""
    found = [one for one in state.content if (one.kind, one.id) == (kind, id)]
    if not found:
        raise RefusedError("404004" if kind == "datasource" else "404006", "Resource Not Found", f"{kind} {id}")
    return found[0]


@route("GET", KIND)
def listing(state: State, request: Request, kind: str) -> Answer:
    """List data sources or workbooks."""
    wanted = filters(request)
    unknown = set(wanted) - {"name", "projectName", "contentUrl", "tags"}
    if unknown:
        raise RefusedError("400006", "Invalid filter", f"field {min(unknown)}")
    found = [
        content_element(one)
        for one in state.content
        if one.kind == kind
        and wanted.get("name") in (None, one.name)
        and wanted.get("projectName") in (None, one.project.name)
        and wanted.get("contentUrl") in (None, content_url(one))
        and (wanted.get("tags") is None or wanted["tags"] in one.tags)
    ]
    return page(request, found, f"{kind}s")


@route("GET", ONE)
def single(state: State, request: Request, kind: str, id: str) -> Answer:
    """Give one."""
    return answer(200, content_element(content_of(state, kind, id)))


@route("PUT", ONE)
def change(state: State, request: Request, kind: str, id: str) -> Answer:
    """Change the description of one."""
    content, said = content_of(state, kind, id), request.xml
    content.description = said.get("description", content.description)
    content.updated = state.tick()
    return answer(200, content_element(content))


@route("DELETE", ONE)
def delete(state: State, request: Request, kind: str, id: str) -> Answer:
    """Delete one."""
    state.content.remove(content_of(state, kind, id))
    return Answer(204)


@route("GET", ONE + "/content")
def download(state: State, request: Request, kind: str, id: str) -> Answer:
    """Give what was published, byte for byte."""
    return file_answer(content_of(state, kind, id), content_of(state, kind, id).file)


def file_answer(content: Content, file: Path) -> Answer:
    """Give a file as a download."""
    name = f'name="tableau_{content.kind}"; filename="{content.name}.{content.type}"'
    return Answer(200, file.read_bytes(), {"Content-Type": "application/octet-stream", "Content-Disposition": name})


@route("PATCH", SITE + "datasources/(?P<id>[^/]+)(/connections/(?P<connection>[^/]+))?/data")
def update_data(state: State, request: Request, id: str, connection: str | None) -> Answer:
    """Change the rows of a published extract; the same request id does nothing twice."""
    content = content_of(state, "datasource", id)
    key = request.headers.get("requestid", "")
    if not key:
        raise RefusedError("400000", "Bad Request", "The RequestID header is missing")
    if key in state.requests:
        return job_answer(202, state.jobs[state.requests[key]])
    session = request.query.get("uploadSessionId")
    payload = upload(state, session) if session else None
    actions = json.loads(request.body)["actions"]
    job = Job("UpdateUploadedFile", lambda: change_rows(state, content, payload, actions), lambda: content)
    state.requests[key] = job.id
    return job_answer(202, state.begin(job))


def change_rows(state: State, content: Content, payload: Path | None, actions: list[Mapping[str, Any]]) -> None:
    """Work on a copy, which then takes the place of the file: a revision is not made of it."""
    if content.type != "hyper":
        raise ValueError("The data source is not a live-to-Hyper one")
    copy = state.keep(b"", "hyper")
    shutil.copyfile(content.file, copy)
    carry_out(state.hyper, copy, payload, actions)
    content.file, content.updated = copy, state.tick()
