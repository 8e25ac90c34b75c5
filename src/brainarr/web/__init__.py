"""The HTTP door: the API for people's tools, the feeds for Lidarr, and one plain page."""
