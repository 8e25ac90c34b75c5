"""One pass of the pipeline: the only module that knows every stage."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from brainarr.domain.music import Library, Mbid
from brainarr.domain.names import Tier, name_keys
from brainarr.domain.prompt import Answer, ChainAnswer
from brainarr.domain.recommendation import (
    Candidate,
    Discovery,
    Exchange,
    Fused,
    Judged,
    Memory,
    Mode,
    Outcome,
    Progress,
    ProviderReport,
    Recommendation,
    RunOptions,
    RunResult,
    Verdict,
    Verified,
    Wording,
)
from brainarr.domain.taste import Profile, Seed
from brainarr.pipeline.asking import Asking, CounterFor
from brainarr.pipeline.avoid import border
from brainarr.pipeline.candidates import RecallSimilar, hear_readers, hear_sources, seeds_for
from brainarr.pipeline.choose import choose
from brainarr.pipeline.explain import explain, tell_draw
from brainarr.pipeline.fuse import fuse
from brainarr.pipeline.likings import Pull, avoided, followed, leading
from brainarr.pipeline.notes import notes_on
from brainarr.pipeline.ports import (
    AlbumCharts,
    AskModels,
    CandidateSource,
    Catalog,
    Clock,
    LibraryReader,
    Preflight,
    WritePrompt,
)
from brainarr.pipeline.profile import profile_library
from brainarr.pipeline.reports import Reports
from brainarr.pipeline.reword import Worded, reword, unanswered
from brainarr.pipeline.score import score
from brainarr.pipeline.thompson import Exploration
from brainarr.pipeline.topup import Round, next_round
from brainarr.pipeline.verify import Owned, Verification, as_asked

MODEL_WEIGHT = 0.25
"""A model's vote (SCIENCE §2: at weight 1 it destroys the ranking, at .25 it adds to it)."""

# Neighbour lists looked up for the prompt's selection: more artists never fit into a prompt anyway.
_RECALLED = 1000

_SILENCED = "has no vote (recommend.source_weights), so it was not asked"

OnProgress = Callable[[Progress], None]
ReadAlbums = Callable[[Library, Sequence[int]], Awaitable[Library]]
RecallNeighbours = Callable[[Sequence[Mbid]], Awaitable[Mapping[Mbid, Sequence[Mbid]]]]


class Instruments(msgspec.Struct, frozen=True):
    """What a run works with; wiring builds it."""

    ask: AskModels
    sources: Sequence[CandidateSource]
    charts: Sequence[AlbumCharts]
    catalog: Catalog
    preflight: Preflight | None
    counter_for: CounterFor
    """Model name → its token counter."""
    read_albums: ReadAlbums
    """Reads the albums of these artists first, then answers the library that knows them."""
    recall_neighbours: RecallNeighbours
    """The neighbour lists that earlier runs fetched; asks nobody."""
    recall_similar: RecallSimilar
    """What stands in for a source that fails."""
    labels: Mapping[str, str]
    """How people know each source."""
    clock: Clock
    readers: Sequence[LibraryReader] = ()
    """Sources that look at the whole library."""


async def run_pipeline(
    library: Library, options: RunOptions, memory: Memory, tools: Instruments, on_progress: OnProgress
) -> RunResult:
    """Library → recommendations, with a verdict for every candidate and a report for every provider.

    Raises nothing that a provider may cause. CPU-bound stages run in worker threads. Cancelled once something
    is verified, it does not raise: it hands over what it has, marked `stopped`.
    """
    work = _Pass(library, options, memory, tools, on_progress)
    try:
        await work.finish()
    except asyncio.CancelledError:
        if not work.kept:
            raise
        # The cancellation ends here; asyncio counts them.
        if (task := asyncio.current_task()) is not None:
            task.uncancel()
        return work.result(stopped=True)
    return work.result()


async def foresee_prompts(
    library: Library, options: RunOptions, memory: Memory, tools: Instruments
) -> WritePrompt:
    """Writes the prompt that a run of this library would send to a model; asks nobody anything."""
    profile = await profile_library(library, tools.clock(), seed=options.seed)
    neighbours = await _recall(profile, library, tools)
    return _asking(library, profile, neighbours, memory, tools).proposals(options)


