"""What a browser says it is, in words that people know their devices by."""

import re

# The first that is named wins: every later one names earlier ones as well, to be taken for them.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/|FxiOS", "Firefox"),
    ("CriOS|Chrome/|Chromium/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh|Mac OS X", "a Mac"),
    ("Linux|X11", "Linux"),
)


def browser_of(agent: str) -> str:
    """A User-Agent as "Firefox on Linux"; what nobody knows, as it is."""
    browser = next((name for pattern, name in _BROWSERS if re.search(pattern, agent)), "")
    system = next((name for pattern, name in _SYSTEMS if re.search(pattern, agent)), "")
    if browser and system:
        return f"{browser} on {system}"
    known = "".join(char if char.isprintable() else " " for char in agent)[:60].strip()
    return browser or system or known or "Some program"
