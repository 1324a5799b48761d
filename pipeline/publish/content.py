"""What a site is asked: projects, data sources and workbooks, found, published, changed and read back."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

from pipeline.errors import PublishError
from pipeline.publish.declared import Wanted
from pipeline.publish.patience import BrokenOffError
from pipeline.publish.payload import Payload
from pipeline.publish.sign_in import Site

OURS = "hyperwatt"
"""Tag of everything that was published here; what has it not is not overwritten unasked."""


class JobFailedError(PublishError):
    """The site took what it was given, and its job failed; what was there is still there."""


def find_project(site: Site, path: str, *, create: bool) -> Any:
    """Find a project by its path of names, and make what is missing of it if that is wanted.

    Returns
    -------
    tableauserverclient.ProjectItem or None
        None where it is not there and not to be made.
    """
    from tableauserverclient import Pager, ProjectItem

    with site.told(f"looking for project {path!r}"):
        every = list(Pager(site.server.projects))
    found: Any = None
    for name in [part for part in path.split("/") if part]:
        parent = None if found is None else found.id
        inner = next((one for one in every if (one.name, one.parent_id) == (name, parent)), None)
        if inner is None and not create:
            return None
        if inner is None:
            with site.told(f"making project {name!r}"):
                inner = site.server.projects.create(ProjectItem(name, parent_id=parent))
        found = inner
    return found


def find_content(site: Site, wanted: Wanted, project: Any) -> Any:
    """Find a data source or workbook by its name in a project; None where it is not there."""
    from tableauserverclient import Filter, Pager, RequestOptions

    condition: Any = Filter
    made: Any = RequestOptions
    options = made()
    # A comma or a colon would end a filter: then all are listed.
    if not set(wanted.name) & set(",:&"):
        options.filter.add(condition(RequestOptions.Field.Name, RequestOptions.Operator.Equals, wanted.name))
    with site.told(f"looking for {wanted.kind} {wanted.name!r}"):
        every = Pager(_endpoint(site, wanted), options)
        return next((one for one in every if (one.name, one.project_id) == (wanted.name, project.id)), None)


def read_content(site: Site, wanted: Wanted, content_id: str) -> Any:
    """Ask for one data source or workbook anew."""
    with site.told(f"reading {wanted.name!r}"):
        return _endpoint(site, wanted).get_by_id(content_id)


def publish_file(site: Site, wanted: Wanted, project: Any, *, over: bool) -> None:
    """Send a file in pieces, have it published, and wait for that.

    Parameters
    ----------
    over : bool
        Put it over content of the same name; without, the site refuses.

    Raises
    ------
    BrokenOffError
        It may have been published or not.
    PublishError
        The site refuses, or its job fails.
    """
    upload = send_file(site, wanted.file, wanted.name)
    mode = "overwrite" if over else "createnew"
    item, request = _publish_request(wanted, project)
    endpoint = _endpoint(site, wanted)
    url = f"{endpoint.baseurl}?{wanted.kind}Type={wanted.file.suffix[1:]}&{mode}=true&asJob=true"
    # The site may not be able to sign in yet: credentials follow.
    url += "&skipConnectionCheck=true" if wanted.kind == "workbook" and wanted.sources else ""
    what = f"publishing {wanted.name!r}"
    with site.told(what):
        body, kind = request.publish_req_chunked(item)
        answer = endpoint.post_request(f"{url}&uploadSessionId={upload}", body, kind)
    _wait(site, answer, what)


def change_rows(site: Site, wanted: Wanted, content: Any, payload: Payload, request_id: str) -> None:
    """Have rows of a published extract changed, and wait for that; errors as for `publish_file`.

    A request id that the site has seen is not carried out again: its old job is waited for.
    """
    upload = send_file(site, payload.path, wanted.name)
    endpoint = site.server.datasources
    what = f"changing rows of {wanted.name!r}"
    with site.told(what):
        answer = endpoint.patch_request(
            f"{endpoint.baseurl}/{content.id}/data?uploadSessionId={upload}",
            json.dumps({"actions": payload.actions}).encode(),
            "application/json",
            parameters={"headers": {"requestid": request_id}},
        )
    _wait(site, answer, what)


def send_file(site: Site, path: Path, name: str) -> str:
    """Send a file to the site in pieces and give the name of the upload; it is nothing until something is done with it.

    A piece whose answer is lost may be there or not, so an upload that breaks off is begun anew, not gone on with.
    """
    from tableauserverclient.server.request_factory import RequestFactory

    piece_request: Any = RequestFactory.Fileupload.chunk_req
    done, size = 0, path.stat().st_size
    stage = f"sending {name} (bytes)"
    site.tell(stage, done, size)
    with site.told(f"sending {name!r}"), path.open("rb") as file:
        upload = str(site.server.fileuploads.initiate())
        while piece := file.read(site.how.chunk):
            site.server.fileuploads.append(upload, *piece_request(piece))
            done += len(piece)
            site.tell(stage, done, size)
    return upload


def download(site: Site, wanted: Wanted, content: Any, folder: Path, revision: int | None = None) -> Path:
    """Download content as the site gives it into an empty folder; `revision`: an older one, by its number.

    Raises
    ------
    BrokenOffError
        When the download breaks off.
    PublishError
        When the site refuses.
    """
    for old in folder.iterdir():
        old.unlink()
    number = None if revision is None else str(revision)
    with site.told(f"reading {wanted.name!r} back"):
        return Path(_endpoint(site, wanted).download_revision(content.id, number, str(folder / "held")))


def read_back(site: Site, wanted: Wanted, content: Any, folder: Path, revision: int | None = None) -> Path:
    """Download a published extract; a site may give it packaged, and then it is taken out.

    Raises
    ------
    BrokenOffError
        When the download breaks off.
    PublishError
        When the site refuses, or what it gives holds no extract or several.
    """
    path = download(site, wanted, content, folder, revision)
    if path.suffix == ".hyper":
        return path
    try:
        with zipfile.ZipFile(path) as packed:
            (name,) = [name for name in packed.namelist() if name.endswith(".hyper")]
            with packed.open(name) as inner, (folder / "inner.hyper").open("wb") as file:
                shutil.copyfileobj(inner, file)
    except (zipfile.BadZipFile, ValueError):
        raise PublishError(f"reading {wanted.name!r} back: what the site gives holds no extract, or several") from None
    return folder / "inner.hyper"


def missing_tags(site: Site, wanted: Wanted, content: Any) -> str:
    """Say "tags" when some are wanted and not there."""
    return "tags" if content is not None and (wanted.tags | {OURS}) - set(content.tags) else ""


def set_tags(site: Site, wanted: Wanted, content: Any) -> None:
    """Add the tags that are wanted and missing; others' tags stay."""
    with site.told(f"tagging {wanted.name!r}"):
        _endpoint(site, wanted).add_tags(content, sorted((wanted.tags | {OURS}) - set(content.tags)))


