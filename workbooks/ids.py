"""Ids from names: the same name gives the same id in every build, so rebuilds are byte-identical and diffs readable."""

import hashlib
import re
import uuid

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://hyperwatt.invalid/workbooks")
BASE_36 = "0123456789abcdefghijklmnopqrstuvwxyz"


def connection_id(prefix: str, name: str) -> str:
    """Give `federated.` or `hyper.` and 28 letters and digits."""
    number, letters = _number(prefix, name), ""
    for _ in range(28):
        number, digit = divmod(number, 36)
        letters += BASE_36[digit]
    return f"{prefix}.{letters}"


def calculation_id(source: str, caption: str) -> str:
    """Give the internal name of a calculated field: `Calculation_` and 19 digits."""
    return f"Calculation_{10**18 + _number('calculation', source, caption) % (9 * 10**18)}"


def parameter_id(caption: str) -> str:
    """Give the internal name of a parameter: readable, and without any character that a formula must escape."""
    word = re.sub(r"[^a-z0-9]+", "_", caption.lower()).strip("_")
    plain = bool(word) and word.replace("_", " ") == caption.lower()
    return f"Parameter {word}" if plain else f"Parameter {word[:40]}_{_number('parameter', caption) % 10**8:08d}"


def object_id(source: str) -> str:
    """Give the id of a data source's one table in its object graph."""
    return f"Extract (Extract.Extract)_{_hex('object', source)}"


def action_id(number: int, caption: str) -> str:
    """Give the internal name of an action."""
    return f"[Action{number}_{_hex('action', caption)}]"


def simple_id(kind: str, name: str) -> str:
    """Give the GUID of a worksheet, dashboard or window."""
    return f"{{{str(uuid.uuid5(NAMESPACE, f'{kind}:{name}')).upper()}}}"


def _number(*names: str) -> int:
    return int.from_bytes(hashlib.sha256("\x1f".join(names).encode()).digest(), "big")


def _hex(*names: str) -> str:
    return f"{_number(*names):064X}"[:32]
