"""Whatever can be wrong with a TabPy has one sentence that says what, and what to do."""

import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner
from fake_tabpy import INFO, fake_tabpy

from pipeline.cli import main
from pipeline.publish.tabpy_build import build_functions
from pipeline.publish.tabpy_client import TabPy
from pipeline.publish.tabpy_doctor import examine
from pipeline.publish.tabpy_server import Running
from tabpy_functions.answering import answers
from tabpy_functions.catalogue import FUNCTIONS, Published, equal_to
from tabpy_functions.inputs import InputError

Start = Callable[..., Running]


def refusing() -> Callable[..., Any]:
    """Give a function that answers nothing; made in here, it travels as a whole."""

    def refuse(values: list[float]) -> list[float]:
        """Answer nothing."""
        raise InputError("nothing to learn from")

    return answers(refuse)


ECHO = {
    "echo": Published(lambda values: values, "Gives back.", ([1, 2],), equal_to([1, 2])),
    "refuse": Published(refusing(), "Refuses.", ([1, 2],), equal_to([None, None])),
}
ABOUT = {"version": "1", "packages": {"numpy": "2"}, "reasons": []}


def sentences(tabpy: TabPy, functions: Mapping[str, Published] = ECHO) -> list[str]:
    """What is wrong, without what is only worth knowing."""
    return [
        f"{one.about}: {one.sentence}" for one in examine(tabpy, build_functions(functions), functions) if one.is_wrong
    ]


def fake(**about: Any) -> dict[str, Any]:
    """What a TabPy says on which all is well, but for what is given."""
    build_id = build_functions({"echo": ECHO["echo"]})[0].build_id
    return {
        "/info": INFO,
        "/evaluate": 4,
        "/status": {"echo": {"version": 1, "status": "LoadSuccessful", "last_error": None}},
        "/query/echo": [{"response": [1, 2]}, {"response": {"build": build_id, **ABOUT, **about}}],
    }


def sentences_of_fake(answers_: Mapping[str, Any], **how: Any) -> list[str]:
    """What is wrong with a TabPy that says this, of one function."""
    with fake_tabpy(answers_) as (url, _):
        return sentences(TabPy(url, **how), {"echo": ECHO["echo"]})


def test_a_healthy_server_is_said_to_be_one(tabpy: Running) -> None:
    """The command ends with 0, all functions counted; that it is open to all on this machine is worth knowing."""
    result = CliRunner().invoke(main, ["tabpy", "doctor", tabpy.url])

    assert result.exit_code == 0, result.output
    assert f"{len(FUNCTIONS)} functions, all of this version, answer as they should" in result.stdout
    assert "anybody who reaches it can run Python on it" in result.stdout
    assert sentences_of_fake(fake()) == []


# ---- the server ------------------------------------------------------------------------------------------------------


