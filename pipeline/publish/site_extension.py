"""A site's connection to a TabPy, made and kept as it is declared; whoever signs in must administer the site.

A workbook chooses among such connections (`extensions`). Without this section of the settings nothing of the site
itself is ever changed.
"""

from typing import Any

from pipeline.errors import PublishError
from pipeline.publish.analytics import SiteTabPy
from pipeline.publish.credentials import Login
from pipeline.publish.extensions import ask, listed
from pipeline.publish.logins import login_of
from pipeline.publish.refusals import SiteRefusedError
from pipeline.publish.sign_in import Site


def missing_site_tabpy(site: Site, wanted: SiteTabPy) -> list[str]:
    """Say what is to be done on the site; nothing: it is as declared.

    Raises
    ------
    PublishError
        Not for who signs in, with what an administrator does by hand.
    SettingsError
        The login is said nowhere.
    """
    login = login_of(site, wanted.login) if wanted.login else None
    try:
        enabled = ask(site, "reading the site's analytics extensions", "GET", "", "SiteSettings").get("enabled")
        there = _there(site, wanted)
    except SiteRefusedError as refusal:
        raise PublishError(f"{refusal}; by hand: Settings > Extensions, a connection {wanted}") from None
    steps = [] if enabled else ["enable analytics extensions on the site"]
    if there is None:
        return [*steps, f"create connection {wanted}"]
    return steps if _is_so(site, there, wanted, login) else [*steps, f"update connection {wanted}"]


def set_site_tabpy(site: Site, wanted: SiteTabPy) -> list[str]:
    """Do what is missing, look whether it is done, and say what it was; errors as for `missing_site_tabpy`."""
    steps = missing_site_tabpy(site, wanted)
    what = f"connecting the site to TabPy {wanted.name!r}"
    for step in steps:
        if step.startswith("enable"):
            ask(site, what, "PUT", "", "SiteSettings", {"enabled": True})
            continue
        there = _there(site, wanted)
        path = "connections" if there is None else f"connections/{there['connection_luid']}"
        ask(site, what, "POST" if there is None else "PUT", path, "ConnectionItem", _item(site, wanted))
        site.renewed.add(wanted.name)
    if steps and missing_site_tabpy(site, wanted):
        raise PublishError(f"{what}: the site did not do it -> Settings > Extensions, a connection {wanted}")
    return steps


def _there(site: Site, wanted: SiteTabPy) -> dict[str, Any] | None:
    every = listed(ask(site, "listing the site's connections to TabPy", "GET", "connections", "ConnectionList"))
    return next((one for one in every if one.get("connection_brief", {}).get("connection_name") == wanted.name), None)


def _is_so(site: Site, there: dict[str, Any], wanted: SiteTabPy, login: Login | None) -> bool:
    own = (there.get("host"), there.get("port"), bool(there.get("is_ssl_enabled")))
    user = there.get("username") if there.get("is_auth_enabled") else None
    is_new = login is not None and site.how.new_passwords and wanted.name not in site.renewed
    return (
        own == (wanted.host, wanted.port, wanted.is_ssl)
        and user == (None if login is None else login.user)
        and not is_new
    )


def _item(site: Site, wanted: SiteTabPy) -> dict[str, Any]:
    """Give a connection as the REST API has it."""
    login = login_of(site, wanted.login) if wanted.login else None
    signs_in = {} if login is None else {"username": login.user, "password": login.password}
    return {
        "host": wanted.host,
        "port": wanted.port,
        "is_ssl_enabled": wanted.is_ssl,
        "is_auth_enabled": login is not None,
        **signs_in,
        "connection_brief": {"connection_name": wanted.name, "connection_type": "TABPY"},
    }
