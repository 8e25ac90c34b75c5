"""The English that wishes are written in, as far as it is read."""

from collections.abc import Mapping

from brainarr.domain.recommendation import Discovery, Target


def _phrases(text: str) -> tuple[tuple[str, ...], ...]:
    """Those between the commas as words, the longest first: "anything but" must not be taken for "but"."""
    return tuple(sorted((tuple(phrase.split()) for phrase in text.split(",")), key=len, reverse=True))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _table(text: str) -> Mapping[str, tuple[str, ...]]:
    """From lines such as "words, other words: genre, genre"."""
    table: dict[str, tuple[str, ...]] = {}
    for line in text.strip().splitlines():
        said, _, genres = line.partition(": ")
        table |= dict.fromkeys(said.strip().split(", "), tuple(genres.split(", ")))
    return table


LIKE = _phrases(
    """
    a fan of, akin to, along the lines of, close to, fans of, in the spirit of, in the style of, in the vein
    of, inspired by, like, meets, reminiscent of, similar to, sounds like, such as, à la
    """
)
"""What the name of an artist follows."""

UNLIKE = _phrases(
    """
    anything like, less like, not like, not similar to, nothing like, unlike
    """
)

NOT = _phrases(
    """
    all but, anything but, anything except, avoid, besides, do not want, don't like, don't want, everything
    but, except, except for, excluding, hate, isn't, leave out, less, minus, never, no, no more, not,
    nothing, other than, sick of, skip, tired of, without
    """
)
"""What a style that is not wanted follows."""

NOT_AFTER_ALL = _phrases(
    """
    no less than, not just, not only, nothing but, why not
    """
)

STOPS = _words(
    """
    but instead just like maybe more only please preferably some with
    """
)
"""Where what is not wanted has been said."""

_ALBUMS = _words("album albums record records lp lps release releases")
_ARTISTS = _words("artist artists band bands musician musicians singer singers group groups")
TARGETS: Mapping[str, Target] = {
    **dict.fromkeys(_ALBUMS, Target.ALBUMS),
    **dict.fromkeys(_ARTISTS, Target.ARTISTS),
}

DISCOVERIES = {
    Discovery.EXPLORATORY: _phrases(
        """
        adventurous, completely different, entirely different, experimental mood, exploratory, far out,
        hidden gem, hidden gems, lesser known, never heard, nobody knows, obscure, off the beaten track,
        out of my comfort zone, outside my comfort zone, something new to me, surprise me, totally
        different, underrated, unheard of, unknown
        """
    ),
    Discovery.ADJACENT: _phrases(
        """
        a bit adventurous, a bit different, a little adventurous, a little different, adjacent, slightly
        different, somewhat different
        """
    ),
    Discovery.SIMILAR: _phrases(
        """
        close to my taste, close to what i have, close to what i know, familiar, famous, more of the same,
        not too adventurous, not too different, not too obscure, nothing obscure, nothing too adventurous,
        nothing too different, nothing too obscure, popular, safe, the usual, well known
        """
    ),
}

_COUNTED = """
one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty
"""
NUMBERS: Mapping[str, int] = {word: number for number, word in enumerate(_COUNTED.split(), start=1)} | {
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "hundred": 100,
    "dozen": 12,
    "couple": 2,
}

COUNTED = _words("recommendations suggestions results picks things ideas tips") | set(TARGETS)
ASKED = _phrases(
    """
    at most, find me, give me, just, only, show me, up to
    """
)

DECADES: Mapping[str, int] = {
    "thirties": 1930,
    "forties": 1940,
    "fifties": 1950,
    "sixties": 1960,
    "seventies": 1970,
    "eighties": 1980,
    "nineties": 1990,
    "noughties": 2000,
    "aughts": 2000,
    "naughties": 2000,
}

BEFORE = _phrases(
    """
    before, earlier than, no later than, not later than, not newer than, nothing newer than, older than, pre,
    prior to, till, until, up to
    """
)
AFTER = _phrases(
    """
    after, from after, later than, newer than, post, since, starting in
    """
)
NOT_BEFORE = _phrases(
    """
    no earlier than, none before, not before, not older than, nothing before, nothing older than, nothing pre
    """
)
NOT_AFTER = _phrases(
    """
    none after, not after, nothing after, nothing later than, nothing past, nothing post, nothing since
    """
)
RECENT = _phrases(
    """
    brand new, current, latest, new release, new releases, newly released, of today, recent, recently
    released, this decade, this year
    """
)

GUESSES = _table(
    """
    strings: chamber pop, chamber folk
    orchestra: orchestral
    choir: choral
    horns: soul jazz
    sax, saxophone, jazzy: jazz
    banjo: bluegrass
    synths, synth, synthesizers: synth-pop
    harp: chamber folk
    guitars: indie rock
    beats: instrumental hip hop
    pianos: piano
    dreamy: dream pop
    ethereal: dream pop, ambient
    hazy: shoegaze, dream pop
    fuzzy: shoegaze
    noisy: noise rock
    jangly: jangle pop
    twangy: alt-country
    sad, melancholy, melancholic, rainy, slow, lonely: slowcore
    wistful, autumn: indie folk
    calm, calming, quiet, peaceful, sleep, sleepy: ambient
    meditative: ambient, drone
    study, studying, focus: ambient, modern classical
    chill, chilled, mellow, relaxing, relaxed: downtempo
    late night: trip hop
    smoky: trip hop, vocal jazz
    party, danceable, dancing, dancefloor: disco, house
    upbeat: power pop
    happy, sunny, summer, summery: sunshine pop
    beach: surf rock
    groovy, funky: funk
    heavy: metal
    brutal: death metal
    aggressive, angry: hardcore punk
    dark, gloomy: darkwave, gothic rock
    trippy, psychedelic: psychedelic rock
    spacey, cosmic: space rock
    hypnotic, motorik: krautrock
    folky: folk
    bluesy: blues
    poppy: pop
    punky: punk
    soulful: soul
    rootsy: americana
    epic: post-rock
    cinematic: post-rock, soundtrack
    minimal: minimalism
    glitchy: glitch
    acoustic guitar: acoustic
    anthemic: arena rock
    workout, running, gym: edm
    gaming: video game music
    """
)
"""What words of mood, place and sound make likely. No source counts
moods: these are guesses, and shown as such."""

ALSO_WORDS = _words(
    """
    baroque classical country dance drill drone fusion garage go-go house industrial juke jungle leftfield
    lounge minimalism musical noise piano pop rap score soul surf swing trap vocal world
    """
)
"""Genres that are everyday words too: "my country" is none."""
DETERMINERS = _words(
    """
    a an every her his my our that the their this whole your
    """
)

SONGS = _words(
    """
    mix mixtape playlist single singles song songs track tracks
    """
)
VOICES = _phrases(
    """
    lyrics, singers, singing, vocal, vocals, voice, voices
    """
)

FILLERS = _words(
    """
    a about again albums all also always am an and any anything are as at be been bit but by came can come
    could decade decades do does don't early era every everything feel feels find for from genre genres get
    give go good got great had has have hear heard i i'd i'm i've if in into is it it's its just kind know
    late let let's like listen listening little lot love made mainly make makes maybe me mid mind mood more
    most mostly much music my need new nice no not nothing of on one ones only or other our out over play
    please preferably put quite rather really recommend release released same see show so some someone
    something somewhat sort sound sounding sounds stuff style such suggest than that that's the their them
    then there these they thing things think this those to today tonight too try type up us very wanna want
    was we well what when where which while who will wish with without work works would wouldn't yet you your
    """
)
"""Words that say nothing of the music by themselves."""
