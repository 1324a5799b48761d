"""Runs `tabpy_launcher.py` in an interpreter that has neither hyperwatt nor its functions."""

import runpy
import sys
from pathlib import Path

LAUNCHER = Path(__file__).resolve().parents[1] / "pipeline" / "publish" / "tabpy_launcher.py"


class Absent:
    """Finds nothing of ours, whatever is installed."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Refuse our own; leave the rest to the other finders."""
        if name.partition(".")[0] in ("pipeline", "tabpy_functions"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Absent())  # type: ignore[arg-type]
runpy.run_path(str(LAUNCHER), run_name="__main__")
