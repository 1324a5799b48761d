"""Views of published workbooks: listed, and drawn as a small picture that is another for every view and every file."""

import hashlib
import re
import struct
import uuid
import zipfile
import zlib

from lxml import etree

from tableau_server.people import filters, page
from tableau_server.routes import SITE, route
from tableau_server.state import Content, State
from tableau_server.wire import Answer, RefusedError, Request, answer, element

VIEW = SITE + "views/(?P<id>[0-9a-f-]{36})"


def content_url(one: Content) -> str:
    """Give how content stands in addresses."""
    return re.sub(r"\W", "", one.name)


def views_of(one: Content) -> list[dict[str, str]]:
    """Give the sheets of a workbook, as far as it is one."""
    text = one.file.read_bytes()
    if zipfile.is_zipfile(one.file):
        with zipfile.ZipFile(one.file) as packed:
            names = [name for name in packed.namelist() if name.endswith(".twb")]
            text = packed.read(names[0]) if names else b"<workbook/>"
    tree = etree.fromstring(text)
    names = [str(node.get("name")) for node in tree.iterfind("dashboards/dashboard")]
    names += [str(node.get("name")) for node in tree.iterfind("worksheets/worksheet")]
    return [
        {
            "id": str(uuid.uuid5(uuid.UUID(one.id), name)),
            "name": name,
            "contentUrl": f"{content_url(one)}/sheets/{name}",
        }
        for name in names
    ]


@route("GET", SITE + "workbooks/(?P<id>[0-9a-f-]{36})/views")
def views(state: State, request: Request, id: str) -> Answer:
    """List the views of a workbook."""
    found = [one for one in state.content if (one.kind, one.id) == ("workbook", id)]
    if not found:
        raise RefusedError("404006", "Resource Not Found", f"workbook {id}")
    return answer(200, element("views", *(element("view", **view) for view in views_of(found[0]))))


@route("GET", SITE + "views")
def every_view(state: State, request: Request) -> Answer:
    """List the views of the site; tabcmd looks for one by its address."""
    wanted = filters(request).get("contentUrl")
    found = [view for one in state.content if one.kind == "workbook" for view in views_of(one)]
    chosen = [element("view", **view) for view in found if wanted in (None, view["contentUrl"])]
    return page(request, chosen, "views")


def colour(state: State, request: Request, id: str) -> bytes:
    """Give three bytes that stand for what is to be seen: the file and the view; unless asked, what was seen before."""
    if id in state.drawn and "maxAge" not in request.query:
        return state.drawn[id]
    for one in state.content:
        if one.kind == "workbook" and id in {view["id"] for view in views_of(one)}:
            state.drawn[id] = hashlib.sha256(one.file.read_bytes() + id.encode()).digest()[:3]
            return state.drawn[id]
    raise RefusedError("404011", "Resource Not Found", f"view {id}")


@route("GET", VIEW + "/image")
def image(state: State, request: Request, id: str) -> Answer:
    """Draw a view as a PNG of one point; the high resolution has four."""
    side = 2 if request.query.get("resolution") == "high" else 1
    return Answer(200, png(colour(state, request, id), side), {"Content-Type": "image/png"})


def png(point: bytes, side: int) -> bytes:
    """Make a square picture of one colour."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + point * side) * side)
    chunks = ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b""))
    packed = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


@route("GET", VIEW + "/pdf")
def pdf(state: State, request: Request, id: str) -> Answer:
    """Give what begins and ends like a PDF, and names the paper and the colour."""
    paper = f"{request.query.get('type', 'legal')} {request.query.get('orientation', 'portrait')}"
    text = f"%PDF-1.4\n% {paper} {colour(state, request, id).hex()}\n%%EOF\n".encode()
    return Answer(200, text, {"Content-Type": "application/pdf"})
