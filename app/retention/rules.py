"""How long each table keeps its rows (R66): a rule, or the cause why its rows stay. A test asks for every table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.jobs import Kind
from app.settings import RetentionSettings


@dataclass(frozen=True)
class Rule:
    """Which rows of a table go: `overdue` is SQL on `:before`, the instant `keep` days ago, or on its least id.

    What is owed for one of these, and rows of other tables that name it in `parts` (table, column), go with it, first.
    """

    table: str
    keep: Callable[[RetentionSettings], int]
    overdue: str
    parts: tuple[tuple[str, str], ...] = ()
    owed: Kind | None = None


OF_OWNER: Final = (
    Rule("webhook_deliveries", lambda kept: kept.deliveries_days, "id < :before_id AND status <> 'pending'"),
    Rule("events", lambda kept: kept.events_days, "id < :before_id"),
    Rule("idempotency_keys", lambda _: 0, "expires_at < :before"),
    Rule(  # the newest run of a connection stays: it says how the last reading ended
        "sync_runs",
        lambda kept: kept.runs_days,
        "id < :before_id AND finished_at IS NOT NULL AND EXISTS (SELECT 1 FROM sync_runs AS newer"
        " WHERE newer.owner_id = sync_runs.owner_id AND newer.connection_id = sync_runs.connection_id"
        " AND newer.id > sync_runs.id)",
    ),
    Rule(
        "transactions",
        lambda kept: kept.tombstones_days,
        "removed_at < :before",
        parts=(
            ("transaction_revisions", "transaction_id"),
            ("transaction_links", "transaction_id"),
            ("transaction_links", "other_id"),
            ("bank_charges", "transaction_id"),
        ),
    ),
)
"""Rows under row-level security, one owner at a time."""

OF_SERVICE: Final = (
    Rule("webhook_events", lambda kept: kept.inbox_days, "id < :before_id", owed=Kind.WEBHOOK),
    Rule("webhook_rejections", lambda kept: kept.inbox_days, "id < :before_id"),
    Rule("oauth_flows", lambda kept: kept.inbox_days, "expires_at < :before"),
)
"""Rows of control tables."""

_LEDGER = "the ledger itself: it goes with its connection"
_OWNERS_OWN = "the owner's own: it goes when the owner takes it away"
_DERIVED = "derived anew from the ledger: what no longer follows from it is struck off there"
_SMALL = "one row for each of few things"

STAYS: Final = {
    "account_balances": _LEDGER,
    "accounts": _LEDGER,
    "api_keys": "the audit trail names them",
    "audit_entries": "kept for RETENTION_AUDIT_DAYS; the service may not delete there, prune_audit_entries() does",
    "bank_charges": _DERIVED,
    "bills": _LEDGER,
    "categories": _OWNERS_OWN,
    "category_rules": _OWNERS_OWN,
    "connections": "without personal data after a deletion; late events are known by it",
    "consents": "the history of what was allowed is append-only (R67)",
    "counterparties": _DERIVED,
    "deletions": "proof that what was asked for was done; ids only",
    "derivation_marks": _SMALL,
    "findings": _LEDGER,
    "installment_plans": _DERIVED,
    "installments": _DERIVED,
    "insights": _DERIVED,
    "investments": _LEDGER,
    "item_owners": "goes with its connection",
    "loans": _LEDGER,
    "owed_work": "struck off when it is done",
    "owners": _SMALL,
    "pluggy_categories": _SMALL,
    "recurring_series": _DERIVED,
    "rule_applications": _OWNERS_OWN,
    "sync_hints": "struck off by the run that asks for them",
    "sync_run_accounts": "go with their run",
    "sync_windows": "go when their run ends",
    "transaction_links": _DERIVED,
    "transaction_revisions": "a row's history, as long as the row",
    "webhook_endpoints": _OWNERS_OWN,
    "webhook_rejection_counts": _SMALL,
}
