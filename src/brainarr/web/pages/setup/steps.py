"""The steps of the set-up: what each asks, and which are done."""

from collections.abc import Mapping
from dataclasses import dataclass

from brainarr.service.chain import CHAIN
from brainarr.service.runs import list_runs
from brainarr.settings.setting import Setting
from brainarr.store.page import PageOf
from brainarr.web.deps import WebDeps

STEPS = ("lidarr", "model", "taste", "run")
URL, KEY, TLS = "lidarr.url", "lidarr.api_key", "lidarr.verify_tls"


@dataclass(frozen=True)
class Question:
    name: str
    title: str
    answers: tuple[tuple[str, str, str], ...]
    """Value, label, and what it means."""

    @property
    def key(self) -> str:
        return f"recommend.{self.name}"


QUESTIONS = (
    Question(
        "target",
        "What to look for",
        (
            ("albums", "Albums", "One album of an artist at a time, not the discography."),
            ("artists", "Artists", "Artists that you do not have; how much of them, you say in Lidarr."),
            ("mixed", "Both", "Albums where one stands out, else the artist."),
        ),
    ),
    Question(
        "discovery",
        "How far from what you know",
        (
            ("similar", "Close", "What most people with your taste know."),
            ("adjacent", "A step beyond", "A little less famous, as good a fit."),
            ("exploratory", "Far", "Much less famous. About 7% less of it turns out to be liked."),
        ),
    ),
    Question(
        "approval",
        "Who decides",
        (
            ("review", "I approve each", "Nothing goes to Lidarr before you say so."),
            ("auto", "Brainarr does", "What a run chooses goes to Lidarr at its next sync."),
        ),
    ),
)


async def settings_by_key(deps: WebDeps) -> Mapping[str, Setting]:
    return {one.key: one for one in await deps.configuration.read()}


async def read_done(deps: WebDeps, settings: Mapping[str, Setting]) -> set[str]:
    """The steps that somebody has been through, here or in a file."""
    runs = await list_runs(deps.db, PageOf(page_size=1))
    steps = {
        "lidarr": is_connected(settings),
        "model": settings[CHAIN].is_set,
        "taste": any(settings[one.key].is_set for one in QUESTIONS),
        "run": bool(runs.total),
    }
    return {step for step, done in steps.items() if done}


def is_connected(settings: Mapping[str, Setting]) -> bool:
    return bool(settings[URL].value and settings[KEY].is_set)
