"""What people may read of the talk with models: bounded, without secrets, of every model that was asked."""

import json

from brainarr import log
from brainarr.domain.recommendation import Outcome
from brainarr.errors import ProviderRejected
from brainarr.llm.call import MOST_TOLD, readable
from tests.llm.given import GOOD, ask
from tests.llm.test_chain import BUILTIN, ScriptedModel, chain_of, link
from tests.planted import MODEL_KEY


async def test_each_model_that_was_asked_leaves_its_prompt_and_its_answer() -> None:
    models = [ScriptedModel("a", "no music here"), ScriptedModel("b"), ScriptedModel("c")]
    told = (await ask(chain_of(*map(link, models), BUILTIN))).exchanges
    assert [(one.provider, one.outcome, one.answer) for one in told] == [
        ("a", Outcome.UNREADABLE, "no music here"),
        ("b", Outcome.OK, GOOD),
    ]
    assert {one.user for one in told} == {"<library>Low; Codeine</library>"}
    assert all(one.system.startswith("You recommend music.") for one in told)


async def test_a_model_that_fails_leaves_its_prompt_and_no_answer() -> None:
    broken = ScriptedModel("a", ProviderRejected("a", "wrong key."))
    (told,) = (await ask(chain_of(link(broken)))).exchanges
    assert (told.outcome, told.answer) == (Outcome.REJECTED, "")
    assert told.user


async def test_a_secret_that_a_model_repeats_is_blotted_out() -> None:
    log.hide([MODEL_KEY])
    said = {"recommendations": [{"artist": "Slint"}], "seen": MODEL_KEY, "api_key": "sk-abcdefgh12345678"}
    answer = json.dumps(said)
    (told,) = (await ask(chain_of(link(ScriptedModel("a", answer))))).exchanges
    assert "Slint" in told.answer
    assert MODEL_KEY not in told.answer and "sk-abcdefgh12345678" not in told.answer


def test_a_long_text_is_cut_and_says_so_and_no_character_is_halved() -> None:
    told = readable("é" * MOST_TOLD + "\0")
    kept, _, rest = told.partition("\n")
    assert len(kept.encode()) == MOST_TOLD and set(kept) == {"é"}
    assert rest == f"… and {MOST_TOLD:,} bytes more"


def test_half_a_surrogate_and_a_nul_do_no_harm() -> None:
    assert readable("a\0b\ud800c") == "ab?c"
