"""The words of the two chapters about music: where it comes from, and what is recommended of it."""

from brainarr.settings.words import Chapter, Group, Words, web_address


def _pace(help: str) -> Words:
    return Words("Requests a second", help, unit="a second", advanced=True)


SOURCES = Chapter(
    "sources",
    "Music sources",
    "Who proposes music, who knows it, and whose listens count.",
    (
        Group(
            "ListenBrainz",
            {
                "listenbrainz.enabled": Words(
                    "Ask for similar artists", "Needs no account and costs nothing."
                ),
                "listenbrainz.user": Words(
                    "Your user name",
                    "Your listens weigh the artists that you own.",
                    none="no listens are read",
                ),
                "listenbrainz.token": Words(
                    "User token",
                    "For popularity figures and private listens; your profile page shows it.",
                    none="only what is public",
                    allowed="the token",
                ),
                "listenbrainz.base_url": web_address("Server", "The public one unless you run your own."),
                "listenbrainz.labs_url": web_address("Labs server", "Where the similarity tables are."),
                "listenbrainz.algorithm": Words(
                    "Similarity table",
                    "Leave it unless ListenBrainz renames its tables.",
                    advanced=True,
                ),
                "listenbrainz.requests_per_second": _pace("The public server allows 3."),
            },
            test="listenbrainz",
        ),
        Group(
            "Last.fm",
            {
                "lastfm.api_key": Words(
                    "API key",
                    "Free at last.fm/api/account/create.",
                    none="Last.fm is not asked",
                    allowed="the key",
                ),
                "lastfm.user": Words(
                    "Your user name",
                    "Your plays weigh the artists that you own. Needs the API key.",
                    none="no plays are read",
                ),
                "lastfm.base_url": web_address("Server", "Libre.fm and others speak the same API."),
            },
            test="lastfm",
        ),
        Group(
            "Deezer",
            {
                "deezer.enabled": Words(
                    "Ask for similar artists", "Also tells which album listeners like best."
                ),
                "deezer.base_url": web_address("Server", "Where its API answers."),
                "deezer.requests_per_second": _pace("The public server allows 10."),
            },
            test="deezer",
        ),
        Group(
            "MusicBrainz",
            {
                "musicbrainz.contact": Words(
                    "Contact",
                    "MusicBrainz wants to reach whoever runs a client that misbehaves. Please set it.",
                    none="no contact is given",
                    allowed="a mail or web address",
                ),
                "musicbrainz.neighbour_seeds": Words(
                    "Artists asked about",
                    "How many of your artists each run asks MusicBrainz about, to find related ones. "
                    "0: it only verifies what others propose.",
                    unit="artists",
                    advanced=True,
                ),
                "musicbrainz.base_url": web_address("Server", "A mirror of your own is much faster."),
                "musicbrainz.requests_per_second": _pace("The public server allows 1, a mirror more."),
            },
            test="musicbrainz",
        ),
        Group(
            "Trained filter",
            {
                "similarity.path": Words(
                    "Folder",
                    "The collaborative filter that `brainarr similarity build` made on this machine.",
                    none="no filter",
                    advanced=True,
                    allowed="a folder, relative to the configuration folder",
                ),
            },
            test="similarity",
        ),
        Group(
            "Artwork and previews",
            {
                "artwork.enabled": Words(
                    "Covers and pictures", "Lidarr's first. Without it, all of them are drawn."
                ),
                "artwork.megabytes": Words(
                    "Room for pictures", "In the configuration folder; the oldest give way.", unit="MB"
                ),
                "coverart.enabled": Words(
                    "Ask the Cover Art Archive", "For the covers that Lidarr does not have."
                ),
                "coverart.base_url": web_address("Cover Art Archive", "Where covers come from."),
                "previews.enabled": Words(
                    "Previews", "30 seconds to listen to: Deezer is asked first, then iTunes."
                ),
                "itunes.enabled": Words("Ask iTunes", "For previews that Deezer does not have."),
                "itunes.country": Words(
                    "Country", "Whose iTunes shop is searched.", allowed="two capital letters, such as US"
                ),
                "itunes.base_url": web_address("iTunes", "Where its previews come from."),
            },
        ),
    ),
)

