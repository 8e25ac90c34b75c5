"""Doctor: all at once, each bounded, and only what needs the user counts as failed."""

import asyncio
import os
from pathlib import Path

from brainarr.errors import BrainarrError, ProviderRejected, ProviderUnavailable
from brainarr.service.doctor import Check, Finding, Health, examine, folder_check, needs_user


def fails(error: BrainarrError, **options: bool) -> Check:
    async def probe() -> str:
        raise error

    return Check("deezer", "similarity", probe, remedy="Look at its page.", **options)


async def answers() -> str:
    return "answers"


async def test_what_works_says_so():
    assert await examine([Check("lidarr", "library", answers)]) == (
        Finding("lidarr", "library", Health.OK, "answers"),
    )


async def test_the_checks_run_at_the_same_time():
    both = asyncio.Barrier(2)

    async def meet() -> str:
        await both.wait()
        return "met"

    findings = await examine([Check("one", "", meet), Check("two", "", meet)])
    assert [finding.detail for finding in findings] == ["met", "met"]


async def test_a_check_that_hangs_is_given_up_and_holds_up_nobody():
    async def hang() -> str:
        await asyncio.Event().wait()
        return "never"

    hung, fine = await examine([Check("a", "", hang), Check("b", "", answers)], patience=0.05)
    assert (hung.health, fine.health) == (Health.FAILED, Health.OK)
    assert "no answer" in hung.detail


async def test_an_outage_of_what_brainarr_can_do_without_is_only_noted():
    away = ProviderUnavailable("deezer", "is away.")
    findings = await examine([fails(away, needed=False)])
    assert findings[0].health is Health.NOTE
    assert not needs_user(findings)
    assert needs_user(await examine([fails(away)]))


async def test_a_refusal_needs_the_user_even_where_brainarr_can_do_without():
    refused = ProviderRejected("deezer", "refuses the key.", remedy="Correct the key.")
    (finding,) = await examine([fails(refused, needed=False)])
    assert (finding.health, finding.detail, finding.remedy) == (
        Health.FAILED,
        "refuses the key.",
        "Correct the key.",
    )


async def test_a_failure_without_a_remedy_gets_the_checks_own():
    (finding,) = await examine([fails(ProviderUnavailable("deezer", "is away."))])
    assert finding.remedy == "Look at its page."


async def test_what_is_known_already_stays_in_its_place():
    known = Finding("lidarr", "library", Health.FAILED, "is not configured", "Set lidarr.url.")
    assert (await examine([known, Check("b", "", answers)]))[0] is known


async def test_the_folder_is_fine_when_it_can_be_written_and_left_as_it_was(tmp_path: Path):
    (finding,) = await examine([folder_check(tmp_path)])
    assert finding.health is Health.OK
    assert "free" in finding.detail
    assert os.listdir(tmp_path) == []


async def test_a_folder_that_cannot_be_written_needs_the_user(tmp_path: Path):
    (tmp_path / "file").touch()
    (finding,) = await examine([folder_check(tmp_path / "file")])
    assert finding.health is Health.FAILED
    assert "write permission" in finding.remedy


async def test_a_folder_that_does_not_exist_yet_is_not_made(tmp_path: Path):
    (finding,) = await examine([folder_check(tmp_path / "new")])
    assert finding.health is Health.OK
    assert not (tmp_path / "new").exists()
