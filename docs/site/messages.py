"""Every message: what health, the API and Lidarr's adapter may say, read out of the source."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import brainarr
from brainarr.web import problems
from docs.site.markdown import code, page, prose, table
from docs.site.said import UNKNOWN, calls

SOURCE = Path(brainarr.__file__).parent
_ERRORS = ("ProviderRejected", "ProviderUnavailable", "UnreadableAnswer")
_ABOUT = f"""\
What Brainarr says when something is amiss, word for word, so that a search finds it. {UNKNOWN} stands for
what differs. [Troubleshooting](../troubleshooting.md) has the reasons and what to do; this page is read out
of the code.
"""


class HealthMessage(NamedTuple):
    source: str
    severities: tuple[str, ...]
    message: str
    remedies: tuple[str, ...]


def health_messages() -> Iterator[HealthMessage]:
    """Every issue that health can report, once for each wording."""
    seen: set[tuple[str, str]] = set()
    for said in calls(SOURCE, ["Issue"]):
        sources, severities, messages, remedies = said.given[:4]
        for message in messages:
            # Two places may say the same.
            if (sources[0], message) not in seen:
                seen.add((sources[0], message))
                yield HealthMessage(sources[0], severities, message, remedies)


def lidarr_messages() -> dict[str, tuple[str, ...]]:
    """What the adapter says of a Lidarr that does not do what it should → what it says to do."""
    found: dict[str, tuple[str, ...]] = {}
    for said in calls(SOURCE / "providers/lidarr", _ERRORS):
        messages, remedies = said.given[1], said.named.get("remedy", ())
        # As many of the one as of the other come out of the same branches.
        paired = len(messages) == len(remedies)
        for place, message in enumerate(messages):
            found.setdefault(message, remedies[place : place + 1] if paired else remedies)
    return found


def problem_kinds() -> list[problems.Kind]:
    return sorted(
        (kind for kind in vars(problems).values() if isinstance(kind, problems.Kind)),
        key=lambda kind: (kind.status, kind.name),
    )


def messages_page() -> str:
    health = (
        (row.source, ", ".join(row.severities), prose(row.message), _remedy(row.remedies))
        for row in health_messages()
    )
    lidarr = ((prose(message), _remedy(remedies)) for message, remedies in lidarr_messages().items())
    kinds = (
        (code(problems.PREFIX + kind.name), str(kind.status), prose(kind.title)) for kind in problem_kinds()
    )
    return page(
        "Every message",
        _ABOUT,
        "## Health",
        "At `GET /api/v1/health`, on the page System, and in `brainarr_health_issues`.",
        table(("source", "type", "says", "what to do"), health),
        "## Lidarr",
        "After `lidarr:`, of a check, a run, a push or a set-up.",
        table(("says", "what to do"), lidarr),
        "## Problems of the API",
        "The `type` of a [problem document](../api.md#errors).",
        table(("type", "status", "title"), kinds),
    )


def _remedy(remedies: tuple[str, ...]) -> str:
    return " Or: ".join(prose(remedy) for remedy in remedies if remedy.strip(f" {UNKNOWN}"))
