"""A page of a long table."""

from typing import Generic, TypeVar

import msgspec

Row = TypeVar("Row")

LARGEST_PAGE = 500


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """Some rows of `total`; the first page is 1."""

    items: tuple[Row, ...]
    total: int
    page: int
    page_size: int


class PageOf(msgspec.Struct, frozen=True):
    """Which page is asked for; sizes out of bounds are brought into them."""

    page: int = 1
    page_size: int = 50

    @property
    def limit(self) -> int:
        return min(max(self.page_size, 1), LARGEST_PAGE)

    @property
    def offset(self) -> int:
        return (max(self.page, 1) - 1) * self.limit


FIRST_PAGE = PageOf()
