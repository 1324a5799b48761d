"""A TabPy process for as long as a `with` block: on one address of this machine, with a state folder of its own."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.connect import connect_tabpy
from pipeline.errors import PublishError
from pipeline.publish import tabpy_launcher
from pipeline.publish.tabpy_build import Deployable
from pipeline.publish.tabpy_client import TabPy
from pipeline.publish.tabpy_state import CONFIG, LOG, ServerSettings, prepare

LAUNCHER = Path(tabpy_launcher.__file__)
ERRORS = "tabpy.err"
TAKEN = "port {port} is taken -> choose another: --port, 0 for any free one"


@dataclass(frozen=True)
class Running:
    """A TabPy process that answers and has loaded its functions."""

    client: TabPy
    folder: Path
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.client.url

    def wait(self) -> None:
        """Wait for as long as it runs.

        Raises
        ------
        PublishError
            When it ends, which nobody asked it to.
        """
        code = self.process.wait()
        raise PublishError(f"TabPy ended by itself (code {code}) -> see {self.folder / LOG} and {self.folder / ERRORS}")

    @property
    def log(self) -> str:
        """Everything that TabPy has written so far."""
        return "".join(
            path.read_text("utf-8", "replace")
            for path in (self.folder / LOG, self.folder / ERRORS)
            if path.exists()
        )  # fmt: skip


@contextmanager
def serving(
    folder: Path, deployables: Sequence[Deployable], settings: ServerSettings, environment: Mapping[str, str]
) -> Iterator[Running]:
    """Make a state folder anew and start a TabPy on it, for this machine only.

    Parameters
    ----------
    folder : Path
        Of this server alone; with port 0 it must not be that of a server that runs.
    deployables : sequence of Deployable
    settings : ServerSettings
    environment : mapping
        Of the process: `pipeline.config.tabpy_environment()`.

    Raises
    ------
    PublishError
        Also when something else listens at the port: the folder is left as it is then.
    """
    _refuse_taken(settings.port)
    prepare(folder, deployables, settings)
    with running_tabpy(folder, environment, port=settings.port) as running:
        yield replace(running, client=TabPy(running.url, settings.user, settings.password))


def _refuse_taken(port: int) -> None:
    """Say so before the folder of the server that runs there is made anew under it."""
    if port == 0:
        return
    try:
        connect_tabpy(f"http://127.0.0.1:{port}", timeout=2.0).close()
    except PublishError:
        return
    raise PublishError(TAKEN.format(port=port))


@contextmanager
def running_tabpy(
    folder: Path,
    environment: Mapping[str, str],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    launcher: Path = LAUNCHER,
) -> Iterator[Running]:
    """Start TabPy; it ends with the block, and with this process, however that ends.

    Parameters
    ----------
    folder : Path
        Its state folder, with `tabpy.conf`.
    environment : mapping
        Of the process: `pipeline.config.tabpy_environment()`.
    host : str, default "127.0.0.1"
        The one address it listens on.
    port : int, default 0
        0: any free one.
    launcher : Path
        The script that runs it.

    Raises
    ------
    PublishError
        With the last line that it wrote, when it does not start.
    """
    told = [str(folder.resolve() / CONFIG), "--host", host, "--port", str(port), "--with-parent"]
    with (
        (folder / ERRORS).open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            [sys.executable, "-P", str(launcher), *told],
            cwd=folder,
            env=dict(environment),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as process,
    ):
        try:
            yield Running(TabPy(f"http://{host}:{_wait(process, folder, port)}"), folder, process)
        finally:
            process.terminate()


def _wait(process: subprocess.Popen[str], folder: Path, port: int) -> int:
    """Give the port when TabPy says that it listens; its standard output ends when it has died instead."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("listening "):
            return int(line.split()[1])
    lines = (folder / ERRORS).read_text("utf-8", "replace").strip().splitlines() or ["it wrote nothing"]
    said = [
        line for line in lines if re.match(r"[\w.]+(Error|Exception): ", line)
    ] or lines  # the error itself, not its second line
    if "Address already in use" in said[-1] or "10048" in said[-1]:
        raise PublishError(TAKEN.format(port=port))
    if "No module named 'tabpy" in said[-1]:
        raise PublishError("tabpy is not installed here -> pip install 'hyperwatt[forecast]'")
    raise PublishError(f"TabPy did not start: {said[-1]} -> all of it stands in {folder / ERRORS}")