def missing_description(site: Site, wanted: Wanted, content: Any) -> str:
    """Say "description" when another is wanted; new content gets it with its file."""
    is_so = content is None or wanted.description is None or (content.description or "") == wanted.description
    return "" if is_so else "description"


def set_description(site: Site, wanted: Wanted, content: Any) -> None:
    """Set the description that is wanted."""
    content.description = wanted.description
    with site.told(f"describing {wanted.name!r}"):
        _endpoint(site, wanted).update(content)


def last_revision(site: Site, wanted: Wanted, content: Any) -> str:
    """Give the number of the newest revision; empty where the site keeps none or does not tell."""
    try:
        with site.told(f"listing revisions of {wanted.name!r}"):
            _endpoint(site, wanted).populate_revisions(content)
            return str(max((int(one.revision_number) for one in content.revisions), default=""))
    except BrokenOffError:
        raise
    except PublishError:
        return ""


def _endpoint(site: Site, wanted: Wanted) -> Any:
    return site.server.datasources if wanted.kind == "datasource" else site.server.workbooks


def _publish_request(wanted: Wanted, project: Any) -> tuple[Any, Any]:
    from tableauserverclient import DatasourceItem, WorkbookItem
    from tableauserverclient.server.request_factory import RequestFactory

    if wanted.kind == "datasource":
        item: Any = DatasourceItem(project.id, name=wanted.name)
        item.description = wanted.description
        return item, RequestFactory.Datasource
    item = WorkbookItem(project.id, name=wanted.name, show_tabs=True)
    item.description, item.hidden_views = wanted.description, list(wanted.hidden_sheets)
    return item, RequestFactory.Workbook


def _wait(site: Site, answer: Any, what: str) -> None:
    """Wait for the job of an answer."""
    from tableauserverclient import JobItem

    with site.told(what):
        job = JobItem.from_response(answer.content, site.server.namespace)[0]
    await_job(site, job, what)


def await_job(site: Site, job: Any, what: str) -> str:
    """Wait for a job, asking at growing intervals, and give its notes; errors as for `publish_file`."""
    from tableauserverclient import JobItem

    patience = site.how.patience
    waited, pause = 0.0, patience.first_poll
    with site.told(what):
        while job.completed_at is None:
            if waited >= patience.longest_job:
                raise PublishError(f"{what}: the job is not over after {waited:,.0f} s -> look at Jobs on the site")
            site.tell(f"{what}: the site is at work")
            patience.sleep(pause)
            waited, pause = waited + pause, min(pause * 1.5, patience.longest_poll)
            job = site.server.jobs.get_by_id(job.id)
    if job.finish_code not in (JobItem.FinishCode.Success, JobItem.FinishCode.Completed):
        end = f": {_notes(job)}" if _notes(job) else f" and says not why -> look at Jobs on the site (job {job.id})"
        raise JobFailedError(f"{what}: the site's job failed{end}")
    return _notes(job)


def _notes(job: Any) -> str:
    """Give what a job says; some end without a word."""
    notes = [*(job.notes or []), *(note["text"] for note in job.status_notes or [])]
    return " ".join(" ".join(str(note) for note in notes if note).split())
