"""Files that strangers send, end to end: each as its publisher writes it (`tests/dialects`), alone and together."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dialects import afar, america, buildings, continent, europe, home, notation, pacific, sets, shapes, tools
from dialects.made import Dialect, Truth, dialects_of

from pipeline.config import load_settings
from pipeline.run import check
from pipeline.vee.rules import RULE_BY_ID

Ran = Any
"""`Ran` of conftest.py."""

MODULES = (america, buildings, europe, continent, pacific, afar, home, tools, sets, notation, shapes)
MAKERS = {name: make for module in MODULES for name, make in dialects_of(module).items()}


@cache
def made(name: str) -> Dialect:
    """One dialect, made once."""
    dialect = MAKERS[name]()
    assert isinstance(dialect, Dialect)
    return dialect


READ = [name for name in MAKERS if not made(name).refusal]
REFUSED = [name for name in MAKERS if made(name).refusal]


def written(folder: Path, dialect: Dialect) -> Path:
    """Write a dialect's file."""
    path = folder / dialect.file
    path.write_bytes(dialect.content)
    return path


def as_toml(dialect: Dialect) -> str:
    """Write a dialect's options as the feed of its file."""
    lines = [f"{name} = {value if isinstance(value, int) else repr(value)}" for name, value in dialect.options.items()]
    return "\n".join(["[[feed]]", f'glob = "{dialect.file}"', *lines, ""])


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory, run_files: Callable[..., Ran]) -> Ran:
    """Every file in one folder and one run, with what the user says of each in hyperwatt.toml."""
    folder = tmp_path_factory.mktemp("strangers")
    dialects = [made(name) for name in MAKERS]
    for dialect in dialects:
        written(folder, dialect)
    config = folder.parent / "strangers.toml"
    config.write_text("\n".join(map(as_toml, dialects)), encoding="utf-8")
    return run_files([folder], config=config)


def test_no_two_dialects_share_a_meter() -> None:
    """Else the run of all of them together would prove nothing."""
    meters = [meter for name in READ for meter in {truth.meter_id for truth in made(name).truths}]

    assert len(READ) > 100
    assert sorted(meters) == sorted(set(meters))
    assert len({made(name).file for name in MAKERS}) == len(MAKERS)


@pytest.mark.parametrize("name", READ)
def test_a_file_alone_has_no_false_finding(tmp_path: Path, name: str) -> None:
    """What the publisher wrote is read without a refusal, and no rule finds an issue but those that are there."""
    dialect = made(name)
    report = check([written(tmp_path, dialect)], load_settings(**dialect.options))

    assert [str(file.refusal) for file in report.refused] == []
    issues = {one.rule_id for one in report.findings if RULE_BY_ID[one.rule_id].severity != "info"}
    assert issues <= set(dialect.findings)
    assert {one.rule_id for one in report.findings} >= set(dialect.findings)
    assert report.channels == len({(truth.meter_id, truth.channel, truth.minutes) for truth in dialect.truths})


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_known_is_asked_for(tmp_path: Path, name: str) -> None:
    """A file is refused whole, with a sentence that says what is missing."""
    dialect = made(name)
    report = check([written(tmp_path, dialect)], load_settings(**dialect.options))

    (file,) = report.refused
    assert dialect.refusal in str(file.refusal)
    assert dialect.file in str(file.refusal)


@pytest.mark.parametrize("name", READ)
def test_readings_stand_where_they_belong(together: Ran, name: str) -> None:
    """Every channel has its readings, their UTC starts, their length and their energy in the extract."""
    for truth in made(name).truths:
        own = together.of(truth.meter_id, truth.channel).dropna(subset="kwh")
        if truth.minutes:  # a local day has 23, 24 or 25 hours
            slack = 60 if truth.minutes == 1440 else 0
            own = own[abs(own["interval_minutes"] - truth.minutes) <= slack]

        first, last = (str(own["interval_start_utc"].iloc[end])[:16] for end in (0, -1))
        found = Truth(truth.meter_id, truth.channel, first, last, len(own), truth.minutes, truth.kwh)
        assert found == truth
        np.testing.assert_allclose(own["kwh"].sum(), truth.kwh, rtol=1e-9, atol=1e-9)


def test_refused_files_do_not_stop_the_others(together: Ran) -> None:
    """A run of a folder of strangers refuses exactly those that must be."""
    refused = {file.path.name for file in together.report.refused}

    assert refused == {made(name).file for name in REFUSED}


def test_a_hole_in_a_register_is_filled_with_its_energy(together: Ran) -> None:
    """What the register says of the hole is shared among its intervals, so that no energy is lost."""
    own = together.of("missed")

    assert (own["quality"] == "estimated").sum() == 3
    np.testing.assert_allclose(own["energy_kwh"].sum(), notation.USE.sum(), rtol=1e-9)
