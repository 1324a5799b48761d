"""A function as a TabPy holds it: it tells what it was built from, so that an old one is seen."""

import platform
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import metadata
from typing import Any

from tabpy_functions import VERSION
from tabpy_functions.answering import last_reasons

ABOUT = "hyperwatt_about"
"""The argument by which a served function tells what it is, instead of computing."""

PACKAGES = ("numpy", "pandas", "prophet", "scikit-learn", "statsmodels", "holidays")
"""What the functions need on the server; the models import theirs only when they are called."""


class Served:
    """A function to be called as TabPy does.

    Parameters
    ----------
    name : str
        What it is deployed as.
    function : callable
    build_id : str
        Hash of the sources; equal for all functions of a deployment.
    bound : mapping
        Arguments that the deployment adds to every call, such as a table of precomputed answers.
    data_id : str
        Hash of them; "" when there are none.
    """

    def __init__(
        self, name: str, function: Callable[..., Any], build_id: str, bound: Mapping[str, Any], data_id: str
    ) -> None:
        self.name = name
        self.function = function
        self.build_id = build_id
        self.bound = dict(bound)
        self.data_id = data_id

    def __call__(self, *values: Any, **named: Any) -> Any:
        """Answer a call of Tableau, or tell what this is when asked by `hyperwatt_about`."""
        if ABOUT in named:
            return self.about()
        return self.function(*values, **named, **self.bound)

    def about(self) -> dict[str, Any]:
        """Tell name, version and build, the server's Python and packages (None: missing), and why nulls were given."""
        return {
            "function": self.name,
            "version": VERSION,
            "build": self.build_id,
            "data": self.data_id,
            "python": platform.python_version(),
            "packages": {name: _version(name) for name in PACKAGES},
            "reasons": last_reasons(),
        }


def remembering(function: Callable[..., Any], most: int | None, typed: bool) -> Callable[..., Any]:
    """Give a function the cache that it had before it travelled, empty: `lru_cache` itself does not pickle by value."""
    return lru_cache(most, typed)(function)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
