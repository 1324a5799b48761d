"""What a calculation is made of: fields, constants, calls, operations, choices, level-of-detail expressions."""

from collections.abc import Iterator
from dataclasses import dataclass, field

PARAMETERS = "Parameters"
"""The data source that holds parameters."""


@dataclass(frozen=True)
class Literal:
    """A constant; `kind` is string, integer, real, boolean, date or null, `text` as written without its marks."""

    kind: str
    text: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Field:
    """A reference: `[kwh]` has one name, `[Parameters].[Parameter 1]` two; `text` is the author's."""

    names: tuple[str, ...]
    text: str = field(default="", compare=False)
    at: int = field(default=0, compare=False)

    @property
    def reference(self) -> str:
        """The reference in brackets: `[Parameters].[Parameter 1]`."""
        return bracketed(*self.names)

    @property
    def is_parameter(self) -> bool:
        """True for `[Parameters].[…]`."""
        return len(self.names) > 1 and self.names[0] == PARAMETERS


@dataclass(frozen=True)
class Call:
    """A function with its arguments; `name` in upper case."""

    name: str
    arguments: tuple["Node", ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Operation:
    """Operands joined by operators of one precedence, `a + b - c`; a sign or NOT has one operand."""

    operators: tuple[str, ...]
    operands: tuple["Node", ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Membership:
    """`value IN (a, b)`, or `value IN [set]` (one option, `is_list` False)."""

    value: "Node"
    options: tuple["Node", ...]
    is_list: bool
    is_negated: bool
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Choice:
    """IF or CASE: `branches` are pairs of condition (CASE: compared value) and result."""

    subject: "Node | None"
    branches: tuple[tuple["Node", "Node"], ...]
    otherwise: "Node | None"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Detail:
    """A level-of-detail expression; `keyword` is FIXED, INCLUDE, EXCLUDE, or empty for `{MAX([x])}`."""

    keyword: str
    dimensions: tuple["Node", ...]
    body: "Node"
    at: int = field(default=0, compare=False)


Node = Literal | Field | Call | Operation | Membership | Choice | Detail


def bracketed(*names: str) -> str:
    """Write names as a reference: `[Parameters].[a]]b]`."""
    return ".".join(f"[{name.replace(']', ']]')}]" for name in names)


def children_of(node: Node) -> tuple[Node, ...]:
    """List what a node is made of, in the order of the text."""
    match node:
        case Call(_, arguments):
            return arguments
        case Operation(_, operands):
            return operands
        case Membership(value, options):
            return (value, *options)
        case Choice(subject, branches, otherwise):
            pairs = [part for branch in branches for part in branch]
            return tuple(part for part in (subject, *pairs, otherwise) if part is not None)
        case Detail(_, dimensions, body):
            return (*dimensions, body)
    return ()


def nodes_of(tree: Node) -> Iterator[Node]:
    """Go through a tree, a node before what it is made of."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(children_of(node)))
