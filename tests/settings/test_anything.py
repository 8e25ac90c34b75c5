"""Whatever stands in the file or the environment: settings, or faults; never a crash."""

import tempfile
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from brainarr.errors import ConfigurationError
from brainarr.settings.load import load
from tests.settings.conftest import Small

KEYS = [
    "house",
    "port",
    "motto",
    "api_key",
    "lidarr",
    "url",
    "timeout",
    "chain",
    "name",
    "kind",
    "urls",
    "tokens",
]
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
keys = st.sampled_from(KEYS) | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
segments = st.sampled_from([*KEYS, "0", "1", "7", "FILE", "", "_"]) | st.text("ABC_0é", max_size=5)
names = st.lists(segments, min_size=1, max_size=4).map(lambda parts: "BRAINARR__" + "__".join(parts))
texts = st.text(st.characters(exclude_characters="\0"), max_size=30)


def settings_or_faults(raw: bytes, environ: dict[str, str], database: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.yaml").write_bytes(raw)
        try:
            loaded = load(Small, Path(folder), environ, database)
        except ConfigurationError as error:
            assert error.faults
            assert all(fault.key and fault.given and fault.allowed for fault in error.faults)
            assert all(str(fault).isprintable() for fault in error.faults)
        else:
            assert 1 <= loaded.values.house.port <= 65535
            assert loaded.values.chain


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode(errors="surrogatepass")))
@example(b"chain: !!python/object:os.system [x]")
@example(b"? {a: b}\n: c")
@example(b"house: !!int x")
@example(b"{{}}: 1")
@example(b"\xef\xbb\xbfhouse: {port: 1}")
def test_any_bytes_in_the_file(raw: bytes):
    settings_or_faults(raw, {}, {})


@given(st.dictionaries(keys, values, max_size=5))
def test_any_structure_in_the_file(tree: dict[str, object]):
    import yaml

    settings_or_faults(yaml.safe_dump(tree, allow_unicode=True).encode(), {}, {})


@given(st.dictionaries(names, texts, max_size=5))
@example({"BRAINARR__": "x"})
@example({"BRAINARR____FILE": "x"})
@example({"BRAINARR__CHAIN": "a: b: c"})
@example({"BRAINARR__CHAIN__0": "x", "BRAINARR__CHAIN__0__NAME": "x", "BRAINARR__CHAIN__X": "x"})
def test_anything_in_the_environment(environ: dict[str, str]):
    settings_or_faults(b"house: {port: 9}\nchain: [{name: a, kind: openai}]", environ, {})


@given(st.dictionaries(keys | st.just("house.port") | st.just("chain.0.name"), values, max_size=4))
def test_anything_in_the_database(database: dict[str, object]):
    settings_or_faults(b"", {}, database)