class _Pass:
    """One pass with what it has found so far, so that it can be asked for its result at any moment."""

    def __init__(
        self,
        library: Library,
        options: RunOptions,
        memory: Memory,
        tools: Instruments,
        on_progress: OnProgress,
    ) -> None:
        self._library = library
        self._options = options
        self._memory = msgspec.structs.replace(memory, learnt=leading(memory.learnt, options.seeds))
        self._tools = tools
        self._on_progress = on_progress
        self._candidates: list[Candidate] = []
        self._weights = {
            source.name: self._vote(source.name, source.weight) for source in (*tools.sources, *tools.readers)
        }
        self._pull = Pull()
        self._repeats: list[Judged] = []
        self._judged: list[Judged] = []
        self._tried: set[str] = set()
        self._reports = Reports()
        self._exchanges: list[Exchange] = []
        self._round = Round(options.discovery)
        self._choice: tuple[tuple[Recommendation, ...], list[Judged]] | None = None
        self._wording_note = ""

    @property
    def kept(self) -> Sequence[Verified]:
        return self._verification.kept if self._tried else ()

    async def finish(self) -> None:
        self._profile, self._library = await self._read_taste()
        neighbours = await _recall(self._profile, self._library, self._tools)
        self._asking = _asking(self._library, self._profile, neighbours, self._memory, self._tools)
        self._owned = await asyncio.to_thread(Owned.of, self._library)
        tools = self._tools
        self._verification = Verification(
            self._owned, self._memory, self._options, tools.catalog, tools.charts, tools.preflight
        )
        await self._gather()
        await self._verify(await self._fuse())
        if self._options.mode is Mode.RANK:
            await self._rank()
        else:
            await self._top_up()
        self._on_progress(Progress("score", f"{len(self.kept)} verified"))
        await asyncio.to_thread(self._choose)
        if self._options.wording is Wording.MODEL:
            await self._reword()

    def result(self, *, stopped: bool = False) -> RunResult:
        """What is verified by now, chosen and explained."""
        chosen, others = self._choose()
        recommendations = tuple(map(tell_draw, chosen))
        preferred = {item.artist.mbid for item in self._verification.kept if as_asked(item, self._options)}
        judged = (
            *self._repeats,
            *self._judged,
            *self._verification.judged,
            *others,
            *(_kept(item) for item in recommendations),
        )
        self._on_progress(Progress("done", f"{len(recommendations)} recommendations"))
        prompt = self._reports.prompt
        return RunResult(
            recommendations=recommendations,
            judged=judged,
            providers=self._reports.all,
            prompt_tokens=prompt.tokens if prompt else 0,
            level=prompt.compressed.level if prompt else "none",
            compression_ratio=prompt.compressed.ratio if prompt else 1.0,
            notes=notes_on(
                self._library,
                self._options,
                self._verification.judged,
                self._reports.models,
                recommendations,
                rounds=self._round,
                fitting=sum(item.artist_mbid in preferred for item in recommendations),
                wording=self._wording_note,
                stopped=stopped,
            ),
            finished_at=self._tools.clock(),
            stopped=stopped,
            exchanges=tuple(self._exchanges),
        )

    def _choose(self) -> tuple[tuple[Recommendation, ...], list[Judged]]:
        """Chosen and explained, and who was not. Done once: what a model words must stay what was chosen, and
        the dice are thrown one time."""
        if self._choice is None:
            kept, options, learnt = self._verification.kept, self._options, self._memory.learnt
            wanted, weights = options.max_recommendations, options.score_weights
            chosen, others = choose(
                score(kept, self._profile),
                self._profile,
                wanted,
                {item.artist.mbid for item in kept if as_asked(item, options)},
                weights,
                learnt,
                calibration=options.calibration,
                caps=options.caps,
                leanings=self._pull.leanings(kept),
                exploration=Exploration.of(wanted, options.exploration, learnt, weights, options.seed),
            )
            self._choice = tuple(explain(item, self._tools.labels) for item in chosen), others
        return self._choice

    async def _reword(self) -> None:
        """Has the reasons put into words, all in one question; what is not sound keeps the template's."""
        chosen, others = self._choose()
        if not chosen or not self._reports.any_answered:
            self._wording_note = unanswered(()) if chosen else ""
            return
        self._on_progress(Progress("word", f"{len(chosen)} reasons"))
        answer = await self._tools.ask(*self._asking.wording(self._options, chosen))
        self._note(answer, "word")
        self._reports.add(answer, proposed=False)
        worded = await asyncio.to_thread(self._worded, chosen, answer.answers)
        self._choice = worded.recommendations, others
        self._wording_note = worded.note if answer.answers else unanswered(answer.reports)

    def _worded(self, chosen: Sequence[Recommendation], answers: Sequence[Answer]) -> Worded:
        names = {name_keys(item.artist)[Tier.WORDS] for item in self._candidates} | self._owned.names
        return reword(chosen, answers, self._tools.labels, names)

    @property
    def _seeds(self) -> tuple[Seed, ...]:
        return followed(self._profile.seeds, self._memory.learnt.more, self._options.seeds)

    def _vote(self, source: str, usual: float) -> float:
        """What the person set, else the source's own weight; either moved by what feedback taught."""
        factor = self._memory.learnt.sources.get(source, 1.0)
        return min(1.0, self._options.source_weights.get(source, usual) * factor)

    @property
    def _models_judged(self) -> list[Judged]:
        """What became of the models' own proposals."""
        models = {report.name for report in self._reports.models}
        found = [item for item in self._verification.judged if models.intersection(item.sources)]
        return [*self._judged, *found]

    async def _read_taste(self) -> tuple[Profile, Library]:
        """The profile, and the library with the seeds' albums read: eras are only known from albums."""
        library, tools, seed = self._library, self._tools, self._options.seed
        self._on_progress(Progress("profile", f"{len(library.artists)} artists"))
        profile = await profile_library(library, tools.clock(), seed=seed)
        by_mbid = {artist.mbid: artist.id for artist in library.artists if artist.mbid is not None}
        missing = [by_mbid[seed.mbid] for seed in profile.seeds if by_mbid[seed.mbid] not in library.albums]
        if missing:
            self._on_progress(Progress("albums", f"of {len(missing)} seeds"))
            library = await tools.read_albums(library, missing)
            profile = await profile_library(library, tools.clock(), seed=seed)
        return profile, library

    async def _gather(self) -> None:
        """Similarity sources, and unless they are to rank later, models, all at once."""
        unwanted = avoided(self._profile.seeds, self._memory.learnt.less)
        seeds = (*self._seeds, *unwanted)
        tools = self._tools
        sources = [source for source in tools.sources if self._weights[source.name]]
        readers = [reader for reader in tools.readers if self._weights[reader.name]]
        total = sum(len(seeds_for(source, seeds)) for source in sources)
        done = 0

        def seed_done(source: str) -> None:
            nonlocal done
            done += 1
            told = source if done < total else "waiting for the rest"
            self._on_progress(Progress("candidates", told, done, total))

        self._on_progress(Progress("candidates", "asking sources and models", 0, total))
        propose = self._ask(self._options) if self._options.mode is Mode.PROPOSE else asyncio.sleep(0)
        by_seed, by_library, _ = await asyncio.gather(
            hear_sources(seeds, sources, tools.recall_similar, seed_done),
            hear_readers(self._library, self._profile.weights, readers),
            propose,
        )
        heard_by_source = (*by_library, *by_seed)
        away = {seed.mbid for seed in unwanted}
        for heard in heard_by_source:
            self._candidates += [found for found in heard.candidates if found.seed not in away]
            self._reports.hear(heard.report)
        for source in (*tools.sources, *tools.readers):
            if not self._weights[source.name]:
                self._reports.hear(ProviderReport(source.name, source.kind, Outcome.NOT_NEEDED, _SILENCED))
        found = (found for heard in heard_by_source for found in heard.candidates)
        near_unwanted = (candidate for candidate in found if candidate.seed in away)
        self._pull = Pull(self._memory.learnt.more, near_unwanted)

    async def _ask(self, options: RunOptions, dropped: tuple[Judged, ...] = ()) -> None:
        asking = self._asking
        answer = await self._tools.ask(asking.proposals(options, dropped), asking.reader(options))
        self._take(answer, "propose")

    def _note(self, answer: ChainAnswer, purpose: str) -> None:
        """What was asked and answered, for people to read."""
        number, now = self._round.number, self._tools.clock()
        self._exchanges += [
            msgspec.structs.replace(one, purpose=purpose, round=number, at=now) for one in answer.exchanges
        ]

    def _take(self, answer: ChainAnswer, purpose: str) -> None:
        self._note(answer, purpose)
        self._reports.add(answer)
        models = {item.source for reply in answer.answers for item in reply.candidates}
        said = {
            (item.source, name_keys(item.artist)[Tier.WORDS])
            for item in self._candidates
            if item.source in models
        }
        for reply in answer.answers:
            # What a model says again in a later round is no second voice.
            self._candidates += [
                item
                for item in reply.candidates
                if (item.source, name_keys(item.artist)[Tier.WORDS]) not in said
            ]
            self._weights |= {item.source: self._vote(item.source, MODEL_WEIGHT) for item in reply.candidates}
            self._judged += [*reply.judged, *map(_unreadable, reply.unreadable)]

    async def _fuse(self) -> Mapping[str, Fused]:
        """One ranking of everything that was said so far, by key, best first."""
        self._on_progress(Progress("fuse", f"{len(self._candidates)} proposals"))
        spoke = {item.source for item in self._candidates}
        ranking, self._repeats = await asyncio.to_thread(
            _ranked,
            tuple(self._candidates),
            {name: weight for name, weight in self._weights.items() if name in spoke},
            {seed.mbid: seed for seed in self._seeds},
            self._round.discovery,
            self._pull,
        )
        # What was verified before keeps its identity, but hears the voices that came since.
        kept = self._verification.kept
        kept[:] = [
            msgspec.structs.replace(item, fused=ranking.get(_key(item.fused), item.fused)) for item in kept
        ]
        return ranking

    async def _verify(self, ranking: Mapping[str, Fused]) -> None:
        """What was not tried yet, down the ranking."""
        verification = self._verification
        untried = [item for key, item in ranking.items() if key not in self._tried]
        self._tried |= ranking.keys()
        wanted = min(verification.wanted, len(untried))
        async for kept in verification.steps(untried):
            self._on_progress(Progress("verify", f"{kept} kept", kept, wanted))

    async def _rank(self) -> None:
        """Puts what was verified before the models; their order is one more voice."""
        if self.kept:
            self._on_progress(Progress("rank", f"{len(self.kept)} candidates"))
            write, read = self._asking.ranking(self._options, self.kept)
            self._take(await self._tools.ask(write, read), "rank")
            await self._fuse()

    async def _top_up(self) -> None:
        """Asks again while too little survives and another round promises more."""
        while (
            following := next_round(
                self._round,
                self._options,
                self._models_judged,
                len(self.kept),
                answered=self._reports.answered and not self._verification.away,
            )
        ) is not None:
            self._round = following
            before = len(self._tried)
            self._on_progress(Progress("candidates", "asking models again"))
            options = msgspec.structs.replace(self._options, discovery=following.discovery)
            await self._ask(options, following.dropped)
            await self._verify(await self._fuse())
            if len(self._tried) == before:
                return


