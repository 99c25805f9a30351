"""Migrations go up, down and up again, and lead to the models, on both engines."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from matchmaker.core.db import db, writing


def shape():
    db.session.remove()
    with db.engine.connect() as connection:
        inspector = inspect(connection)
        return {
            table: (
                sorted(column["name"] for column in inspector.get_columns(table)),
                sorted(str(index["name"]) for index in inspector.get_indexes(table)),
            )
            for table in inspector.get_table_names()
        }


def test_up_down_up_comes_back_to_the_same_schema(app):
    before = shape()
    with writing():
        db.session.remove()
        downgrade(revision="base")
    assert set(shape()) == {"alembic_version"}
    upgrade()
    assert shape() == before


def test_migrations_lead_to_the_models(app):
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []
