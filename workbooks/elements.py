"""XML elements in one way everywhere: attributes sorted, absent ones left out, text that a diff can be read in."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

USER = "{http://www.tableausoftware.com/xml/user}"
"""Prefix of Tableau's `user:` attributes."""

LINE_BREAK = "Æ\n"
"""How Tableau writes a line break within a run of text."""

Element = Any
"""An lxml element; lxml has no types of its own."""


UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def is_writable(text: str) -> bool:
    """Say whether XML can hold a text: it has no way to write most control characters."""
    return not UNWRITABLE.search(text)


def element(tag: str, attributes: Mapping[str, object] | None = None, *children: "Element | None") -> Element:
    """Make an element; attributes that are None and children that are None are left out.

    Parameters
    ----------
    tag : str
        Name of the element.
    attributes : mapping or None
        Written in alphabetical order; True and False become `true` and `false`.
    *children : Element or None
        In the order given, which is the one the schema asks for.
    """
    node = etree.Element(tag)
    for name, value in sorted((attributes or {}).items()):
        if value is not None:
            node.set(name, _text(value))
    node.extend([child for child in children if child is not None])
    return node


def text_element(tag: str, text: str, attributes: Mapping[str, object] | None = None) -> Element:
    """Make an element that holds text."""
    node = element(tag, attributes)
    node.text = text
    return node


def group(tag: str, children: Iterable[Element], attributes: Mapping[str, object] | None = None) -> "Element | None":
    """Make an element around children; None when there are none."""
    found = list(children)
    return element(tag, attributes, *found) if found else None


def formatted_text(runs: Iterable[tuple[str, Mapping[str, object]]]) -> Element:
    """Make a `formatted-text` of runs: (text, attributes such as `bold`, `fontsize` [pt], `fontcolor`)."""
    made = [text_element("run", text.replace("\n", LINE_BREAK), attributes) for text, attributes in runs]
    return element("formatted-text", None, *made)


def document(root: Element) -> bytes:
    """Give a document as bytes: UTF-8, indented, a line an element, the same bytes for the same tree."""
    etree.indent(root, "  ")
    text = str(etree.tostring(root, encoding="unicode"))
    return f"<?xml version='1.0' encoding='utf-8' ?>\n\n{text}\n".encode()


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
