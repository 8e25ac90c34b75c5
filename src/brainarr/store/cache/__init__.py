"""The cache: what was expensive to find out, remembered at three levels. docs/caching.md has the whole."""

from brainarr.store.cache.layered import LayeredCache
from brainarr.store.cache.memory import MemoryLevel
from brainarr.store.cache.shared import RedisLevel
from brainarr.store.cache.stored import StoredCache

__all__ = ["LayeredCache", "MemoryLevel", "RedisLevel", "StoredCache"]
