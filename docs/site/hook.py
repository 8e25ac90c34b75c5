"""What MkDocs calls while it builds the site (mkdocs.yml).

The documents are written for whoever reads them in the repository; here they become pages: those at the root
of the repository too, and what else they link to.
"""

import html
import re
import struct
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from posixpath import dirname, normpath, relpath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

from docs.site.reference import PAGES

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


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for name, page in AT_THE_ROOT.items():
        files.append(File.generated(config, page, content=(ROOT / name).read_text()))
    for page, write in PAGES.items():
        files.append(File.generated(config, page, content=write()))
    for name in BESIDE:
        for file in (ROOT / name, *sorted((ROOT / name).rglob("*"))):
            if found := _beside(file, config):
                files.append(found)
    return files


def _beside(file: Path, config: MkDocsConfig) -> File | None:
    """A file as it is, and of a folder a page that lists it; None where there is no such thing."""
    src = file.relative_to(ROOT).as_posix()
    aside = InclusionLevel.NOT_IN_NAV
    if file.is_dir():
        within = (
            f"{entry.name}/index.md" if entry.is_dir() else entry.name for entry in sorted(file.iterdir())
        )
        listing = "\n".join(f"- [{name.removesuffix('/index.md')}]({name})" for name in within)
        return File.generated(config, f"{src}/index.md", content=f"# {src}\n\n{listing}\n", inclusion=aside)
    return File.generated(config, src, abs_src_path=str(file), inclusion=aside) if file.is_file() else None


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links as they are in the repository, turned to where things are on the site and what they are called
    there."""
    src = page.file.src_uri
    if src.startswith(BESIDE):
        return markdown
    at_home = next((name for name, became in AT_THE_ROOT.items() if became == src), f"docs/{src}")
    titles = dict(_titles(config.nav))

    def placed(found: re.Match[str]) -> str:
        return found[1] + link_on_site(found[2], at_home, src)

    def named(found: re.Match[str]) -> str:
        title = titles.get(normpath(f"{dirname(src)}/{found[3]}".lstrip("/")), found[1])
        return f"[{title}]{found[2]}"

    def coded(found: re.Match[str]) -> str:
        return textwrap.indent(textwrap.dedent(found[1]), " " * 8).rstrip("\n")

    def written(part: str) -> str:
        # What belongs to an entry of a list: GitHub wants it below the entry's text, Python-Markdown four
        # spaces in, and it knows no fences there.
        part = _WITHIN.sub("    ", _FENCE_WITHIN.sub(coded, part))
        return _UNTICKED.sub(r"\1- ☐ ", _FILE_NAMED.sub(named, _LINK.sub(placed, part)))

    return "".join(part if part.startswith("```") else written(part) for part in _FENCE.split(markdown))


def _titles(nav: Any) -> Iterator[tuple[str, str]]:
    """Page → its title, out of the list in mkdocs.yml."""
    for title, entry in ((title, entry) for item in nav for title, entry in item.items()):
        if isinstance(entry, str):
            yield entry, title
        else:
            yield from _titles(entry)


def link_on_site(link: str, at_home: str, src: str) -> str:
    """`link` as it stands in the file `at_home` of the repository, as the page `src` must have it."""
    target = normpath(f"{dirname(at_home)}/{link}") if dirname(at_home) else normpath(link)
    placed = AT_THE_ROOT.get(target, target.removeprefix("docs/"))
    if placed.startswith(BESIDE) and (ROOT / placed).is_dir():
        placed = f"{placed}/index.md"
    return relpath(placed, dirname(src) or ".")


def on_page_content(content: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    # So that a page never moves sideways, whatever its tables do.
    content = content.replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>")
    return _PICTURE.sub(lambda found: _shown(found[1], found[2], page), content)


def _shown(alt: str, address: str, page: Page) -> str:
    """A picture that keeps its room while it loads, and loads when somebody comes near."""
    file = DOCS / normpath(f"{dirname(page.file.src_uri)}/{html.unescape(address)}".lstrip("/"))
    width, height = jpeg_size(file.read_bytes())
    return (
        f'<img alt="{alt}" src="{address}" width="{width}" height="{height}" loading="lazy" decoding="async"'
    )


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
