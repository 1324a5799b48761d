"""What a build must know of the extracts it is for: their columns, and the members that parameters offer."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from workbooks.render_datasource import Catalogue


@dataclass(frozen=True)
class Facts:
    """What stands in the extracts.

    Attributes
    ----------
    catalogues : mapping of str to Catalogue
        By name of the extract; an extract that is missing or empty is not in it.
    meters, sites : tuple of str
        Names, in order.
    blank : mapping of str to set of str
        By name of the extract: its columns in which no row has a value, as far as that was asked.
    """

    catalogues: Mapping[str, Catalogue]
    meters: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    blank: Mapping[str, Set[str]] = field(default_factory=dict)