RECOMMENDATIONS = Chapter(
    "recommendations",
    "Recommendations",
    "What a run looks for, how it chooses, and who decides.",
    (
        Group(
            "What and how much",
            {
                "recommend.target": Words("Recommend", "What Lidarr is told to add."),
                "recommend.max_recommendations": Words("At most", "In each run.", unit="a run"),
                "recommend.discovery": Words(
                    "How far from the known",
                    "The further, the less famous comes first.",
                    choices={
                        "similar": "similar: close to what you have",
                        "adjacent": "adjacent: one step aside",
                        "exploratory": "exploratory: less sure, more surprising",
                    },
                ),
                "recommend.minimum_confidence_score": Words(
                    "Least confidence", "How sure all voices together must be.", unit="of 1"
                ),
                "recommend.approval": Words(
                    "Approval",
                    "Who decides what goes to Lidarr.",
                    choices={
                        "review": "review: you decide on each",
                        "auto": "auto: everything is delivered without asking",
                    },
                ),
            },
        ),
        Group(
            "Taste",
            {
                "recommend.wish": Words(
                    "Wish",
                    "What you would like, in your own words. Only models read it.",
                    none="no wish",
                    allowed="up to 300 characters",
                ),
                "recommend.styles_include": Words(
                    "Lean towards styles",
                    "What MusicBrainz counts to them is chosen first.",
                    allowed="up to 20 styles",
                ),
                "recommend.styles_avoid": Words(
                    "Avoid styles",
                    "Nothing of them is recommended, subgenres included.",
                    allowed="up to 20 styles",
                ),
                "recommend.decades_include": Words(
                    "Lean towards decades",
                    "By their first year, such as 1980.",
                    allowed="up to 10 decades",
                ),
            },
        ),
        Group(
            "Balance",
            {
                "recommend.calibration": Words(
                    "Keep your proportions",
                    "A library that is one fifth jazz gets a list with some. 0: the score alone counts.",
                    unit="of 1",
                    advanced=True,
                ),
                "recommend.exploration": Words(
                    "Drawn by lot",
                    "Places of a run that are drawn, to learn something new, instead of ranked.",
                    unit="places",
                    none="one from 5 recommendations on, two from 15 on",
                    advanced=True,
                ),
                "recommend.caps.genre": Words(
                    "Of one genre at most", "The largest share of a run.", "of 1", "no limit", True
                ),
                "recommend.caps.era": Words(
                    "Of one decade at most", "The largest share of a run.", "of 1", "no limit", True
                ),
                "recommend.caps.seed": Words(
                    "Found from one artist at most",
                    "The largest share of a run.",
                    "of 1",
                    "no limit",
                    True,
                ),
                "recommend.score_weights.genre": Words(
                    "Weight of genre", "Only the proportion of the four counts.", advanced=True
                ),
                "recommend.score_weights.era": Words(
                    "Weight of era", "Only the proportion of the four counts.", advanced=True
                ),
                "recommend.score_weights.diversity": Words(
                    "Weight of diversity", "Only the proportion of the four counts.", advanced=True
                ),
                "recommend.score_weights.confidence": Words(
                    "Weight of confidence", "Only the proportion of the four counts.", advanced=True
                ),
                "recommend.source_weights": Words(
                    "Votes of the sources",
                    "A source that is not named keeps its own vote; with 0 it is not asked.",
                    advanced=True,
                    allowed="a source and its vote from 0 to 1, such as deezer: 0.3",
                ),
            },
        ),
        Group(
            "Language models",
            {
                "recommend.mode": Words(
                    "What models do",
                    "Either way, nothing unverified is recommended.",
                    choices={
                        "propose": "propose: name music of their own",
                        "rank": "rank: order what the sources found",
                    },
                ),
                "recommend.keep_prompts": Words(
                    "Keep prompts and answers",
                    "Each run shows what its models were asked and what they said; all of it stays here.",
                    advanced=True,
                ),
                "recommend.wording": Words(
                    "Who words the reasons",
                    "A model is asked once more in each run; what the facts do not bear out is dropped.",
                    choices={
                        "template": "template: Brainarr itself",
                        "model": "model: the provider chain",
                    },
                ),
                "recommend.strategy": Words(
                    "How the chain is asked",
                    "With several providers.",
                    choices={
                        "failover": "failover: in order, until one answers",
                        "parallel": "parallel: all, and every answer counts",
                        "race": "race: the next starts early, the first answer wins",
                    },
                ),
                "recommend.compression": Words(
                    "How much a model is told",
                    "Of your library.",
                    advanced=True,
                    choices={"auto": "auto: what fits"},
                ),
                "recommend.prompt_tokens": Words(
                    "Longest prompt",
                    "Below what the model could read.",
                    unit="tokens",
                    none="what the model can read",
                    advanced=True,
                ),
            },
        ),
    ),
)
