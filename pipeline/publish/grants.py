"""Who may do what with published content: what is declared for a group is set, everything else is left as it is.

Whether setting permissions on a real server adds to what is there or puts itself in its place is told differently by
its documentation and by its client; so what contradicts is taken away first, and what is there already is not sent.
"""

from typing import Any

from pipeline.errors import PublishError
from pipeline.publish.declared import Wanted
from pipeline.publish.sign_in import Site

Grants = dict[str, dict[str, str]]
"""Group id to capability to "Allow" or "Deny"."""


def grants_said(site: Site, wanted: Wanted, content: Any) -> str:
    """Say "permissions" when some are declared and not set; errors as for `missing_grants`."""
    return "permissions" if missing_grants(site, wanted, content) else ""


def missing_grants(site: Site, wanted: Wanted, content: Any) -> Grants:
    """Give what is declared and not set; of content that is yet to be made, all.

    Raises
    ------
    PublishError
        A group that is not there.
    """
    if not wanted.permissions:
        return {}
    declared = {_group(site, name): _modes(names) for name, names in wanted.permissions.items()}
    present = {} if content is None else _present(site, wanted, content)
    missing = {
        group: {name: mode for name, mode in modes.items() if present.get(group, {}).get(name) != mode}
        for group, modes in declared.items()
    }
    return {group: modes for group, modes in missing.items() if modes}


def set_grants(site: Site, wanted: Wanted, content: Any) -> None:
    """Set what is declared and not set."""
    from tableauserverclient import PermissionsRule
    from tableauserverclient.models.reference_item import ResourceReference

    missing = missing_grants(site, wanted, content)
    present = _present(site, wanted, content)
    endpoint = getattr(site.server, f"{wanted.kind}s")
    rules = {group: PermissionsRule(ResourceReference(group, "group"), dict(modes)) for group, modes in missing.items()}
    with site.told(f"setting permissions of {wanted.name!r}"):
        for group, modes in missing.items():
            contrary = {name: present[group][name] for name in modes if name in present.get(group, {})}
            if contrary:
                endpoint.delete_permission(content, PermissionsRule(rules[group].grantee, contrary))
        endpoint.update_permissions(content, list(rules.values()))


def _modes(names: tuple[str, ...]) -> dict[str, str]:
    return {name.removeprefix("-"): "Deny" if name.startswith("-") else "Allow" for name in names}


def _group(site: Site, name: str) -> str:
    with site.told(f"looking for group {name!r}"):
        found = [one for one in site.server.groups.filter(name=name) if one.name == name]
    if not found:
        raise PublishError(f"there is no group {name!r} on the site -> mend its name under permissions")
    return str(found[0].id)


def _present(site: Site, wanted: Wanted, content: Any) -> Grants:
    endpoint = getattr(site.server, f"{wanted.kind}s")
    with site.told(f"reading permissions of {wanted.name!r}"):
        endpoint.populate_permissions(content)
        return {str(one.grantee.id): dict(one.capabilities) for one in content.permissions}
