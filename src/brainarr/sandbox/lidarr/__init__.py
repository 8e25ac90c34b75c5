"""A small Lidarr: its REST API and its import lists over a World. Modelled on version 2.14.5."""
