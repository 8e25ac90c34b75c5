"""The API for people's tools, one module for each noun."""

from typing import Annotated

from fastapi import Path

# SQLite's integers end there; a larger number can name nothing.
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
