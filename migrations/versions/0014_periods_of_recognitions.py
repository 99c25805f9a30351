"""A first recognition happens once: its cap counts for ever, whatever the claim was called."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

FIRST = ("P4-3", "P4-5a", "P4-5b", "P4-5c")
"""Clauses per first recognition (首次认定), which counted by the name of what was claimed for until now."""

claims = sa.table("claims", *map(sa.column, ("id", "clause_id", "period", "live_key")))
allowances = sa.table(
    "claim_allowances",
    *map(sa.column, ("id", "claimant_organisation_id", "clause_id", "period", "cap_fen", "used_fen")),
)


def upgrade() -> None:
    connection = op.get_bind()
    live_key = sa.func.replace(
        claims.c.live_key, sa.literal(":") + claims.c.period + ":", sa.literal(":once:"), type_=sa.Text()
    )
    connection.execute(
        sa.update(claims)
        .where(claims.c.clause_id.in_(FIRST), claims.c.period != "once")
        .values(live_key=live_key, period="once")
    )
    rows = connection.execute(sa.select(allowances).where(allowances.c.clause_id.in_(FIRST))).all()
    together = {}
    for row in rows:
        together.setdefault((str(row.claimant_organisation_id), row.clause_id), []).append(row)
    for first, *others in together.values():
        used_fen = first.used_fen + sum(row.used_fen for row in others)
        cap_fen = max(used_fen, *(row.cap_fen for row in (first, *others)))  # what was granted stays granted
        for row in others:
            connection.execute(sa.delete(allowances).where(allowances.c.id == row.id))
        connection.execute(
            sa.update(allowances)
            .where(allowances.c.id == first.id)
            .values(period="once", used_fen=used_fen, cap_fen=cap_fen)
        )


def downgrade() -> None:
    """The names stay with the claims: what was granted counts once here as well."""
