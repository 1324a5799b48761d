"""Every error that hyperwatt raises on purpose.

PipelineError
 ├─ FileRefusedError  a file is not loaded at all: what, where, and the switch that would let it through
 ├─ SettingsError     an option, an environment variable or a line of hyperwatt.toml cannot be used
 ├─ StoreError        a database or an extract could not be written or read
 └─ PublishError      a server does not answer, does not let us in, or does not take what it is given

Bad readings never raise: they become findings. Bad files raise. Bad calls (a programmer's) raise ValueError.
"""

from pathlib import Path


class PipelineError(Exception):
    """What the user can mend; the command shows it as one line and exits with 1."""


class FileRefusedError(PipelineError):
    """A file that is not loaded, nothing of it.

    Parameters
    ----------
    path : Path
        The file, as the user named it.
    reason : str
        What is wrong and where (meter, line, first instants, count), in the file's own names.
    remedy : str
        The option or the mending that would let it through; may be empty.
    rule_id : str
        The rule behind the refusal, "V01" (dates) or "V21" (not data) for most.
    """

    def __init__(self, path: Path, reason: str, remedy: str = "", rule_id: str = "V21") -> None:
        self.path = path
        self.reason = reason
        self.remedy = remedy
        self.rule_id = rule_id
        super().__init__(f"{path}: {rule_id} {reason}" + (f" -> {remedy}" if remedy else ""))


class SettingsError(PipelineError):
    """An option, environment variable or line of hyperwatt.toml that cannot be used."""


class StoreError(PipelineError):
    """A database or an extract that could not be read or written."""


class PublishError(PipelineError):
    """A server that does not answer, does not let us in, or does not take what it is given."""
