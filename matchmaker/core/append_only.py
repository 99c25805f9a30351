"""Triggers that let a table only grow: the database itself refuses UPDATE, DELETE and TRUNCATE.

Migrations call this for the ledger, the audit log and the frozen texts; nothing in the application can switch it off.
"""

from __future__ import annotations

TABLES = (
    "audit_events",
    "journal_entries",
    "journal_legs",
    "revisions",
    "terms_versions",
    "acceptances",
    "signatures",
    "royalty_reports",
    "deal_records",
    "reward_statements",
    "frozen_contracts",
    "policy_changes",
    "policy_decisions",
    "claim_snapshots",
    "judgements",
    "stake_entries",
    "stake_rewards",
    "brokerings",
)

_FUNCTION = """
CREATE OR REPLACE FUNCTION matchmaker_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append_only: % of % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


def create(table: str, dialect: str) -> list[str]:
    """Statements that make `table` append-only on `dialect` (sqlite | postgresql)."""
    if dialect == "postgresql":
        return [
            _FUNCTION,
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION matchmaker_append_only()",
        ]
    return [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'append_only: {verb} of {table} is refused'); END"
        for verb in ("UPDATE", "DELETE")
    ]


def drop(table: str, dialect: str) -> list[str]:
    if dialect == "postgresql":
        return [f"DROP TRIGGER {table}_append_only ON {table}"]
    return [f"DROP TRIGGER {table}_no_{verb}" for verb in ("update", "delete")]