def test_nobody_answers() -> None:
    """A port at which nobody listens; a host of no such name; by the command, exit 1 and one line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        result = CliRunner().invoke(main, ["tabpy", "doctor", url])

    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"server: {url}: nobody answers (Connection refused) -> is TabPy running there?"
    ]
    assert "no host of that name" in sentences(TabPy("http://no-such-host.invalid:9004"))[0]


@pytest.mark.parametrize("url", ["localhost:9004", "ftp://localhost", "http://ann:secret@localhost", "http://x:port"])
def test_no_address(url: str) -> None:
    """What is no address of a TabPy; a password in it is not repeated."""
    (sentence,) = sentences(TabPy(url))

    assert "is no address of a TabPy -> use http://HOST:9004" in sentence
    assert "secret" not in sentence


def test_something_else_answers() -> None:
    """A web page, or JSON of another kind."""
    assert "the answer is not JSON" in sentences_of_fake({"/info": b"<html>"})[0]
    assert "answers, but is no TabPy -> check host and port" in sentences_of_fake({"/info": {"hello": 1}})[0]
    assert "404 Not Found" in sentences_of_fake({"/info": (404, b"<html><title>Not Found</title></html>")})[0]


def test_it_does_not_answer_in_time() -> None:
    """One slow call holds up all of a TabPy, `/info` too."""
    held = threading.Event()
    with fake_tabpy({"/info": held}) as (url, _):
        (sentence,) = sentences(TabPy(url, timeout=0.1))
        held.set()

    assert "no answer in 0.1 s -> one slow call holds up all of a TabPy" in sentence


def test_an_old_tabpy() -> None:
    """Older than what we test with is wrong; newer is worth knowing."""
    assert "TabPy 2.5.1 is older" in sentences_of_fake(fake() | {"/info": INFO | {"server_version": "2.5.1"}})[0]
    assert sentences_of_fake(fake() | {"/info": INFO | {"server_version": "3.0.0"}}) == []


def test_a_user_is_wanted_or_not(start_tabpy: Start) -> None:
    """Either way the sentence says what to do with --user."""
    closed, open_one = start_tabpy(user="ann", password="secret"), start_tabpy()

    assert "it wants a user: --user NAME" in sentences(TabPy(closed.url))[0]
    assert "user or password is wrong" in sentences(TabPy(closed.url, "ann", "wrong"))[0]
    assert "leave out --user" in sentences(TabPy(open_one.url, "ann", "secret"))[0]


def test_scripts_are_off(start_tabpy: Start) -> None:
    """Deployed functions answer, SCRIPT_ calculations would not."""
    running = start_tabpy(build_functions(ECHO), evaluate=False)

    assert sentences(running.client) == [
        f"scripts: {running.url}/evaluate: 404 Ad-hoc scripts have been disabled on this analytics extension, please "
        "contact your administrator. -> set TABPY_EVALUATE_ENABLE = true: every SCRIPT_ calculation needs it"
    ]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (408, "the call took longer than TABPY_EVALUATE_TIMEOUT"),
        (413, "more than TABPY_MAX_REQUEST_SIZE_MB"),
        (502, "the proxy is there, TabPy behind it is not"),
        (504, "the proxy gave up waiting: its timeouts must be longer than TABPY_EVALUATE_TIMEOUT"),
    ],
)
def test_a_call_is_too_much(status: int, said: str) -> None:
    """What TabPy and a proxy before it say when a call takes too long or is too large."""
    (sentence,) = sentences_of_fake(fake() | {"/query/echo": (status, {"message": "x", "info": "y"})})

    assert sentence.startswith("echo: ")
    assert f"{status} x y -> {said}" in sentence


# ---- the functions ---------------------------------------------------------------------------------------------------


def test_a_function_is_missing(start_tabpy: Start) -> None:
    """Of those that should be there."""
    running = start_tabpy(build_functions({"echo": ECHO["echo"]}))

    (sentence,) = [one for one in sentences(running.client) if one.startswith("refuse")]
    assert sentence == "refuse: not on this server -> `hyperwatt tabpy deploy`"


def test_a_function_is_stale(start_tabpy: Start) -> None:
    """It answers as it should, and is of another build."""
    running = start_tabpy(build_functions(ECHO))
    newer = [replace(one, build_id="0123") for one in build_functions(ECHO)]

    told = [one for one in examine(running.client, newer, ECHO) if one.is_wrong]

    assert [one.about for one in told] == ["echo", "refuse"]
    assert all(
        "the server has build" in one.sentence and "not 0123 -> `hyperwatt tabpy" in one.sentence for one in told
    )


def test_a_function_is_somebody_elses() -> None:
    """Of the same name, with a right answer, and none of ours."""
    assert sentences_of_fake(fake() | {"/query/echo": [{"response": [1, 2]}, (500, {"message": "TypeError"})]}) == [
        "echo: this is another function of that name, none of hyperwatt's -> `hyperwatt tabpy deploy`"
    ]


def test_a_function_answers_wrong() -> None:
    """What it answered, and what it should have."""
    answered = [{"response": [1, 3]}, fake()["/query/echo"][1]]

    assert sentences_of_fake(fake() | {"/query/echo": answered}) == [
        "echo: answered [1, 3], not [1, 2] -> `hyperwatt tabpy deploy`"
    ]


def test_a_function_could_not_be_loaded() -> None:
    """TabPy's own words."""
    failed = {"echo": {"version": 1, "status": "LoadFailed", "last_error": "Load failed: No module named 'prophet'"}}

    (sentence,) = sentences_of_fake(fake() | {"/status": failed})

    assert "could not be loaded: Load failed: No module named 'prophet' -> install that there" in sentence


def test_a_package_is_missing() -> None:
    """Models import theirs only when called: the server is asked what it has."""
    asked = fake(packages={"numpy": "2.4", "prophet": None})
    asked["/query/echo"].append(asked["/query/echo"][1])

    assert sentences_of_fake(asked) == ["package: prophet is missing on the server -> pip install prophet there"]


def test_the_last_nulls_have_reasons(start_tabpy: Start) -> None:
    """With the call's id, of whichever function; worth knowing, not wrong."""
    running = start_tabpy(build_functions(ECHO))
    for value in range(3):  # an identical call would be answered from the cache, with no new line
        assert running.client.query("refuse", [[value, 2.0, 3.0]]) == [None, None, None]

    complaints = examine(running.client, build_functions(ECHO), ECHO)
    told = [one for one in complaints if "nothing to learn from" in one.sentence]

    assert sentences(running.client) == []
    assert {(one.about, one.is_wrong) for one in told} == {("refuse", False)}
    (sentence,) = {one.sentence for one in told}
    assert sentence.startswith("gave nulls or guessed, 4 x (last at 20")  # the golden call is the fourth
    assert sentence.endswith(", 2 rows): nothing to learn from")
    call_id = sentence.partition(", call ")[2][:8]
    assert call_id in running.log
