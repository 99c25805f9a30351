"""Shares that deals are paid for in, the completers' part, and who brought the parties of a deal together."""

import sqlalchemy as sa
from alembic import op

from matchmaker.core import append_only, clock, types

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = ("stake_entries", "stake_rewards", "brokerings")
KINDS = "kind IN ('money_paid', 'taken', 'diluted', 'sold', 'exited', 'confirmed', 'disputed')"
CHECKS = {
    "kind": KINDS,
    "party": "party IN ('licensor', 'licensee', 'broker')",
    "way": "way IN ('buyback', 'transfer', 'listing', 'liquidation')",
    "number": "number > 0",
    "about": "(kind IN ('confirmed', 'disputed')) = (about IS NOT NULL)",
    "order": "about < number",
    "fen": "fen >= 0",
    "ppm": "ppm >= 0 AND ppm <= 1000000",
    "share": "kind NOT IN ('taken', 'diluted', 'sold', 'exited') OR ppm IS NOT NULL",
    "exit": "(kind = 'exited') = (way IS NOT NULL)",
}


def upgrade() -> None:
    op.create_table(
        "stake_entries",
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("number", types.Number(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("about", types.Number(), nullable=True),
        sa.Column("on", types.Day(), nullable=True),
        sa.Column("fen", types.Fen(), nullable=True),
        sa.Column("ppm", types.Number(), nullable=True),
        sa.Column("way", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("file_id", types.Id(), nullable=True),
        *(sa.CheckConstraint(check, name=op.f(f"ck_stake_entries_{name}")) for name, check in CHECKS.items()),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_stake_entries_deal_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_stake_entries_organisation_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_stake_entries_user_id")),
        sa.ForeignKeyConstraint(["file_id"], ["deal_files.id"], name=op.f("fk_stake_entries_file_id")),
        sa.ForeignKeyConstraint(
            ["deal_id", "about"], ["stake_entries.deal_id", "stake_entries.number"], name="fk_stake_entries_entry"
        ),
        sa.PrimaryKeyConstraint("deal_id", "number", name=op.f("pk_stake_entries")),
        sa.UniqueConstraint("deal_id", "about", name=op.f("uq_stake_entries_deal_id_about")),
        sqlite_strict=True,
    )
    op.create_table(
        "stake_rewards",
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("number", types.Number(), nullable=False),
        sa.Column("in_shares", types.Flag(), nullable=False),
        sa.Column("received", types.Fen(), nullable=False),
        sa.Column("cost", types.Fen(), nullable=False),
        sa.Column("tax", types.Fen(), nullable=False),
        sa.Column("rate", sa.Text(), nullable=False),
        sa.Column("net", types.Fen(), nullable=False),
        sa.Column("pool", types.Fen(), nullable=False),
        sa.Column("parts", types.Json(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("net = received - cost - tax", name=op.f("ck_stake_rewards_net")),
        sa.CheckConstraint("pool >= 0 AND pool <= net", name=op.f("ck_stake_rewards_pool")),
        sa.ForeignKeyConstraint(
            ["deal_id", "number"], ["stake_entries.deal_id", "stake_entries.number"], name="fk_stake_rewards_entry"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_stake_rewards_user_id")),
        sa.PrimaryKeyConstraint("deal_id", "number", name=op.f("pk_stake_rewards")),
        sqlite_strict=True,
    )
    op.create_table(
        "brokerings",
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("broker_id", types.Id(), nullable=False),
        sa.Column("licensor_id", types.Id(), nullable=False),
        sa.Column("licensee_id", types.Id(), nullable=False),
        sa.Column("introduction_id", types.Id(), nullable=True),
        sa.Column("brought_on", types.Day(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("broker_id <> licensor_id AND broker_id <> licensee_id", name=op.f("ck_brokerings_parties")),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_brokerings_deal_id")),
        sa.ForeignKeyConstraint(["broker_id"], ["organisations.id"], name=op.f("fk_brokerings_broker_id")),
        sa.ForeignKeyConstraint(["licensor_id"], ["organisations.id"], name=op.f("fk_brokerings_licensor_id")),
        sa.ForeignKeyConstraint(["licensee_id"], ["organisations.id"], name=op.f("fk_brokerings_licensee_id")),
        sa.ForeignKeyConstraint(["introduction_id"], ["introductions.id"], name=op.f("fk_brokerings_introduction_id")),
        sa.PrimaryKeyConstraint("deal_id", name=op.f("pk_brokerings")),
        sqlite_strict=True,
    )
    op.create_index("ix_brokerings_broker_id", "brokerings", ["broker_id", "brought_on"])
    _fill_in()
    for table in TABLES:
        for statement in append_only.create(table, op.get_bind().dialect.name):
            op.execute(statement)


def _fill_in() -> None:
    """What is known of the deals there are: the introduction they name, where the intermediary made it."""
    ids = ("id", "broker_id", "licensor_id", "licensee_id", "introduction_id")
    deals = sa.table(
        "deals", *(sa.column(name, types.Id()) for name in ids), sa.column("created_at", types.UtcDateTime())
    )
    made = sa.table(
        "introductions",
        *(sa.column(name, types.Id()) for name in ("id", "broker_id")),
        sa.column("introduced_at", types.UtcDateTime()),
    )
    brokerings = sa.table(
        "brokerings",
        *(sa.column(name, types.Id()) for name in ("deal_id", *ids[1:])),
        sa.column("brought_on", types.Day()),
        sa.column("created_at", types.UtcDateTime()),
    )
    by_broker = (made.c.id == deals.c.introduction_id) & (made.c.broker_id == deals.c.broker_id)
    query = (
        sa.select(
            *(deals.c[name] for name in ids[:4]), deals.c.created_at, made.c.id.label("made_id"), made.c.introduced_at
        )
        .select_from(deals.outerjoin(made, by_broker))
        .where(deals.c.broker_id.is_not(None))
    )
    rows = [
        {
            "deal_id": row.id,
            "broker_id": row.broker_id,
            "licensor_id": row.licensor_id,
            "licensee_id": row.licensee_id,
            "introduction_id": row.made_id,
            "brought_on": clock.day_of(row.introduced_at or row.created_at),
            "created_at": clock.now(),
        }
        for row in op.get_bind().execute(query)
    ]
    if rows:
        op.get_bind().execute(sa.insert(brokerings), rows)


def downgrade() -> None:
    for table in TABLES:
        for statement in append_only.drop(table, op.get_bind().dialect.name):
            op.execute(statement)
    for table in reversed(TABLES):
        op.drop_table(table)
