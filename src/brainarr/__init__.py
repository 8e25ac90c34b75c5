"""Brainarr: self-hosted music discovery for Lidarr."""

__version__ = "1.0.0"
