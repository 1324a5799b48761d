"""Tableau's calculation language: text in, a tree that says what it means, out.

`parse` is a Pratt parser: every operator has a binding power, and an operand takes what binds tighter than the operator
before it. `tree` holds the parts, `levels` says what a tree gives, `functions` which functions there are.
"""

from collections.abc import Mapping

from workbooks.functions import FUNCTIONS, expected_counts, form_of
from workbooks.tokens import CalculationError, Token, tokens_of
from workbooks.tree import Call, Choice, Detail, Field, Literal, Membership, Node, Operation, nodes_of

MOST_NESTED = 90
"""Levels of nesting that are followed; a formula a person wrote has fewer, and Python's stack has an end."""


class NestedTooDeeplyError(CalculationError):
    """A formula too deep to be judged, though it may be right."""


class FunctionCallError(CalculationError):
    """A function that Tableau does not have, or with a number of arguments that it does not take."""


_COMPARISONS = ("=", "==", "<>", "!=", "<", ">", "<=", ">=")
_POWERS = {"OR": 1, "AND": 2, **dict.fromkeys((*_COMPARISONS, "IN", "NOT"), 4)}
_POWERS |= {"+": 5, "-": 5, "*": 6, "/": 6, "%": 6, "^": 8}
_NOT_POWER, _SIGN_POWER = 3, 7


def parse(formula: str) -> Node:
    """Read a formula.

    Parameters
    ----------
    formula : str
        As an author or a workbook has it, comments and line breaks included.

    Returns
    -------
    Node
        The tree; every node knows the position `at` which it began.

    Raises
    ------
    CalculationError
        Where the text is no calculation; names the place.
    FunctionCallError
        For a function that is unknown or has a wrong number of arguments.
    NestedTooDeeplyError
        Beyond `MOST_NESTED` levels.
    """
    try:
        return _Parser(formula, escapes=False).whole()
    except CalculationError as error:
        if "\\" not in formula:
            raise
        try:  # Tableau's files hold both '\' and 'it\'s'
            return _Parser(formula, escapes=True).whole()
        except CalculationError:
            raise error from None


