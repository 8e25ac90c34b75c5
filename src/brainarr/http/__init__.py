"""One way to speak HTTP: paced, bounded, retried in this layer only; a failure says what to do about it."""

from brainarr.http.answers import decode_json, excerpt, unreadable
from brainarr.http.client import Http, Params
from brainarr.http.failures import said
from brainarr.http.guard import Reach, as_address, is_allowed
from brainarr.http.media import PICTURES, Media, read_picture

__all__ = [
    "PICTURES",
    "Http",
    "Media",
    "Params",
    "Reach",
    "as_address",
    "decode_json",
    "excerpt",
    "is_allowed",
    "read_picture",
    "said",
    "unreadable",
]
