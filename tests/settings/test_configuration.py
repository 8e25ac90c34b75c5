"""The real sections: what DESIGN fixes, what is refused, and that nothing is silently ignored."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from brainarr.domain.learning import FacetWeights
from brainarr.domain.money import Limits
from brainarr.domain.recommendation import NO_CAPS, Caps, Target, Wording
from brainarr.domain.schedule import Interval, parse_schedule
from brainarr.errors import ConfigurationError
from brainarr.wiring.configuration import Settings, load_settings
from tests.planted import CLIENT_SECRET

# docs/settings.md and DESIGN §6 promise these keys and defaults.
EVERYTHING = """
server: {host: 127.0.0.1, port: 8690, url_base: "", external_url: null}
database: {url: "sqlite:///brainarr.db"}
redis: {url: null}
lidarr: {url: null, api_key: null, verify_tls: true, timeout: 60}
musicbrainz: {base_url: "https://musicbrainz.org/ws/2", contact: null, requests_per_second: 1.0}
listenbrainz: {base_url: "https://api.listenbrainz.org", labs_url: "https://labs.api.listenbrainz.org",
  token: null, user: null, enabled: true}
deezer: {base_url: "https://api.deezer.com", enabled: true}
lastfm: {base_url: "https://ws.audioscrobbler.com/2.0/", api_key: null, user: null}
coverart: {base_url: "https://coverartarchive.org"}
itunes: {base_url: "https://itunes.apple.com"}
provider_chain: [{name: builtin, kind: builtin}]
recommend: {max_recommendations: 20, minimum_confidence_score: 0.3, target: albums, discovery: adjacent,
  strategy: failover, approval: review, compression: auto, prompt_tokens: null, schedule: "weekly"}
