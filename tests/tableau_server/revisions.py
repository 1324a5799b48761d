"""Revisions of published content: listed, and downloaded but for the newest, which is the content itself."""

from tableau_server.people import page
from tableau_server.publishing import ONE, content_of, file_answer
from tableau_server.routes import route
from tableau_server.state import State
from tableau_server.wire import Answer, RefusedError, Request, element


@route("GET", ONE + "/revisions")
def revisions(state: State, request: Request, kind: str, id: str) -> Answer:
    """List revisions, the oldest first."""
    content = content_of(state, kind, id)
    files, times = [*content.revisions, content.file], [*content.revised, content.updated]
    found = [
        element(
            "revision",
            element("publisher", id=state.user_id, name="ada"),
            revisionNumber=number,
            publishedAt=f"{at:%Y-%m-%dT%H:%M:%SZ}",
            current=number == len(files),
            deleted=number in content.deleted,
            sizeInBytes=file.stat().st_size,
        )
        for number, (file, at) in enumerate(zip(files, times, strict=True), start=1)
    ]
    return page(request, found, "revisions")


@route("GET", ONE + r"/revisions/(?P<number>\d+)/content")
def revision(state: State, request: Request, kind: str, id: str, number: str) -> Answer:
    """Give an older revision, byte for byte; of the newest and of one that is gone Tableau gives none."""
    content = content_of(state, kind, id)
    if int(number) in content.deleted or not 1 <= int(number) <= len(content.revisions):
        raise RefusedError("404000", "Resource Not Found", f"revision {number} of {content.name}")
    return file_answer(content, content.revisions[int(number) - 1])
