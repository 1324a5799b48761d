"""The house rules: data flows one way, one module opens connections, one reads the environment, locks hold."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHAPES = ("pipeline.schema", "pipeline.errors", "pipeline.clock")
MAY_IMPORT = {
    "pipeline.schema": (),
    "pipeline.errors": (),
    "pipeline.progress": (),
    "pipeline.clock": ("pipeline.errors",),
    "pipeline.spool": SHAPES,
    "pipeline.connect": SHAPES,
    "pipeline.tariffs": SHAPES,
    "pipeline.emission_factors": SHAPES,
    "pipeline.pricing": (*SHAPES, "pipeline.tariffs", "pipeline.emission_factors"),
    "pipeline.config": (*SHAPES, "pipeline.sources.source", "pipeline.pricing"),
    "pipeline.sources": SHAPES,
    "pipeline.vee": (*SHAPES, "pipeline.sources.registers"),
    "pipeline.rollup": (*SHAPES, "pipeline.vee.grid"),
    "pipeline.costs": (
        *SHAPES,
        "pipeline.vee.grid",
        "pipeline.pricing",
        "pipeline.tariffs",
        "pipeline.emission_factors",
    ),
    "pipeline.load_views": SHAPES,
    "pipeline.weather_views": SHAPES,
    "pipeline.stores": (*SHAPES, "pipeline.vee.grid", "pipeline.vee.build", "pipeline.connect"),
    "pipeline.publish": (*SHAPES, "pipeline.stores", "pipeline.connect", "pipeline.progress"),
    "pipeline.campus": ("pipeline.clock",),
    "pipeline.campus_files": ("pipeline.campus", "pipeline.clock"),
    "pipeline.campus_faults": ("pipeline.campus",),
    "pipeline.demo": ("pipeline.campus", "pipeline.campus_files", "pipeline.campus_faults"),
    "pipeline": ("pipeline",),
    "tabpy_functions": (),
    "workbooks": ("pipeline.schema", "pipeline.stores.extracts"),
    "sql": ("pipeline.schema",),
}
"""Module or folder to what it may import of ours; its own folder always. The longest name that fits holds: the other
modules of `pipeline/` itself are the run and may use everything."""

NOBODY_IMPORTS = {"pipeline.run": ("pipeline.cli", "pipeline.showcase"), "pipeline.cli": ()}
"""The top of the pipeline, and who may import it all the same."""

OPENERS = {"create_engine", "HyperProcess", "create_connection", "urlopen", "HTTPConnection", "HTTPSConnection"}
DRIVERS = {"pymysql", "psycopg", "sqlite3", "dbapi", "socket"}


def module_name(path: Path) -> str:
    """`pipeline/vee/grid.py` -> `pipeline.vee.grid`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


OUR_FILES = sorted(
    path
    for folder in ("pipeline", "tabpy_functions", "workbooks", "sql", "portal")
    for path in (ROOT / folder).rglob("*.py")
)
TREES = {module_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in OUR_FILES}


def modules_of(tree: ast.Module) -> Iterator[str]:
    """Every module that a file imports, anybody's."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)


def imports_of(tree: ast.Module) -> Iterator[str]:
    """Every module of ours that a file imports, wherever in it the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in ("pipeline", "portal"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("pipeline", "portal"):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in TREES else str(node.module) for name in names)


def is_within(module: str, folder: str) -> bool:
    """True for the module itself and for what lies in it."""
    return module == folder or module.startswith(f"{folder}.")


def rule_for(module: str) -> str:
    """The entry of `MAY_IMPORT` that holds for a module."""
    found = [name for name in MAY_IMPORT if is_within(module, name)]

    rule = max(found, key=len, default="")

    assert rule not in ("", "pipeline" * (module.count(".") > 1)), f"{module} is in no folder of the design"
    return rule


def tracked_files() -> list[Path]:
    """The text files that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def test_there_are_files_to_look_at() -> None:
    """The checks below looked at the whole pipeline, not at an empty folder."""
    assert len(TREES) > 25
    assert {"pipeline.schema", "pipeline.vee.grid", "pipeline.sources.source", "pipeline.run"} <= set(TREES)
    assert sum(len(list(imports_of(tree))) for tree in TREES.values()) > 50


@pytest.mark.parametrize("module", [name for name in TREES if name != "pipeline"])
def test_imports_follow_the_arrows(module: str) -> None:
    """files -> sources -> vee -> rollup -> stores -> publish: no import runs against an arrow."""
    rule = rule_for(module)
    allowed = (*MAY_IMPORT[rule], rule)
    against = [name for name in imports_of(TREES[module]) if not any(is_within(name, one) for one in allowed)]

    assert against == []


@pytest.mark.parametrize("top", NOBODY_IMPORTS)
def test_nothing_imports_the_top(top: str) -> None:
    """`run` and `cli` use everything and are used by nobody."""
    users = [module for module, tree in TREES.items() if top in set(imports_of(tree))]

    assert set(users) <= set(NOBODY_IMPORTS[top])


def test_imports_have_no_cycles() -> None:
    """The modules can be put in an order in which each imports only earlier ones."""
    graph = {module: set(imports_of(tree)) & set(TREES) - {"pipeline"} for module, tree in TREES.items()}

    assert len(list(TopologicalSorter(graph).static_order())) == len(TREES)


def test_imports_are_absolute() -> None:
    """A relative import would slip past the checks above."""
    relative = [
        module
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]

    assert relative == []


def connections_of(tree: ast.Module) -> Iterator[str]:
    """Calls by which a file would open a connection, a process or a socket of its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            owner, _, name = called.rpartition(".")
            if name in OPENERS or (name in ("connect", "socket") and owner.split(".")[-1] in DRIVERS):
                yield called