def _asking(
    library: Library,
    profile: Profile,
    neighbours: Mapping[Mbid, Sequence[Mbid]],
    memory: Memory,
    tools: Instruments,
) -> Asking:
    near = border(library, profile, neighbours)
    return Asking(library, profile, neighbours, memory, near, tools.counter_for)


async def _recall(profile: Profile, library: Library, tools: Instruments) -> Mapping[Mbid, Sequence[Mbid]]:
    heaviest = {number for number, _ in zip(profile.weights, range(_RECALLED), strict=False)}
    return await tools.recall_neighbours(
        [artist.mbid for artist in library.artists if artist.id in heaviest and artist.mbid is not None]
    )


def _ranked(
    candidates: Sequence[Candidate],
    weights: Mapping[str, float],
    seeds: Mapping[Mbid, Seed],
    discovery: Discovery,
    pull: Pull,
) -> tuple[Mapping[str, Fused], list[Judged]]:
    """The ranking by key, best first, and what was said twice. The keys of ten thousand names take half a
    second."""
    ranking, repeats = fuse(candidates, weights, seeds, discovery)
    return {_key(item): item for item in pull.reorder(ranking)}, repeats


def _key(item: Fused) -> str:
    return item.mbid or name_keys(item.artist)[Tier.WORDS]


def _unreadable(excerpt: str) -> Judged:
    detail = "an element of the model's answer that names no artist"
    return Judged(excerpt[:80], None, Verdict.UNREADABLE, detail)


def _kept(item: Recommendation) -> Judged:
    return Judged(item.artist, item.album, Verdict.KEPT, "", item.evidence.sources, item.artist_mbid)
