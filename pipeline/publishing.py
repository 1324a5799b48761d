"""Extracts and workbooks to a Tableau site: the plan, or the work, one data source or workbook after the other."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from tableauhyperapi import HyperProcess  # type: ignore[import-untyped]

from pipeline.config import Settings, tableau_secrets
from pipeline.connect import connect_hyper
from pipeline.errors import PipelineError, SettingsError
from pipeline.progress import Tell, silent
from pipeline.publish.analytics import SiteTabPy
from pipeline.publish.carrying import Done, carry_out
from pipeline.publish.content import find_project
from pipeline.publish.credentials import NAMES, REFRESH_SCOPES, SCOPES, login_names, read_credentials, read_logins
from pipeline.publish.declared import Declared, Wanted, read_declared
from pipeline.publish.keyrings import read_keyring
from pipeline.publish.patience import BrokenOffError, Patience
from pipeline.publish.planning import Desk, Step, plan
from pipeline.publish.sign_in import SignIn, signed_in
from pipeline.publish.site_address import EXAMPLE, read_address
from pipeline.publish.site_extension import missing_site_tabpy, set_site_tabpy
from pipeline.stores.scratch import own_folder

WAITING = "another run is writing or publishing these extracts; waiting for it to end"


@dataclass
class Published:
    """What came of publishing.

    Attributes
    ----------
    site, project : str
    done : list of Done
    planned : list of (Wanted, Step)
        In a dry run, instead of `done`.
    refused : dict of str to str
        Name to what was wrong; everything else was still done.
    site_steps : list of str
        What was done to the site itself, or is to be.
    """

    site: str
    project: str
    done: list[Done] = field(default_factory=list)
    planned: list[tuple[Wanted, Step]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    site_steps: list[str] = field(default_factory=list)


def publish(
    settings: Settings, tell: Tell = silent, *, patience: Patience | None = None, hyper: HyperProcess | None = None
) -> Published:
    """Bring a site to what `[publish]` declares, or say what that would take.

    Parameters
    ----------
    settings : Settings
        `dry_run`: look only.
    tell : Tell
        Where progress is told.
    patience : Patience or None
        None: as usual.
    hyper : HyperProcess or None
        A running hyperd; None: one is started for this.

    Raises
    ------
    PipelineError
        When nothing can be done at all: a setting, the site, the project.
    """
    declared = read_declared(settings.publish, settings.out)
    if not declared.wanted and not declared.tabpy:
        raise SettingsError(f"{settings.out}: nothing to publish -> run `hyperwatt run` first")
    how = sign_in_of(declared, patience or Patience())
    folder = settings.out / "extracts"
    with own_folder(folder, lambda: tell(WAITING)), signed_in(how, tell) as site, running(hyper) as own:
        create = declared.create_project and not settings.dry_run
        project = site.steadily(lambda: find_project(site, declared.project, create=create))
        if project is None and not (settings.dry_run and declared.create_project):
            raise no_project(how, declared)
        desk = Desk(site, declared, project, own, folder)
        published = Published(str(how.address), declared.project)
        if declared.tabpy:
            _connect_tabpy(desk, declared.tabpy, published, dry_run=settings.dry_run)
        for wanted in declared.wanted:
            _one(desk, wanted, published, dry_run=settings.dry_run)
    return published


def _connect_tabpy(desk: Desk, wanted: SiteTabPy, published: Published, *, dry_run: bool) -> None:
    """Give the site its connection to TabPy, before workbooks choose it; or say what that takes."""
    work = missing_site_tabpy if dry_run else set_site_tabpy
    try:
        published.site_steps += desk.site.steadily(lambda: work(desk.site, wanted))
        desk.site.promised |= {wanted.name} if dry_run else set()
    except BrokenOffError as error:
        published.refused[wanted.name] = f"{STOPPED}{error}"
    except PipelineError as error:
        published.refused[wanted.name] = str(error)


def _one(desk: Desk, wanted: Wanted, published: Published, *, dry_run: bool) -> None:
    """Plan or publish one; a site that has stopped answering is not asked about the others."""
    stopped = next((why for why in published.refused.values() if why.startswith(STOPPED)), None)
    if stopped:
        published.refused[wanted.name] = stopped
        return
    try:
        if dry_run:
            published.planned.append((wanted, desk.site.steadily(lambda: plan(desk, wanted))))
        else:
            published.done.append(carry_out(desk, wanted))
    except BrokenOffError as error:
        published.refused[wanted.name] = f"{STOPPED}{error}"
    except PipelineError as error:
        published.refused[wanted.name] = str(error)


STOPPED = "broken off: "


def sign_in_of(declared: Declared, patience: Patience) -> SignIn:
    """Say how to come into the site that is declared.

    Raises
    ------
    SettingsError
        No site, an address that cannot be, or nobody who signs in.
    """
    secrets = tableau_secrets(declared.key_file)
    if declared.keyring:
        unsaid = [name for name in (*NAMES, *login_names(declared.logins)) if name not in secrets]
        secrets |= read_keyring(declared.keyring, unsaid)
    pasted = secrets.get("site", declared.site)
    if not pasted:
        raise SettingsError(f'no site is named -> site = "{EXAMPLE}" under [publish], or HYPERWATT_TABLEAU_SITE')
    address = read_address(pasted, declared.site_name, plain=declared.plain_http)
    return SignIn(
        address,
        read_credentials(secrets),
        declared.ca,
        declared.verify,
        declared.timeout,
        patience,
        declared.chunk_mb << 20,
        read_logins(secrets, declared.logins),
        SCOPES + REFRESH_SCOPES * any(one.sources for one in declared.wanted),
        declared.new_passwords,
    )


def no_project(how: SignIn, declared: Declared) -> SettingsError:
    """Give the error that says that the project is not there."""
    return SettingsError(f"{how.address} has no project {declared.project!r} -> make it, or mend its name")


def running(hyper: HyperProcess | None) -> AbstractContextManager[HyperProcess]:
    """Give the hyperd that is there, or start one while the block lasts."""
    return nullcontext(hyper) if hyper else connect_hyper()
