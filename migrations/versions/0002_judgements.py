"""judgements"""

import sqlalchemy as sa
from alembic import op
from matchmaker.core import append_only, types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "match_ranker",
        sa.Column("id", types.Number(), autoincrement=False, nullable=False),
        sa.Column("directory", sa.Text(), nullable=False),
        sa.Column("index_built_at", types.UtcDateTime(), nullable=False),
        sa.Column("judged", sa.Text(), nullable=False),
        sa.Column("judgements", types.Number(), nullable=False),
        sa.Column("figures", types.Json(), nullable=False),
        sa.Column("fitted_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_match_ranker_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_ranker")),
        sqlite_strict=True,
    )
    op.create_table(
        "judgements",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=True),
        sa.Column("need_id", types.Id(), nullable=False),
        sa.Column("achievement_id", types.Id(), nullable=False),
        sa.Column("need_revision_id", types.Id(), nullable=False),
        sa.Column("achievement_revision_id", types.Id(), nullable=False),
        sa.Column("version", types.Number(), nullable=False),
        sa.Column("level", types.Number(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("judged_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("level BETWEEN 1 AND 4", name=op.f("ck_judgements_level")),
        sa.CheckConstraint(
            "reason IN ('off_topic', 'too_early', 'too_dear', 'already_have', 'unclear')",
            name=op.f("ck_judgements_reason"),
        ),
        sa.CheckConstraint("level IS NULL OR reason IS NULL", name=op.f("ck_judgements_one_answer")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_judgements_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_judgements_user_id_users")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_judgements_need_id_needs")),
        sa.ForeignKeyConstraint(
            ["achievement_id"], ["achievements.id"], name=op.f("fk_judgements_achievement_id_achievements")
        ),
        sa.ForeignKeyConstraint(
            ["need_revision_id"], ["revisions.id"], name=op.f("fk_judgements_need_revision_id_revisions")
        ),
        sa.ForeignKeyConstraint(
            ["achievement_revision_id"], ["revisions.id"], name=op.f("fk_judgements_achievement_revision_id_revisions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judgements")),
        sa.UniqueConstraint(
            "organisation_id",
            "need_id",
            "achievement_id",
            "version",
            name=op.f("uq_judgements_organisation_id_need_id_achievement_id_version"),
        ),
        sqlite_strict=True,
    )
    with op.batch_alter_table("judgements", schema=None) as batch_op:
        batch_op.create_index("ix_judgements_judged_at", ["judged_at", "id"], unique=False)
    for statement in append_only.create("judgements", op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    for statement in append_only.drop("judgements", op.get_bind().dialect.name):
        op.execute(statement)
    with op.batch_alter_table("judgements", schema=None) as batch_op:
        batch_op.drop_index("ix_judgements_judged_at")
    op.drop_table("judgements")
    op.drop_table("match_ranker")
