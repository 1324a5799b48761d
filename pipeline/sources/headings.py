"""Names that stand above the row of names: a heading for each meter over columns that all say kWh or Value.

Building systems and spreadsheets write two or three such rows. Without the headings, the meters would be nameless.
"""

from collections.abc import Sequence

from pipeline.sources.units import is_unit
from pipeline.sources.words import ENERGY_WORDS, RECEIVED_WORDS, STAMP_WORDS, VALUE_WORDS, is_plain_quantity, words_of

_COUNTERS = {"counter", "counters", "zähler", "compteur", "contador", "contatore", "teller", "licznik", "meter"}
"""What a portal writes below the name of each meter, and which names none."""
HIGHEST = 3
"""Rows above the row of names that are looked at (chosen)."""


def headed_names(rows: Sequence[Sequence[str]]) -> tuple[list[str], list[str]] | None:
    """Give the names that the headings make, and the units.

    Headings are believed where they are needed: the row of names says the same of several columns, under each heading
    the same, and nothing twice.

    Parameters
    ----------
    rows : sequence of rows
        The row of names last, those above it before; all equally wide.

    Returns
    -------
    names : list of str
        Of every column: those without a heading keep theirs.
    units : list of str
        What a row says of units; "" where nothing does.
    """
    labels = [cell.strip() for cell in rows[-1]]
    plain = [n for n, label in enumerate(labels) if _needs_a_name(label)]
    if len({labels[n] for n in plain}) == len(plain):
        return None
    units = [label if is_unit(label) else "" for label in labels]
    for above in reversed(rows[-1 - HIGHEST : -1]):
        cells = [above[n].strip() for n in plain]
        if all(is_unit(cell) for cell in cells):
            units = [cell.strip() for cell in above]
        elif any(cells) and all(cell == "" or is_plain_quantity(cell) for cell in cells):
            continue
        else:
            return _joined(labels, plain, _filled(cells), units)
    return None


def _joined(
    labels: list[str], plain: list[int], heads: list[str], units: list[str]
) -> tuple[list[str], list[str]] | None:
    under = {head: sorted(labels[n] for other, n in zip(heads, plain, strict=True) if other == head) for head in heads}
    alike = all(own == under[heads[0]] and len(set(own)) == len(own) for own in under.values())
    if not alike or not all(_is_name(head) for head in heads):
        return None
    is_told = len({labels[n] for n in plain}) == 1 and _says_nothing(labels[plain[0]])
    names = list(labels)
    for head, n in zip(heads, plain, strict=True):
        names[n] = head if is_told else f"{head} {labels[n]}"
    return names, [unit if n in plain else "" for n, unit in enumerate(units)]


def _filled(cells: list[str]) -> list[str]:
    """Let a heading hold for the empty cells to its right, as one does over merged cells."""
    filled: list[str] = []
    for cell in cells:
        filled.append(cell or (filled[-1] if filled else ""))
    return filled


def _needs_a_name(label: str) -> bool:
    words = set(words_of(label))
    return bool(label) and (is_plain_quantity(label) or words <= _COUNTERS) and not words <= STAMP_WORDS


def _says_nothing(label: str) -> bool:
    return is_unit(label) or set(words_of(label)) <= (VALUE_WORDS | ENERGY_WORDS | _COUNTERS) - RECEIVED_WORDS


def _is_name(text: str) -> bool:
    """Whether a text may name a meter: it has a letter, or is a whole number."""
    return any(letter.isalpha() for letter in text) or text.isdecimal()
