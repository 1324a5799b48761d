"""A calculation's text as tokens, each with its place, and the error that names a place."""

import re
from dataclasses import dataclass

_LOGIC = ("IF", "THEN", "ELSEIF", "ELSE", "END", "CASE", "WHEN", "AND", "OR", "NOT", "IN", "TRUE", "FALSE", "NULL")
KEYWORDS = frozenset({*_LOGIC, "FIXED", "INCLUDE", "EXCLUDE"})
"""Reserved words of a calculation; letter case does not matter."""

_PLAIN = r"""
    (?P<space>\s+|//[^\r\n]*|/\*.*?\*/)
  | (?P<string>'(?:[^']|'')*'|"(?:[^"]|"")*")
  | (?P<field>\[(?:[^\]]|\]\])+\])
  | (?P<date>\#[^\#\r\n]+\#)
  | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<word>[^\W\d]\w*)
  | (?P<mark>==|<>|!=|<=|>=|[-+*/%^=<>(){},:.])
"""
_ESCAPED = _PLAIN.replace("(?:[^']|'')*", r"(?:\\.|[^'\\]|'')*").replace('(?:[^"]|"")*', r'(?:\\.|[^"\\]|"")*')
_PATTERNS = tuple(re.compile(text, re.VERBOSE | re.DOTALL) for text in (_PLAIN, _ESCAPED))
_UNCLOSED = {"'": "closing '", '"': 'closing "', "[": "closing ]", "#": "closing #", "/": "closing */"}


class CalculationError(ValueError):
    """A calculation that Tableau would not accept.

    Attributes
    ----------
    reason : str
        What is wrong, what was expected.
    at : int
        Position in the formula, from 0. [characters]
    line, column : int
        The same place, from 1.
    """

    def __init__(self, reason: str, formula: str = "", at: int = 0) -> None:
        before = formula[:at]
        self.reason, self.formula, self.at = reason, formula, at
        self.line = before.count("\n") + 1
        self.column = at - (before.rfind("\n") + 1) + 1
        super().__init__(f"line {self.line}, column {self.column}: {reason}")


@dataclass(frozen=True)
class Token:
    """A piece of a formula; `kind` is string, field, date, number, word, keyword, mark or end."""

    kind: str
    text: str
    at: int

    @property
    def end(self) -> int:
        """Position just after the token. [characters]"""
        return self.at + len(self.text)

    def __str__(self) -> str:
        return "the end of the formula" if self.kind == "end" else self.text


def tokens_of(formula: str, escapes: bool = False) -> list[Token]:
    """Cut a formula into tokens; white space and comments are left out, the last token is the end.

    Parameters
    ----------
    formula : str
        As it stands in a workbook.
    escapes : bool, default False
        Read a backslash in a string as an escape. Tableau's files hold both `'\\'` and `'it\\'s'`.

    Raises
    ------
    CalculationError
        For a string, field, date or comment that does not close, and for a character that means nothing.
    """
    pattern, at, found = _PATTERNS[escapes], 0, []
    while at < len(formula):
        match = pattern.match(formula, at)
        if match is None:
            raise _unreadable(formula, at)
        kind, text = str(match.lastgroup), match.group()
        if kind == "word" and text.upper() in KEYWORDS:
            kind = "keyword"
        if kind != "space":
            found.append(Token(kind, text, at))
        at = match.end()
    return [*found, Token("end", "", len(formula))]


def _unreadable(formula: str, at: int) -> CalculationError:
    mark = formula[at]
    if formula.startswith("[]", at):
        return CalculationError("a field name between [ and ] was expected", formula, at)
    if mark in _UNCLOSED:
        return CalculationError(f"{_UNCLOSED[mark]} expected, found the end of the formula", formula, at)
    return CalculationError(f"the character {mark!r} means nothing here", formula, at)
