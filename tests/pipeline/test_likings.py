""" "More like this", "less like this" and blocks, through whole passes of the pipeline."""

from collections.abc import Mapping, Sequence

import msgspec
import pytest

from brainarr.domain.learning import Learnt, Liking
from brainarr.domain.music import CatalogArtist, Mbid, ReleaseGroup
from brainarr.domain.prompt import ChainAnswer
from brainarr.domain.recommendation import (
    Blocks,
    Discovery,
    Exchange,
    Memory,
    Outcome,
    RunResult,
    Target,
    Verdict,
)
from brainarr.pipeline.ports import ReadAnswer, WritePrompt
from tests.conftest import NOW
from tests.fakes import FakeCatalog, FakeSource
from tests.pipeline.builders import library, mbid, owned
from tests.pipeline.test_run import Scripted, run, tools

OWNED = library(*(owned(number, f"Owned {number}", "shoegaze") for number in range(1, 6)))
USUAL = [f"Usual {number}" for number in range(20)]
BEYOND = [f"Beyond {number}" for number in range(4)]
WISHED = Liking(mbid("Wished"), "Wished")


def catalog(names: Sequence[str], genres: Mapping[str, Sequence[str]] | None = None) -> FakeCatalog:
    known = genres or {}
    return FakeCatalog(
        [
            CatalogArtist(mbid(name), name, genres=tuple((g, 3.0) for g in known.get(name, ["shoegaze"])))
            for name in names
        ],
        [ReleaseGroup(mbid(name + "!"), f"{name} LP", mbid(name), 1995) for name in names],
    )


def source(beyond: Sequence[str] = BEYOND) -> FakeSource:
    """All owned artists lead to the usual ones; who is wished for leads beyond."""
    near: dict[Mbid, list[tuple[str, Mbid | None]]] = {
        artist.mbid: [(name, mbid(name)) for name in USUAL] for artist in OWNED.artists if artist.mbid
    }
    near[WISHED.mbid] = [(name, mbid(name)) for name in beyond]
    return FakeSource(near, name="listenbrainz")


async def passes(memory: Memory, found: FakeSource | None = None, **options: object) -> RunResult:
    instruments = tools(sources=(found or source(),), catalog=catalog([*USUAL, *BEYOND]))
    wanted = {"discovery": Discovery.SIMILAR, "exploration": 0, "target": Target.ARTISTS, **options}
    return await run(OWNED, memory, instruments=instruments, **wanted)


async def test_more_like_it_leads_beyond_what_is_owned_and_the_reason_says_so():
    before = await passes(Memory())
    after = await passes(Memory(learnt=Learnt(more=(WISHED,))))
    assert not {item.artist for item in before.recommendations} & set(BEYOND)
    found = [item for item in after.recommendations if item.artist in BEYOND]
    assert found
    assert {item.evidence.asked for item in found} == {("Wished",)}
    assert {item.evidence.seeds for item in found} == {()}
    assert found[0].reason.startswith(
        "Because you asked for more like Wished, close in listening (ListenBrainz)."
    )


async def test_more_like_it_lifts_what_the_library_leads_to_already():
    lifted = USUAL[15:18]
    before = await passes(Memory())
    after = await passes(Memory(learnt=Learnt(more=(WISHED,))), source(lifted))
    assert not {item.artist for item in before.recommendations} & set(lifted)
    found = [item for item in after.recommendations if item.artist in lifted]
    assert found
    assert {item.evidence.asked for item in found} == {("Wished",)}
    assert all(item.evidence.seeds for item in found)


@pytest.mark.parametrize("exploration", [0, 1])
async def test_less_like_it_moves_down_who_is_near_it_but_drops_nobody(exploration: int):
    near = [item.artist for item in (await passes(Memory())).recommendations][:3]
    asked = source(near)
    after = await passes(Memory(learnt=Learnt(less=(WISHED,))), asked, exploration=exploration)
    assert WISHED.mbid in asked.asked
    assert not {item.artist for item in after.recommendations} & set(near)
    fates = {judged.artist: judged.verdict for judged in after.judged}
    assert {fates[name] for name in near} == {Verdict.NOT_CHOSEN}


async def test_who_is_only_near_what_is_unwanted_is_proposed_by_nobody():
    after = await passes(Memory(learnt=Learnt(less=(WISHED,))))
    assert not {judged.artist for judged in after.judged} & set(BEYOND)


STYLED = {"Usual 0": ["death metal"], "Usual 1": ["shoegaze", "black metal"], "Usual 2": ["folk"]}


