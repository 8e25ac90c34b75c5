"""Library care: drift, album gaps of loved artists, new releases. Pure; `run` is one pass for a list."""
