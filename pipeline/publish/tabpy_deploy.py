"""Functions onto a TabPy that runs, and the proof that they answer: `deploy`, then `prove`."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from pipeline.errors import PublishError
from pipeline.publish.tabpy_build import Deployable
from pipeline.publish.tabpy_client import TabPy, TabPyRefusedError
from tabpy_functions.catalogue import FUNCTIONS, Published
from tabpy_functions.served import ABOUT

MOST_BUMPS = 20
"""Deployments that are tried to get past a version which the server still has in memory, and not in its state."""

LOOKS = 4
"""Questions by which several servers behind one address are told apart; a balancer passes them on in turn."""


@dataclass(frozen=True)
class Proof:
    """How a deployed function answered.

    Attributes
    ----------
    function : str
    about : mapping
        What the server's own copy says it is (`tabpy_functions.served`); empty when it does not say.
    seconds : float
        Time of the golden call, the first after a deployment: models are imported in it. [s]
    wrong : str
        In a sentence; "" when version, build and answer are right.
    """

    function: str
    about: Mapping[str, Any]
    seconds: float
    wrong: str


def deploy(tabpy: TabPy, deployables: Sequence[Deployable], tell: Callable[[str, int, int], None]) -> None:
    """Put functions on a server, over whatever stands there under their names.

    Parameters
    ----------
    tabpy : TabPy
    deployables : sequence of Deployable
    tell : callable
        Told stage, done and total.

    Raises
    ------
    PublishError
        At the first function that the server does not take: those before it are there, those after it are not.
    """
    _refuse_balancer(tabpy)
    _refuse_other_python(tabpy)
    staging = Path(tabpy.ask("GET", "/configurations/endpoint_upload_destination")["path"])
    for number, one in enumerate(deployables):
        tell("deploying functions", number, len(deployables))
        _deploy_one(tabpy, one, f"{staging.as_posix()}/endpoints/{one.name}/hyperwatt")
    tell("deploying functions", len(deployables), len(deployables))


def prove(tabpy: TabPy, expected: Deployable, published: Published) -> Proof:
    """Call a function with its golden input; compare version, build and answer."""
    about: Mapping[str, Any] = {}
    began = perf_counter()
    try:
        answer = tabpy.query(expected.name, list(published.golden))
        taken, wrong = perf_counter() - began, published.wrong(answer)
        about = ask_about(tabpy, expected.name)
        wrong = wrong or _stale(about, expected)
    except PublishError as error:
        taken, wrong = perf_counter() - began, str(error)
    return Proof(expected.name, about, taken, wrong)


def prove_all(
    tabpy: TabPy, deployables: Sequence[Deployable], functions: Mapping[str, Published] = FUNCTIONS
) -> list[Proof]:
    """Call every function with its golden input."""
    return [prove(tabpy, one, functions[one.name]) for one in deployables]


def ask_about(tabpy: TabPy, name: str) -> Mapping[str, Any]:
    """Ask a served function what it is; empty when what stands there is none of ours."""
    try:
        about = tabpy.query(name, {ABOUT: True})
    except TabPyRefusedError as error:
        if error.status == 500:  # a function that does not know the question
            return {}
        raise
    return about if isinstance(about, dict) else {}


def _stale(about: Mapping[str, Any], expected: Deployable) -> str:
    if not about:
        return "this is another function of that name, none of hyperwatt's"
    if about["build"] != expected.build_id:
        return f"the server has build {about['build']} of version {about['version']}, not {expected.build_id}"
    if expected.data_id and about["data"] != expected.data_id:
        return "the server looks up other forecasts than the last that were made here"
    return ""


def _deploy_one(tabpy: TabPy, one: Deployable, staged: str) -> None:
    _stage(tabpy, one, staged)
    held = tabpy.status().get(one.name, {}).get("version", 0)
    known = tabpy.endpoints().get(one.name, {}).get("version", 0)
    # After a removal the state counts from 1 again while memory keeps the old function, which a lower version does not
    # replace: deploy until the version has passed it.
    if held - known > MOST_BUMPS:
        raise PublishError(f"{one.name}: was removed, and stays in the memory of the server -> start it again")
    for version in range(known, max(known, held) + 1):
        _put(tabpy, one, staged, version)
    loaded = tabpy.status().get(one.name, {})
    if loaded.get("status") != "LoadSuccessful":
        raise PublishError(f"{one.name} did not load on the server: {loaded.get('last_error')}{_advice(loaded)}")


def _put(tabpy: TabPy, one: Deployable, staged: str, known: int) -> None:
    """Deploy over this version; 0: the server's state knows no function of that name."""
    body = one.endpoint(known + 1) | {"src_path": staged}
    if known == 0:
        tabpy.ask("POST", "/endpoints", body)
    else:
        tabpy.ask("PUT", f"/endpoints/{one.name}", body | {"should_update_version": True})


def _stage(tabpy: TabPy, one: Deployable, staged: str) -> None:
    """Bring the pickle to where the server looks for it: by a script, or over a disk that both see."""
    path = f"{staged}/pickle_archive"
    if tabpy.can_evaluate:
        tabpy.send_file(path, one.pickled)
        return
    state = Path(str(tabpy.info["state_path"]))
    if not (state / "state.ini").exists():
        raise PublishError(
            f"{tabpy.url}: runs no scripts, and its folder {state} is not on this machine -> deploy from there, allow "
            "TABPY_EVALUATE_ENABLE while deploying, or start it from a folder made by `hyperwatt tabpy site`"
        )
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(one.pickled)


def _refuse_balancer(tabpy: TabPy) -> None:
    seen = {(info["state_path"], info["creation_time"]) for info in (tabpy.ask_info() for _ in range(LOOKS))}
    if len(seen) > 1:
        raise PublishError(
            f"{tabpy.url}: several TabPy answer there, and each keeps functions of its own -> deploy to each at its "
            "own address, or replace them by folders of one build (`hyperwatt tabpy site`)"
        )


def _refuse_other_python(tabpy: TabPy) -> None:
    """Bytecode is what travels, and it is that of one Python only."""
    here = "{}.{}".format(*sys.version_info)
    there = tabpy.evaluate(PYTHON) if tabpy.can_evaluate else here
    if there != here:
        raise PublishError(f"{tabpy.url}: runs Python {there}, and this is {here} -> deploy from a Python {there}")


PYTHON = "import sys; return '{}.{}'.format(*sys.version_info)"


def _advice(loaded: Mapping[str, Any]) -> str:
    missing = str(loaded.get("last_error")).partition("No module named '")[2].partition("'")[0]
    return f" -> pip install {missing.partition('.')[0]} there" if missing else " -> see the log of the server"
