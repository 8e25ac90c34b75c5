"""Reads a wish in a person's own words: what it says of styles, eras and artists. English only."""

from brainarr.pipeline.wish.examples import example_wishes
from brainarr.pipeline.wish.read import read_wish, spoken

__all__ = ["example_wishes", "read_wish", "spoken"]
