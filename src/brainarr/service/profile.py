"""Profile: the taste that the remembered library shows."""

from brainarr.domain.taste import Gap, Profile
from brainarr.errors import NotFound
from brainarr.loading import load
from brainarr.pipeline.gaps import plan_gaps
from brainarr.pipeline.ports import Clock
from brainarr.service.library import read_snapshot
from brainarr.store import recommendations
from brainarr.store.session import Database


async def read_profile(db: Database, *, clock: Clock) -> Profile:
    """As a run that starts now would see it. Raises NotFound before the library was ever read."""
    library = await read_snapshot(db)
    if library is None:
        raise NotFound(
            "The library has not been read yet.",
            remedy="Set lidarr.url and lidarr.api_key, then start a run.",
        )
    # With numpy, which an idle server does without.
    await load("brainarr.pipeline.profile")
    from brainarr.pipeline.profile import profile_library

    return await profile_library(library, clock(), seed=0)


async def read_gaps(db: Database, profile: Profile) -> tuple[Gap, ...]:
    """What the library of `profile` nearly has; what earlier runs found close to it is a witness."""
    async with db.reading() as connection:
        near = await recommendations.genres_found(connection)
    return plan_gaps(profile, near)
