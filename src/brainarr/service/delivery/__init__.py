"""Delivery: nothing that we carry may make a list sync of Lidarr's fail (docs/lidarr.md says how)."""
