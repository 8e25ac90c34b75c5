"""Several processes behind one address: what each of them measures adds up, whichever is asked.

Each writes its numbers into files of a folder that they share (prometheus-client's multiprocess mode:
https://prometheus.github.io/client_python/multiprocess/), so nobody waits for anybody, and the numbers of
a process that ended stay in the sums: a counter must not fall because a worker was replaced.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prometheus_client import CollectorRegistry, values
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from brainarr.errors import BrainarrError
from brainarr.metrics import meters, runs

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""The environment's name for the folder: processes that are spawned find it there at their start."""


@contextmanager
def shared_between_processes(place: Path) -> Iterator[None]:
    """While this lasts, this process and those that it starts add up their numbers.

    Around all of their lives; what was measured before is forgotten. The folder is a new one: what lies there
    from an earlier start would count.
    """
    before = values.ValueClass
    try:
        folder_of_its_own = TemporaryDirectory(prefix=".metrics-", dir=place)
    except OSError as error:
        raise BrainarrError(
            f"No folder can be made in {place}: {error.strerror}.",
            remedy="Give Brainarr's user write permission to its configuration folder.",
        ) from error
    with folder_of_its_own as folder:
        os.environ[VARIABLE] = folder
        # The library looked at the environment when it was imported.
        _begin_anew(values.MultiProcessValue())
        try:
            yield
        finally:
            del os.environ[VARIABLE]
            _begin_anew(before)


def _begin_anew(kind: Any) -> None:
    """Forgets what was counted; what is held at this moment (connections, transactions) stays held."""
    held = [
        (gauge, sample.labels, sample.value)
        for gauge in meters.HELD
        for metric in gauge.collect()
        for sample in metric.samples
    ]
    values.ValueClass = kind
    for meter in (*meters.METERS, *runs.METERS):
        meter.clear()
    meters.child.cache_clear()
    for gauge, labels, value in held:
        gauge.labels(**labels).set(value)


def process_ended(pid: int) -> None:
    """A process that shares the folder has ended: what it held at the end is held no more."""
    if VARIABLE in os.environ:
        mark_process_dead(pid)


def measured() -> Iterable[Collector]:
    """Where to collect what the processes behind this address have measured."""
    folder = os.environ.get(VARIABLE)
    if folder is None:
        return (_Meters(meters.REGISTRY), ProcessCollector(registry=None))
    return (MultiProcessCollector(None, folder), _Processes(Path(folder)))


class _Meters(Collector):
    """A registry as one collector of another."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        return self._registry.collect()


class _Processes(Collector):
    """Memory, processor time and files of every process that shares the folder, told apart by `pid`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for pid in sorted({path.stem.rpartition("_")[2] for path in self._folder.glob("*.db")}, key=int):
            for family in ProcessCollector(pid=lambda pid=pid: pid, registry=None).collect():
                kept = families.setdefault(family.name, family)
                found = [sample._replace(labels={**sample.labels, "pid": pid}) for sample in family.samples]
                kept.samples = found if kept is family else [*kept.samples, *found]
        return families.values()
