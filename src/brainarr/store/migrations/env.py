"""Run by Alembic on the connection that `brainarr.store.upgrade` hands it, inside its transaction."""

from alembic import context

from brainarr.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite changes tables by copying them; and it can undo that, whatever Alembic assumes of it.
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
