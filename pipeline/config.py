"""Settings: options first, then HYPERWATT_* of the environment, then hyperwatt.toml. Nobody else reads either.

timezone = "Europe/London"            # of naive stamps and of sites nobody has said more about
database = "sqlite:///out/hyperwatt.db"
country = "GB"                        # public holidays, as the `holidays` package names countries ("GB-ENG" too)

[rules.V09]                           # any rule: enabled = false, or its parameters
hours = 8

[[feed]]                              # what is true of some files
glob = "estates/*.csv"
timezone = "UTC"
[feed.meters.b63]
timezone = "Europe/London"

[meters.b91.rules.V10]                # one meter; [meters.b91.channels.received.rules.V07] for one channel
enabled = false

[[tariff]]                            # prices and emission factors: pipeline/pricing.py has every setting
name = "day and night"

[publish]                             # where to, and what: pipeline/publish/declared.py has every setting
site = "https://SERVER/#/site/SITE"
"""

import math
import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatch
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from pipeline.clock import check_timezone
from pipeline.errors import SettingsError
from pipeline.pricing import NO_PRICES, Pricing, read_pricing
from pipeline.sources.source import Feed

FILE_NAME = "hyperwatt.toml"
PREFIX = "HYPERWATT_"
TABLES = {"feed", "tariff", "carbon"}
"""What stands in the file under other names than in `Settings`."""

THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""By what OpenMP, OpenBLAS and Intel's MKL are told, before they are loaded, how many threads to use."""


@dataclass(frozen=True)
class Settings:
    """What a run is told.

    Attributes
    ----------
    out : Path
        Folder for the database (by default), the extracts and the rest.
    database : str
        SQLAlchemy URL.
    timezone : str or None
        Clock of naive stamps and of sites that nothing else speaks of.
    country : str or None
        For public holidays: "GB", "US-CA".
    feeds : tuple of Feed
        In order; the first whose glob matches a file holds for it.
    options : mapping
        Feed fields given on the command line: they win over every feed.
    rules : mapping
        `[rules.Vnn]`.
    meters : mapping
        `[meters.NAME]`.
    jobs : int
        Threads that work on blocks of channels.
    edits : Path or None
        CSV of people's changes.
    reload : bool
        Read files again that are already loaded.
    dry_run : bool
        Do everything but write.
    tabpy_url : str
        Address of a TabPy.
    tabpy_user, tabpy_password : str or None
        For a TabPy that wants them; better from the environment than from a file.
    publish : mapping
        `[publish]`.
    pricing : Pricing
        `[[tariff]]` and `[carbon]`.
    """

    out: Path = Path("out")
    database: str = ""
    timezone: str | None = None
    country: str | None = None
    feeds: tuple[Feed, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    meters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    edits: Path | None = None
    reload: bool = False
    dry_run: bool = False
    tabpy_url: str = "http://127.0.0.1:9004"
    tabpy_user: str | None = None
    tabpy_password: str | None = field(default=None, repr=False)
    publish: Mapping[str, Any] = field(default_factory=dict)
    pricing: Pricing = NO_PRICES

    @property
    def database_url(self) -> str:
        """The database: what was said, else a SQLite file in `out`."""
        return self.database or f"sqlite:///{(self.out / 'hyperwatt.db').as_posix()}"

    def feed_for(self, path: Path) -> Feed:
        """Give what is said of a file: its feed, the options over it, the run's time zone under it."""
        names = (path.as_posix(), path.name)
        feed = next((feed for feed in self.feeds if any(fnmatch(name, feed.glob) for name in names)), Feed())
        feed = replace(feed, **self.options)
        return feed if feed.timezone else replace(feed, timezone=self.timezone)

    def speaks_in(self, path: Path) -> bool:
        """Tell whether a file is one of settings, edits or factors: no meter file, though it may lie among them."""
        edited = self.edits is not None and path.absolute() == self.edits.absolute()
        return path.suffix == ".toml" or edited or self.pricing.is_factors(path)

    def channel_rules(self) -> dict[tuple[str, str], dict[str, Mapping[str, Any]]]:
        """Give the rule settings of single meters and channels, by (meter_id, channel); "*": all channels."""
        found: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
        for meter, said in self.meters.items():
            if "rules" in said:
                found[meter, "*"] = dict(said["rules"])
            for channel, more in said.get("channels", {}).items():
                found[meter, channel] = dict(more.get("rules", {}))
        return found


def load_settings(config: Path | None = None, **options: Any) -> Settings:
    """Gather settings.

    Parameters
    ----------
    config : Path or None
        The toml file; None: `hyperwatt.toml` here, if there is one.
    **options
        Fields of `Settings` or of `Feed`; None means not given.

    Raises
    ------
    SettingsError
        Unknown name, wrong type, unknown time zone, a file that is not TOML; tariffs and factors that cannot be.
    """
    said = _read_toml(config)
    given = {name: value for name, value in options.items() if value is not None}
    own, of_feeds = _names(Settings), _names(Feed)
    values: dict[str, Any] = {name: said[name] for name in said if name in own}
    values |= _from_environment()
    values |= {name: value for name, value in given.items() if name in own}
    values["feeds"] = tuple(_feed(feed, number) for number, feed in enumerate(said.get("feed", []), start=1))
    values["options"] = {name: value for name, value in given.items() if name in of_feeds - own}
    _check_types(Settings, values, str(config or FILE_NAME))
    values["out"] = Path(values.get("out", "out"))
    values["pricing"] = read_pricing(said, (config or Path(FILE_NAME)).parent)
    unknown = set(said) - own - TABLES
    if unknown:
        known = sorted(own | TABLES)
        raise SettingsError(f"{config or FILE_NAME}: unknown setting {sorted(unknown)[0]!r} -> known: {known}")
    if values.get("timezone"):
        check_timezone(values["timezone"])
    return Settings(**values)


def tableau_secrets(key_file: Path | None = None) -> dict[str, str]:
    """Give what is said of signing in to Tableau: HYPERWATT_TABLEAU_* by its name in small, then a key file.

    Parameters
    ----------
    key_file : Path or None
        A toml file that only its owner may read.

    Raises
    ------
    SettingsError
        A key file that others may read, or that cannot be read.
    """
    own = f"{PREFIX}TABLEAU_"
    said = {name.removeprefix(own).lower(): value for name, value in os.environ.items() if name.startswith(own)}
    if key_file is not None and not _is_private(key_file):
        raise SettingsError(f"{key_file}: others may read it, and it holds a secret -> chmod 600 {key_file}")
    kept = {} if key_file is None else _read_toml(key_file)
    return {name: str(value).strip() for name, value in {**kept, **said}.items()}


def _is_private(path: Path) -> bool:
    """Tell whether only its owner may read a file; Windows has no such bits."""
    return os.name == "nt" or not path.exists() or not path.stat().st_mode & 0o077


def tabpy_environment() -> dict[str, str]:
    """Give the environment for a TabPy of ours: its file says everything, and its calls to itself use no proxy.

    TabPy does not start when two names differ only in case, as those of proxies often do: one of them is given.
    """
    by_name = {name.lower(): (name, value) for name, value in os.environ.items()}
    kept = dict(pair for name, pair in by_name.items() if not name.startswith("tabpy_") and name != "no_proxy")
    return kept | {"no_proxy": "localhost,127.0.0.1"}


def _names(kind: type) -> set[str]:
    return {one.name for one in fields(kind)} - {"feeds", "options", "pricing"}


def _read_toml(config: Path | None) -> dict[str, Any]:
    path = config or Path(FILE_NAME)
    if config is None and not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}) -> check the --config path") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not text in UTF-8 -> save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {error} -> texts stand in quotes, tables in [brackets]") from error


