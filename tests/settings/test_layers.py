"""Environment over file over database over default."""

from brainarr.settings.layers import Origin
from tests.settings.conftest import Read


def test_nothing_configured_gives_the_defaults(read: Read):
    loaded = read()
    assert loaded.values.house.port == 8690
    assert [link.kind for link in loaded.values.chain] == ["builtin"]
    assert not loaded.locked("house.port")


def test_the_environment_wins_over_the_file_and_the_file_over_the_database(read: Read):
    loaded = read(
        "house: {port: 2, motto: file}",
        {"BRAINARR__HOUSE__PORT": "1"},
        {"house.port": 3, "house.motto": "database", "tokens": 300},
    )
    assert (loaded.values.house.port, loaded.values.house.motto, loaded.values.tokens) == (1, "file", 300)
    assert loaded.origin("house.port") is Origin.ENVIRONMENT
    assert loaded.origin("house.motto") is Origin.FILE
    assert loaded.origin("tokens") is Origin.DATABASE
    assert loaded.origin("lidarr.url") is Origin.DEFAULT


def test_what_file_or_environment_say_is_locked_and_what_the_app_wrote_is_not(read: Read):
    loaded = read("house: {motto: file}", {"BRAINARR__HOUSE__PORT": "1"}, {"tokens": 300})
    assert loaded.locked("house.port")
    assert loaded.locked("house.motto")
    assert loaded.locked("house")
    assert not loaded.locked("tokens")
    assert not loaded.locked("house.api_key")


def test_one_key_of_a_list_entry_can_come_from_the_environment(read: Read):
    loaded = read(
        "chain:\n  - {name: home, kind: ollama}\n  - {name: cloud, kind: openai}\n",
        {"BRAINARR__CHAIN__1__API_KEY": "sesame"},
    )
    assert [(link.name, link.api_key) for link in loaded.values.chain] == [
        ("home", None),
        ("cloud", "sesame"),
    ]
    assert loaded.locked("chain")


def test_the_environment_can_add_entries_to_a_list(read: Read):
    loaded = read(
        "chain: [{name: home, kind: ollama}]",
        {"BRAINARR__CHAIN__1__NAME": "cloud", "BRAINARR__CHAIN__1__KIND": "openai"},
    )
    assert [link.name for link in loaded.values.chain] == ["home", "cloud"]


def test_a_list_in_the_file_replaces_the_databases_list_whole(read: Read):
    stored = [{"name": "a", "kind": "openai"}, {"name": "b", "kind": "openai"}]
    loaded = read("chain: [{name: home, kind: ollama}]", {}, {"chain": stored})
    assert [link.name for link in loaded.values.chain] == ["home"]
    assert read("", {}, {"chain": stored}).values.chain[1].name == "b"


def test_a_whole_list_fits_into_one_variable(read: Read):
    assert read(None, {"BRAINARR__URLS": '["json://a", "json://b"]'}).values.urls == ("json://a", "json://b")


def test_empty_variables_say_nothing_because_containers_pass_them_along_unset(read: Read):
    assert read("house: {port: 7}", {"BRAINARR__HOUSE__PORT": ""}).values.house.port == 7


def test_null_in_the_environment_unsets_what_the_file_says(read: Read):
    assert read("tokens: 300", {"BRAINARR__TOKENS": "null"}).values.tokens is None


def test_a_section_whose_keys_are_all_commented_out_is_an_empty_section(read: Read):
    assert read("lidarr:\n#  url: http://x\nhouse:\n").values.lidarr.url is None


def test_text_stays_as_it_was_written(read: Read):
    values = read("house: {api_key: 00123, motto: no}\nlidarr: {verify: no, api_key: 1e5}").values
    assert (values.house.api_key, values.house.motto, values.lidarr.api_key) == ("00123", "no", "1e5")
    assert values.lidarr.verify is False


def test_the_secrets_among_the_values_are_known(read: Read):
    loaded = read("house: {api_key: hush}\nurls: ['redis://:quiet@host', 'http://open']", {})
    assert loaded.secrets == {"hush", "quiet"}
