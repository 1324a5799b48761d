"""Requests and answers: XML in Tableau's namespace, multipart bodies, and Tableau's own schema as the judge."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

NAMESPACE = "http://tableau.com/api"
SCHEMA = Path(__file__).resolve().parents[3] / "shared" / "schemas" / "ts-api_3_29.subset.xsd"
TEXT = "application/xml;charset=utf-8"


@dataclass
class Request:
    """What a client asked for."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def parts(self) -> dict[str, tuple[str, bytes]]:
        """Parts of a multipart body by name: file name and content."""
        return multipart(self.headers.get("content-type", ""), self.body)

    @property
    def elements(self) -> list[Any]:
        """The elements inside `<tsRequest>`: one, but for tasks of Tableau Cloud."""
        return children(self.parts["request_payload"][1] if self.is_multipart else self.body)

    @property
    def xml(self) -> Any:
        """The element inside `<tsRequest>`; None where there is none."""
        return next(iter(self.elements), None)

    @property
    def is_multipart(self) -> bool:
        """Whether a file may come with it."""
        return "multipart" in self.headers.get("content-type", "")

    def option(self, name: str) -> bool:
        """Tell whether a switch of the query is on."""
        return self.query.get(name, "false").lower() == "true"


@dataclass
class Answer:
    """What the server says; `cut`: the connection breaks half-way through it."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


class RefusedError(Exception):
    """A request that is answered with Tableau's error element; the status is the code's first three digits."""

    def __init__(self, code: str, summary: str, detail: str) -> None:
        super().__init__(f"{code} {summary}: {detail}")
        self.code, self.summary, self.detail = code, summary, detail

    @property
    def answer(self) -> Answer:
        """The answer that says so."""
        inside = element("error", element("summary", text=self.summary), element("detail", text=self.detail))
        inside.set("code", self.code)
        return answer(int(self.code[:3]), inside)


def element(tag: str, *children: Any, text: str | None = None, **attributes: Any) -> Any:
    """Make an element; attributes that are None are left out."""
    made = etree.Element(f"{{{NAMESPACE}}}{tag}", nsmap={None: NAMESPACE})
    for name, value in attributes.items():
        if value is not None:
            made.set(name, str(value).lower() if isinstance(value, bool) else str(value))
    made.extend(children)
    made.text = text
    return made


def answer(status: int, *children: Any) -> Answer:
    """Give elements inside `<tsResponse>`."""
    text = etree.tostring(element("tsResponse", *children), xml_declaration=True, encoding="UTF-8")
    return Answer(status, text, {"Content-Type": TEXT})


def multipart(kind: str, body: bytes) -> dict[str, tuple[str, bytes]]:
    """Take a multipart/mixed body apart."""
    boundary = re.search(r'boundary="?([^";]+)', kind)
    if boundary is None:
        raise RefusedError("400000", "Bad Request", f"no multipart: {kind}")
    parts = {}
    for part in body.split(b"--" + boundary[1].encode())[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        said = BytesHeaderParser().parsebytes(head)
        name = said.get_param("name", header="content-disposition")
        parts[str(name)] = (said.get_filename() or "", content.removesuffix(b"\r\n"))
    return parts


def children(text: bytes) -> list[Any]:
    """Give the elements inside a request, whatever namespace it came in; none of an empty body."""
    if not text.strip():
        return []
    tree = etree.fromstring(text, etree.XMLParser(resolve_entities=False))
    for one in tree.iter():
        one.tag = etree.QName(one).localname
    return list(tree)


@cache
def schema() -> Any:
    """Tableau's REST schema; None where it is not at hand."""
    return etree.XMLSchema(etree.parse(str(SCHEMA))) if SCHEMA.exists() else None


LEFT_OUT = (
    *("extractRefresh", "}schedule'", "UpdateUploadedFile", "prepConductorVersion", "}backgroundJobs'", "}views'"),
    "}interval': This element is not expected",
)
"""Where servers and their schema are known to differ: `shared/schemas/README.md` names each, but for the pages in which
the views of a site come, which Tableau's help shows and the subset of its schema leaves out, and for an eighth
interval: an hourly task of every weekday has one for the hour and seven for the days, by the rules of Tableau's
Migration SDK."""


def violations(text: bytes) -> list[str]:
    """Give what Tableau's schema says against a request or an answer."""
    if schema() is None or not text.strip():
        return []
    tree = etree.fromstring(text)
    for one in tree.iter():
        one.tag = f"{{{NAMESPACE}}}{etree.QName(one).localname}"
    schema().validate(tree)
    return [line.message for line in schema().error_log if not any(sign in line.message for sign in LEFT_OUT)]
