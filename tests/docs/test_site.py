"""The built site: it is whole, it is light, and nothing in it comes from elsewhere."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from docs.site.reference import PAGES
from docs.site.repository import BESIDE, beside, jpeg_size, link_on_site, markdown_of_the_site

ROOT = Path(__file__).parents[2]
LOADING = {
    "src", "srcset", "poster", "data", "action", "formaction", "background", "ping", "manifest", "style",
}  # fmt: skip
"""Attributes that make a browser ask for something, or may."""
FOREIGN = re.compile(r"(?:https?:)?//[\w.-]+", re.IGNORECASE)
HEAVIEST_PAGE = 300_000
HEAVIEST_SITE = 8_000_000
"""Bytes."""


class Tags(HTMLParser):
    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def asked_for(tags: Tags) -> Iterator[str]:
    """What a browser fetches, or connects to, without a click."""
    for tag, attributes in tags.found:
        yield from (value for name, value in attributes.items() if name in LOADING)
        if tag in ("link", "base"):
            yield attributes.get("href", "")


def test_every_document_and_every_page_of_the_reference_is_there(site: Path):
    documents = {f"{file.stem}.html" for file in ROOT.glob("docs/*.md")}
    reference = {name.replace(".md", ".html") for name in PAGES}
    built = {page.relative_to(site).as_posix() for page in pages(site)}
    assert documents | reference | {"index.html", "contributing.html", "changelog.html", "404.html"} == {
        name for name in built if not name.startswith(BESIDE)
    }


@pytest.mark.parametrize(
    ("link", "document", "page", "leads_to"),
    [
        ("costs.md", "docs/jobs.md", "jobs.md", "costs.md"),
        ("docs/costs.md", "README.md", "index.md", "costs.md"),
        ("../CONTRIBUTING.md", "docs/jobs.md", "jobs.md", "contributing.md"),
        ("../costs.md", "docs/reference/prices.md", "reference/prices.md", "../costs.md"),
        ("../dashboards/alerts.yml", "docs/monitoring.md", "monitoring.md", "dashboards/alerts.yml"),
        ("../dashboards", "docs/monitoring.md", "monitoring.md", "dashboards/index.md"),
        ("LICENSE", "README.md", "index.md", "LICENSE"),
    ],
)
def test_links_of_the_repository_lead_to_the_same_on_the_site(
    link: str, document: str, page: str, leads_to: str
):
    assert link_on_site(link, document, page) == leads_to


def test_what_is_beside_the_documents_goes_along(site: Path):
    assert (site / "dashboards/alerts.yml").read_bytes() == (ROOT / "dashboards/alerts.yml").read_bytes()
    assert 'href="alerts.yml"' in (site / "dashboards/index.html").read_text()


def test_nothing_is_fetched_from_elsewhere(site: Path):
    for page in pages(site):
        assert [asked for asked in asked_for(Tags(page)) if FOREIGN.search(asked)] == [], page
    for file in (*site.rglob("*.css"), *site.rglob("*.js"), *site.rglob("*.svg")):
        text = file.read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"https?://|@import|url\(", text), file


def test_a_foreign_origin_would_be_found(tmp_path: Path):
    page = tmp_path / "page.html"
    page.write_text(
        '<link rel=preconnect href=//fonts.example><img srcset="https://a.example/x.png 2x"><a href="https://b.example">'
    )
    assert [asked for asked in asked_for(Tags(page)) if FOREIGN.search(asked)] == [
        "//fonts.example",
        "https://a.example/x.png 2x",
    ]


def test_every_picture_says_what_it_shows_and_keeps_its_room(site: Path):
    shown = 0
    for page in pages(site):
        for tag, attributes in Tags(page).found:
            if tag == "img" and not attributes["src"].endswith("icon.svg"):
                shown += 1
                assert len(attributes["alt"]) > 5, page
                assert attributes["loading"] == "lazy"
                size = jpeg_size((page.parent / attributes["src"]).read_bytes())
                assert (attributes["width"], attributes["height"]) == tuple(map(str, size))
    assert shown > 30


def test_the_site_is_light(site: Path):
    assert {
        page.name: page.stat().st_size for page in pages(site) if page.stat().st_size > HEAVIEST_PAGE
    } == {}
    assert sum(file.stat().st_size for file in site.rglob("*") if file.is_file()) < HEAVIEST_SITE


def test_what_makes_the_site_is_no_part_of_it(site: Path):
    assert [file for file in site.rglob("*") if file.suffix in (".pyc", ".md")] == []
    assert not (site / "site").exists() and not (site / "theme").exists()


def test_what_somebody_filled_in_is_not_shown(tmp_path: Path):
    """A `.env` beside the compose files holds keys."""
    folder = tmp_path / "deploy"
    (folder / "__pycache__").mkdir(parents=True)
    for name in (".env", ".env.example", "compose.yaml", "__pycache__/check.pyc"):
        (folder / name).touch()
    assert dict(beside(tmp_path)) == {
        "deploy/index.md": "# deploy\n\n- [.env.example](.env.example)\n- [compose.yaml](compose.yaml)\n",
        "deploy/.env.example": folder / ".env.example",
        "deploy/compose.yaml": folder / "compose.yaml",
    }


def test_a_document_becomes_a_page_and_code_in_it_stays_as_it_is():
    document = """\
More in [costs.md](docs/costs.md#limits) and [the list](docs/jobs.md).

1. Write:

   ```yaml
   server:
     host: "[a](b.md)"
   ```

   Then go on.
- [ ] done

```sh
echo "[costs.md](docs/costs.md)"
```
"""
    assert (
        markdown_of_the_site(document, "index.md", {"costs.md": "Costs"})
        == """\
More in [Costs](costs.md#limits) and [the list](jobs.md).

1. Write:

        server:
          host: "[a](b.md)"

    Then go on.
- ☐ done

```sh
echo "[costs.md](docs/costs.md)"
```
"""
    )


@pytest.mark.parametrize(
    "word",
    ["BRAINARR__LIDARR__API_KEY", "brainarr doctor", "it refuses the API key", "brainarr_feed_items_total"],
)
def test_the_search_knows_it(site: Path, word: str):
    sections = json.loads((site / "search/search_index.json").read_text())["docs"]
    assert any(word in section["text"] for section in sections)


def test_markdown_of_the_repository_is_markdown_of_the_site(site: Path):
    """What only one of the two renderers understands would show as it is written."""
    for page in pages(site):
        text = re.sub(r"<(pre|code)\b.*?</\1>", "", page.read_text(), flags=re.DOTALL)
        assert re.findall(r"^\|.*|```.*|\]\(.*|\*\*.*|^#+ .*|^ *- .*", text, re.MULTILINE) == [], page
        # A fence that was not known as one becomes code within a line, its language in front.
        assert not re.search(r"<code>(?:sh|yaml|json|python)\n", page.read_text()), page
