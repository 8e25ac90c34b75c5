"""Asking again, ranking by id, styles and stopping: what a run does beyond its first question."""

import asyncio
import json
import re
from collections.abc import Callable, Sequence

import pytest

from brainarr.domain.genres import style_share
from brainarr.domain.music import CatalogArtist, Mbid
from brainarr.domain.prompt import ChainAnswer
from brainarr.domain.recommendation import (
    Discovery,
    Judged,
    Memory,
    Mode,
    Outcome,
    Progress,
    ProviderReport,
    RunOptions,
    Verdict,
)
from brainarr.errors import ProviderUnavailable
from brainarr.pipeline.ports import ReadAnswer, WritePrompt
from brainarr.pipeline.rank import give_ids, read_ranking
from brainarr.pipeline.run import run_pipeline
from brainarr.pipeline.topup import Round, next_round
from tests.fakes import FakeCatalog
from tests.pipeline.builders import mbid, verified
from tests.pipeline.test_run import CARD, LIBRARY, NEW, neighbours, run, tools, world


class Answers:
    """A chain of one model that answers each question in its turn, and the last one for ever."""

    def __init__(self, *answers: str | Callable[[str], str]) -> None:
        self.answers = list(answers)
        self.prompts: list[str] = []

    async def __call__(self, write: WritePrompt, read: ReadAnswer) -> ChainAnswer:
        prompt = write(CARD)
        self.prompts.append(prompt.system + prompt.user)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        answer = read(CARD, answer if isinstance(answer, str) else answer(prompt.user))
        report = ProviderReport(
            "home", "ollama", Outcome.OK, candidates=len(answer.candidates), prompt_tokens=100
        )
        return ChainAnswer((answer,), (report,), prompt)


def naming(names: Sequence[str]) -> str:
    return json.dumps({"recommendations": [{"artist": name, "confidence": 0.9} for name in names]})


async def test_too_few_survivors_are_topped_up_told_what_was_dropped_and_why():
    model = Answers(naming(["New 1", "Owned 1", "Nobody At All"]), naming(["New 1", "New 2", "New 3"]))
    result = await run(instruments=tools(ask=model, sources=()), max_recommendations=3)
    assert {item.artist for item in result.recommendations} == {"New 1", "New 2", "New 3"}
    assert len(model.prompts) == 2
    told = model.prompts[1].split("<dropped>\n")[1]
    assert "owned: Owned 1" in told and "unknown: Nobody At All" in told
    assert any("asked 1 more time" in note for note in result.notes)
    assert [item.artist for item in result.judged].count("New 1") == 1
    assert result.providers[0].prompt_tokens == 200
    assert result.providers[0].candidates == 6


async def test_asking_again_has_an_end():
    model = Answers(naming(["New 1"]), naming(["New 2"]), naming(["New 3"]), naming(["New 4"]))
    result = await run(instruments=tools(ask=model, sources=()), max_recommendations=20)
    assert len(model.prompts) == 3
    assert len(result.recommendations) == 3


async def test_a_model_with_nothing_new_to_say_is_not_asked_a_third_time():
    model = Answers(naming(["New 1"]))
    await run(instruments=tools(ask=model, sources=()), max_recommendations=20)
    assert len(model.prompts) == 2


async def test_nobody_is_asked_again_when_enough_survived_or_the_metadata_is_away():
    model = Answers(naming(["New 1"]))
    await run(instruments=tools(ask=model))
    catalog = world()
    catalog.failure = ProviderUnavailable("musicbrainz", "503")
    away = Answers(naming(NEW[:6]))
    await run(instruments=tools(ask=away, sources=(), catalog=catalog), max_recommendations=10)
    assert (len(model.prompts), len(away.prompts)) == (1, 1)


async def test_a_saturated_answer_widens_the_discovery_and_says_so():
    model = Answers(naming([f"Owned {number}" for number in range(1, 6)] + ["New 1"]), naming(["New 2"]))
    result = await run(instruments=tools(ask=model, sources=()), discovery=Discovery.SIMILAR)
    assert "close to what" in model.prompts[0] and "one step beyond" in model.prompts[1]
    assert any(
        "widened from similar to exploratory" in note or "to adjacent" in note for note in result.notes
    )


def test_discovery_is_widened_step_by_step_and_no_further_than_it_goes():
    known = [Judged(str(number), None, Verdict.OWNED) for number in range(9)]
    options = RunOptions(discovery=Discovery.ADJACENT)
    first = next_round(Round(Discovery.ADJACENT), options, known, 0, answered=True)
    assert first and first.discovery is Discovery.EXPLORATORY
    second = next_round(first, options, known, 0, answered=True)
    assert second and second.discovery is Discovery.EXPLORATORY
    assert next_round(second, options, known, 0, answered=True) is None


def ids_in(prompt: str) -> dict[str, str]:
    """Name → id, as the prompt shows them."""
    return {name: short for short, name in re.findall(r"^(m\d+): (New \d+)", prompt, re.MULTILINE)}