costs: {monthly_budget: null, run_budget: null, cost_alert_threshold: null}
notifications: {urls: []}
"""


def read(folder: Path, yaml: str = "", environ: Mapping[str, str] | None = None) -> Settings:
    (folder / "config.yaml").write_text(yaml)
    return load_settings(folder, environ or {}).values


def faults(folder: Path, yaml: str) -> dict[str, str]:
    with pytest.raises(ConfigurationError) as caught:
        read(folder, yaml)
    return {fault.key: fault.allowed for fault in caught.value.faults}


def test_the_defaults_are_those_that_the_documentation_promises(tmp_path: Path):
    assert read(tmp_path, EVERYTHING) == Settings()


def test_a_chain_of_models_is_read_in_order(tmp_path: Path):
    yaml = """
    provider_chain:
      - {name: home, kind: ollama, base_url: "http://127.0.0.1:11434", model: "qwen3:8b"}
      - {name: cloud, kind: openai, model: "gpt-5-mini"}
    """
    chain = read(tmp_path, yaml, {"BRAINARR__PROVIDER_CHAIN__1__API_KEY": "sk-x"}).provider_chain
    assert [(entry.name, entry.kind, entry.model) for entry in chain] == [
        ("home", "ollama", "qwen3:8b"),
        ("cloud", "openai", "gpt-5-mini"),
    ]
    assert chain[1].api_key and chain[1].api_key.get_secret_value() == "sk-x"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("recommend.max_recommendations", value) for value in ("0", "101", "2.5", "many")),
        *(("recommend.minimum_confidence_score", value) for value in ("-0.1", "1.1", "nan", "inf")),
        *(("recommend.prompt_tokens", value) for value in ("199", "0", "-1")),
        *(("recommend.schedule", value) for value in ("sometimes", "0h", "6 weeks ago", "99999h")),
        ("recommend.target", "songs"),
        ("recommend.discovery", "far"),
        ("recommend.strategy", "all"),
        ("recommend.approval", "never"),
        ("recommend.compression", "zip"),
        *(("server.port", value) for value in ("0", "65536", "-1")),
        *(("server.url_base", value) for value in ("/a b", "/../x", "'/a?b'", "http://x")),
        ("server.external_url", "brainarr:8690"),
        ("server.host", "a b"),
        ("server.api_key", '"two words"'),
        ("auth.method", "basic"),
        ("auth.required", "never"),
        ("auth.session_days", "0"),
        ("auth.user_header", '"Remote User"'),
        ("lidarr.url", "lidarr:8686"),
        ("lidarr.timeout", "0"),
        ("musicbrainz.requests_per_second", "0"),
        ("musicbrainz.requests_per_second", "1.5"),
        ("musicbrainz.base_url", "musicbrainz"),
        ("coverart.base_url", "nowhere"),
        ("itunes.base_url", "nowhere"),
        ("similarity.path", '"a\\0b"'),
        ("similarity.path", '"  "'),
        ("database.url", "mysql://brainarr:pw@db/brainarr"),
        ("redis.url", "http://redis:6379"),
        ("database.url", "mysql"),
        ("costs.monthly_budget", "-1"),
        ("costs.monthly_budget", "nan"),
        ("costs.run_budget", "-1"),
        ("costs.cost_alert_threshold", "0"),
        ("notifications.urls", "ntfy://topic"),
        ("provider_chain", "[]"),
        ("provider_chain", "[{name: a, kind: builtin}, {name: a, kind: ollama}]"),
        ("provider_chain", "[{name: deezer, kind: builtin}]"),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_name(tmp_path: Path, key: str, value: str):
    section, _, inner = key.partition(".")
    found = faults(tmp_path, f"{section}: {{{inner}: {value}}}" if inner else f"{section}: {value}")
    assert list(found) == [key]
    assert found[key]


def test_a_reverse_proxy_that_signs_people_in_must_be_named(tmp_path: Path):
    found = faults(tmp_path, "auth: {method: external}")
    assert list(found) == ["auth.trusted_proxies"]
    assert "anybody" in found["auth.trusted_proxies"]
    entrance = read(tmp_path, "auth: {method: external, trusted_proxies: [172.18.0.7/16]}").auth.entrance(
        None
    )
    assert [str(network) for network in entrance.proxies] == ["172.18.0.0/16"]


@pytest.mark.parametrize("value", ["proxy", "1.2.3.4/33", "0.0.0.0/0", "'::/0'"])
def test_a_trusted_proxy_is_an_address_or_a_network_and_never_everybody(tmp_path: Path, value: str):
    assert list(faults(tmp_path, f"auth: {{trusted_proxies: [{value}]}}")) == ["auth.trusted_proxies.0"]


def test_an_openid_provider_needs_its_address_and_our_name_there(tmp_path: Path):
    found = faults(tmp_path, "auth: {oidc: {issuer: auth.example.org, scopes: [profile]}}")
    assert set(found) == {"auth.oidc.issuer", "auth.oidc.client_id", "auth.oidc.scopes"}


def test_the_secret_of_an_openid_provider_is_one(tmp_path: Path):
    yaml = f"auth: {{oidc: {{issuer: 'https://a.example', client_id: x, client_secret: {CLIENT_SECRET}}}}}"
    (tmp_path / "config.yaml").write_text(yaml)
    loaded = load_settings(tmp_path, {})
    assert CLIENT_SECRET in loaded.secrets
    assert CLIENT_SECRET not in repr(loaded.values)


def test_what_would_have_no_effect_is_refused_instead_of_ignored(tmp_path: Path):
    assert len(faults(tmp_path, "lastfm: {user: me}")) == 1


def test_a_mirror_of_musicbrainz_may_be_asked_faster(tmp_path: Path):
    yaml = "musicbrainz: {base_url: 'http://mirror:5000/ws/2', requests_per_second: 20}"
    assert read(tmp_path, yaml).musicbrainz.requests_per_second == 20


def test_a_key_of_the_chain_with_a_typo_names_the_right_one(tmp_path: Path):
    found = faults(tmp_path, "provider_chain: [{name: a, kind: ollama, modell: x}]")
    assert "provider_chain.0.model" in found["provider_chain.0.modell"]


@pytest.mark.parametrize("given", ["brainarr", "/brainarr", "/brainarr/", "brainarr/"])
def test_the_url_base_is_taken_with_or_without_slashes(tmp_path: Path, given: str):
    assert read(tmp_path, f"server: {{url_base: {given}}}").server.url_base == "/brainarr"


def test_the_run_gets_what_was_configured(tmp_path: Path):
    yaml = "recommend: {max_recommendations: 7, minimum_confidence_score: 0, target: mixed, schedule: 6h}"
    recommend = read(tmp_path, yaml).recommend
    options = recommend.options
    assert (options.max_recommendations, options.minimum_confidence, options.target) == (7, 0, Target.MIXED)
    assert parse_schedule(recommend.schedule) == Interval(timedelta(hours=6))


def test_no_automatic_runs_when_the_schedule_is_off(tmp_path: Path):
    # YAML 1.1 would read "off" as false.
    settings = read(tmp_path, "{recommend: {schedule: off}, schedules: {library: off}}")
    assert parse_schedule(settings.recommend.schedule) is None
    assert parse_schedule(settings.schedules.library) is None


@pytest.mark.parametrize(
    ("expression", "field"),
    [
        ("61 * * * *", "minute"),
        ("0 24 * * *", "hour"),
        ("0 0 32 * *", "day-of-month"),
        ("0 0 30 2 *", "day-of-month"),
        ("0 0 * 13 *", "month"),
        ("0 0 * * FUN", "day-of-week"),
    ],
)
def test_a_cron_expression_that_is_wrong_names_the_field(tmp_path: Path, expression: str, field: str):
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, f"schedules: {{clean_up: '{expression}'}}")
    (fault,) = caught.value.faults
    assert fault.key == "schedules.clean_up" and expression in fault.given
    assert f"as the {field}, " in fault.allowed


def test_somebody_must_work(tmp_path: Path):
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, "jobs: {embedded: false}")
    (fault,) = caught.value.faults
    assert fault.key.startswith("jobs") and "redis.url" in fault.allowed
    assert not read(tmp_path, "{jobs: {embedded: false}, redis: {url: 'redis://r'}}").jobs.embedded


def test_the_budget_is_kept_in_micro_dollars(tmp_path: Path):
    assert read(tmp_path, "costs: {monthly_budget: 2.5, run_budget: 0.1}").costs.limits == Limits(
        2_500_000, 100_000
    )
    assert read(tmp_path, "costs: {monthly_budget: 0}").costs.limits == Limits(0, None)
    assert Settings().costs.limits.none
    assert read(tmp_path, "costs: {cost_alert_threshold: 0.0000001}").costs.alert_threshold == 1


@pytest.mark.parametrize(
    "yaml",
    [
        "notifications: {urls: ['hush-hush']}",
        "notifications: {urls: 'discord://1/hush-hush'}",
        "notifications: {url: 'discord://1/hush-hush'}",
    ],
)
def test_an_unusable_notification_address_is_named_and_never_shown(tmp_path: Path, yaml: str):
    (fault,) = faults(tmp_path, yaml).items()
    assert fault[0].startswith("notifications.url")
    assert "hush-hush" not in str(fault)


def test_a_notification_address_is_a_secret_of_the_log_too(tmp_path: Path):
    (tmp_path / "config.yaml").write_text("notifications: {urls: ['discord://1/hush-hush']}")
    loaded = load_settings(tmp_path, {})
    assert loaded.secrets == {"discord://1/hush-hush"}
    assert "hush-hush" not in repr(loaded.values)


def test_the_settings_show_no_secret(tmp_path: Path):
    yaml = "lidarr: {api_key: hush-hush}\nprovider_chain: [{kind: openai, api_key: hush-hush}]"
    assert "hush-hush" not in repr(read(tmp_path, yaml))


def test_the_weights_of_the_score_count_by_their_proportion(tmp_path: Path):
    yaml = "recommend: {score_weights: {genre: 1, era: 0.5, diversity: 0.5, confidence: 0}}"
    assert read(tmp_path, yaml).recommend.options.score_weights == FacetWeights(0.5, 0.25, 0.25, 0.0)
    assert Settings().recommend.options.score_weights == FacetWeights(0.4, 0.2, 0.2, 0.2)
    nothing = "recommend: {score_weights: {genre: 0, era: 0, diversity: 0, confidence: 0}}"
    assert "above 0" in faults(tmp_path, nothing)["recommend.score_weights"]


def test_exploration_is_by_the_size_of_the_batch_unless_it_is_set(tmp_path: Path):
    assert Settings().recommend.options.exploration is None
    assert read(tmp_path, "recommend: {exploration: 0}").recommend.options.exploration == 0
    for outside in (-1, 11):
        assert "recommend.exploration" in faults(tmp_path, f"recommend: {{exploration: {outside}}}")


def test_a_vote_can_only_be_set_for_a_source_that_there_is(tmp_path: Path):
    yaml = "provider_chain: [{name: home, kind: ollama}]\nrecommend: {source_weights: {home: 0.5, deezer: 0}}"
    assert read(tmp_path, yaml).recommend.options.source_weights == {"home": 0.5, "deezer": 0}
    fault = faults(tmp_path, "recommend: {source_weights: {deezr: 1}}")["recommend"]
    assert "there is no source 'deezr'" in fault


def test_caps_calibration_and_wording_reach_the_run(tmp_path: Path):
    caps = "caps: {genre: 0.3, seed: 0.25}"
    yaml = f"recommend: {{calibration: 0.2, {caps}, wording: model, decades_include: [1990]}}"
    options = read(tmp_path, yaml).recommend.options
    assert (options.calibration, options.caps) == (0.2, Caps(genre=0.3, era=None, seed=0.25))
    assert (options.wording, options.decades_include) == (Wording.MODEL, (1990,))
    usual = Settings().recommend.options
    assert (usual.calibration, usual.caps, usual.wording) == (0.0, NO_CAPS, Wording.TEMPLATE)


@pytest.mark.parametrize(
    ("yaml", "key"),
    [
        ("{caps: {genre: 0}}", "recommend.caps.genre"),
        ("{caps: {era: 1.5}}", "recommend.caps.era"),
        ("{calibration: 2}", "recommend.calibration"),
        ("{wording: poem}", "recommend.wording"),
        ("{decades_include: [1995]}", "recommend.decades_include.0"),
    ],
)
def test_an_impossible_choice_is_named_with_what_is_allowed(tmp_path: Path, yaml: str, key: str):
    assert list(faults(tmp_path, f"recommend: {yaml}")) == [key]
