"""Manifest gates: grammar that the loader knows only when the manifest names its item. Reference, section 5."""

from collections.abc import Iterator
from dataclasses import dataclass

from workbooks.checker_book import Book
from workbooks.checker_rules import Issue, found


@dataclass(frozen=True)
class Gate:
    """XML (XPaths from the root) and the items it needs; `is_sure` where its absence was seen to refuse a load."""

    paths: tuple[str, ...]
    items: tuple[str, ...]
    is_sure: bool = True


_OBJECT_MODEL = ("ObjectModelEncapsulateLegacy", "ObjectModelTableType", "SchemaViewerObjectModel")
GATES = (
    Gate(("//worksheet/simple-id", "//dashboard/simple-id"), ("SheetIdentifierTracking",)),
    Gate(("//window/simple-id",), ("WindowsPersistSimpleIdentifiers",), is_sure=False),  # opens without it
    Gate(("//object-graph", "//column[@datatype='table']"), _OBJECT_MODEL),
    Gate(("//zone[@type-v2]",), ("SetMembershipControl",)),
    Gate(("//extract[@object-id]",), ("ObjectModelExtractV2",)),
    Gate(("//mapsources",), ("MapboxVectorStylesAndLayers",)),
    Gate(("//manual-sort", "//computed-sort"), ("SortTagCleanup",)),
    Gate(("//shelf-sort-v2",), ("IntuitiveSorting", "IntuitiveSorting_SP2"), is_sure=False),
    Gate(("//edit-parameter-action",), ("ParameterAction",)),
    Gate(("//edit-parameter-action/clear-option",), ("ParameterActionClearSelection",), is_sure=False),
    Gate(("//edit-group-action",), ("GroupAction",)),
    Gate(("//devicelayout[@auto-generated]",), ("AutoCreateAndUpdateDSDPhoneLayouts",), is_sure=False),
    Gate(("//dashboard[@enable-sort-zone-taborder]",), ("AccessibleZoneTabOrder",)),
    Gate(("//filter[@period-type-v2]",), ("ISO8601PeriodTypes",), is_sure=False),
    Gate(("//datagraph",), ("DatagraphCoreV1",)),
    Gate(("//explain-data",), ("ExplainData_AuthorControls",)),
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
                rule = "manifest" if gate.is_sure else "manifest-advice"
                yield found(rule, used.tag, used, f"{used.tag} needs {item} in the manifest")