async def test_rank_mode_puts_what_was_verified_before_the_model_and_hears_its_order():
    def rank(prompt: str) -> str:
        ids = ids_in(prompt)
        chosen = [ids["New 5"], ids["New 4"], "m999", "Led Zeppelin"]
        return json.dumps({"ranking": [{"id": one, "reason": "because"} for one in chosen]})

    model = Answers(rank)
    result = await run(instruments=tools(ask=model), mode=Mode.RANK)
    assert len(model.prompts) == 1 and "Owned 1" in model.prompts[0]
    refused = {item.artist for item in result.judged if item.verdict is Verdict.NOT_A_CANDIDATE}
    assert refused == {"m999", "Led Zeppelin"}
    opinions = {item.artist: item.evidence.opinions for item in result.recommendations}
    assert opinions["New 5"] == ("home: because",)
    plain = await run()
    assert "New 5" not in {item.artist for item in plain.recommendations}
    assert {"New 5", "New 4"} <= opinions.keys()
    assert len(result.recommendations) == len(plain.recommendations) == 5


async def test_rank_mode_without_candidates_asks_nobody():
    model = Answers(naming(["New 1"]))
    result = await run(instruments=tools(ask=model, sources=()), mode=Mode.RANK)
    assert (model.prompts, result.recommendations) == ([], ())


KEPT = [verified(f"New {number}", {"rock": 1.0}, 1990) for number in range(12)]


def test_ids_are_shuffled_the_same_way_for_the_same_seed():
    names = [item.artist.name for item in give_ids(KEPT, 7).values()]
    assert names == [item.artist.name for item in give_ids(KEPT, 7).values()]
    assert names != [item.artist.name for item in KEPT] and sorted(names) == sorted(
        item.artist.name for item in KEPT
    )


IDS = {f"m{number}": item for number, item in enumerate(KEPT, start=1)}


@pytest.mark.parametrize(
    "text",
    [
        '{"ranking": [{"id": "m3", "reason": "a"}, {"id": "m1", "reason": "b"}]}',
        '```json\n[{"id": "M3"}, {"id": "m1"}]\n```',
        '<think>m7 is {"id": "m7"}?</think>["m3", "m1", "m3"]',
        "1. m3: quiet\n2. m1 – loud",
        '{"ranking": [{"id": "m3", "reason": "a"}, {"id": "m1", "rea',
        '[{"name": "New 2"}, {"artist": "New 0"}]',
    ],
)
def test_every_form_of_a_ranking_is_read(text: str):
    answer = read_ranking("home", text, IDS)
    assert [(item.artist, item.rank) for item in answer.candidates] == [("New 2", 1), ("New 0", 2)]
    assert answer.judged == ()


@pytest.mark.parametrize("text", ["", "[]", "no idea", '{"ranking": []}', "[" * 5000, '[{"id": 7}]'])
def test_a_ranking_of_nothing_is_nothing(text: str):
    assert read_ranking("home", text, IDS).candidates == ()


async def test_avoided_styles_are_dropped_through_the_genre_tree():
    result = await run(styles_avoid=("Rock",))
    assert result.recommendations == ()
    assert {item.verdict for item in result.judged} == {Verdict.AVOIDED_STYLE}
    spared = await run(styles_avoid=("metal",))
    assert len(spared.recommendations) == 5


async def test_styles_to_include_come_first_and_what_is_missing_is_said():
    base = world()
    artists = [
        CatalogArtist(
            mbid(name), name, genres=(("dub", 4.0),) if name in NEW[20:22] else (("shoegaze", 4.0),)
        )
        for name in NEW
    ]
    result = await run(instruments=tools(catalog=FakeCatalog(artists, base.groups)), styles_include=("dub",))
    assert {item.artist for item in result.recommendations[:2]} == set(NEW[20:22])
    assert any(note.startswith("2 of 5 recommendations are of the styles") for note in result.notes)


@pytest.mark.parametrize(
    ("genres", "styles", "share"),
    [
        ((("shoegaze", 3.0), ("techno", 1.0)), ("rock",), 0.75),
        ((("seen live", 1.0),), ("Seen Live",), 1.0),
        ((), ("rock",), 0.0),
        ((("rock", 1.0),), (), 0.0),
    ],
)
def test_a_style_counts_what_stands_below_it(
    genres: tuple[tuple[str, float], ...], styles: tuple[str, ...], share: float
):
    assert style_share(genres, styles) == share


class Slow(FakeCatalog):
    """Answers `quick` questions, then none any more."""

    def __init__(self, catalog: FakeCatalog, quick: int) -> None:
        super().__init__(catalog.artists.values(), catalog.groups)
        self.quick = quick
        self.stuck = asyncio.Event()

    async def artist(self, mbid: Mbid) -> CatalogArtist | None:
        if len(self.asked) >= self.quick:
            self.stuck.set()
            await asyncio.Event().wait()
        return await super().artist(mbid)


async def test_a_stopped_run_hands_over_what_it_has_verified():
    catalog = Slow(world(), 6)
    task = asyncio.create_task(run(instruments=tools(catalog=catalog)))
    await catalog.stuck.wait()
    task.cancel()
    result = await task
    assert result.stopped and len(result.recommendations) == 3
    assert all(item.reason for item in result.recommendations)
    assert any("was stopped" in note for note in result.notes)


async def test_a_run_stopped_before_anything_was_verified_is_just_cancelled():
    catalog = Slow(world(), 0)
    watch: list[Progress] = []
    task = asyncio.create_task(
        run_pipeline(LIBRARY, RunOptions(), Memory(), tools(catalog=catalog), watch.append)
    )
    await catalog.stuck.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_styles_of_the_sources_do_not_stop_the_search_too_early():
    result = await run(
        instruments=tools(sources=(neighbours(),)), styles_include=("bebop",), max_recommendations=4
    )
    assert len(result.recommendations) == 4
    assert sum(item.verdict is Verdict.NOT_REACHED for item in result.judged) == len(NEW) - 24
