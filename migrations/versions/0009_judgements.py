"""judgements and near-duplicates"""

import sqlalchemy as sa
from alembic import op
from matchmaker.core import append_only, types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duplicate_checks",
        sa.Column("listing_id", types.Id(), nullable=False),
        sa.Column("revision_id", types.Id(), nullable=False),
        sa.PrimaryKeyConstraint("listing_id", name=op.f("pk_duplicate_checks")),
        sqlite_strict=True,
    )
    op.create_table(
        "near_pairs",
        sa.Column("first_id", types.Id(), nullable=False),
        sa.Column("second_id", types.Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("score", types.Number(), nullable=False),
        sa.CheckConstraint("kind IN ('achievement', 'need')", name=op.f("ck_near_pairs_kind")),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_near_pairs_ordered")),
        sa.PrimaryKeyConstraint("first_id", "second_id", name=op.f("pk_near_pairs")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("near_pairs", schema=None) as batch_op:
        batch_op.create_index("ix_near_pairs_kind", ["kind", "score"], unique=False)
        batch_op.create_index("ix_near_pairs_second_id", ["second_id"], unique=False)

    op.create_table(
        "distinct_pairs",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("first_id", types.Id(), nullable=False),
        sa.Column("second_id", types.Id(), nullable=False),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=True),
        sa.Column("bureau", types.Flag(), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_distinct_pairs_ordered")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_distinct_pairs_organisation_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_distinct_pairs_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_distinct_pairs")),
        sa.UniqueConstraint(
            "first_id",
            "second_id",
            "organisation_id",
            name=op.f("uq_distinct_pairs_first_id_second_id_organisation_id"),
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "judgements",
        sa.Column("number", types.Number(), autoincrement=True, nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=True),
        sa.Column("need_id", types.Id(), nullable=False),
        sa.Column("achievement_id", types.Id(), nullable=False),
        sa.Column("level", types.Number(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("machine_level", types.Number(), nullable=True),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("note = '' OR reason IS NOT NULL", name=op.f("ck_judgements_note")),
        sa.CheckConstraint(
            "reason IN ('too_early', 'too_dear', 'off_topic', 'already_have', 'unclear', 'no_capacity', 'other')",
            name=op.f("ck_judgements_reason"),
        ),
        sa.CheckConstraint("level BETWEEN 1 AND 4", name=op.f("ck_judgements_level")),
        sa.CheckConstraint("level IS NULL OR reason IS NULL", name=op.f("ck_judgements_one_verdict")),
        sa.CheckConstraint("machine_level BETWEEN 1 AND 4", name=op.f("ck_judgements_machine_level")),
        sa.ForeignKeyConstraint(["achievement_id"], ["achievements.id"], name=op.f("fk_judgements_achievement_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_judgements_need_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_judgements_organisation_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_judgements_user_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_judgements")),
        sa.UniqueConstraint("id", name=op.f("uq_judgements_id")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("judgements", schema=None) as batch_op:
        batch_op.create_index(
            "ix_judgements_achievement_id", ["achievement_id", "organisation_id", "number"], unique=False
        )
        batch_op.create_index(
            "ix_judgements_pair", ["organisation_id", "need_id", "achievement_id", "number"], unique=False
        )

    for statement in append_only.create("judgements", op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    for statement in append_only.drop("judgements", op.get_bind().dialect.name):
        op.execute(statement)
    with op.batch_alter_table("judgements", schema=None) as batch_op:
        batch_op.drop_index("ix_judgements_pair")
        batch_op.drop_index("ix_judgements_achievement_id")

    op.drop_table("judgements")
    op.drop_table("distinct_pairs")
    with op.batch_alter_table("near_pairs", schema=None) as batch_op:
        batch_op.drop_index("ix_near_pairs_second_id")
        batch_op.drop_index("ix_near_pairs_kind")

    op.drop_table("near_pairs")
    op.drop_table("duplicate_checks")
