"""What the service counts, for `/metrics` (R71). Labels take words of ours from short lists, never an id or a name.

Counters belong to the process: what reads them adds the processes up. Gauges of owed work come from PostgreSQL and are
the same in every process.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_QUICK: Final = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)
_LONG: Final = (0.1, 0.5, 1, 5, 15, 60, 300, 1800)

BUILD = Info("banking_build", "What this process runs.", registry=REGISTRY)

DATABASE_UP = Gauge("banking_database_up", "1 when PostgreSQL answered this scrape.", registry=REGISTRY)
OWED_DUE = Gauge("banking_owed_due", "Owed work that is due, counted up to 10,000.", ["kind"], registry=REGISTRY)
OWED_LATE = Gauge(
    "banking_owed_late_seconds", "For how long the oldest due work has been waiting.", ["kind"], registry=REGISTRY
)
OWED_DEAD = Gauge(
    "banking_owed_dead", "Work whose attempts are used up, until it is redriven.", ["kind"], registry=REGISTRY
)
WORK_SECONDS = Histogram(
    "banking_work_seconds",
    "Attempts at owed work in this process, by how they ended: done, put_off, failed, dead, cut_off.",
    ["kind", "outcome"],
    buckets=_LONG,
    registry=REGISTRY,
)
BELLS_LOST = Counter(
    "banking_bells_lost_total", "Calls that Redis did not take; the work waits for the next look.", registry=REGISTRY
)

SYNC_RUNS = Counter("banking_sync_runs_total", "Sync runs that ended.", ["outcome"], registry=REGISTRY)
SYNC_ROWS = Counter(
    "banking_sync_rows_total", "Transactions of runs that ended, by what became of them.", ["change"], registry=REGISTRY
)
PLUGGY_CALLS = Counter(
    "banking_pluggy_calls_total",
    "Requests to Pluggy, each attempt by itself; status is the code, or no_answer.",
    ["group", "lane", "status"],
    registry=REGISTRY,
)
PLUGGY_CALL_SECONDS = Histogram(
    "banking_pluggy_call_seconds",
    "Time from a request to Pluggy to its answer.",
    ["group"],
    buckets=_QUICK,
    registry=REGISTRY,
)

INGESTED = Counter(
    "banking_webhook_events_total",
    "Deliveries of Pluggy's: stored, repeated, rejected, malformed, or unavailable when they could not be stored.",
    ["outcome"],
    registry=REGISTRY,
)
REJECTED = Counter(
    "banking_webhook_rejections_total", "Deliveries without a valid proof.", ["reason"], registry=REGISTRY
)
WEBHOOK_REPAIRS = Counter(
    "banking_webhook_repairs_total", "What was wrong with our webhook at Pluggy.", ["repair"], registry=REGISTRY
)
DELIVERY_SECONDS = Histogram(
    "banking_delivery_seconds",
    "Attempts to deliver to integrators; outcome is succeeded, or why not.",
    ["outcome"],
    buckets=_QUICK,
    registry=REGISTRY,
)
ENDPOINTS_DISABLED = Counter(
    "banking_endpoints_disabled_total", "Webhook endpoints that were disabled.", ["reason"], registry=REGISTRY
)
STREAM_CLIENTS = Gauge("banking_stream_clients", "Streams of events that are open here.", registry=REGISTRY)
STREAMS_CUT_OFF = Counter("banking_streams_cut_off_total", "Streams whose client did not keep up.", registry=REGISTRY)
ROWS_PRUNED = Counter(
    "banking_rows_pruned_total", "Rows that were kept for as long as they are kept.", ["table"], registry=REGISTRY
)
REQUESTS = Counter("banking_http_requests_total", "Answers by route.", ["method", "route", "status"], registry=REGISTRY)
REQUEST_SECONDS = Histogram(
    "banking_http_request_seconds", "Time from request to answer.", ["route"], buckets=_QUICK, registry=REGISTRY
)


def value(name: str, **labels: str) -> float:
    """Return a sample as it stands, 0 when nothing was counted yet."""
    return REGISTRY.get_sample_value(name, labels) or 0.0
