"""Files of many entries on their way in"""

import sqlalchemy as sa
from alembic import op

from matchmaker.core import types

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "intakes",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=False),
        sa.Column("noun", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("fault", types.Json(), nullable=True),
        sa.Column("live_key", sa.Text(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("ended_at", types.UtcDateTime(), nullable=True),
        sa.Column("version", types.Number(), nullable=False),
        sa.CheckConstraint(
            "state IN ('reading', 'open', 'bringing_in', 'stopped', 'done', 'discarded', 'refused')",
            name=op.f("ck_intakes_state"),
        ),
        sa.CheckConstraint("noun IN ('achievement', 'need')", name=op.f("ck_intakes_noun")),
        sa.CheckConstraint(
            "(live_key IS NOT NULL) = (state IN ('reading', 'open', 'bringing_in', 'stopped'))",
            name=op.f("ck_intakes_live"),
        ),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_intakes_organisation_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_intakes_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intakes")),
        sa.UniqueConstraint("live_key", name=op.f("uq_intakes_live_key")),
        sqlite_strict=True,
    )
    op.create_index("ix_intakes_organisation_id", "intakes", ["organisation_id", "created_at", "id"])
    op.create_index("ix_intakes_state", "intakes", ["state", "created_at", "id"])
    op.create_table(
        "intake_entries",
        sa.Column("intake_id", types.Id(), nullable=False),
        sa.Column("number", types.Number(), nullable=False, autoincrement=False),
        sa.Column("line", types.Number(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("facts", types.Json(), nullable=True),
        sa.Column("faults", types.Json(), nullable=False),
        sa.Column("left_out", sa.Text(), nullable=False),
        sa.Column("listing_id", types.Id(), nullable=True),
        sa.Column("listing_title", sa.Text(), nullable=False),
        sa.Column("twin_line", types.Number(), nullable=True),
        sa.Column("percent", types.Number(), nullable=True),
        sa.CheckConstraint(
            "state IN ('ready', 'known', 'alike', 'faulty', 'written', 'failed')", name=op.f("ck_intake_entries_state")
        ),
        sa.ForeignKeyConstraint(["intake_id"], ["intakes.id"], name=op.f("fk_intake_entries_intake_id")),
        sa.PrimaryKeyConstraint("intake_id", "number", name=op.f("pk_intake_entries")),
        sqlite_strict=True,
    )
    op.create_index("ix_intake_entries_state", "intake_entries", ["intake_id", "state", "number"])


def downgrade() -> None:
    op.drop_index("ix_intake_entries_state", "intake_entries")
    op.drop_table("intake_entries")
    op.drop_index("ix_intakes_state", "intakes")
    op.drop_index("ix_intakes_organisation_id", "intakes")
    op.drop_table("intakes")
