"""Whether a page is well formed, and what is in it."""

from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Tags(HTMLParser):
    """Which elements and attributes a document has, and whether they are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def _note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [value for name, value in attrs if name == "id" and value]


def require_clean(page: str) -> Tags:
    """Nothing inline, nothing left open, no id twice: what the policy and screen readers ask of a page."""
    tags = Tags(page)
    assert tags.open == []
    assert "style" not in tags.seen
    assert not {name for name in tags.attributes if name == "style" or name.startswith("on")}
    assert len(tags.ids) == len(set(tags.ids))
    return tags
