"""What is set beside the data of published content, as far as it is declared; everything else stays as it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.publish.content import missing_description, missing_tags, set_description, set_tags
from pipeline.publish.declared import Wanted
from pipeline.publish.extensions import missing_tabpy, set_tabpy
from pipeline.publish.grants import grants_said, set_grants
from pipeline.publish.logins import missing_logins, set_logins
from pipeline.publish.schedules import missing_schedule, set_schedule
from pipeline.publish.sign_in import Site


@dataclass(frozen=True)
class Belonging:
    """Something that is set.

    Attributes
    ----------
    missing : callable
        From site, what is wanted and the content (None: it is yet to be made) to words; none: it is as declared. It
        raises what would be raised later, so that nothing is published that cannot be finished.
    put : callable
        Sets it.
    """

    missing: Callable[[Site, Wanted, Any], str]
    put: Callable[[Site, Wanted, Any], None]


BELONGINGS = (
    Belonging(missing_description, set_description),
    Belonging(missing_tags, set_tags),
    Belonging(grants_said, set_grants),
    Belonging(missing_logins, set_logins),
    Belonging(missing_schedule, set_schedule),
    Belonging(missing_tabpy, set_tabpy),
)
"""In this order: a site takes no schedule for what it cannot sign in to."""


def missing_belongings(site: Site, wanted: Wanted, content: Any) -> tuple[str, ...]:
    """Say what is to be set."""
    return tuple(words for one in BELONGINGS if (words := one.missing(site, wanted, content)))


def put_belongings(site: Site, wanted: Wanted, content: Any) -> None:
    """Set what is not as declared."""
    for one in BELONGINGS:
        if one.missing(site, wanted, content):
            one.put(site, wanted, content)
