"""The manifest: which parts of the grammar a file uses, read off the finished tree and never kept by hand.

With version 18.1 the loader knows an element only when its item is listed (reference, section 5).
"""

from workbooks.elements import Element, element

OBJECT_MODEL = ("ObjectModelEncapsulateLegacy", "ObjectModelTableType", "SchemaViewerObjectModel")
GATES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("//worksheet/simple-id | //dashboard/simple-id", ("SheetIdentifierTracking",)),
    ("//window/simple-id", ("WindowsPersistSimpleIdentifiers",)),
    ("//object-graph", OBJECT_MODEL),
    ("//zone[@type-v2]", ("SetMembershipControl",)),
    ("//mapsources", ("MapboxVectorStylesAndLayers",)),
    ("//manual-sort | //computed-sort", ("SortTagCleanup",)),
    ("//shelf-sort-v2", ("IntuitiveSorting", "IntuitiveSorting_SP2")),
    ("//edit-parameter-action", ("ParameterAction",)),
    ("//edit-parameter-action/clear-option", ("ParameterActionClearSelection",)),
    ("//filter[@period-type-v2]", ("ISO8601PeriodTypes",)),
)
"""XPath of the grammar to the items that switch it on: those parts of it that are written here."""


def manifest(root: Element, version: str) -> Element:
    """Give the `document-format-change-manifest` of a finished tree; from 26.1 on, the version says it all."""
    if version != "18.1":
        return element("document-format-change-manifest", None, element("ManifestByVersion"))
    items = {item for path, names in GATES if root.xpath(path) for item in names}
    return element("document-format-change-manifest", None, *(element(item) for item in sorted(items)))
