"""The repository's documents as pages of the site: what becomes of which file, of links, of Markdown."""

import html
import re
import struct
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from posixpath import dirname, normpath, relpath

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
AT_THE_ROOT: Mapping[str, str] = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Documents beside the folder of the others → the pages they become."""
BESIDE = ("dashboards", "deploy", "LICENSE")
"""What else in the repository is linked to: it goes along as it is."""

_LINK = re.compile(r"(\]\()(?!https?://|#|mailto:)([^)#\s]+)")
_FILE_NAMED = re.compile(r"\[([\w/-]+\.md)\](\(([^)#\s]+)[^)\s]*\))")
_FENCE = re.compile(r"^(```.*?^```)", re.MULTILINE | re.DOTALL)
_FENCE_WITHIN = re.compile(r"^ {2,3}```.*\n((?:.*\n)*?) {2,3}```$", re.MULTILINE)
_WITHIN = re.compile(r"^ {2,3}(?=\S)", re.MULTILINE)
_UNTICKED = re.compile(r"^(\s*)- \[ \] ", re.MULTILINE)
_PICTURE = re.compile(r'<img alt="([^"]*)" src="([^"]+)"')


def beside(root: Path) -> Iterator[tuple[str, str | Path]]:
    """Where it goes, and the file; of each folder the text of a page that lists it."""
    for file in (file for name in BESIDE for file in (root / name, *sorted((root / name).rglob("*")))):
        src = file.relative_to(root)
        if not _is_shown(src):
            continue
        if file.is_dir():
            entries = [entry for entry in sorted(file.iterdir()) if _is_shown(entry.relative_to(root))]
            links = (f"{entry.name}/index.md" if entry.is_dir() else entry.name for entry in entries)
            lines = (f"- [{entry.name}]({link})" for entry, link in zip(entries, links, strict=True))
            yield f"{src.as_posix()}/index.md", "\n".join((f"# {src}\n", *lines, ""))
        elif file.is_file():
            yield src.as_posix(), file


def _is_shown(src: Path) -> bool:
    """Not what was left there by a run, and no `.env`, which somebody filled in."""
    hidden = any(name.startswith(".") and not name.endswith(".example") for name in src.parts)
    return not hidden and "__pycache__" not in src.parts


def markdown_of_the_site(markdown: str, src: str, titles: Mapping[str, str]) -> str:
    """A document's text as the page `src` must have it. A link whose text is the name of a file gets the
    title of that page, by `titles`."""
    if src.startswith(BESIDE):
        return markdown
    at_home = next((name for name, became in AT_THE_ROOT.items() if became == src), f"docs/{src}")

    def placed(found: re.Match[str]) -> str:
        return found[1] + link_on_site(found[2], at_home, src)

    def named(found: re.Match[str]) -> str:
        title = titles.get(normpath(f"{dirname(src)}/{found[3]}".lstrip("/")), found[1])
        return f"[{title}]{found[2]}"

    def written(part: str) -> str:
        # What belongs to an entry of a list: GitHub wants it below the entry's text, Python-Markdown four
        # spaces in, and it knows no fences there.
        part = _WITHIN.sub("    ", _FENCE_WITHIN.sub(_coded, part))
        return _UNTICKED.sub(r"\1- ☐ ", _FILE_NAMED.sub(named, _LINK.sub(placed, part)))

    return "".join(part if part.startswith("```") else written(part) for part in _FENCE.split(markdown))


def _coded(found: re.Match[str]) -> str:
    return textwrap.indent(textwrap.dedent(found[1]), " " * 8).rstrip("\n")


def link_on_site(link: str, at_home: str, src: str) -> str:
    """`link` as it stands in the file `at_home` of the repository, as the page `src` must have it."""
    target = normpath(f"{dirname(at_home)}/{link}") if dirname(at_home) else normpath(link)
    placed = AT_THE_ROOT.get(target, target.removeprefix("docs/"))
    if placed.startswith(BESIDE) and (ROOT / placed).is_dir():
        placed = f"{placed}/index.md"
    return relpath(placed, dirname(src) or ".")


def html_of_the_site(content: str, src: str) -> str:
    """Tables that scroll by themselves, so that a page never moves sideways; pictures that keep their room
    while they load, and load when somebody comes near."""

    def shown(found: re.Match[str]) -> str:
        file = DOCS / normpath(f"{dirname(src)}/{html.unescape(found[2])}".lstrip("/"))
        width, height = jpeg_size(file.read_bytes())
        return f'{found[0]} width="{width}" height="{height}" loading="lazy" decoding="async"'

    content = content.replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>")
    return _PICTURE.sub(shown, content)


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels, out of the frame header (ITU T.81, B.2.2)."""
    place = 2
    while place + 9 < len(data):
        marker, length = struct.unpack(">xBH", data[place : place + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        place += 2 + length
    raise ValueError("no JPEG: it has no frame")
