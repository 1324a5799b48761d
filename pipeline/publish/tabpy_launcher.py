"""Run TabPy on one address: `python tabpy_launcher.py tabpy.conf --host 127.0.0.1 --port 9004`.

TabPy listens on all addresses of a machine and has no setting for it. This script stands alone, needs nothing but
TabPy, and is copied beside the states that run on other machines. When TabPy answers and has loaded its functions, it
prints "listening PORT".
"""

import argparse
import importlib
import os
import sys
import threading
from collections.abc import Sequence
from typing import Any


def launch(config: str, host: str, port: int | None, imported: Sequence[str] = ()) -> None:
    """Run TabPy until it is stopped.

    Parameters
    ----------
    config : str
        Its configuration file.
    host : str
        The one address to listen on; "127.0.0.1" is for this machine only.
    port : int or None
        0: any free one; None: that of the configuration.
    imported : sequence of str
        Modules that functions import when they are called, to be imported once it listens: the first caller would wait
        some seconds for each.
    """
    from tabpy.tabpy_server.app import app  # type: ignore[import-untyped]

    tornado = app.tornado  # the very server that TabPy runs on
    served = app.TabPyApp(config, disable_auth_warning=True)  # its warning would ask, and end in EOFError
    sockets = tornado.netutil.bind_sockets(int(served.settings["port"]) if port is None else port, host)
    # Scripts call deployed functions at this port of localhost.
    served.settings["port"] = sockets[0].getsockname()[1]

    def listen(application: Any, _port: int, **options: Any) -> Any:
        server = tornado.httpserver.HTTPServer(application, **options)
        server.add_sockets(sockets)
        # One thread loads functions, in turn: by the time that it comes to this, all of them are loaded.
        loader = served.python_service.ps.EXECUTOR
        loader.submit(announce, served.settings["port"])
        for module in imported:
            loader.submit(importlib.import_module, module)
        return server

    tornado.web.Application.listen = listen
    served.run()


def announce(port: int) -> None:
    """Say where, and send what scripts print after it to standard error: nobody reads on here."""
    print("listening", port, flush=True)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def end_with_parent() -> None:
    """Wait for the end of standard input, then end the process."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Run TabPy on one address.")
    parser.add_argument("config", help="tabpy.conf")
    parser.add_argument("--host", default="127.0.0.1", help="the one address to listen on")
    parser.add_argument("--port", type=int, help="0: any free one; without it that of the configuration")
    parser.add_argument("--import", dest="imported", nargs="*", default=[], help="modules that calls will need")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input does")
    told = parser.parse_args()
    if told.with_parent:
        threading.Thread(target=end_with_parent, daemon=True).start()
    launch(told.config, told.host, told.port, told.imported)
