"""What refreshes extracts: schedules of a server by name, recurrences of tasks on Cloud; a refresh at once."""

from typing import Any

from tableau_server.jobs import job_answer
from tableau_server.people import page
from tableau_server.publishing import ONE, content_of
from tableau_server.routes import SITE, route
from tableau_server.state import Content, Job, State, Task
from tableau_server.wire import Answer, RefusedError, Request, answer, element

NEXT = "2026-01-02T06:00:00Z"


@route("GET", "schedules")
def schedules(state: State, request: Request) -> Answer:
    """List the server's schedules; Cloud has none and says so."""
    if state.cloud:
        raise RefusedError("403069", "Forbidden", "Administrator schedules are not supported on this site")
    found = [named(id, name, "Extract") for id, name in state.schedules.items()]
    return page(request, [*found, named("none", "Nightly", "Subscription")], "schedules")


def named(id: str, name: str, type: str) -> Any:
    """Give a schedule of the server as the wire has it."""
    own = {"state": "Active", "priority": 50, "frequency": "Daily", "executionOrder": "Parallel", "nextRunAt": NEXT}
    return element("schedule", id=id, name=name, type=type, **own)


@route("PUT", SITE + "schedules/(?P<id>[^/]+)/(?P<kind>datasource|workbook)s")
def add(state: State, request: Request, id: str, kind: str) -> Answer:
    """Add content to a schedule; twice is two tasks."""
    if id not in state.schedules:
        raise RefusedError("404000", "Resource Not Found", f"schedule {id}")
    content = content_of(state, kind, request.xml.find(f"extractRefresh/{kind}").get("id"))
    state.tasks.append(Task(content, schedule=id))
    return answer(200, element("task", task_element(state, state.tasks[-1])))


@route("POST", SITE + "tasks/extractRefreshes")
def create(state: State, request: Request) -> Answer:
    """Give content a recurrence of its own, on Cloud, by the rules that Tableau's Migration SDK keeps."""
    if not state.cloud:
        raise RefusedError("405000", "Method Not Allowed", "Only Tableau Cloud has custom schedules")
    refresh, schedule = request.elements
    content = content_of(state, refresh[0].tag, refresh[0].get("id"))
    details = schedule.find("frequencyDetails")
    said = [dict(one.attrib) for one in details.iterfind("intervals/interval")]
    recurrence = (schedule.get("frequency"), details.get("start"), details.get("end"), said)
    if refresh.get("type") != "FullRefresh" or not is_possible(*recurrence):
        raise RefusedError("400000", "Bad Request", f"Invalid schedule {recurrence}")
    state.tasks.append(Task(content, recurrence=recurrence))
    return answer(200, task_element(state, state.tasks[-1]))


def is_possible(frequency: str, start: str, end: str | None, intervals: list[dict[str, str]]) -> bool:
    """Tell whether Cloud would take a recurrence."""
    days = [one["weekDay"] for one in intervals if "weekDay" in one]
    hours = [one for one in intervals if "hours" in one or "minutes" in one]
    return {
        "Hourly": end is not None and bool(days) and hours == [{"hours": "1"}],
        "Daily": end is None and bool(days) and not hours,
        "Weekly": end is None and len(days) == len(intervals) == 1,
        "Monthly": end is None and bool(intervals) and all(set(one) == {"monthDay"} for one in intervals),
    }[frequency]


def task_element(state: State, task: Task) -> Any:
    """Give a task as the wire has it."""
    if task.recurrence is None:
        schedule = named(task.schedule, state.schedules[task.schedule], "Extract")
    else:
        frequency, start, end, said = task.recurrence
        intervals = element("intervals", *(element("interval", **one) for one in said))
        details = element("frequencyDetails", intervals, start=start, end=end)
        schedule = element("schedule", details, frequency=frequency, nextRunAt=NEXT)
    target = element(task.content.kind, id=task.content.id)
    return element(
        "extractRefresh", schedule, target, id=task.id, priority=50, consecutiveFailedCount=0, type=task.type
    )


@route("GET", SITE + "tasks/extractRefreshes")
def tasks(state: State, request: Request) -> Answer:
    """List refresh tasks, all in one answer."""
    return answer(200, element("tasks", *(element("task", task_element(state, one)) for one in state.tasks)))


@route("DELETE", SITE + "tasks/extractRefreshes/(?P<id>[^/]+)")
def delete(state: State, request: Request, id: str) -> Answer:
    """Take a task away."""
    found = [one for one in state.tasks if one.id == id]
    if not found:
        raise RefusedError("404000", "Resource Not Found", f"task {id}")
    state.tasks.remove(found[0])
    return Answer(204)


@route("POST", ONE + "/refresh")
def refresh(state: State, request: Request, kind: str, id: str) -> Answer:
    """Queue a refresh; a second one while it waits is refused."""
    content = content_of(state, kind, id)
    if content.refreshing:
        raise RefusedError("409093", "Resource Conflict", "A refresh is already queued")
    content.refreshing = True
    return job_answer(202, state.begin(Job("RefreshExtract", lambda: refreshed(state, content), lambda: content)))


def refreshed(state: State, content: Content) -> None:
    """Refresh, unless nobody is let in to the database."""
    content.refreshing = False
    for one in content.connections:
        if not one.embed:
            raise ValueError(f"Cannot connect to {one.server}: the credentials are not embedded")
    content.updated, content.refreshes = state.tick(), content.refreshes + 1
