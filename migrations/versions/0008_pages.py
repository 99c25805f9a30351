"""Forms that save by themselves, saved searches, figures the bureau enters"""

import sqlalchemy as sa
from alembic import op

from matchmaker.core import types

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "form_drafts",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=False),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fields", types.Json(), nullable=False),
        sa.Column("saved_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_form_drafts_organisation_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_form_drafts_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_drafts")),
        sa.UniqueConstraint(
            "user_id", "organisation_id", "key", name=op.f("uq_form_drafts_user_id_organisation_id_key")
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "saved_searches",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", types.Json(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('achievement', 'need')", name=op.f("ck_saved_searches_kind")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_saved_searches_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_searches")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("saved_searches", schema=None) as batch_op:
        batch_op.create_index("ix_saved_searches_user_id", ["user_id", "created_at", "id"], unique=False)
    op.create_table(
        "target_entries",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("target_id", sa.Text(), nullable=False),
        sa.Column("value", types.Number(), nullable=False),
        sa.Column("as_of_on", types.Day(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("entered_by_id", types.Id(), nullable=False),
        sa.Column("entered_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("value >= 0", name=op.f("ck_target_entries_value")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["users.id"], name=op.f("fk_target_entries_entered_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target_entries")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("target_entries", schema=None) as batch_op:
        batch_op.create_index("ix_target_entries_target_id", ["target_id", "as_of_on", "entered_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("target_entries", schema=None) as batch_op:
        batch_op.drop_index("ix_target_entries_target_id")
    op.drop_table("target_entries")
    with op.batch_alter_table("saved_searches", schema=None) as batch_op:
        batch_op.drop_index("ix_saved_searches_user_id")
    op.drop_table("saved_searches")
    op.drop_table("form_drafts")
