"""How something is taken into Lidarr, as a body of the API says it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from brainarr.pipeline.ports import ImportOptions
from brainarr.service.push import AS_LIDARR_HAS_IT

Label = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=50, pattern="^[^,]+$"),
]


class ImportTerms(BaseModel):
    """What is left out, Lidarr's root folder says."""

    model_config = ConfigDict(extra="forbid")

    search: bool = Field(default=False, description="Whether Lidarr searches for it at once.")
    root_folder: str | None = Field(default=None, min_length=1, max_length=1_000)
    quality_profile: int | None = Field(
        default=None, ge=1, le=2**31 - 1, description="Lidarr's number of it."
    )
    metadata_profile: int | None = Field(
        default=None, ge=1, le=2**31 - 1, description="Lidarr's number of it."
    )
    tags: list[Label] = Field(
        default_factory=list, max_length=20, description="Labels of an artist that is new, beside `brainarr`."
    )

    @property
    def options(self) -> ImportOptions:
        return ImportOptions(
            tags=tuple(dict.fromkeys((*AS_LIDARR_HAS_IT.tags, *self.tags))),
            search=self.search,
            root_folder=self.root_folder,
            quality_profile=self.quality_profile,
            metadata_profile=self.metadata_profile,
        )
