"""One pass of the pipeline: the only module that knows every stage."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from brainarr.domain.music import Library, Mbid
from brainarr.domain.prompt import Answer, ChainAnswer, ModelCard, Prompt
from brainarr.domain.recommendation import (
    Candidate,
    Fused,
    Judged,
    Memory,
    Outcome,
    Progress,
    ProviderReport,
    Recommendation,
    RunOptions,
    RunResult,
    Scored,
    Verdict,
)
from brainarr.domain.taste import Compressed, Profile
from brainarr.pipeline.answers import read_answer
from brainarr.pipeline.candidates import hear_sources
from brainarr.pipeline.choose import choose
from brainarr.pipeline.compress import compress, quote
from brainarr.pipeline.explain import explain
from brainarr.pipeline.fuse import fuse
from brainarr.pipeline.ports import (
    AlbumCharts,
    AskModels,
    CandidateSource,
    Catalog,
    Clock,
    Preflight,
    TokenCounter,
    WritePrompt,
)
from brainarr.pipeline.profile import profile_library
from brainarr.pipeline.prompt import asked_for, write_prompt
from brainarr.pipeline.score import score
from brainarr.pipeline.verify import Owned, Verification

MODEL_WEIGHT = 0.25
"""A model's vote (SCIENCE §2: at weight 1 it destroys the ranking, at .25 it adds to it)."""

# Neighbour lists looked up for the prompt's selection: more artists never fit into a prompt anyway.
_RECALLED = 1000

OnProgress = Callable[[Progress], None]
ReadAlbums = Callable[[Library, Sequence[int]], Awaitable[Library]]
RecallNeighbours = Callable[[Sequence[Mbid]], Awaitable[Mapping[Mbid, Sequence[Mbid]]]]
CounterFor = Callable[[str], TokenCounter]


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
    labels: Mapping[str, str]
    """How people know each source."""
    clock: Clock


async def run_pipeline(
    library: Library, options: RunOptions, memory: Memory, tools: Instruments, on_progress: OnProgress
) -> RunResult:
    """Library → recommendations, with a verdict for every candidate and a report for every provider.

    Raises nothing that a provider may cause. CPU-bound stages run in worker threads.
    """
    profile, library = await _profile(library, options, tools, on_progress)
    neighbours = await _recall(profile, library, tools)
    heard, answer = await _gather(library, profile, neighbours, options, memory, tools, on_progress)
    candidates = [*heard[0], *(item for reply in answer.answers for item in reply.candidates)]
    on_progress(Progress("fuse", f"{len(candidates)} proposals"))
    weights = {source.name: source.weight for source in tools.sources}
    weights |= {item.source: MODEL_WEIGHT for reply in answer.answers for item in reply.candidates}
    spoke = {item.source for item in candidates}
    ranking, repeats = await asyncio.to_thread(
        fuse,
        candidates,
        {name: weight for name, weight in weights.items() if name in spoke},
        {seed.mbid: seed for seed in profile.seeds},
        options.discovery,
    )
    verification = await _verify(ranking, library, memory, options, tools, on_progress)
    on_progress(Progress("score", f"{len(verification.kept)} verified"))
    pool: list[Scored] = score(verification.kept, profile)
    chosen, others = choose(pool, profile, options.max_recommendations)
    recommendations = tuple(explain(item, tools.labels) for item in chosen)
    judged = (
        *repeats,
        *_unreadable(answer),
        *verification.judged,
        *others,
        *(_kept(item) for item in recommendations),
    )
    on_progress(Progress("done", f"{len(recommendations)} recommendations"))
    prompt = answer.prompt
    return RunResult(
        recommendations=recommendations,
        judged=judged,
        providers=(*answer.reports, *heard[1]),
        prompt_tokens=prompt.tokens if prompt else 0,
        level=prompt.compressed.level if prompt else "none",
        compression_ratio=prompt.compressed.ratio if prompt else 1.0,
        notes=_notes(library, verification, answer.reports, recommendations),
        finished_at=tools.clock(),
    )


async def foresee_prompts(
    library: Library, options: RunOptions, memory: Memory, tools: Instruments
) -> WritePrompt:
    """Writes the prompt that a run of this library would send to a model; asks nobody anything."""
    profile = await profile_library(library, tools.clock(), seed=options.seed)
    neighbours = await _recall(profile, library, tools)
    return _writer(library, profile, neighbours, options, memory, tools)


