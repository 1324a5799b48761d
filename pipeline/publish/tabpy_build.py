"""Functions made ready to travel: pickled by value, so that the TabPy that runs them needs nothing of ours."""

import hashlib
import inspect
import io
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

import tabpy_functions
from pipeline.errors import PublishError
from tabpy_functions.catalogue import FUNCTIONS, Published
from tabpy_functions.served import Served, remembering

BREAKS_TABPY = re.compile(r"[^\n -~]|[%\\]")
"""In a description or docstring: other than printable ASCII makes TabPy's state file four times as long with every
later deployment; a percent sign can make it unreadable; a backslash is taken for the beginning of a code."""

NAME = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True)
class Deployable:
    """A function as TabPy stores it: its texts, and the file `pickle_archive`."""

    name: str
    description: str
    docstring: str
    pickled: bytes
    build_id: str
    data_id: str

    def endpoint(self, version: int) -> dict[str, Any]:
        """Give what TabPy's state says of it; `version` counts deployments under this name."""
        return {
            "name": self.name,
            "version": version,
            "description": self.description,
            "docstring": self.docstring,
            "type": "model",
            "methods": [{"method": "query"}],
            "dependencies": [],
            "required_files": [],
            "required_packages": [],
            "schema": None,
            "is_public": True,  # seen in Tableau's list of custom functions
        }


def build_functions(
    functions: Mapping[str, Published] = FUNCTIONS, bound: Mapping[str, Mapping[str, Any]] | None = None
) -> list[Deployable]:
    """Pickle functions.

    Parameters
    ----------
    functions : mapping
        Name to function; the whole catalogue unless told otherwise.
    bound : mapping, optional
        Name to arguments that every call of that function gets, such as a table of precomputed answers.

    Raises
    ------
    PublishError
        A name or a text that TabPy cannot keep, a function that cannot be pickled, or TabPy's package is missing here.
    """
    bound = bound or {}
    cloudpickle, query_object = _pickling()
    for name, one in functions.items():
        _check_texts(name, one)
    build_id, made = _build_id(), []
    with _by_value(cloudpickle):
        for name, one in functions.items():
            data_id = _data_id(bound[name]) if name in bound else ""
            served = Served(name, one.call, build_id, bound.get(name, {}), data_id)
            pickled = _dump(cloudpickle, query_object(served, one.description), name)
            made.append(Deployable(name, one.description, _docstring(one.call), pickled, build_id, data_id))
    return made


def _pickling() -> tuple[Any, Any]:
    try:
        import cloudpickle  # type: ignore[import-untyped]
        from tabpy.tabpy_tools.custom_query_object import CustomQueryObject  # type: ignore[import-untyped]
    except ImportError as error:
        raise PublishError(f"{error.name} is not installed here -> pip install 'hyperwatt[forecast]'") from error
    return cloudpickle, CustomQueryObject


@contextmanager
def _by_value(cloudpickle: Any) -> Iterator[None]:
    known = tabpy_functions.__name__ in cloudpickle.list_registry_pickle_by_value()
    cloudpickle.register_pickle_by_value(tabpy_functions)
    try:
        yield
    finally:
        if not known:
            cloudpickle.unregister_pickle_by_value(tabpy_functions)


def _dump(cloudpickle: Any, what: Any, name: str) -> bytes:
    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        def reducer_override(self, found: Any) -> Any:
            if hasattr(found, "cache_parameters"):  # made by functools.lru_cache
                settings = found.cache_parameters()
                return remembering, (found.__wrapped__, settings["maxsize"], settings["typed"])
            return super().reducer_override(found)

    file = io.BytesIO()
    try:
        Pickler(file).dump(what)
        return file.getvalue()
    except (TypeError, AttributeError, ValueError) as error:
        raise PublishError(f"{name} cannot be pickled: {error}") from error


def _build_id() -> str:
    """Hash what the functions are made of. The interpreter counts: its bytecode is what travels."""
    digest = hashlib.sha256(repr(sys.version_info[:2]).encode())
    for path in sorted(Path(tabpy_functions.__path__[0]).glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _data_id(bound: Mapping[str, Any]) -> str:
    """Hash values, not pickles: those of equal values differ from process to process."""
    digest = hashlib.sha256()
    for part in _parts(bound):
        digest.update(part + b"\0")
    return digest.hexdigest()[:16]


def _parts(value: Any) -> Iterator[bytes]:
    if is_dataclass(value):
        value = {one.name: getattr(value, one.name) for one in fields(value)}
    if isinstance(value, Mapping):
        for name in sorted(value):
            yield repr(name).encode()
            yield from _parts(value[name])
    elif isinstance(value, np.ndarray):
        yield repr((value.dtype.str, value.shape)).encode()
        yield value.tobytes()
    else:
        yield repr(value).encode()


def _docstring(call: Callable[..., Any]) -> str:
    return inspect.getdoc(call) or "No docstring."


def _check_texts(name: str, one: Published) -> None:
    if not NAME.fullmatch(name):
        raise PublishError(f"{name!r} is no name for TabPy -> letters, digits and _ of ASCII")
    for kind, text in (("description", one.description), ("docstring", _docstring(one.call))):
        if found := BREAKS_TABPY.search(text):
            raise PublishError(
                f"{name}: {found.group()!r} in its {kind} -> TabPy's state breaks on other than ASCII, on % and on \\"
            )
