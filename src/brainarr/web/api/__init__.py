"""The API for people's tools, one module for each noun."""

from typing import Annotated

from fastapi import Path, Query

LARGEST_ID = 2**31 - 1
"""The largest number that the database counts up to: PostgreSQL refuses to look for a larger one."""

Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]

Exclude = Annotated[
    bool | None,
    Query(
        description="Of an artist that is blocked: whether Lidarr's exclusions name it too, in every Lidarr; "
        "without it as `lidarr.write_exclusions` says."
    ),
]
