"""Alembic environment: the application's engine and metadata."""

from alembic import context
from flask import current_app

from matchmaker.core import db as database

context.config.attributes.setdefault("configure_logger", False)


def render_item(kind, item, autogen_context):
    """Our column types by their plain name, so that a migration reads like the model."""
    if kind == "type" and type(item).__module__ == "matchmaker.core.types":
        autogen_context.imports.add("from matchmaker.core import types")
        name = type(item).__name__
        return "sa.Text()" if name == "Choice" else f"types.{name}()"
    return False


def foreign_keys(connection, on: bool) -> None:
    """SQLite changes a table by making it anew, and while it is away what refers to it must not be asked.

    Said to the driver before SQLAlchemy begins: inside a transaction SQLite takes no notice.
    """
    if connection.dialect.name == "sqlite":
        driver = connection.connection.driver_connection
        driver.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}").close()
        broken = driver.execute("PRAGMA foreign_key_check").fetchall() if on else []
        if broken:
            raise RuntimeError(f"rows refer to nothing after this migration: {broken[:5]}")


def run() -> None:
    extension = current_app.extensions["migrate"]
    with extension.db.engine.connect() as connection, database.writing():
        foreign_keys(connection, on=False)
        context.configure(
            connection=connection,
            target_metadata=extension.db.metadata,
            render_item=render_item,
            **extension.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()
        foreign_keys(connection, on=True)


run()
