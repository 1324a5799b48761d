"""What is wrong with a TabPy, a sentence each: from whether it answers to why it answered with nulls."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline.errors import PublishError
from pipeline.publish.tabpy_build import Deployable
from pipeline.publish.tabpy_client import TabPy
from pipeline.publish.tabpy_deploy import LOOKS, Proof, prove_all
from tabpy_functions.catalogue import FUNCTIONS, Published

TESTED = (2, 16)
"""The TabPy that all of this is tested with, as (major, minor)."""

LAST_REASONS = 5
"""Different reasons of nulls that were given: how many are told, the latest first."""


@dataclass(frozen=True)
class Complaint:
    """One thing to know.

    Attributes
    ----------
    about : str
        "server", "package", the name of a function, ...
    sentence : str
        What is wrong, and after an arrow what to do.
    is_wrong : bool
        False: worth knowing, and no fault.
    """

    about: str
    sentence: str
    is_wrong: bool = True


def examine(
    tabpy: TabPy, deployables: Sequence[Deployable], functions: Mapping[str, Published] = FUNCTIONS
) -> list[Complaint]:
    """Ask a server everything that can go wrong; an empty list: all is well.

    Parameters
    ----------
    tabpy : TabPy
    deployables : sequence of Deployable
        What should be there.
    functions : mapping
        Name to function, for the golden calls.
    """
    try:
        tabpy.ask_info()
    except PublishError as error:
        return [Complaint("server", str(error))]
    complaints = [*_server(tabpy), *_scripts(tabpy)]
    try:
        status = tabpy.status()
        complaints += _missing(status, deployables)
        there = [one for one in deployables if _is_loaded(status, one.name)]
        proofs = prove_all(tabpy, there, functions)
        complaints += _proofs(proofs)
        complaints += _inside(next((proof.about for proof in reversed(proofs) if proof.about), {}))
    except PublishError as error:
        complaints.append(Complaint("server", str(error)))
    return complaints


def _server(tabpy: TabPy) -> Iterator[Complaint]:
    version = str(tabpy.info["server_version"])
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < TESTED:
        yield Complaint(
            "server", f"TabPy {version} is older than what this is tested with -> pip install 'tabpy>=2.16'"
        )
    elif numbers[:1] > TESTED[:1]:
        yield Complaint("server", f"TabPy {version} is newer than the 2.16 that this is tested with", is_wrong=False)
    if len({tabpy.ask_info()["state_path"] for _ in range(LOOKS)}) > 1:
        sentence = "several TabPy answer at this address: what is told here is true of one of them"
        yield Complaint("server", sentence, is_wrong=False)
    if not tabpy.wants_user and tabpy.can_evaluate:
        sentence = (
            "anybody who reaches it can run Python on it -> `hyperwatt tabpy serve --user NAME`, or a private net"
        )
        yield Complaint("server", sentence, is_wrong=False)


def _scripts(tabpy: TabPy) -> Iterator[Complaint]:
    try:
        if tabpy.evaluate("return int(_arg1[0])", [4]) != 4:
            yield Complaint("scripts", "/evaluate answers with something else than what it is asked")
    except PublishError as error:
        yield Complaint("scripts", str(error))


def _is_loaded(status: Mapping[str, Any], name: str) -> bool:
    return bool(status.get(name, {}).get("status") == "LoadSuccessful")


def _missing(status: Mapping[str, Any], deployables: Sequence[Deployable]) -> Iterator[Complaint]:
    for one in deployables:
        if one.name not in status:
            yield Complaint(one.name, "not on this server -> `hyperwatt tabpy deploy`")
        elif not _is_loaded(status, one.name):
            why = status[one.name]["last_error"] or status[one.name]["status"]
            yield Complaint(one.name, f"is there and could not be loaded: {why} -> install that there, deploy again")


def _proofs(proofs: Sequence[Proof]) -> Iterator[Complaint]:
    for proof in proofs:
        if proof.wrong:
            advice = "" if "->" in proof.wrong else " -> `hyperwatt tabpy deploy`"
            yield Complaint(proof.function, proof.wrong + advice)


def _inside(about: Mapping[str, Any]) -> Iterator[Complaint]:
    """Tell what only a function on the server can know."""
    for package, version in about.get("packages", {}).items():
        if version is None:
            yield Complaint("package", f"{package} is missing on the server -> pip install {package} there")
    yield from _nulls(about.get("reasons", []))


def _nulls(reasons: Sequence[Mapping[str, Any]]) -> Iterator[Complaint]:
    """Tell the last reasons, those that a function gave again and again once."""
    alike: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in reversed(reasons):
        alike.setdefault((one["function"], one["reason"]), []).append(one)
    for (function, reason), calls in list(alike.items())[:LAST_REASONS]:
        at = datetime.fromtimestamp(calls[0]["at"], UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        call = f"last at {at}, call {calls[0]['call_id']}, {calls[0]['rows']} rows"
        yield Complaint(function, f"gave nulls or guessed, {len(calls)} x ({call}): {reason}", is_wrong=False)
