"""Jobs: what the server does after it has answered."""

from typing import Any

from tableau_server.routes import SITE, route
from tableau_server.state import Job, State
from tableau_server.wire import Answer, RefusedError, Request, answer, element

BEGAN, ENDED = "2026-01-01T06:00:00Z", "2026-01-01T06:00:01Z"


def job_answer(status: int, job: Job) -> Answer:
    """Give a job as the wire has it: without the end while it runs."""
    over = job.finish_code is not None
    ends = {"startedAt": BEGAN, "completedAt": ENDED, "finishCode": job.finish_code} if over else {}
    inside = details(job)
    made = element(
        "job", *inside, id=job.id, mode="Asynchronous", type=job.type, createdAt=BEGAN, progress=100 * over, **ends
    )
    return answer(status, made)


def details(job: Job) -> list[Any]:
    """Give what a job tells of its content; a failed one may have nothing to say."""
    content = job.content()
    notes = element("notes", text=job.notes)
    if job.type == "UpdateUploadedFile" and content is not None:
        source = element("datasource", id=content.id, name=content.name)
        return [element("updateUploadedFileJob", source, element("connectionLuid", text=content.connection), notes)]
    if job.type == "RefreshExtract" and content is not None:
        return [element("extractRefreshJob", notes, element("datasource", id=content.id, name=content.name))]
    if job.finish_code and job.notes:
        note = element("statusNote", type="error", value="1")
        note.set("text", job.notes)
        return [element("statusNotes", note)]
    return []


@route("GET", SITE + "jobs/(?P<id>[^/]+)")
def job(state: State, request: Request, id: str) -> Answer:
    """Tell how far a job is; a slow one ends when it has been asked after often enough."""
    if id not in state.jobs:
        raise RefusedError("404009", "Resource Not Found", f"Job {id}")
    found = state.jobs[id]
    if found.polls_left:
        found.polls_left -= 1
    else:
        state.finish(found)
    return job_answer(200, found)


@route("GET", SITE + "jobs")
def jobs(state: State, request: Request) -> Answer:
    """List jobs."""
    states = {None: "InProgress", 0: "Success", 1: "Failed", 2: "Cancelled"}
    found = [
        element(
            "backgroundJob",
            id=one.id,
            status=states[one.finish_code],
            createdAt=BEGAN,
            priority=50,
            jobType=one.type,
        )
        for one in state.jobs.values()
    ]
    pagination = element("pagination", pageNumber=1, pageSize=100, totalAvailable=len(found))
    return answer(200, pagination, element("backgroundJobs", *found))
