"""Lidarr: where the library is read from, and where recommendations are delivered to."""

from brainarr.providers.lidarr.adapter import Lidarr, LidarrStatus
from brainarr.providers.lidarr.pictures import LidarrPictures, connect_for_pictures
from brainarr.providers.lidarr.settings import LidarrSettings, NamedLidarr, connect

__all__ = [
    "Lidarr",
    "LidarrPictures",
    "LidarrSettings",
    "LidarrStatus",
    "NamedLidarr",
    "connect",
    "connect_for_pictures",
]
