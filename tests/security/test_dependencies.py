"""What is installed is what was reviewed, from wherever it comes, under licences that go with ours."""

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))

# Ours is MIT: these may stand beside it, the first without a condition, the rest as unchanged libraries.
PERMISSIVE = (
    "MIT", "BSD", "Apache", "PSF", "Python Software Foundation", "ISC", "Zlib", "Unlicense", "CC0", "0BSD",
)  # fmt: skip
UNCHANGED = ("MPL", "Mozilla Public", "LGPL", "Lesser General Public")
KNOWN = {
    # Their metadata names no licence; their files do.
    "py4j": "BSD", "pyspark": "Apache",
    # Brings axe-core along, unchanged, under MPL 2.0; for the tests alone, and no part of what we ship.
    "axe-playwright-python": "MIT AND MPL-2.0",
}  # fmt: skip
BACKDOORED = {"mistralai", "litellm"}


def pinned(file: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Name, version, hashes of every requirement."""
    joined = file.read_text().replace("\\\n", " ")
    for line in joined.splitlines():
        if line.strip() and not line.startswith("#"):
            found = re.match(r"([A-Za-z0-9._-]+)(?:\[[\w,-]+\])?==(\S+)", line)
            assert found, f"{file.name}: {line[:80]}"
            yield found[1].lower(), found[2], re.findall(r"--hash=(\w+):([0-9a-f]+)", line)


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_is_pinned_by_version_and_hash(file: Path):
    requirements = list(pinned(file))
    assert requirements
    for name, version, hashes in requirements:
        assert version[0].isdigit(), name
        assert hashes and all(kind == "sha256" and len(value) == 64 for kind, value in hashes), name


def test_what_is_tested_is_what_is_installed():
    """One package may have two versions, for two versions of Python; never another one in another file."""
    versions: dict[str, dict[str, set[str]]] = {}
    for file in REQUIREMENTS:
        for name, version, _ in pinned(file):
            versions.setdefault(name, {}).setdefault(file.name, set()).add(version)
    for name, by_file in versions.items():
        assert len({tuple(sorted(found)) for found in by_file.values()}) == 1, name


def test_no_file_says_where_packages_come_from():
    """That is the affair of whoever installs; a pinned hash is good from anywhere."""
    word = re.compile(r"--(?:extra-)?index-url|--find-links|--trusted-host|^-[if] ", re.MULTILINE)
    files = [*REQUIREMENTS, ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / ".ci/run"]
    assert [file.name for file in files if word.search(file.read_text())] == []


def test_what_is_known_to_have_been_backdoored_is_not_among_them():
    assert not {name for file in REQUIREMENTS for name, _, _ in pinned(file)} & BACKDOORED


def installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def licence_of(found: Distribution) -> str:
    """What its metadata says, in whichever of three places."""
    about = found.metadata.json
    said = [about.get("license_expression"), str(about.get("license", ""))[:200], about.get("classifier")]
    return " | ".join(map(str, filter(None, said)))


def test_every_licence_goes_with_ours():
    odd: dict[str, str] = {}
    for file in REQUIREMENTS:
        for name, _, _ in pinned(file):
            # What is for another platform is not here; another platform's run of this test looks at it.
            found = installed(name)
            if found is None and name not in KNOWN:
                continue
            licence = KNOWN.get(name) or licence_of(found)  # type: ignore[arg-type]
            if not any(word in licence for word in (*PERMISSIVE, *UNCHANGED)):
                odd[name] = licence
    assert odd == {}