async def _profile(
    library: Library, options: RunOptions, tools: Instruments, on_progress: OnProgress
) -> tuple[Profile, Library]:
    """The profile, and the library with the seeds' albums read: eras are only known from albums."""
    on_progress(Progress("profile", f"{len(library.artists)} artists"))
    profile = await profile_library(library, tools.clock(), seed=options.seed)
    by_mbid = {artist.mbid: artist.id for artist in library.artists if artist.mbid is not None}
    missing = [by_mbid[seed.mbid] for seed in profile.seeds if by_mbid[seed.mbid] not in library.albums]
    if missing:
        on_progress(Progress("albums", f"of {len(missing)} seeds"))
        library = await tools.read_albums(library, missing)
        profile = await profile_library(library, tools.clock(), seed=options.seed)
    return profile, library


async def _recall(profile: Profile, library: Library, tools: Instruments) -> Mapping[Mbid, Sequence[Mbid]]:
    heaviest = {number for number, _ in zip(profile.weights, range(_RECALLED), strict=False)}
    return await tools.recall_neighbours(
        [artist.mbid for artist in library.artists if artist.id in heaviest and artist.mbid is not None]
    )


async def _gather(
    library: Library,
    profile: Profile,
    neighbours: Mapping[Mbid, Sequence[Mbid]],
    options: RunOptions,
    memory: Memory,
    tools: Instruments,
    on_progress: OnProgress,
) -> tuple[tuple[list[Candidate], list[ProviderReport]], ChainAnswer]:
    """Similarity sources and models, all at once."""
    total = len(profile.seeds) * len(tools.sources)
    done = 0

    def seed_done(source: str) -> None:
        nonlocal done
        done += 1
        on_progress(Progress("candidates", source, done, total))

    def read(card: ModelCard, text: str) -> Answer:
        return read_answer(card.provider, text, asked_for(options))

    on_progress(Progress("candidates", "asking sources and models", 0, total))
    heard, answer = await asyncio.gather(
        hear_sources(profile.seeds, tools.sources, seed_done),
        tools.ask(_writer(library, profile, neighbours, options, memory, tools), read),
    )
    found = [candidate for one in heard for candidate in one.candidates]
    return (found, [one.report for one in heard]), answer


def _writer(
    library: Library,
    profile: Profile,
    neighbours: Mapping[Mbid, Sequence[Mbid]],
    options: RunOptions,
    memory: Memory,
    tools: Instruments,
) -> WritePrompt:
    def write(card: ModelCard) -> Prompt:
        counter = tools.counter_for(card.model)

        def fit(budget: int, overhead: int) -> Compressed:
            return compress(
                library,
                profile,
                level=options.compression,
                budget=budget,
                overhead=overhead,
                counter=counter,
                neighbours=neighbours,
            )

        return write_prompt(card, options, tuple(quote(name, 60) for name in memory.names), counter, fit)

    return write


async def _verify(
    ranking: Sequence[Fused],
    library: Library,
    memory: Memory,
    options: RunOptions,
    tools: Instruments,
    on_progress: OnProgress,
) -> Verification:
    owned = await asyncio.to_thread(Owned.of, library)
    verification = Verification(owned, memory, options, tools.catalog, tools.charts, tools.preflight)
    wanted = min(verification.wanted, len(ranking))
    async for kept in verification.steps(ranking):
        on_progress(Progress("verify", f"{kept} kept", kept, wanted))
    return verification


def _unreadable(answer: ChainAnswer) -> list[Judged]:
    return [
        Judged(
            excerpt[:80], None, Verdict.UNREADABLE, "an element of the model's answer that names no artist"
        )
        for reply in answer.answers
        for excerpt in reply.unreadable
    ]


def _kept(item: Recommendation) -> Judged:
    return Judged(item.artist, item.album, Verdict.KEPT, "", item.evidence.sources, item.artist_mbid)


def _notes(
    library: Library,
    verification: Verification,
    models: Sequence[ProviderReport],
    recommendations: Sequence[Recommendation],
) -> tuple[str, ...]:
    """What the user should know about this run beyond its numbers."""
    notes: list[str] = []
    if library.from_snapshot:
        notes.append(
            f"Lidarr was away: this run used the library as of {library.read_at:%Y-%m-%d %H:%M} UTC."
        )
    if not library.artists:
        notes.append("The library is empty: there is nothing to find similar music for.")
    asked = [
        report for report in models if report.kind != "builtin" and report.outcome is not Outcome.NOT_NEEDED
    ]
    if asked and all(report.outcome is not Outcome.OK for report in asked):
        notes.append(
            "No model gave a usable answer: these recommendations come from similarity sources alone."
        )
    counts = Counter(judged.verdict for judged in verification.judged)
    if held := counts[Verdict.HELD]:
        notes.append(f"The metadata service was away: {held} candidates are held for the next run.")
    if not recommendations and library.artists:
        most = (
            ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common(3))
            or "no candidates at all"
        )
        notes.append(f"Nothing was kept: {most}.")
    return tuple(notes)