def test_only_connect_opens_connections() -> None:
    """Databases, hyperd and sockets are opened in pipeline/connect.py and nowhere else."""
    opening = {module: sorted(set(connections_of(tree))) for module, tree in TREES.items()}

    assert opening["pipeline.connect"]
    assert {module for module, calls in opening.items() if calls} == {"pipeline.connect"}


@pytest.mark.parametrize(
    "code",
    ["create_engine(url)", "sqlalchemy.create_engine(url)", "pymysql.connect()", "with HyperProcess() as h: pass"],
)
def test_a_connection_is_seen(code: str) -> None:
    """The check above knows a connection when it sees one; one that was handed in is none."""
    assert list(connections_of(ast.parse(code)))
    assert not list(connections_of(ast.parse("engine.connect()")))


def distribution(requirement: str) -> str:
    """`psycopg[binary]>=3.2,<4` -> `psycopg`."""
    return re.split(r"[\[<>=~ ]", requirement)[0].lower()


def test_imports_and_dependencies_agree() -> None:
    """What the pipeline imports is declared, and what is declared is imported or has a reason to be there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {distribution(requirement) for requirement in project["dependencies"]}
    optional = {
        distribution(one) for name, extra in project["optional-dependencies"].items() if name != "test" for one in extra
    }
    known = packages_distributions()
    modules = {name.split(".")[0] for tree in TREES.values() for name in modules_of(tree)} - set(
        sys.stdlib_module_names
    )
    imported = {known[name][0].lower() for name in modules if name in known} - {"hyperwatt"}

    assert imported >= {"numpy", "sqlalchemy", "adbc-driver-sqlite"}
    assert imported <= declared | optional
    assert declared - imported == {"pantab", "pymysql", "cryptography", "tzdata"}


def reads_environment(tree: ast.Module) -> bool:
    """True when a file reads environment variables."""
    return any(isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") for node in ast.walk(tree))


def test_only_config_reads_the_environment() -> None:
    """Environment variables are read in pipeline/config.py and nowhere else."""
    assert [module for module, tree in TREES.items() if reads_environment(tree)] == ["pipeline.config"]


@pytest.mark.parametrize("path", [pytest.param(path, id=module_name(path)) for path in OUR_FILES])
def test_files_are_short(path: Path) -> None:
    """A file over 400 lines holds more than one idea."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_no_host_or_machine_is_named() -> None:
    """No tracked file names a package registry or a path of somebody's machine."""
    hosts = ["py" + "pi.org", "python" + "hosted", "npm" + "js.", "deb." + "debian"]
    places = [f"/{place}/" for place in ("work", "root", "farm")]
    pattern = re.compile("|".join([*map(re.escape, hosts), *(rf"(?<![.\w]){place}" for place in places)]))
    files = tracked_files()
    named = [path.name for path in files if pattern.search(path.read_bytes().decode("utf-8", "replace"))]

    assert len(files) > 50
    assert pattern.search("see " + hosts[0])
    assert pattern.search("in /" + "root/x")
    assert named == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_lock_is_hashed_and_names_no_index(name: str) -> None:
    """Every requirement has an exact version and hashes; no line says where to fetch it."""
    text = (ROOT / name).read_text(encoding="utf-8")
    pinned = re.findall(
        r"^[a-z0-9][a-z0-9._-]*(?:\[[a-z,]+\])?==\S+(?: ; [^\\\n]+)? \\\n {4}--hash=sha256:", text, re.MULTILINE
    )
    requirements = [line for line in text.splitlines() if line and line[0] not in " #"]

    assert len(requirements) > 20
    assert len(pinned) == len(requirements)
    assert not re.search(r"https?:|--(extra-)?index-url|--find-links|--trusted-host", text)


def test_locks_agree() -> None:
    """What tests run with is what users get."""
    runtime, test = (
        dict(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)", (ROOT / name).read_text("utf-8"), re.MULTILINE))
        for name in ("requirements.lock", "requirements-test.lock")
    )

    assert runtime.items() <= test.items()


def test_changelog_has_the_version() -> None:
    """The version of pyproject.toml has its section in the changelog."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
