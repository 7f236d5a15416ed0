"""Runs migrations on the connection that storage/revision.py hands over, inside its transaction."""

from alembic import context

from storage.table import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
