"""The table of rules, and a run's settings on top of it."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import SettingsError
from pipeline.schema import SEVERITIES
from pipeline.vee.checks import CHECKS
from pipeline.vee.rules import RULES, RuleBook

PIPELINE = Path(__file__).resolve().parents[1] / "pipeline"

CHANNELS = pd.DataFrame(
    {"meter_id": ["a", "a", "b"], "channel": ["delivered", "received", "delivered"]},
)


def test_the_table_has_every_rule_once() -> None:
    """V01 to V23, in order, with nothing left out."""
    assert [rule.rule_id for rule in RULES] == [f"V{number:02d}" for number in range(1, 24)]
    assert [rule.number for rule in RULES] == list(range(1, 24))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule_id)
def test_a_rule_says_when_what_and_whence(rule) -> None:
    """Each row reads "a reading is suspect when …", has a known severity, an action and a source."""
    assert rule.text.startswith(("a reading is suspect when ", "a file is suspect when "))
    assert rule.severity in SEVERITIES
    assert rule.name
    assert rule.action
    assert rule.source


def parameters_read() -> Iterator[tuple[str, str]]:
    """Rule and parameter of every place in the pipeline that asks the rule book for one."""
    trees = [ast.parse(path.read_text("utf-8")) for path in PIPELINE.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    takes = {node.name: node.args for node in nodes if isinstance(node, ast.FunctionDef)}
    for node in nodes:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or len(node.args) < 2:
            continue
        rule, what = node.args[:2]
        if (
            node.func.attr in ("value", "parameter")
            and isinstance(rule, ast.Constant)
            and isinstance(what, ast.Constant)
        ):
            yield rule.value, what.value
        elif node.func.attr == "arguments" and isinstance(rule, ast.Constant):
            yield from ((rule.value, each.arg) for each in takes[ast.unparse(what)].kwonlyargs)
    for rule_id, check in CHECKS.items():
        yield from ((rule_id, name) for name in inspect.signature(check).parameters)


def test_every_setting_is_read() -> None:
    """A parameter that the table offers changes something: one that nothing reads would be a promise not kept."""
    read = set(parameters_read())

    assert [
        (rule.rule_id, name) for rule in RULES for name in rule.parameters if (rule.rule_id, name) not in read
    ] == []


def test_defaults_are_the_table() -> None:
    """Without settings every channel has the numbers of the table, and every rule is on."""
    book = RuleBook()

    assert book.parameter("V09", "hours", CHANNELS).tolist() == [[6.0]] * 3
    assert book.enabled("V09", CHANNELS).all()
    assert book.value("V19", "share") == 0.2


def test_the_nearest_setting_holds() -> None:
    """A channel's setting beats its meter's, which beats the run's."""
    book = RuleBook(
        {"V09": {"hours": 8}},
        {("a", "received"): {"V09": {"hours": 3}}, ("a", "*"): {"V09": {"hours": 12.5, "enabled": False}}},
    )

    assert book.parameter("V09", "hours", CHANNELS).ravel().tolist() == [12.5, 3.0, 8.0]
    assert book.enabled("V09", CHANNELS).ravel().tolist() == [False, False, True]


def test_a_function_gets_the_parameters_it_names() -> None:
    """Of V09's parameters, only those that the function takes."""

    def check(grid: object, *, quanta: float) -> float:
        return quanta

    assert list(RuleBook().arguments("V09", check, CHANNELS)) == ["quanta"]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        pytest.param({"V99": {}}, "V01, V02", id="no such rule"),
        pytest.param({"V09": {"hour": 3}}, "enabled, hours, quanta, fewest_days", id="no such parameter"),
        pytest.param({"V09": {"hours": "six"}}, "must be a number", id="text"),
        pytest.param({"V09": {"hours": True}}, "must be a number", id="a bool for a number"),
        pytest.param({"V09": {"hours": -1}}, "not negative", id="negative"),
        pytest.param({"V09": {"hours": np.nan}}, "must be a number", id="not a number"),
        pytest.param({"V09": {"enabled": 1}}, "true or false", id="a number for a bool"),
        pytest.param({"V02": {"enabled": False}}, "cannot be switched off", id="how readings are laid out"),
        pytest.param({"V09": 6}, r"\[rules.V09\]", id="no table"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(settings, named: str) -> None:
    """The message names what there is instead, for the run's settings and for a meter's."""
    with pytest.raises(SettingsError, match=named):
        RuleBook(settings)
    with pytest.raises(SettingsError, match=f"meter a.*{named}"):
        RuleBook({}, {("a", "*"): settings})
