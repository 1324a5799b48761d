"""How Alembic runs the migrations: on the connection that `pipeline.stores.upgrade` hands over, in its transaction."""

import sqlalchemy as sa
from alembic import context

connection = context.config.attributes["connection"]
if not sa.inspect(connection).has_table("alembic_version"):
    # Alembic's own statement names the primary key, which MySQL warns of.
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
context.configure(connection=connection)
context.run_migrations()
