"""Markdown as the pages of the reference need it."""

from collections.abc import Iterable, Sequence


def code(text: object) -> str:
    """`text` as it is typed; nothing where it is empty."""
    return f"`{text}`" if f"{text}" else ""


def prose(text: str) -> str:
    """One line of words, in which nothing is markup but `code`."""
    parts = " ".join(text.split()).split("`")
    # Every other part stands between backticks.
    plain = [
        part.replace("&", "&amp;").replace("<", "&lt;").replace("*", r"\*").replace("_", r"\_")
        if place % 2 == 0
        else part
        for place, part in enumerate(parts)
    ]
    return "`".join(plain)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)


def page(title: str, *parts: str) -> str:
    return "\n\n".join((f"# {title}", *filter(None, parts))) + "\n"
