"""One pass for a list of gaps or of new releases: albums of owned artists, through the same score, choice and
life as any other recommendation. No language model is asked."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import date

import msgspec

from brainarr.domain.care import CARE_WEIGHTS, SOURCE, Loved, MissingAlbum, Remembered
from brainarr.domain.lists import ListKind
from brainarr.domain.music import CatalogArtist, Library, Mbid, ReleaseGroup
from brainarr.domain.recommendation import (
    Judged,
    Memory,
    Progress,
    Recommendation,
    RunOptions,
    RunResult,
    Verdict,
)
from brainarr.domain.taste import Profile
from brainarr.pipeline.care.albums import Shelf, first_new_day, gaps_of, is_new, releases_of, unfit
from brainarr.pipeline.care.asking import Answers, ChartReader, ask_discographies, ask_releases
from brainarr.pipeline.care.explain import care_reason
from brainarr.pipeline.care.judge import Judgement
from brainarr.pipeline.care.love import favourites, love
from brainarr.pipeline.choose import choose
from brainarr.pipeline.ports import AlbumCharts, Catalog, Clock, Preflight, ReleaseCalendar
from brainarr.pipeline.profile import profile_library
from brainarr.pipeline.score import score
from brainarr.pipeline.verify import as_asked

MOST_READ = 400
"""Artists whose albums Lidarr is asked for in one run."""

ReadAlbums = Callable[[Library, Sequence[int]], Awaitable[Library]]
OnProgress = Callable[[Progress], None]


class CareInstruments(msgspec.Struct, frozen=True):
    """What such a run works with; wiring builds it."""

    catalog: Catalog
    calendar: ReleaseCalendar
    recall_albums: Callable[[Sequence[Mbid]], Awaitable[Mapping[Mbid, tuple[ReleaseGroup, ...]]]]
    """The discographies that are remembered; asks nobody."""
    recall_releases: Callable[[Sequence[Mbid]], Awaitable[Mapping[Mbid, Remembered]]]
    charts: Sequence[AlbumCharts]
    preflight: Preflight | None
    read_albums: ReadAlbums
    """Reads the albums of these artists, then answers the library that knows them."""
    labels: Mapping[str, str]
    clock: Clock


async def run_care(
    kind: ListKind,
    library: Library,
    options: RunOptions,
    memory: Memory,
    tools: CareInstruments,
    on_progress: OnProgress,
) -> RunResult:
    """As `run_pipeline`: raises nothing that a provider may cause, and when it is cancelled with something in
    hand, hands that over, marked `stopped`."""
    work = _Care(kind, library, options, memory, tools, on_progress)
    try:
        await work.finish()
    except asyncio.CancelledError:
        if not work.judgement.kept:
            raise
        if (task := asyncio.current_task()) is not None:
            task.uncancel()
        return work.result(stopped=True)
    return work.result()


class _Care:
    """One pass with what it has found so far."""

    def __init__(
        self,
        kind: ListKind,
        library: Library,
        options: RunOptions,
        memory: Memory,
        tools: CareInstruments,
        on_progress: OnProgress,
    ) -> None:
        self._kind = kind
        self._library = library
        self._options = options
        self._memory = memory
        self._tools = tools
        self._on_progress = on_progress
        self._today: date = tools.clock().date()
        self._answers = Answers("musicbrainz", "musicbrainz", tools.clock)
        self._charts = ChartReader(tools.charts)
        self._told: list[Judged] = []
        """Of artists and albums that never came before the judgement."""
        self._found = 0
        self._profile: Profile | None = None
        self._mbids = {artist.id: artist.mbid for artist in library.artists if artist.mbid is not None}
        """By Lidarr's number; about the others nobody can be asked."""
        self.judgement = Judgement(memory, options, library.exclusions, tools.preflight)

    async def finish(self) -> None:
        self._on_progress(Progress("profile", f"{len(self._library.artists)} artists"))
        self._profile = await profile_library(self._library, self._tools.clock(), seed=self._options.seed)
        loved = await asyncio.to_thread(love, self._library.artists)
        missing = await (self._gaps(loved) if self._kind is ListKind.GAPS else self._releases(loved))
        self._found = len(missing)
        ranking = await self._still_missing(
            sorted(missing, key=lambda one: (-one.confidence, one.loved.artist.name, one.album.title))
        )
        async for kept in self.judgement.steps(ranking):
            self._on_progress(
                Progress("verify", f"{kept} kept", kept, min(self.judgement.wanted, len(ranking)))
            )

    async def _gaps(self, loved: Sequence[Loved]) -> list[MissingAlbum]:
        wanted = [one for one in favourites(loved) if one.artist.id in self._mbids]
        known = await self._tools.recall_albums([self._mbids[one.artist.id] for one in wanted])
        async for asked, of in ask_discographies(self._answers, wanted, known, self._tools.catalog):
            self._on_progress(Progress("candidates", "MusicBrainz", asked, of))
        answered = [one for one in wanted if one.artist.mbid in self._answers.albums]
        await self._read_albums(answered)
        for one in wanted:
            if (why := self._answers.failed.get(self._mbids[one.artist.id])) is not None:
                self._say(one, Verdict.HELD, f"metadata away: {why}")
        found: dict[int, tuple[MissingAlbum, ...]] = {}
        for one in answered:
            if (owned := self._library.albums.get(one.artist.id)) is None:
                self._say(one, Verdict.HELD, "Lidarr has not told its albums yet")
            elif gaps := gaps_of(one, self._albums_of(one), owned, self._today):
                found[one.artist.id] = gaps
            else:
                self._say(one, *_without_gap(self._albums_of(one)))
        charted = [one for one in answered if one.artist.id in found][: 2 * self._options.max_recommendations]
        for one in charted:
            known_as = CatalogArtist(self._mbids[one.artist.id], one.artist.name)
            if (chart := await self._charts.read(known_as)) is not None:
                owned = self._library.albums.get(one.artist.id, ())
                found[one.artist.id] = gaps_of(one, self._albums_of(one), owned, self._today, chart)
        return [gap for gaps in found.values() for gap in gaps]

    async def _releases(self, loved: Sequence[Loved]) -> list[MissingAlbum]:
        tools, day = self._tools, first_new_day(self._today)
        known = await tools.recall_releases(list(dict.fromkeys(self._mbids.values())))
        async for asked, of in ask_releases(self._answers, loved, known, tools.calendar, day):
            self._on_progress(Progress("candidates", "MusicBrainz", asked, of))
        await self._read_albums([one for one in loved if self._new_albums(one)])
        return await asyncio.to_thread(self._new, loved)

    def _new(self, loved: Sequence[Loved]) -> list[MissingAlbum]:
        """Decodes the albums of the whole library: in a thread."""
        found: list[MissingAlbum] = []
        for one in loved:
            told = self._new_albums(one)
            owned = self._library.albums.get(one.artist.id)
            if owned is None and told:
                self._say(one, Verdict.HELD, "Lidarr has not told its albums yet")
                continue
            for album in told:
                if what := unfit(album):
                    self._say(one, Verdict.NO_ALBUM, f"new, but of kind {what}", album.title)
            found += releases_of(one, told, owned or (), self._today)
        return found

    def _new_albums(self, one: Loved) -> tuple[ReleaseGroup, ...]:
        return tuple(album for album in self._albums_of(one) if is_new(album, self._today))

    def _albums_of(self, one: Loved) -> tuple[ReleaseGroup, ...]:
        mbid = self._mbids.get(one.artist.id)
        return self._answers.albums.get(mbid, ()) if mbid is not None else ()

    async def _still_missing(self, ranking: Sequence[MissingAlbum]) -> list[MissingAlbum]:
        """Without what Lidarr has been told to monitor since its artist was read: that shows in no statistics
        of the artist, so who is about to be proposed is read anew."""
        near = list(dict.fromkeys(item.loved.artist.id for item in ranking[: self.judgement.wanted]))
        if not near:
            return []
        self._library = await self._tools.read_albums(self._library, near)
        shelves = {number: Shelf(self._library.albums.get(number, ())) for number in near}
        missing: list[MissingAlbum] = []
        for item in ranking:
            shelf = shelves.get(item.loved.artist.id)
            if shelf is not None and shelf.holds(item.album):
                self.judgement.drop(item, Verdict.OWNED, "in the library or waited for")
            else:
                missing.append(item)
        return missing

    async def _read_albums(self, wanted: Sequence[Loved]) -> None:
        unread = [one.artist.id for one in wanted if one.artist.id not in self._library.albums][:MOST_READ]
        if unread:
            self._on_progress(Progress("albums", f"of {len(unread)} artists"))
            self._library = await self._tools.read_albums(self._library, unread)

    def _say(self, one: Loved, verdict: Verdict, detail: str, album: str | None = None) -> None:
        self._told.append(Judged(one.artist.name, album, verdict, detail, (SOURCE,), one.artist.mbid))

    def result(self, *, stopped: bool = False) -> RunResult:
        """What is kept by now, chosen and explained."""
        chosen, others = self._choose()
        judged = (*self._told, *self.judgement.judged, *others, *map(_kept, chosen))
        self._on_progress(Progress("done", f"{len(chosen)} recommendations"))
        return RunResult(
            recommendations=chosen,
            judged=judged,
            providers=(self._answers.report(self._found), *self._charts.reports),
            notes=tuple(self._notes(chosen, judged, stopped=stopped)),
            finished_at=self._tools.clock(),
            stopped=stopped,
        )

    def _choose(self) -> tuple[tuple[Recommendation, ...], list[Judged]]:
        kept, options, profile = self.judgement.kept, self._options, self._profile
        if profile is None:
            return (), []
        chosen, others = choose(
            score(kept, profile),
            profile,
            options.max_recommendations,
            {item.artist.mbid for item in kept if as_asked(item, options)},
            CARE_WEIGHTS,
            msgspec.structs.replace(self._memory.learnt, weights=None),
            calibration=options.calibration,
            caps=options.caps,
        )
        return tuple(map(self._explained, chosen)), others

    def _explained(self, item: Recommendation) -> Recommendation:
        facts = self.judgement.facts[item.release_group_mbid]
        return msgspec.structs.replace(
            item,
            evidence=msgspec.structs.replace(item.evidence, care=facts),
            reason=care_reason(item.artist, facts, self._tools.labels),
        )

    def _notes(
        self, chosen: Sequence[Recommendation], judged: Sequence[Judged], *, stopped: bool
    ) -> Iterator[str]:
        library, answers = self._library, self._answers
        if library.from_snapshot:
            yield f"Lidarr was away: this run used the library as of {library.read_at:%Y-%m-%d %H:%M} UTC."
        if not library.artists:
            yield "The library is empty: there is nobody whose albums could be missing."
        if answers.left:
            yield f"{answers.left:,} artists were not asked about this time: the next runs go on with them."
        counts = Counter(item.verdict for item in judged)
        if held := counts[Verdict.HELD]:
            yield f"The metadata was away: {held:,} artists or albums are held for the next run."
        if stopped:
            yield "The run was stopped: this is what it had verified by then."
        if not chosen and library.artists:
            most = ", ".join(f"{count:,} {verdict}" for verdict, count in counts.most_common(3))
            nothing = "No album is missing" if self._kind is ListKind.GAPS else "Nothing new is missing"
            yield f"Nothing was kept: {most}." if most else f"{nothing}."


def _without_gap(catalogue: Sequence[ReleaseGroup]) -> tuple[Verdict, str]:
    studio = sum(album.studio_album for album in catalogue)
    if not studio:
        return Verdict.NO_ALBUM, "MusicBrainz knows no studio album"
    what = "the one studio album is" if studio == 1 else f"all {studio} studio albums are"
    return Verdict.OWNED, f"{what} in the library, waited for or not out yet"


def _kept(item: Recommendation) -> Judged:
    return Judged(item.artist, item.album, Verdict.KEPT, "", item.evidence.sources, item.artist_mbid)