async def test_a_blocked_style_blocks_its_subgenres_and_models_are_told():
    model = Scripted('[{"artist": "Bare", "genres": ["doom metal"]}]')
    found = catalog(USUAL, STYLED)
    result = await run(
        OWNED,
        Memory(blocks=Blocks(styles=("metal",))),
        instruments=tools(ask=model, sources=(source(),), catalog=found),
        max_recommendations=20,
    )
    blocked = {judged.artist for judged in result.judged if judged.verdict is Verdict.BLOCKED}
    assert blocked == {"Usual 0", "Usual 1", "Bare"}
    assert "Nothing of these styles or their subgenres: metal." in model.prompts[0]
    # What its own source calls metal is not looked up.
    assert not [question for question in found.asked if "Bare" in question]


@pytest.mark.parametrize("by_name", [True, False])
async def test_a_blocked_artist_costs_no_question_by_identifier_or_by_name(by_name: bool):
    found = catalog(USUAL)
    model = Scripted('[{"artist": "Usual 3"}]')
    result = await run(
        OWNED,
        Memory(blocks=Blocks({mbid("Usual 3"): "Usual 3"})),
        instruments=tools(ask=model, sources=() if by_name else (source(),), catalog=found),
    )
    assert [judged.verdict for judged in result.judged if judged.artist == "Usual 3"] == [Verdict.BLOCKED]
    assert not [question for question in found.asked if mbid("Usual 3") in question or "Usual 3" in question]


async def test_blocked_comes_before_every_other_verdict():
    taken = library(*OWNED.artists, owned(9, "Usual 4", "metal"), exclusions=[mbid("Usual 4")])
    memory = Memory(
        rejected=frozenset({mbid("Usual 4")}),
        waiting=frozenset({mbid("Usual 4")}),
        blocks=Blocks({mbid("Usual 4"): "Usual 4"}),
    )
    result = await run(taken, memory, instruments=tools(sources=(source(),), catalog=catalog(USUAL)))
    (judged,) = [judged for judged in result.judged if judged.artist == "Usual 4"]
    assert (judged.verdict, judged.detail) == (Verdict.BLOCKED, "you blocked this artist")


async def test_an_album_of_a_blocked_style_is_blocked_though_its_artist_is_not():
    found = catalog(USUAL)
    metal = ReleaseGroup(mbid("Usual 5!"), "Usual 5 LP", mbid("Usual 5"), 1995, genres=(("metal", 4.0),))
    found.groups = (*(group for group in found.groups if group.mbid != metal.mbid), metal)
    memory = Memory(blocks=Blocks(styles=("metal",)))
    result = await run(
        OWNED, memory, instruments=tools(sources=(source(),), catalog=found), max_recommendations=20
    )
    assert {j.artist for j in result.judged if j.verdict is Verdict.BLOCKED} == {"Usual 5"}


async def test_a_merged_identifier_of_a_blocked_artist_is_blocked_too():
    found = catalog(USUAL)
    found.merged = {mbid("Usual 6"): mbid("Canonical")}
    found.artists[mbid("Canonical")] = CatalogArtist(mbid("Canonical"), "Usual 6", genres=(("folk", 2.0),))
    memory = Memory(blocks=Blocks({mbid("Canonical"): "Usual 6"}))
    result = await run(
        OWNED, memory, instruments=tools(sources=(source(),), catalog=found), max_recommendations=20
    )
    assert {j.artist for j in result.judged if j.verdict is Verdict.BLOCKED} == {"Usual 6"}


async def test_who_a_run_starts_from_leads_before_all_that_is_owned():
    found = await passes(Memory(), seeds=(WISHED,), max_recommendations=4)
    assert {item.artist for item in found.recommendations} == set(BEYOND)
    assert {item.evidence.asked for item in found.recommendations} == {("Wished",)}


async def test_who_a_run_starts_from_may_be_one_that_less_was_asked_of():
    less = Memory(learnt=Learnt(less=(WISHED,)))
    found = await passes(less, seeds=(WISHED,), max_recommendations=4)
    assert {item.artist for item in found.recommendations} == set(BEYOND)


async def test_models_are_told_whom_a_run_starts_from_and_what_they_said_is_kept_by_round():
    class Talkative(Scripted):
        async def __call__(self, write: WritePrompt, read: ReadAnswer) -> ChainAnswer:
            answer = await super().__call__(write, read)
            told = Exchange("home", "scripted", Outcome.OK, "", self.prompts[-1], self.text or "")
            return msgspec.structs.replace(answer, exchanges=(told,))

    # One that is owned: too little can be used, so that it is asked again.
    model = Talkative('[{"artist": "Owned 1", "confidence": 0.9}]')
    found = await run(OWNED, instruments=tools(ask=model, catalog=catalog(BEYOND)), seeds=(WISHED,))
    assert all("stay close to them: Wished." in prompt for prompt in model.prompts)
    assert [one.user for one in found.exchanges] == model.prompts
    assert [one.round for one in found.exchanges] == list(range(len(model.prompts)))
    assert {(one.purpose, one.at) for one in found.exchanges} == {("propose", NOW)}
