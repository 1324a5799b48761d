"""README.md says what is true: its commands, options and settings exist, and its tables are generated."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest
from cogapp import Cog

from pipeline.cli import main
from pipeline.sources.sniff import LAYOUTS
from pipeline.sources.source import Feed
from pipeline.stores.extracts import EVERY_EXTRACT
from pipeline.vee.rules import RULES

README_PATH = Path(__file__).resolve().parents[1] / "README.md"
README = README_PATH.read_text(encoding="utf-8")


def commands(group: click.Group, name: str) -> Iterator[str]:
    """Every command in full: `hyperwatt run`, `hyperwatt db upgrade`."""
    for own, command in group.commands.items():
        yield f"{name} {own}"
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {own}")


def test_readme_names_commands_that_exist() -> None:
    """Each `hyperwatt word` of README and changelog is a command, and each command is in the README."""
    assert isinstance(main, click.Group)
    real = set(commands(main, "hyperwatt"))
    changelog = README_PATH.with_name("CHANGELOG.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`|-- )(hyperwatt [a-z]+)", README + changelog, re.MULTILINE))

    assert len(named) > 3
    assert named <= {name for name in real if name.count(" ") == 1}
    assert [name for name in real if name not in README] == []


def commands_of(command: click.Command) -> list[click.Command]:
    """Give a command and all that stand under it."""
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return [command, *(each for one in below for each in commands_of(one))]


def test_readme_options_exist() -> None:
    """Each `--option` of the README after a `hyperwatt` command is an option of ours."""
    known = {
        option
        for command in commands_of(main)
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    blocks = re.findall(r"(?:^|`)hyperwatt [a-z]+[^\n`]*", README, re.MULTILINE)
    used = {option for line in blocks for option in re.findall(r"(?<!\S)--[a-z-]+", line)} - {"--help"}

    assert len(used) > 3
    assert used <= known


@pytest.mark.parametrize("setting", [one.name for one in fields(Feed)])
def test_readme_names_every_feed_setting(setting: str) -> None:
    """Each setting of a `[[feed]]` is explained."""
    assert f"`{setting}`" in README


@pytest.mark.parametrize("layout", LAYOUTS)
def test_readme_shows_every_layout(layout: str) -> None:
    """Each layout has its row."""
    assert f"| `{layout}` |" in README


@pytest.mark.parametrize("name", re.findall(r"`((?:sql|pipeline|tests)/[\w/.]+)`", README))
def test_readme_names_files_that_exist(name: str) -> None:
    """Each path of the README is there."""
    assert (README_PATH.parent / name).exists()


def test_generated_tables_are_up_to_date() -> None:
    """`make docs` would change nothing, and the tables are not empty."""
    rules = re.findall(r"^\| (V\d\d) \|", README, re.MULTILINE)

    assert Cog().main(["cog", "--check", str(README_PATH)]) == 0
    assert len(rules) > 20
    assert rules == [rule.rule_id for rule in RULES]
    assert all(f"`{column.name}`" in README for extract in EVERY_EXTRACT.values() for column in extract.columns)
