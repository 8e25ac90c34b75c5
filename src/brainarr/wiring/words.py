"""The words of the settings page: what every setting is called and what it does, chapter by chapter.

docs/settings.md says the same at length. A setting without words here fails a test.
"""

from brainarr.domain.schedule import ALLOWED as SCHEDULES
from brainarr.settings.words import Chapter, Group, Words

_WEB = "an address that begins with http:// or https://"
_FOREVER = "kept for ever"


def _address(title: str, help: str, *, advanced: bool = True, none: str = "") -> Words:
    return Words(title, help, none=none, advanced=advanced, allowed=_WEB)


def _schedule(title: str, help: str) -> Words:
    return Words(title, help, allowed=SCHEDULES)


def _pace(help: str) -> Words:
    return Words("Requests a second", help, unit="a second", advanced=True)


def _days(title: str, help: str) -> Words:
    return Words(title, help, unit="days", none=_FOREVER)


def _dollars(title: str, help: str, none: str, allowed: str = "0 to 1000000 US dollars") -> Words:
    return Words(title, help, none=none, allowed=allowed)


CHAPTERS = (
    Chapter(
        "general",
        "General",
        "How this server is reached, and what it stores where.",
        (
            Group(
                "Server",
                {
                    "server.external_url": _address(
                        "External address",
                        "How Lidarr reaches Brainarr, without the URL base. The lists' addresses begin so.",
                        advanced=False,
                        none="the address that you use",
                    ),
                    "server.url_base": Words(
                        "URL base",
                        "The path below which a reverse proxy shows Brainarr.",
                        allowed="a path such as /brainarr, or nothing",
                    ),
                    "server.host": Words(
                        "Bind address",
                        "0.0.0.0 when Lidarr or your browser is on another machine or in another container.",
                        allowed="an address or a name of this machine",
                    ),
                    "server.port": Words("Port", "Where Brainarr listens."),
                    "server.workers": Words(
                        "Web processes", "More than one need a Redis.", unit="processes", advanced=True
                    ),
                },
            ),
            Group(
                "Storage",
                {
                    "database.url": Words(
                        "Database",
                        "SQLite in the configuration folder, or PostgreSQL.",
                        advanced=True,
                        allowed="sqlite:///brainarr.db or postgresql://user:password@host/database",
                    ),
                    "redis.url": Words(
                        "Redis",
                        "Lets several processes work together and share what is remembered.",
                        none="no Redis",
                        advanced=True,
                        allowed="redis://, rediss:// or unix://, such as redis://:password@host:6379/0",
                    ),
                    "jobs.embedded": Words(
                        "This server works itself",
                        "Otherwise `brainarr worker` processes do all work, which needs a Redis.",
                        advanced=True,
                    ),
                    "cache.memory_mb": Words(
                        "Cache in memory",
                        "What each process may remember of answers in its memory; 0 for nothing.",
                        unit="MB",
                        advanced=True,
                    ),
                    "cache.database_mb": Words(
                        "Cache in the database",
                        "What is too much goes at the daily clean-up.",
                        unit="MB",
                        advanced=True,
                    ),
                },
            ),
        ),
    ),
    Chapter(
        "security",
        "Security",
        "Who may come in, and under which names this server answers.",
        (
            Group(
                "Access",
                {
                    "server.api_key": Words(
                        "API key",
                        "Opens the whole API. Back to default makes a new one; the old one is void.",
                        allowed="1 to 200 plain characters without spaces",
                    ),
                    "server.allowed_hosts": Words(
                        "Host names",
                        "Names that it answers to besides addresses, names at home and the external address. "
                        "Others are refused, so that no strange page can speak for your browser.",
                        advanced=True,
                        allowed='up to 50 names such as music.example.org, or "*" for any',
                    ),
                    "server.requests_per_minute": Words(
                        "Requests of a key",
                        "How often each key may ask the API; 0 for as often as it likes.",
                        unit="a minute",
                        advanced=True,
                    ),
                    "metrics.open": Words(
                        "Metrics are open to everyone",
                        "Otherwise /metrics needs the API key.",
                        advanced=True,
                    ),
                },
            ),
        ),
    ),
    Chapter(
        "lidarr",
        "Lidarr",
        "Whose library is read, and where what you approve goes.",
        (
            Group(
                "Connection",
                {
                    "lidarr.url": _address(
                        "Address",
                        "With Lidarr's URL base, where it has one.",
                        advanced=False,
                        none="no Lidarr",
                    ),
                    "lidarr.api_key": Words(
                        "API key", "Lidarr shows it under Settings, General, Security.", allowed="the key"
                    ),
                    "lidarr.root_folder": Words(
                        "Root folder",
                        "Where the artists that you approve go.",
                        none="the usable one with the most free space",
                        allowed="the path of one of Lidarr's root folders",
                    ),
                    "lidarr.verify_tls": Words(
                        "Check the certificate", "Off accepts any certificate.", advanced=True
                    ),
                    "lidarr.timeout": Words(
                        "Patience",
                        "Lidarr asks its metadata server while Brainarr waits.",
                        unit="seconds",
                        advanced=True,
                    ),
                },
                test="lidarr",
            ),
        ),
    ),
    Chapter(
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
                    "listenbrainz.base_url": _address("Server", "The public one unless you run your own."),
                    "listenbrainz.labs_url": _address("Labs server", "Where the similarity tables are."),
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
                    "lastfm.base_url": _address("Server", "Libre.fm and others speak the same API."),
                },
                test="lastfm",
            ),
            Group(
                "Deezer",
                {
                    "deezer.enabled": Words(
                        "Ask for similar artists", "Also tells which album listeners like best."
                    ),
                    "deezer.base_url": _address("Server", "Where its API answers."),
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
                    "musicbrainz.base_url": _address("Server", "A mirror of your own is much faster."),
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
                    "coverart.base_url": _address("Cover Art Archive", "Where covers come from."),
                    "itunes.base_url": _address("iTunes", "Where previews come from."),
                },
            ),
        ),
    ),
    Chapter(
        "providers",
        "Providers",
        "The language models, in the order in which they are asked.",
        (
            Group(
                "Chain",
                {
                    "provider_chain": Words(
                        "Provider chain",
                        "The page Providers edits it.",
                        allowed="1 to 32 entries, each with a kind and a name of its own",
                    ),
                },
            ),
        ),
    ),
    Chapter(
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
    ),
    Chapter(
        "costs",
        "Costs",
        "What language models may cost, in US dollars. Models at home cost nothing.",
        (
            Group(
                "Budgets",
                {
                    "costs.monthly_budget": _dollars(
                        "Monthly budget",
                        "Above it, paid models are not asked. Months are calendar months (UTC).",
                        "no limit",
                    ),
                    "costs.run_budget": _dollars(
                        "Budget of a run", "Above it, paid models are not asked.", "no limit"
                    ),
                    "costs.cost_alert_threshold": _dollars(
                        "Alert",
                        "One notification in each month that spends so much.",
                        "no alert",
                        "above 0, at most 1000000 US dollars",
                    ),
                },
            ),
        ),
    ),
    Chapter(
        "notifications",
        "Notifications",
        "Where Brainarr tells you of budgets and troubles.",
        (
            Group(
                "Targets",
                {
                    "notifications.urls": Words(
                        "Apprise addresses",
                        "Discord, Telegram, mail, ntfy and a hundred others: github.com/caronc/apprise/wiki",
                        allowed="up to 20 addresses, such as ntfy://topic",
                    ),
                },
                test="notifications",
            ),
        ),
    ),
    Chapter(
        "schedules",
        "Schedules",
        f"When work begins by itself, in the server's time zone: {SCHEDULES}.",
        (
            Group(
                "Schedules",
                {
                    "recommend.schedule": _schedule("Recommend", "When a run starts by itself."),
                    "schedules.library": _schedule("Read the library", "What Lidarr holds."),
                    "schedules.settle": _schedule("Settle", "Notes what became of what was imported."),
                    "schedules.clean_up": _schedule("Clean up", "Forgets what is past its time."),
                    "schedules.backup": _schedule("Back up", "A backup into the backup folder."),
                    "health.probe_interval": Words(
                        "Probe the models",
                        "Asks every model's server for a sign of life, which costs nothing. 0: never.",
                        unit="seconds",
                        advanced=True,
                        allowed="0, or 5 to 86400",
                    ),
                },
            ),
        ),
    ),
    Chapter(
        "backup",
        "Backup",
        "Where backups lie, and how long history is kept.",
        (
            Group(
                "Backups",
                {
                    "backup.folder": Words(
                        "Folder",
                        "Another disk is a good place.",
                        allowed="a folder, relative to the configuration folder",
                    ),
                    "backup.keep": Words(
                        "Keep", "Of each sort. Those that you asked for all stay.", unit="backups"
                    ),
                },
            ),
            Group(
                "History",
                {
                    "retention.history_days": _days(
                        "Events", "Of recommendations that came to an end. What you decided is kept for ever."
                    ),
                    "retention.runs_days": _days(
                        "Empty runs", "Runs that recommended nothing, and every run's provider reports."
                    ),
                    "retention.verdicts_days": _days("Verdicts", "On each candidate; the counts stay."),
                    "retention.deliveries_days": _days("Deliveries", "What each poll of a list carried."),
                    "retention.usage_days": _days(
                        "Costs", "Tokens and dollars of each call; those of this month always stay."
                    ),
                },
            ),
        ),
    ),
    Chapter(
        "log",
        "Log and monitoring",
        "What Brainarr says of itself.",
        (
            Group(
                "Log",
                {
                    "log.level": Words("Level", "From which weight on lines are written."),
                    "log.format": Words(
                        "Format",
                        "Of the lines.",
                        advanced=True,
                        choices={
                            "auto": "auto: JSON unless a terminal reads them",
                            "json": "json: for machines",
                            "console": "console: for people",
                        },
                    ),
                    "log.file": Words(
                        "File",
                        "Where the lines go besides.",
                        none="no file",
                        advanced=True,
                        allowed="a path, relative to the configuration folder",
                    ),
                    "log.file_megabytes": Words(
                        "Size of a file", "A full one is set aside.", unit="MB", advanced=True
                    ),
                    "log.file_count": Words(
                        "Full files kept", "Beside the present one.", unit="files", advanced=True
                    ),
                },
            ),
            Group(
                "Monitoring",
                {
                    "metrics.worker_port": Words(
                        "Metrics port of workers",
                        "Where a `brainarr worker` process shows what it measures of itself.",
                        none="nowhere",
                        advanced=True,
                    ),
                    "tracing.endpoint": _address(
                        "OpenTelemetry collector",
                        "Takes OTLP over HTTP, such as http://127.0.0.1:4318; needs brainarr[otel].",
                        none="no traces",
                    ),
                },
            ),
        ),
    ),
)
"""In the order of the page."""
