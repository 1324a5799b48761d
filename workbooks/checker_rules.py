"""The rules of the checker: how grave, what Tableau does, how to mend it. Reference, sections 16 to 19 and 22."""

from dataclasses import dataclass
from typing import Literal

from workbooks.elements import Element

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Rule:
    """What is wrong with a workbook that breaks it."""

    severity: Severity
    effect: str
    remedy: str


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong.

    Attributes
    ----------
    rule : str
        Key of `RULES`.
    severity : str
        `error`: it will not open or not show what it should; `warning`: it may; `info`: to know.
    where : str
        Sheet, field, dashboard.
    line : int
        Of the XML, from 1; 0: nowhere in particular.
    reason : str
        What is wrong here.
    effect, remedy : str
        What Tableau would do; how to mend it.
    """

    rule: str
    severity: Severity
    where: str
    line: int
    reason: str
    effect: str
    remedy: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{self.severity} {self.rule}: {place}{self.where}: {self.reason}"


_REFUSES = "Tableau refuses to load the workbook"
_INVALID = "the calculation is invalid: a red pill, and an empty sheet where it is used"
_STRIPS = "Tableau takes the field off the sheet without a word"

RULES: dict[str, Rule] = {
    "unreadable": Rule("error", "it does not open at all", "save or build the file again"),
    "schema": Rule("error", f"{_REFUSES} (D2E8DA72) or drops the element", "write what the schema asks for"),
    "manifest": Rule("error", f"{_REFUSES} (D2E8DA72)", "add the item to document-format-change-manifest"),
    "manifest-advice": Rule("warning", "Tableau may refuse the element", "add the item to the manifest"),
    "order": Rule("error", f"{_REFUSES} (D2E8DA72)", "put the elements into the order of the schema"),
    "mark-class": Rule("error", f"{_REFUSES} (D2E8DA72)", "use Bar, Line, Square, Circle, Text, Area, Pie …"),
    "encoding": Rule("error", f"{_REFUSES} (D2E8DA72)", "use color, size, text, shape, lod, tooltip, wedge-size …"),
    "simple-id": Rule("error", "Tableau's validator objects", "give each sheet its own simple-id"),
    "window": Rule("error", "the sheet is dropped without a word", "add a window of the same name"),
    "viewpoint": Rule(
        "error", f"{_REFUSES} (2805CF18, no line number)", "add a viewpoint for each sheet of the dashboard"
    ),
    "zone-ref": Rule("error", "the zone stays empty, or the load does not end", "name a worksheet of the workbook"),
    "zone-id": Rule("error", "a zone is lost, or the load refused", "number all zones of a dashboard differently"),
    "zone-type": Rule("error", f"{_REFUSES} (D2E8DA72)", "use type-v2"),
    "paramctrl-mode": Rule("error", f"{_REFUSES} (CB5AF9D4)", "add mode='compact', 'slider' or 'type_in'"),
    "fixed-size": Rule("error", "LogicAssert while loading", "make least and greatest width and height equal"),
    "story-ref": Rule("error", "the story point is broken", "name a dashboard or worksheet of the workbook"),
    "dup-name": Rule(
        "error", 'refused: "duplicate identity constraint"', "give every sheet and dashboard its own name"
    ),
    "action-place": Rule(
        "error",
        '"Errors occurred while trying to load the workbook"',
        "put actions at workbook level, before worksheets",
    ),
    "action-twice": Rule("error", "the second action is refused", "give every action its own caption"),
    "action-ref": Rule("warning", "the action does nothing", "name a sheet or dashboard of the workbook"),
    "param-domain": Rule("error", f"{_REFUSES} (D2E8DA72)", "param-domain-type is any, list or range"),
    "param-stub": Rule("error", f'{_REFUSES} ("value - empty text")', "declare it once, or each time with its value"),
    "param-value": Rule("warning", "Tableau shows another value than the one written", "choose a value of the domain"),
    "param-on-shelf": Rule("error", "the sheet is emptied", "use a calculation that takes the parameter"),
    "param-declared": Rule("warning", "the control may be gone", "declare the parameter where it is used"),
    "relation-conn": Rule("error", "no data: the connection is unknown", "name a named-connection of the data source"),
    "bare-hyper": Rule("error", "the connection is not accepted", "put it into a federated connection"),
    "object-graph": Rule("error", "Tableau crashes on the Data Source tab", "add the object-graph"),
    "object-id": Rule("error", "fields are taken off the sheets", "use the id of the object-graph"),
    "hyper-schema": Rule("error", "the field is unavailable", "take the column out, or put it into the extract"),
    "hyper-type": Rule(
        "warning", "formats, formulas and filters of the field may be invalid", "write the extract's type"
    ),
    "extract-unread": Rule("info", "nothing", "its columns were not compared with the workbook"),
    "package-file": Rule("warning", "Tableau asks where the file is", "put the file into the package"),
    "calc-syntax": Rule("error", _INVALID, "mend the formula"),
    "calc-func": Rule("error", _INVALID, "use a function of Tableau's, with the arguments it takes"),
    "calc-ref": Rule("error", _INVALID, "name a field of the data source"),
    "calc-param": Rule("error", _INVALID, "write [Parameters].[name], of a parameter of the workbook"),
    "calc-mixed": Rule(
        "error", f'"Cannot mix aggregate and non-aggregate": {_INVALID}', "aggregate both sides, or none"
    ),
    "calc-type": Rule("warning", _INVALID, "convert with STR, INT, FLOAT, DATE"),
    "calc-deep": Rule("info", "nothing", "a formula that deep was not checked"),
    "calc-cycle": Rule("error", _INVALID, "let no calculation refer to itself"),
    "calc-name": Rule("error", 'the calculation is ignored ("already defined by data source")', "rename it"),
    "derivation": Rule("error", "Tableau takes it for None: the chart is wrong, no error appears", "see section 9"),
    "derivation-new": Rule("warning", "Tableau may take it for None", "use a derivation that is known"),
    "ci-column": Rule("error", _STRIPS, "declare the column of the pill"),
    "ci-name": Rule(
        "warning", "Tableau repairs the name, references to it may break", "name it [short:column:nk|ok|qk]"
    ),
    "usr-on-rowlevel": Rule("error", "an invalid (red) pill", "use Sum, None … : the calculation is of the rows"),
    "double-agg": Rule("error", "a red pill: an aggregate of an aggregate", "use User: the calculation aggregates"),
    "aggregate-none": Rule("error", "the view stays blank", "use User: the calculation aggregates"),
    "pill": Rule("error", _STRIPS, "declare the column and the column-instance in the sheet"),
    "pill-source": Rule("error", "the sheet is emptied: no valid data source", "name a data source of the workbook"),
    "brackets": Rule("error", '"Qualified Name Parse Error --- mismatched brackets"', "write ] in a name as ]]"),
    "token": Rule("error", "the sheet is emptied", "put the value in place of the token"),
    "tooltip-dimension": Rule("error", "the sheet goes blank", "use Attribute (attr:) on the tooltip"),
    "date-as-text": Rule("warning", "headers of text instead of a time axis", "use a date part or truncation"),
    "shelf": Rule("error", '"Malformed expression"', "join pills with + or / or *, in parentheses"),
    "level-qualified": Rule("error", "the filter is dropped", "level is the pill alone, without the data source"),
    "filter-count": Rule("error", f"{_REFUSES} (AC6CC624)", "a count above 0"),
    "filter-all": Rule("warning", "members that come later are left out", "use level-members for All"),
    "filter-slices": Rule("warning", "the filter may be taken off", "repeat its column in slices"),
    "filter-date": Rule("info", "the view stands still as time goes on", "use a relative date"),
    "flat-top-n": Rule("error", "the filter is taken off, a set is deleted", "nest end, order and level-members"),
    "sort-crash": Rule("error", "Tableau Desktop crashes", "use computed-sort with column, direction and using"),
    "sort-name": Rule("warning", "the sort is dropped", "qualify the names with the data source"),
    "public-script": Rule(
        "error", 'Tableau Public refuses: "External service scripts are not allowed"', "put the result into the extract"
    ),
    "public-live": Rule("error", "Tableau Public takes extracts only", "package the extract and connect to it"),
    "public-package": Rule("error", "Tableau Public needs one file with its data", "build a .twbx"),
    "public-size": Rule("error", "Tableau Public refuses it", "shorten the period, or sum up to days"),
    "absolute-path": Rule("info", "the file is found on one machine only", "use a path within the package"),
    "credential": Rule("error", "whoever has the file has the password", "take it out"),
}


def found(rule: str, where: str, node: Element, reason: str, severity: Severity | None = None) -> Issue:
    """Report that a rule is broken at an element."""
    known = RULES[rule]
    line = 0 if node is None else node.sourceline or 0
    return Issue(rule, severity or known.severity, where, line, reason, known.effect, known.remedy)
