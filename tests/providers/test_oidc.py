"""The OpenID provider's adapter, against one that signs for real."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr, ValidationError
from pytest_httpserver import HTTPServer

from brainarr.domain.people import Identity
from brainarr.errors import ProviderError, ProviderRejected, ProviderUnavailable, UnreadableAnswer
from brainarr.providers.oidc import OpenId, OpenIdSettings
from brainarr.providers.oidc.adapter import KEPT
from tests.planted import CLIENT_SECRET, found_in
from tests.providers.issuer import CLIENT_ID, Issuer, signed_with_public_key, tampered, unsigned
from tests.store.given import NOW, StandingClock

pytestmark = pytest.mark.loopback
BACK = "http://brainarr:8690/sign-in/oidc/callback"


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def issuer(httpserver: HTTPServer) -> Issuer:
    return Issuer(httpserver, NOW)


def adapter(issuer: Issuer, clock: StandingClock, **changes: Any) -> OpenId:
    given = {"client_id": CLIENT_ID, "client_secret": SecretStr(CLIENT_SECRET), "name": "Home"} | changes
    return OpenId(OpenIdSettings(issuer=issuer.address, **given), clock)


async def whoever_signs_in(openid: OpenId, issuer: Issuer) -> Identity:
    departure = await openid.depart(BACK)
    return await openid.arrive(departure, issuer.authorize(departure.address), BACK)


async def test_somebody_who_signs_in_there_is_known_here(issuer: Issuer, clock: StandingClock):
    openid = adapter(issuer, clock)
    assert await whoever_signs_in(openid, issuer) == Identity(
        issuer.address, "user-7", "anna", frozenset({"family"})
    )
    assert "answers as" in await openid.check()


async def test_every_journey_has_secrets_of_its_own_and_shows_none_but_the_state(
    issuer: Issuer, clock: StandingClock
):
    openid = adapter(issuer, clock, scopes=("openid", "groups"))
    one, other = await openid.depart(BACK), await openid.depart(BACK)
    assert len({one.state, one.nonce, one.verifier, other.state, other.nonce, other.verifier}) == 6
    asked = parse_qs(urlsplit(one.address).query)
    assert asked["state"] == [one.state] and asked["redirect_uri"] == [BACK]
    assert asked["scope"] == ["openid groups"]
    assert one.verifier not in one.address and CLIENT_SECRET not in one.address


async def test_documents_and_keys_are_asked_for_once_an_hour(issuer: Issuer, clock: StandingClock):
    openid = adapter(issuer, clock)
    await whoever_signs_in(openid, issuer)
    await whoever_signs_in(openid, issuer)
    assert issuer.asked == ["discovery", "token", "keys", "token"]
    clock.now += KEPT
    issuer.now = clock.now
    await whoever_signs_in(openid, issuer)
    assert issuer.asked[4:] == ["discovery", "token", "keys"]


@pytest.mark.parametrize("curve", [False, True])
async def test_a_key_that_was_changed_is_asked_for_once(issuer: Issuer, clock: StandingClock, curve: bool):
    openid = adapter(issuer, clock)
    await whoever_signs_in(openid, issuer)
    clock.advance(minutes=2)
    issuer.new_key("second", curve=curve)
    assert (await whoever_signs_in(openid, issuer)).subject == "user-7"
    # A key that it does not show is asked for once a minute at most, however many tokens name it.
    issuer.new_key("third")
    issuer.shown = []
    before = issuer.asked.count("keys")
    for _ in range(3):
        with pytest.raises(ProviderRejected):
            await whoever_signs_in(openid, issuer)
    assert issuer.asked.count("keys") == before


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"nonce": "of another sign-in"}, "another sign-in"),
        ({"nonce": None}, "another sign-in"),
        ({"aud": "another-app"}, "another application"),
        ({"aud": ["another-app"]}, "another application"),
        ({"aud": [CLIENT_ID, "another-app"]}, "another application"),
        ({"aud": [CLIENT_ID, "another-app"], "azp": "another-app"}, "another application"),
        ({"azp": "another-app"}, "another application"),
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"exp": NOW.timestamp() - 61}, "too old"),
        ({"exp": None}, "how long it holds"),
        ({"exp": "2099"}, "how long it holds"),
        ({"iat": None}, "how long it holds"),
        ({"iat": NOW.timestamp() + 61}, "from the future"),
        ({"nbf": NOW.timestamp() + 61}, "from the future"),
        ({"sub": None}, "names nobody"),
        ({"sub": ""}, "names nobody"),
        ({"sub": 7}, "names nobody"),
        ({"sub": "x" * 256}, "names nobody"),
    ],
)
async def test_a_token_that_does_not_fit_is_refused_in_words(
    issuer: Issuer, clock: StandingClock, claims: dict[str, Any], said: str
):
    issuer.claims |= claims
    with pytest.raises(ProviderRejected, match=said):
        await whoever_signs_in(adapter(issuer, clock), issuer)


@pytest.mark.parametrize(
    "claims",
    [{"aud": [CLIENT_ID]}, {"aud": [CLIENT_ID, "x"], "azp": CLIENT_ID}, {"exp": NOW.timestamp() - 59}],
)
async def test_a_token_for_us_among_others_fits_and_clocks_may_be_a_minute_apart(
    issuer: Issuer, clock: StandingClock, claims: dict[str, Any]
):
    issuer.claims |= claims
    assert (await whoever_signs_in(adapter(issuer, clock), issuer)).subject == "user-7"


async def test_a_token_that_nobody_signed_or_anybody_could_is_refused(issuer: Issuer, clock: StandingClock):
    forgeries: list[Callable[[dict[str, Any]], str]] = [
        unsigned,
        signed_with_public_key(issuer),
        tampered(issuer),
        lambda _: "no.token",
        lambda _: "x" * 70_000,
    ]
    for forge in forgeries:
        issuer.sign = forge
        with pytest.raises(ProviderRejected, match="cannot be believed"):
            await whoever_signs_in(adapter(issuer, clock), issuer)
    # A key that is for something else signs nothing.
    issuer.sign = issuer.sign_well
    issuer.shown[0]["use"] = "enc"
    with pytest.raises(ProviderRejected, match="does not show"):
        await whoever_signs_in(adapter(issuer, clock), issuer)


async def test_a_code_that_was_used_or_belongs_to_another_journey_is_refused(
    issuer: Issuer, clock: StandingClock
):
    openid = adapter(issuer, clock)
    one, other = await openid.depart(BACK), await openid.depart(BACK)
    code = issuer.authorize(one.address)
    with pytest.raises(ProviderError):
        await openid.arrive(other, code, BACK)
    code = issuer.authorize(one.address)
    await openid.arrive(one, code, BACK)
    with pytest.raises(ProviderError):
        await openid.arrive(one, code, BACK)


async def test_an_answer_that_names_another_provider_is_refused_before_the_code_goes_out(
    issuer: Issuer, clock: StandingClock
):
    openid = adapter(issuer, clock)
    departure = await openid.depart(BACK)
    with pytest.raises(ProviderRejected, match="another provider"):
        await openid.arrive(departure, issuer.authorize(departure.address), BACK, "https://evil.example")
    assert "token" not in issuer.asked


async def test_the_secret_goes_the_way_the_provider_takes_it_and_is_never_shown(
    issuer: Issuer, clock: StandingClock, capsys: pytest.CaptureFixture[str]
):
    issuer.discovery = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert (await whoever_signs_in(adapter(issuer, clock), issuer)).name == "anna"
    issuer.discovery = {}
    wrong = adapter(issuer, clock, client_id="somebody-else")
    departure = await wrong.depart(BACK)
    with pytest.raises(ProviderRejected) as refused:
        await wrong.arrive(departure, "code", BACK)
    assert not found_in(str(refused.value), [CLIENT_SECRET])
    issuer.public_client = True
    assert (await whoever_signs_in(adapter(issuer, clock, client_secret=None), issuer)).name == "anna"


async def test_what_the_token_does_not_tell_is_asked_for(issuer: Issuer, clock: StandingClock):
    issuer.claims = {}
    issuer.told = {"sub": "user-7", "preferred_username": "Änne\n", "groups": ["a", 7, "b" * 300]}
    known = await whoever_signs_in(adapter(issuer, clock), issuer)
    assert (known.name, known.groups) == ("Änne", frozenset({"a"}))
    issuer.told = {"sub": "somebody else", "groups": ["admins"]}
    with pytest.raises(ProviderRejected, match="somebody else"):
        await whoever_signs_in(adapter(issuer, clock), issuer)


async def test_without_a_name_they_are_called_by_what_there_is(issuer: Issuer, clock: StandingClock):
    issuer.claims = {"email": "anna@example.org", "roles": "family"}
    known = await whoever_signs_in(adapter(issuer, clock, groups_claim="roles"), issuer)
    assert (known.name, known.groups) == ("anna@example.org", frozenset({"family"}))


@pytest.mark.parametrize(
    ("discovery", "error", "said"),
    [
        ({"issuer": "https://evil.example"}, ProviderRejected, "calls itself"),
        ({"token_endpoint": "ftp://evil.example"}, UnreadableAnswer, "cannot be used"),
        ({"authorization_endpoint": "javascript:alert(1)"}, UnreadableAnswer, "cannot be used"),
        ({"jwks_uri": 7}, UnreadableAnswer, "unexpected shape"),
        ({"jwks_uri": "http://169.254.169.254/latest"}, ProviderRejected, "169.254"),
    ],
)
async def test_a_document_that_makes_no_sense_is_refused(
    issuer: Issuer, clock: StandingClock, discovery: dict[str, Any], error: type[Exception], said: str
):
    issuer.discovery = discovery
    with pytest.raises(error, match=said):
        await adapter(issuer, clock).check()


async def test_one_that_is_away_is_reported_as_away(clock: StandingClock):
    gone = OpenId(OpenIdSettings(issuer="http://127.0.0.1:9", client_id=CLIENT_ID), clock)
    with pytest.raises(ProviderUnavailable):
        await gone.depart(BACK)


def test_scopes_always_have_openid_among_them():
    with pytest.raises(ValidationError, match="openid"):
        OpenIdSettings(issuer="https://auth.example.org", client_id="x", scopes=("profile",))
