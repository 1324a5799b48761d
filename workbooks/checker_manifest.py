"""Manifest gates: grammar that the loader knows only when the manifest names its item. Reference, section 5."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from workbooks.checker_book import Book
from workbooks.checker_rules import Issue, found


@dataclass(frozen=True)
class Gate:
    """XML (XPaths from the root) and the items it needs.

    Attributes
    ----------
    known : str
        How that is known. `seen`: without the item a load was refused; `counted`: in files of Tableau's own the two
        come together, hence one that has it otherwise speaks against the gate; `thought`: it may be needed.
    """

    paths: tuple[str, ...]
    items: tuple[str, ...]
    known: Literal["seen", "counted", "thought"] = "seen"


_OBJECT_MODEL = ("ObjectModelEncapsulateLegacy", "ObjectModelTableType", "SchemaViewerObjectModel")
GATES = (
    Gate(("//worksheet/simple-id", "//dashboard/simple-id"), ("SheetIdentifierTracking",)),
    Gate(("//window/simple-id",), ("WindowsPersistSimpleIdentifiers",), known="thought"),  # opens without it
    Gate(("//object-graph", "//column[@datatype='table']"), _OBJECT_MODEL),
    Gate(("//zone[@type-v2]",), ("SetMembershipControl",), known="counted"),
    Gate(("//extract[@object-id]",), ("ObjectModelExtractV2",), known="counted"),
    Gate(("//mapsources",), ("MapboxVectorStylesAndLayers",), known="counted"),
    Gate(("//manual-sort", "//computed-sort"), ("SortTagCleanup",)),
    Gate(("//shelf-sort-v2",), ("IntuitiveSorting", "IntuitiveSorting_SP2"), known="thought"),
    Gate(("//edit-parameter-action",), ("ParameterAction",)),
    Gate(("//edit-parameter-action/clear-option",), ("ParameterActionClearSelection",), known="thought"),
    Gate(("//edit-group-action",), ("GroupAction",)),
    Gate(("//devicelayout[@auto-generated]",), ("AutoCreateAndUpdateDSDPhoneLayouts",), known="thought"),
    Gate(("//dashboard[@enable-sort-zone-taborder]",), ("AccessibleZoneTabOrder",)),
    Gate(("//filter[@period-type-v2]",), ("ISO8601PeriodTypes",), known="thought"),
    Gate(("//datagraph",), ("DatagraphCoreV1",)),
    Gate(("//explain-data",), ("ExplainData_AuthorControls",), known="counted"),
)


def check_manifest(book: Book) -> Iterator[Issue]:
    """Compare the grammar that is used with the items of the manifest."""
    root, items = book.root, book.manifest
    if not book.is_judged or root.get("version") != "18.1" or "ManifestByVersion" in items:
        return
    for gate in GATES:
        used = next((nodes[0] for path in gate.paths if (nodes := root.xpath(path))), None)
        if used is None:
            continue
        for item in gate.items:
            if item not in items:
                is_counted = gate.known == "counted" and book.build is None
                rule = "manifest" if gate.known == "seen" or is_counted else "manifest-advice"
                yield found(rule, used.tag, used, f"{used.tag} needs {item} in the manifest")
