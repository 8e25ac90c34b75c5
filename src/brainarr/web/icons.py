"""Icons in SVG: strokes in the colour of the text beside them, which says the same in words.

Each is drawn once in a page (`SPRITE`, in base.html) and used by its name wherever it stands: a page of forty
cards has some hundred of them. A block that is fetched alone uses those of the page it comes into. Their
strokes are set in app.css (`.icon`), which reaches into what is used.
"""

from markupsafe import Markup

_PATHS = {
    "discover": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z M15.5 8.5l-2 5-5 2 2-5Z",
    "ask": "M4 5h16v11H9l-5 4Z M8 9.5h8 M8 12.5h5",
    "runs": "M4 12h4l2-7 4 14 2-7h4",
    "taste": "M12 20s-7.5-4.6-7.5-10A4.2 4.2 0 0 1 12 7.6 4.2 4.2 0 0 1 19.5 10c0 5.4-7.5 10-7.5 10Z",
    "care": "M12 3l7 3v5c0 4.6-3 8.2-7 10-4-1.8-7-5.4-7-10V6Z M12 8.5v6 M9 11.5h6",
    "lists": "M9 6h11 M9 12h11 M9 18h11 M4.5 6h.01 M4.5 12h.01 M4.5 18h.01",
    "history": "M4 12a8 8 0 1 0 2.6-5.9L4 8.5 M4 4v4.5h4.5 M12 8v4.5l3 1.8",
    "providers": "M6 4h12v6H6Z M6 14h12v6H6Z M9 7h.01 M9 17h.01",
    "costs": "M12 3v18 M16.5 7.5c-.5-1.5-2.2-2-4.5-2-2.5 0-4.5 1-4.5 3.2 0 4.6 9.3 2 9.3 6.4",
    "settings": "M4 7h9 M17 7h3 M4 17h3 M11 17h9 M15 5v4 M9 15v4",
    "system": "M4 5h16v11H4Z M9 20h6 M12 16v4",
    "account": "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z M4.5 20c.8-4 3.8-5.5 7.5-5.5s6.7 1.5 7.5 5.5",
    "more": "M5 12h.01 M12 12h.01 M19 12h.01",
    "check": "M5 12.5l4.5 4.5L19 7.5",
    "cross": "M6 6l12 12 M18 6L6 18",
    "block": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z M5.8 5.8l12.4 12.4",
    "plus": "M12 5v14 M5 12h14",
    "minus": "M5 12h14",
    "undo": "M9 5L4 10l5 5 M4 10h10a6 6 0 0 1 0 12h-3",
    "play": "M8 5v14l11-7Z",
    "pause": "M8 5v14 M16 5v14",
    "stop": "M6 6h12v12H6Z",
    "refresh": "M20 12a8 8 0 1 1-2.4-5.7L20 8.5 M20 4v4.5h-4.5",
    "search": "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z M15.5 15.5L20 20",
    "filter": "M4 6h16 M7 12h10 M10 18h4",
    "grid": "M4 4h7v7H4Z M13 4h7v7h-7Z M4 13h7v7H4Z M13 13h7v7h-7Z",
    "swipe": "M8 4h8v16H8Z M4 7v10 M20 7v10",
    "rows": "M4 6h16 M4 12h16 M4 18h16",
    "copy": "M9 9h11v11H9Z M5 15H4V4h11v1",
    "link": "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1 M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
    "lock": "M6 11h12v9H6Z M8.5 11V8a3.5 3.5 0 0 1 7 0v3",
    "key": "M8 10a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z M11 12.5L20 4 M16.5 7l2.5 2.5",
    "warning": "M12 4l9 16H3Z M12 10v4.5 M12 17.3h.01",
    "info": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z M12 11v5 M12 8h.01",
    "download": "M12 4v11 M7.5 10.5L12 15l4.5-4.5 M5 20h14",
    "upload": "M12 15V4 M7.5 8.5L12 4l4.5 4.5 M5 20h14",
    "trash": "M5 7h14 M9 7V4h6v3 M7 7l1 13h8l1-13",
    "edit": "M5 19l1-4L16 5l3 3L9 18Z",
    "drag": "M9 6h.01 M15 6h.01 M9 12h.01 M15 12h.01 M9 18h.01 M15 18h.01",
    "up": "M6 15l6-6 6 6",
    "down": "M6 9l6 6 6-6",
    "left": "M15 6l-6 6 6 6",
    "right": "M9 6l6 6-6 6",
    "out": "M10 5H5v14h5 M14 8l4 4-4 4 M18 12H9",
    "moon": "M19 14.5A7.5 7.5 0 0 1 9.5 5 7.5 7.5 0 1 0 19 14.5Z",
    "spark": "M12 4l1.8 5.2L19 11l-5.2 1.8L12 18l-1.8-5.2L5 11l5.2-1.8Z",
    "clock": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z M12 7v5.2l3.5 2",
    "external": "M14 4h6v6 M20 4l-9 9 M18 14v5H5V6h5",
}


SPRITE = Markup('<svg class="sprite" width="0" height="0" aria-hidden="true">{}</svg>').format(
    Markup("").join(
        Markup('<symbol id="i-{}" viewBox="0 0 24 24"><path d="{}"/></symbol>').format(name, path)
        for name, path in _PATHS.items()
    )
)


def icon(name: str) -> Markup:
    """The icon of that name, hidden from screen readers."""
    if name not in _PATHS:
        raise KeyError(name)
    return Markup('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>').format(name)
