"""Every table at once: migrations and tests need `Base.metadata` whole."""

import app.accounts.models
import app.api_keys.models
import app.audit.models
import app.balances.models
import app.bills.models
import app.categories.models
import app.category_rules.models
import app.charges.models
import app.connections.models
import app.consents.models
import app.counterparties.models
import app.derived.models
import app.events.models
import app.holdings.models
import app.idempotency.models
import app.insights.models
import app.installments.models
import app.links.models
import app.oauth.models
import app.owed
import app.owners.models
import app.recurring.models
import app.sync.models
import app.transactions.models
import app.webhook_endpoints.models
import app.webhooks.models  # noqa: F401
from app.database import Base

metadata = Base.metadata

CONTROL_TABLES = frozenset(
    {
        "owners",
        "item_owners",
        "api_keys",
        "audit_entries",
        "oauth_flows",
        "owed_work",
        "webhook_events",
        "webhook_rejection_counts",
        "webhook_rejections",
        "pluggy_categories",
        "alembic_version",
    }
)
"""Tables without row-level security: ids and protocol facts, no ledger data. All others are under it."""