def _from_environment() -> dict[str, Any]:
    names = ("out", "database", "timezone", "country", "jobs", "tabpy_url", "tabpy_user", "tabpy_password")
    found: dict[str, Any] = {
        name: os.environ[PREFIX + name.upper()] for name in names if PREFIX + name.upper() in os.environ
    }
    if "jobs" in found:
        try:
            found["jobs"] = int(found["jobs"])
        except ValueError:
            raise SettingsError(f"{PREFIX}JOBS={found['jobs']!r} is not a whole number") from None
    return found


def _feed(said: Mapping[str, Any], number: int) -> Feed:
    unknown = set(said) - _names(Feed)
    if unknown:
        raise SettingsError(
            f"[[feed]] number {number}: unknown setting {sorted(unknown)[0]!r} -> known: {sorted(_names(Feed))}"
        )
    _check_types(Feed, said, f"[[feed]] number {number}")
    values = dict(said)
    if not 0 < abs(values.get("multiplier", 1.0)) < math.inf:
        raise SettingsError(f"[[feed]] number {number}: a multiplier of {values['multiplier']} leaves no reading")
    if "reset_window" in values:
        values["reset_window"] = tuple(values["reset_window"])
    for zone in (values.get("timezone"), *(meter.get("timezone") for meter in values.get("meters", {}).values())):
        if zone:
            check_timezone(zone)
    return Feed(**values)


def _check_types(kind: Any, said: Mapping[str, Any], where: str) -> None:
    """Refuse a value of another type than a dataclass's field has; a path is written as text, a tuple as a list."""
    hints = get_type_hints(kind)
    for name, value in said.items():
        parts = get_args(hints[name]) if get_origin(hints[name]) is UnionType else (hints[name],)
        wanted = [get_origin(part) or part for part in parts]
        written = [one for each in wanted for one in _WRITTEN.get(each, (each,))]
        if isinstance(value, bool) != (bool in written) or not isinstance(value, tuple(written)):
            words = " or ".join(dict.fromkeys(_IN_WORDS[each] for each in written if each in _IN_WORDS))
            raise SettingsError(f"{where}: {name} = {value!r} -> must be {words}")


_WRITTEN: dict[Any, tuple[Any, ...]] = {float: (float, int), Path: (str, Path), tuple: (list, tuple)}
_WRITTEN |= {Mapping: (dict,), Pricing: (Pricing,)}
_IN_WORDS = {str: "text in quotes", int: "a whole number", float: "a number", bool: "true or false"}
_IN_WORDS |= {list: "a list", dict: "a table"}


@contextmanager
def single_threaded() -> Iterator[None]:
    """Let processes that are started inside compute with one thread each: there is one for every core already."""
    before = {name: os.environ.get(name) for name in THREAD_COUNTS}
    os.environ.update(dict.fromkeys(THREAD_COUNTS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
