"""Asks the catalogue about owned artists: the most loved first, no more than one pass may, on with the rest
the next time."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date

from brainarr.domain.care import Loved, Remembered
from brainarr.domain.music import CatalogArtist, Mbid, ReleaseGroup
from brainarr.domain.recommendation import Outcome, ProviderReport
from brainarr.errors import ProviderError, ProviderUnavailable
from brainarr.pipeline.ports import AlbumCharts, Catalog, Clock, ReleaseCalendar

DISCOGRAPHIES = 60
"""Of so many artists a run asks for: a second each, or a few. Known ones cost nothing."""
QUESTIONS = 100
"""So often a run asks for new releases: 4,000 artists in some two minutes."""
AWAY_AFTER = 3
"""Failures in a row, after which the catalogue is taken to be away."""


class Answers:
    """What was asked and answered, with a report at the end."""

    def __init__(self, name: str, kind: str, clock: Clock) -> None:
        self.albums: dict[Mbid, tuple[ReleaseGroup, ...]] = {}
        self.failed: dict[Mbid, str] = {}
        """Artists of whom nothing is known because the catalogue failed, and how."""
        self.left = 0
        """Artists that were not asked about: that is for the next run."""
        self._name, self._kind, self._clock = name, kind, clock
        self._began = clock()
        self._asked = 0
        self._failures = 0
        self._error: ProviderError | None = None

    @property
    def away(self) -> bool:
        return self._failures >= AWAY_AFTER

    def take(self, found: Mapping[Mbid, tuple[ReleaseGroup, ...]]) -> None:
        self.albums.update(found)
        self._asked += len(found)
        self._failures = 0

    def fail(self, artists: Sequence[Mbid], error: ProviderError) -> None:
        self.failed |= dict.fromkeys(artists, error.message)
        self._error = error
        # What is wrong with one answer says nothing of the next one.
        self._failures = self._failures + 1 if isinstance(error, ProviderUnavailable) else 0

    def report(self, candidates: int) -> ProviderReport:
        seconds = (self._clock() - self._began).total_seconds()
        known = f"{self._asked:,} artists asked about, {len(self.albums) - self._asked:,} known from before"
        left = f"; {self.left:,} are left for the next runs" if self.left else ""
        if self._error is None:
            outcome, detail = Outcome.OK, known + left
        else:
            outcome = Outcome.UNAVAILABLE if not self.albums or self.away else Outcome.OK
            detail = f"{known}{left}; {len(self.failed):,} failed: {self._error.message} {self._error.remedy}"
        return ProviderReport(
            self._name, self._kind, outcome, detail.strip(), candidates=candidates, seconds=seconds
        )


async def ask_discographies(
    answers: Answers,
    wanted: Sequence[Loved],
    known: Mapping[Mbid, tuple[ReleaseGroup, ...]],
    catalog: Catalog,
) -> AsyncIterator[tuple[int, int]]:
    """(asked, to ask) after each answer. `wanted`: most loved first; `known`: what needs no asking."""
    mbids = [one.artist.mbid for one in wanted if one.artist.mbid is not None]
    answers.albums.update({mbid: known[mbid] for mbid in mbids if mbid in known})
    unknown = [mbid for mbid in mbids if mbid not in known]
    asked = unknown[:DISCOGRAPHIES]
    answers.left = len(unknown) - len(asked)
    for place, mbid in enumerate(asked, start=1):
        if answers.away:
            answers.failed |= dict.fromkeys(asked[place - 1 :], "not asked: it is away")
            return
        try:
            answers.take({mbid: await catalog.albums(mbid)})
        except ProviderError as error:
            answers.fail([mbid], error)
        yield place, len(asked)


async def ask_releases(
    answers: Answers,
    artists: Sequence[Loved],
    known: Mapping[Mbid, Remembered],
    calendar: ReleaseCalendar,
    day: date,
) -> AsyncIterator[tuple[int, int]]:
    """(asked, to ask) after each question. `artists`: the whole library, most loved first.

    What is remembered from before counts until it is asked for again, which is first done for whom is loved,
    then for whom nobody ever asked about.
    """
    order = _turns(artists, known)
    answers.albums.update({mbid: remembered.albums for mbid, remembered in known.items()})
    asked = order[: QUESTIONS * calendar.most]
    answers.left = len(order) - len(asked)
    for start in range(0, len(asked), calendar.most):
        together = asked[start : start + calendar.most]
        if answers.away:
            rest = [mbid for mbid in asked[start:] if mbid not in answers.albums]
            answers.failed |= dict.fromkeys(rest, "not asked: it is away")
            return
        try:
            answers.take(await calendar.released_since(together, day))
        except ProviderError as error:
            answers.fail([mbid for mbid in together if mbid not in answers.albums], error)
        yield min(start + calendar.most, len(asked)), len(asked)


def _turns(artists: Sequence[Loved], known: Mapping[Mbid, Remembered]) -> list[Mbid]:
    """Who is to be asked about, in this order: loved, never asked about, the others."""
    turns: dict[int, list[Mbid]] = {0: [], 1: [], 2: []}
    for one in artists:
        mbid = one.artist.mbid
        remembered = known.get(mbid) if mbid is not None else None
        if mbid is not None and (remembered is None or not remembered.fresh):
            turns[0 if one.favourite else 1 if remembered is None else 2].append(mbid)
    return list(dict.fromkeys(mbid for turn in turns.values() for mbid in turn))


class ChartReader:
    """Which albums of an artist listeners love, by the first chart that knows; one that is away is left
    alone."""

    def __init__(self, charts: Sequence[AlbumCharts]) -> None:
        self._charts = charts
        self._failures: Counter[str] = Counter()
        self._told: Counter[str] = Counter()
        self._errors: dict[str, ProviderError] = {}

    async def read(self, artist: CatalogArtist) -> tuple[str, Sequence[str]] | None:
        """(chart, titles, most loved first); None: nobody knows."""
        for chart in self._charts:
            if self._failures[chart.name] >= AWAY_AFTER:
                continue
            try:
                titles = await chart.favourites(artist)
            except ProviderError as error:
                self._failures[chart.name] += 1
                self._errors[chart.name] = error
                continue
            self._failures[chart.name] = 0
            if titles:
                self._told[chart.name] += 1
                return chart.name, titles
        return None

    @property
    def reports(self) -> tuple[ProviderReport, ...]:
        """Of those that were asked. They propose nothing: they say which album comes first."""
        return tuple(
            self._report(chart.name)
            for chart in self._charts
            if chart.name in self._errors or chart.name in self._told
        )

    def _report(self, name: str) -> ProviderReport:
        if (error := self._errors.get(name)) is not None:
            outcome = Outcome.OK if self._told[name] else Outcome.UNAVAILABLE
            return ProviderReport(name, name, outcome, f"{error.message} {error.remedy}".strip())
        return ProviderReport(name, name, Outcome.OK, f"ranked the albums of {self._told[name]:,} artists")
