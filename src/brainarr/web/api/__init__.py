"""The API for people's tools, one module for each noun."""

from typing import Annotated

from fastapi import Path

LARGEST_ID = 2**53 - 1
"""The largest whole number that every JSON reader keeps exact, and well within what SQLite can compare."""

Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
