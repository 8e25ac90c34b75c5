"""Every metric, read out of the meters and of what the database is asked for."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from prometheus_client import ProcessCollector
from prometheus_client.metrics_core import Metric

from brainarr.domain.money import NO_LIMITS
from brainarr.metrics import meters, runs
from brainarr.service.figures import Figures
from brainarr.web.gauges import StoredFigures
from docs.site.markdown import code, page, prose, table

_HEAD = ("name", "type", "labels", "meaning")
_ABOUT = """\
What `/metrics` shows, read out of the code. [monitoring.md](../monitoring.md#metrics) says how to collect
it, what the labels may be, and which process measures what.
"""
NOTHING = Figures(
    runs=(),
    last_runs=(),
    at=datetime(1970, 1, 1, tzinfo=UTC),
    queue=(),
    verdicts={},
    recommendations={},
    held={},
    models=(),
    sources=(),
    breakers={},
    spent=0,
    reserved=0,
    limits=NO_LIMITS,
    artists=0,
    library_read_at=None,
    issues=(),
)


class Shown(NamedTuple):
    name: str
    """As Prometheus shows it: a counter ends in `_total`."""
    kind: str
    labels: tuple[str, ...]
    meaning: str


def stored_metrics() -> Iterator[Shown]:
    """What the database knows."""
    return map(_shown, StoredFigures(NOTHING, (), "sqlite").collect())


def measured_metrics() -> Iterator[Shown]:
    """What each process measures of itself."""
    for meter in (*meters.METERS, *runs.METERS):
        for family in meter.collect():
            # A meter that has not been moved shows no sample, so its labels are asked of itself.
            yield _shown(family)._replace(labels=meter._labelnames)


def process_metrics() -> Iterator[Shown]:
    """What the system says of a process; empty where there is no /proc."""
    return map(_shown, ProcessCollector(registry=None).collect())


def _shown(family: Metric) -> Shown:
    suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
    labels = getattr(family, "_labelnames", ()) or tuple(
        dict.fromkeys(label for sample in family.samples for label in sample.labels)
    )
    # As Prometheus' classic format has it, which knows no infos.
    kind = {"stateset": "state set", "info": "gauge"}.get(family.type, family.type)
    return Shown(family.name + suffix, kind, labels, family.documentation)


def metrics_page() -> str:
    chapters = (
        ("From the database", stored_metrics()),
        ("From the processes", measured_metrics()),
        ("Of the system, on Linux", process_metrics()),
    )
    parts: list[str] = []
    for title, shown in chapters:
        rows = (
            (code(row.name), row.kind, ", ".join(map(code, row.labels)), prose(row.meaning)) for row in shown
        )
        parts += [f"## {title}", table(_HEAD, rows)]
    return page("Every metric", _ABOUT, *parts)
