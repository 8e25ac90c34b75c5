"""What MkDocs calls while it builds the site (mkdocs.yml).

The documents are written for whoever reads them in the repository; here they become pages, those at the root
of the repository too, and the reference is written beside them.
"""

from collections.abc import Iterator
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

from docs.site.reference import PAGES
from docs.site.repository import AT_THE_ROOT, ROOT, beside, html_of_the_site, markdown_of_the_site


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for name, page in AT_THE_ROOT.items():
        files.append(File.generated(config, page, content=(ROOT / name).read_text()))
    for page, write in PAGES.items():
        files.append(File.generated(config, page, content=write()))
    aside = InclusionLevel.NOT_IN_NAV
    for src, found in beside(ROOT):
        if isinstance(found, str):
            files.append(File.generated(config, src, content=found, inclusion=aside))
        else:
            files.append(File.generated(config, src, abs_src_path=str(found), inclusion=aside))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    return markdown_of_the_site(markdown, page.file.src_uri, dict(_titles(config.nav)))


def on_page_content(content: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    return html_of_the_site(content, page.file.src_uri)


def _titles(nav: Any) -> Iterator[tuple[str, str]]:
    """Page → its title, out of the list in mkdocs.yml."""
    for title, entry in ((title, entry) for item in nav for title, entry in item.items()):
        if isinstance(entry, str):
            yield entry, title
        else:
            yield from _titles(entry)