class _Parser:
    def __init__(self, formula: str, escapes: bool) -> None:
        self.formula = formula
        self.tokens = tokens_of(formula, escapes)
        self.position, self.depth = 0, 0

    def whole(self) -> Node:
        if self.next.kind == "end":
            raise self.error("an expression was expected, the formula is empty")
        node = self.expression()
        if self.next.kind != "end":
            raise self.error(f"an operator or the end of the formula was expected, found {self.next}")
        return node

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def error(self, reason: str, at: int | None = None) -> CalculationError:
        return CalculationError(reason, self.formula, self.next.at if at is None else at)

    def take(self) -> Token:
        token = self.next
        self.position += token.kind != "end"
        return token

    def sees(self, *texts: str) -> bool:
        """True when the next token is one of these marks or keywords."""
        return self.next.kind in ("mark", "keyword") and self.next.text.upper() in texts

    def takes(self, *texts: str) -> bool:
        found = self.sees(*texts)
        self.position += found
        return found

    def expect(self, text: str, purpose: str) -> None:
        if not self.takes(text):
            raise self.error(f"{text} was expected {purpose}, found {self.next}")

    def expression(self, binding: int = 0) -> Node:
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise NestedTooDeeplyError(f"nested more than {MOST_NESTED} deep", self.formula, self.next.at)
        left = self.prefixed()
        while (power := self.power()) > binding:
            left = self.membership(left) if self.sees("IN", "NOT") else self.chain(left, power)
        self.depth -= 1
        return left

    def power(self) -> int:
        if self.sees("NOT") and self.tokens[self.position + 1].text.upper() != "IN":
            return 0
        return _POWERS.get(self.next.text.upper(), 0) if self.next.kind in ("mark", "keyword") else 0

    def chain(self, left: Node, power: int) -> Node:
        operators, operands = [], [left]
        while self.power() == power and not self.sees("IN", "NOT"):
            operators.append(self.take().text.upper())
            operands.append(self.expression(power - (operators[-1] == "^")))
        return Operation(tuple(operators), tuple(operands), left.at)

    def membership(self, value: Node) -> Node:
        is_negated = self.takes("NOT")
        self.expect("IN", "after NOT")
        if self.takes("("):
            return Membership(value, self.listed(")", "to close IN ("), True, is_negated, value.at)
        return Membership(value, (self.expression(_POWERS["IN"]),), False, is_negated, value.at)

    def prefixed(self) -> Node:
        token = self.next
        if self.takes("NOT"):
            return Operation(("NOT",), (self.expression(_NOT_POWER),), token.at)
        if self.takes("-", "+"):
            return Operation((token.text,), (self.expression(_SIGN_POWER),), token.at)
        return self.primary()

    def primary(self) -> Node:
        token = self.take()
        text = token.text.upper()
        if token.kind in ("string", "number", "date"):
            return _literal(token)
        if token.kind == "word" and self.takes("("):
            return self.call(token)
        if token.kind in ("field", "word"):
            return self.reference(token)
        if token.kind == "keyword" and text in ("TRUE", "FALSE", "NULL"):
            return Literal("null" if text == "NULL" else "boolean", text.lower(), token.at)
        readers = {"IF": self.condition, "CASE": self.case, "{": self.detail, "(": self.parenthesis}
        if text not in readers or token.kind not in ("keyword", "mark"):
            raise self.error(f"a field, value or function was expected, found {token}", token.at)
        return readers[text](token)

    def parenthesis(self, token: Token) -> Node:
        node = self.expression()
        self.expect(")", f"to close the ( at character {token.at + 1}")
        return node

    def listed(self, closing: str, purpose: str) -> tuple[Node, ...]:
        if self.takes(closing):
            return ()
        nodes = [self.expression()]
        while self.takes(","):
            nodes.append(self.expression())
        if not self.takes(closing):
            raise self.error(f"{closing} or , was expected {purpose}, found {self.next}")
        return tuple(nodes)

    def call(self, token: Token) -> Node:
        name = token.text.upper()
        if name not in FUNCTIONS:
            reason = f"a function was expected; Tableau has none named {token}"
            raise FunctionCallError(reason, self.formula, token.at)
        arguments = self.listed(")", f"to close {name}(")
        if form_of(name, len(arguments)) is None:
            counts = expected_counts(name)
            reason = f"{name} was expected to have {counts} arguments, it has {len(arguments)}"
            raise FunctionCallError(reason, self.formula, token.at)
        return Call(name, arguments, token.at)

    def reference(self, token: Token) -> Node:
        names, end = [_name(token)], token.end
        while self.takes("."):
            part = self.take()
            if part.kind not in ("field", "word"):
                raise self.error(f"a field was expected after the dot, found {part}", part.at)
            names.append(_name(part))
            end = part.end
        return Field(tuple(names), self.formula[token.at : end], token.at)

    def condition(self, token: Token) -> Node:
        branches = [self.branch("after IF and its condition")]
        while self.takes("ELSEIF"):
            branches.append(self.branch("after ELSEIF and its condition"))
        return self.ending(None, branches, token)

    def branch(self, purpose: str) -> tuple[Node, Node]:
        condition = self.expression()
        self.expect("THEN", purpose)
        return condition, self.expression()

    def case(self, token: Token) -> Node:
        subject = self.expression()
        branches = []
        while self.takes("WHEN"):
            branches.append(self.branch("after WHEN and its value"))
        if not branches:
            raise self.error(f"WHEN was expected after CASE and what it looks at, found {self.next}")
        return self.ending(subject, branches, token)

    def ending(self, subject: Node | None, branches: list[tuple[Node, Node]], token: Token) -> Node:
        otherwise = self.expression() if self.takes("ELSE") else None
        self.expect("END", f"to close {token.text.upper()}")
        return Choice(subject, tuple(branches), otherwise, token.at)

    def detail(self, token: Token) -> Node:
        keyword = ""
        dimensions: tuple[Node, ...] = ()
        if self.sees("FIXED", "INCLUDE", "EXCLUDE"):
            keyword = self.take().text.upper()
            dimensions = self.listed(":", f"after {{{keyword} and its dimensions")
        body = self.expression()
        self.expect("}", "to close {")
        return Detail(keyword, dimensions, body, token.at)


def _name(token: Token) -> str:
    return token.text[1:-1].replace("]]", "]") if token.kind == "field" else token.text


def _literal(token: Token) -> Literal:
    if token.kind == "number":
        return Literal("integer" if token.text.isdigit() else "real", token.text, token.at)
    return Literal(token.kind, token.text[1:-1], token.at)


def fields_of(tree: Node) -> tuple[Field, ...]:
    """List the fields that a tree refers to, each once, without parameters."""
    return tuple(dict.fromkeys(node for node in nodes_of(tree) if isinstance(node, Field) and not node.is_parameter))


def parameters_of(tree: Node) -> tuple[Field, ...]:
    """List the parameters that a tree refers to, each once."""
    return tuple(dict.fromkeys(node for node in nodes_of(tree) if isinstance(node, Field) and node.is_parameter))


def functions_of(tree: Node) -> tuple[str, ...]:
    """List the functions that a tree calls, each once."""
    return tuple(dict.fromkeys(node.name for node in nodes_of(tree) if isinstance(node, Call)))


def replace_fields(formula: str, mapping: Mapping[str, str]) -> str:
    """Write other references into a formula and leave the rest of the author's text as it is.

    Parameters
    ----------
    formula : str
        A formula that `parse` reads.
    mapping : mapping of str to str
        `Field.reference` to what shall stand instead: `{"[Demand reduction]": "[Parameters].[Parameter 1]"}`.
        References that are not in it stay.

    Raises
    ------
    CalculationError
        As `parse`.
    """
    fields = [node for node in nodes_of(parse(formula)) if isinstance(node, Field)]
    for node in sorted(fields, key=lambda node: node.at, reverse=True):
        new = mapping.get(node.reference, node.text)
        formula = formula[: node.at] + new + formula[node.at + len(node.text) :]
    return formula
