"""Unusable settings: every fault at once, each with key, value and what is allowed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from brainarr.errors import ConfigurationError
from brainarr.settings.folder import config_folder
from tests.settings.conftest import Read

Faults = Callable[..., dict[str, str]]


def test_all_faults_are_reported_at_once_each_with_value_place_and_what_is_allowed(faults: Faults):
    found = faults(
        "house:\n  port: 70000\nlidarr:\n  url: lidarr\n  timeout: 0\n",
        {"BRAINARR__TOKENS": "12"},
    )
    assert found == {
        "house.port": "house.port: 70000 (config.yaml, line 2) is not usable; "
        "allowed: a whole number from 1 to 65535",
        "lidarr.url": "lidarr.url: lidarr (config.yaml, line 4) is not usable; "
        "allowed: an address such as http://lidarr:8686 or https://example.org/base",
        "lidarr.timeout": "lidarr.timeout: 0 (config.yaml, line 5) is not usable; allowed: a number above 0",
        "tokens": "tokens: 12 (BRAINARR__TOKENS) is not usable; "
        "allowed: a whole number of at least 200 or null",
    }


@pytest.mark.parametrize("number", ["nan", "NaN", ".nan", "inf", "-inf", "1e999", "abc", "[1]"])
def test_what_is_no_finite_number_is_refused(faults: Faults, number: str):
    assert "lidarr.timeout" in "".join(faults(f"lidarr: {{timeout: {number}}}"))


def test_an_unknown_key_is_refused_with_the_nearest_known_one(faults: Faults):
    found = faults("house: {prot: 1}\nlidar: {url: x}\n", {"BRAINARR__LIDARR__APIKEY": "x"})
    assert "house.port" in found["house.prot"]
    assert "is lidarr" in found["lidar"]
    assert "lidarr.api_key" in found["lidarr.apikey"]


def test_a_known_key_in_the_wrong_section_is_found(faults: Faults):
    assert "is house.port" in faults("port: 1")["port"]


def test_an_unknown_key_of_a_list_entry_names_that_entrys_key(faults: Faults):
    chain = "chain: [{name: a, kind: openai}, {name: b, kind: openai, apikey: x}]"
    assert "chain.1.api_key" in faults(chain)["chain.1.apikey"]


def test_no_fault_shows_a_secret(faults: Faults):
    secret = "sk-0123456789abcdefghij"
    found = faults(
        f"house: {{api_key: [{secret}]}}\n"
        f"lidarr: {{apikye: {secret}, token: {secret}, url: 'http://me:{secret}@host'}}\n"
        f"chain: [{{kind: nonsense, api_key: {secret}}}]\n"
    )
    assert {"lidarr.apikye", "lidarr.token", "lidarr.url", "chain.0.name", "chain.0.kind"} < set(found)
    assert secret not in "".join(found.values())


def test_a_choice_names_its_choices(faults: Faults):
    assert "allowed: builtin, ollama or openai" in faults("chain: [{name: a, kind: gpt}]")["chain.0.kind"]


def test_a_missing_key_is_said_to_be_missing(faults: Faults):
    assert "chain.0.name: nothing" in faults("chain: [{kind: openai}]")["chain.0.name"]


@pytest.mark.parametrize("chain", ["chain: []", "chain:", "chain: {}", "chain: builtin"])
def test_an_explicitly_empty_list_is_a_fault(faults: Faults, chain: str):
    assert "a list with at least one entry" in faults(chain)["chain"]


def test_a_gap_in_the_numbers_of_a_list_is_a_fault(faults: Faults):
    found = faults(None, {"BRAINARR__CHAIN__0__NAME": "a", "BRAINARR__CHAIN__3__NAME": "b"})
    assert "entries 0, 3" in found["chain"]


def test_a_fault_in_the_database_says_where_it_is(faults: Faults):
    assert "(the database)" in faults(None, {}, {"house.port": 0})["house.port"]


def test_a_key_given_twice_is_a_fault(faults: Faults):
    assert "config.yaml, line 3" in faults("house:\n  port: 1\n  port: 2\n")["house.port"]


@pytest.mark.parametrize(
    ("yaml", "where"),
    [
        ("lidarr: {url: [", "line 1, column 16"),
        ("house:\n  port: 1\n motto: x\n", "line 3, column 2"),
        ("a: &loop [*loop]", "aliases are not read here"),
        ("house: " + "[" * 40 + "]" * 40, "nested too deeply"),
        ("- just\n- a list\n", "one section per line"),
        ("just text", "one section per line"),
        ("house:\n\x07", "U+0007 in line 2"),
        ("one: 1\n---\ntwo: 2\n", "line 2, column 1"),
    ],
)
def test_bad_yaml_is_refused_with_line_and_column(faults: Faults, yaml: str, where: str):
    assert where in faults(yaml)["config.yaml"]


def test_a_file_that_is_not_text_is_refused_with_its_line(read: Read, tmp_path: Path):
    (tmp_path / "config.yaml").write_bytes(b"house:\n  motto: \xff\xfe\n")
    with pytest.raises(ConfigurationError, match="line 2"):
        read()


def test_a_configuration_file_that_is_a_folder_is_a_fault_and_no_crash(read: Read, tmp_path: Path):
    (tmp_path / "config.yaml").mkdir()
    with pytest.raises(ConfigurationError, match=r"config\.yaml"):
        read()


def test_a_secret_is_read_from_a_file(read: Read, tmp_path: Path):
    (tmp_path / "key.txt").write_text("sesame\n")
    loaded = read("chain: [{name: a, kind: openai}]", {"BRAINARR__CHAIN__0__API_KEY_FILE": "key.txt"})
    assert loaded.values.chain[0].api_key == "sesame"
    assert loaded.secrets == {"sesame"}


def test_a_secret_file_that_cannot_be_used_is_a_fault(faults: Faults, tmp_path: Path):
    (tmp_path / "empty").touch()
    (tmp_path / "binary").write_bytes(b"\xff")
    for name in ("missing", "empty", "binary", "."):
        found = faults(None, {"BRAINARR__LIDARR__API_KEY_FILE": name})
        assert "a readable file that holds the secret" in found["BRAINARR__LIDARR__API_KEY_FILE"]


def test_a_secret_given_directly_and_as_a_file_is_a_fault(faults: Faults, tmp_path: Path):
    (tmp_path / "key").write_text("sesame")
    environ = {"BRAINARR__LIDARR__API_KEY": "x", "BRAINARR__LIDARR__API_KEY_FILE": "key"}
    assert "twice" in faults(None, environ)["BRAINARR__LIDARR__API_KEY_FILE"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "lidarr",
        "lidarr:8686",
        "ftp://x",
        "http://",
        "http://:80",
        "http://x:0",
        "http://x:99999",
        "http://a b",
        "http://me:pw@x",
        "http://x/?apikey=1",
        "http://x/#a",
        "http://[::1",
        "http://x/\\y",
        "file:///etc/passwd",
    ],
)
def test_malformed_addresses_are_refused(faults: Faults, url: str):
    assert "lidarr.url" in faults(None, {}, {"lidarr.url": url})


@pytest.mark.parametrize(
    "url", ["http://lidarr:8686", "https://x/base/", "http://[::1]:80/a", "http://10.0.0.1"]
)
def test_well_formed_addresses_are_taken(read: Read, url: str):
    assert read(None, {"BRAINARR__LIDARR__URL": url}).values.lidarr.url == url


def test_the_folder_is_the_one_chosen_else_named_else_the_containers_else_the_platforms(tmp_path: Path):
    container, chosen = tmp_path / "config", tmp_path / "chosen"
    container.mkdir()
    environ = {"BRAINARR_CONFIG": str(tmp_path / "named")}
    assert config_folder(chosen, environ, container=container) == chosen
    assert config_folder(None, environ, container=container) == tmp_path / "named"
    assert config_folder(None, {}, container=container) == container
    assert config_folder(None, {}, container=tmp_path / "absent").name == "brainarr"


def test_a_folder_that_is_a_file_is_a_fault(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="--config"):
        config_folder(tmp_path / "file", {})
