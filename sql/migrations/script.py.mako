"""${message}."""

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Say here what becomes of the rows that are there. May run twice: MySQL keeps half of a migration that was killed."""
