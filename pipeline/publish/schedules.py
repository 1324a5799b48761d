"""When a site refreshes extracts by itself: a named schedule of a Tableau Server, or a recurrence on Tableau Cloud.

Only what reads from a database or a file outside can be refreshed by the site; rows that hyperwatt pushes have nothing
there that they could be read from again, so a schedule for them is refused when the settings are read. The declared
schedule takes the place of other full refreshes of the same content; incremental ones are somebody's own and stay.
"""

from typing import Any

from pipeline.errors import PublishError
from pipeline.publish.declared import Wanted
from pipeline.publish.recurrence import EXAMPLE, Recurrence, is_same, to_interval
from pipeline.publish.refusals import SiteRefusedError
from pipeline.publish.sign_in import Site

FULL = "FullRefresh"


def missing_schedule(site: Site, wanted: Wanted, content: Any) -> str:
    """Say what is declared and not so; empty: nothing.

    Raises
    ------
    PublishError
        A schedule that the server has not.
    """
    if wanted.schedule is None:
        return ""
    schedule_id = _schedule_id(site, wanted.schedule)
    right, others = _tasks(site, wanted, content, schedule_id)
    instead = f" instead of {', '.join(sorted(map(_said, others)))}" if others else ""
    return "" if right and not others else f"schedule {wanted.schedule}{instead}"


def set_schedule(site: Site, wanted: Wanted, content: Any) -> None:
    """Have content refreshed as declared, and no other way; the new task is there before the old ones go.

    Raises
    ------
    PublishError
        The site refuses, or says yes and does nothing.
    """
    assert wanted.schedule is not None
    schedule_id = _schedule_id(site, wanted.schedule)
    right, others = _tasks(site, wanted, content, schedule_id)
    said = "" if right else _add(site, wanted, content, schedule_id)
    for task in others:
        with site.told(f"taking {wanted.name!r} off its former schedule"):
            site.server.tasks.delete(task.id)
    if missing_schedule(site, wanted, content):
        raise PublishError(f"scheduling {wanted.name!r}: the site did not do it{said} -> look at its Extract Refreshes")


def _add(site: Site, wanted: Wanted, content: Any, schedule_id: str) -> str:
    """Add a task; give what the site warns of."""
    import tableauserverclient
    from tableauserverclient.models import target

    tsc: Any = tableauserverclient
    to: Any = target
    with site.told(f"scheduling {wanted.name!r}"):
        if isinstance(wanted.schedule, Recurrence):
            own = tsc.ScheduleItem(None, None, None, None, to_interval(wanted.schedule))
            aim = to.Target(content.id, wanted.kind)
            site.server.tasks.create(tsc.TaskItem(None, FULL, 0, schedule_item=own, target=aim))
            return ""
        refused = site.server.schedules.add_to_schedule(schedule_id, **{wanted.kind: content})
    said = [*(text for one in refused for text in one.warnings or []), *(one.error for one in refused if one.error)]
    return f" ({' '.join(said)})" if said else ""


def _schedule_id(site: Site, schedule: str | Recurrence) -> str:
    """Give the id of a schedule of the server; empty where content has a recurrence of its own."""
    from tableauserverclient import Pager

    if isinstance(schedule, Recurrence):
        return ""
    try:
        with site.told(f"looking for schedule {schedule!r}"):
            every = [one for one in Pager(site.server.schedules) if one.schedule_type == "Extract"]
    except SiteRefusedError as error:
        raise PublishError(f"{error}; Tableau Cloud has no schedules by name: {EXAMPLE}") from None
    found = [str(one.id) for one in every if one.name == schedule]
    if not found:
        known = ", ".join(str(one.name) for one in every) or "none for extracts"
        raise PublishError(f"the server has no schedule {schedule!r} -> it has: {known}")
    return found[0]


def _tasks(site: Site, wanted: Wanted, content: Any, schedule_id: str) -> tuple[list[Any], list[Any]]:
    """Give the full refreshes of some content: the declared one, and others."""
    if content is None:
        return [], []
    with site.told(f"reading the refresh tasks of {wanted.name!r}"):
        every, _ = site.server.tasks.get()
    own = [
        task
        for task in every
        if task.target is not None
        and (task.target.type, task.target.id) == (wanted.kind, content.id)
        and not str(task.task_type).startswith("Increment")
    ]
    right = [task for task in own if _fits(task, wanted.schedule, schedule_id)]
    return right[:1], [task for task in own if task not in right[:1]]


def _fits(task: Any, schedule: str | Recurrence | None, schedule_id: str) -> bool:
    if isinstance(schedule, Recurrence):
        return task.schedule_item is not None and is_same(schedule, task.schedule_item.interval_item)
    return bool(task.schedule_id == schedule_id)


def _said(task: Any) -> str:
    """Name the schedule of a task."""
    item = task.schedule_item
    interval = None if item is None else item.interval_item
    name = None if item is None else item.name
    return str(name or (f"{interval._frequency} at {interval.start_time:%H:%M}" if interval else "another"))
