"""What filters may be given, alike in every address."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator


def as_utc(moment: datetime) -> datetime:
    """A moment without a zone is one in UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Moment = Annotated[datetime, AfterValidator(as_utc)]
# PostgreSQL takes no NUL in a text.
Words = Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
