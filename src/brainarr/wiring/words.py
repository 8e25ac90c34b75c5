"""The words of the settings page: what every setting is called and what it does, chapter by chapter; those
about music stand in words_of_music.

docs/settings.md says the same at length. A setting without words here fails a test.
"""

from brainarr.domain.schedule import ALLOWED as SCHEDULES
from brainarr.settings.words import Chapter, Group, Words, web_address
from brainarr.wiring.words_of_music import RECOMMENDATIONS, SOURCES

_FOREVER = "kept for ever"


def _schedule(title: str, help: str) -> Words:
    return Words(title, help, allowed=SCHEDULES)


def _days(title: str, help: str) -> Words:
    return Words(title, help, unit="days", none=_FOREVER)


def _header(title: str, help: str) -> Words:
    return Words(title, help, advanced=True, allowed="a header's name")


def _groups(title: str, help: str, none: str) -> Words:
    return Words(title, help, none=none, advanced=True, allowed="up to 50 names")


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
                    "server.external_url": web_address(
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
                "Signing in",
                {
                    "auth.method": Words(
                        "Method",
                        "Who knows the people: Brainarr, or a reverse proxy that signs them in.",
                        choices={"forms": "here, by name and password", "external": "a reverse proxy"},
                    ),
                    "auth.required": Words(
                        "Required",
                        "Whether people at home need to sign in.",
                        choices={
                            "enabled": "always",
                            "disabled_for_local_addresses": "not from addresses at home",
                        },
                    ),
                    "auth.session_days": Words(
                        "Stay signed in", "From the last visit on, for whoever wants it.", unit="days"
                    ),
                    "auth.trusted_proxies": Words(
                        "Trusted proxies",
                        "Whose word about a visitor's address is believed, and with an external method "
                        "about who they are.",
                        advanced=True,
                        allowed="addresses or networks, such as 172.18.0.0/16",
                    ),
                    "auth.user_header": _header("User header", "Where the proxy says who somebody is."),
                    "auth.groups_header": _header("Groups header", "Where it says their groups."),
                    "auth.admin_groups": _groups(
                        "Groups of administrators", "Of the reverse proxy.", "the page People decides"
                    ),
                    "auth.user_groups": _groups(
                        "Groups that may come in", "Of the reverse proxy.", "everybody whom it lets through"
                    ),
                },
            ),
            Group(
                "OpenID Connect",
                {
                    "auth.oidc.issuer": web_address(
                        "Issuer",
                        "The address of your identity provider, as it names itself.",
                        none="no such button on the sign-in page",
                    ),
                    "auth.oidc.client_id": Words("Client", "As the provider knows Brainarr.", advanced=True),
                    "auth.oidc.client_secret": Words("Client secret", "From the provider.", advanced=True),
                    "auth.oidc.name": Words("Name", "What the button says.", advanced=True),
                    "auth.oidc.scopes": Words("Scopes", "What is asked for.", advanced=True),
                    "auth.oidc.groups_claim": Words(
                        "Groups claim", "Where the provider says somebody's groups.", advanced=True
                    ),
                    "auth.oidc.admin_groups": _groups(
                        "Groups of administrators", "Of the provider.", "the page People decides"
                    ),
                    "auth.oidc.user_groups": _groups(
                        "Groups that may come in", "Of the provider.", "everybody whom it lets in"
                    ),
                },
            ),
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
                    "lidarr.url": web_address(
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
                    "lidarr.write_exclusions": Words(
                        "Exclude what you never want again",
                        "Never again also writes an exclusion into Lidarr, and lifts it with the block.",
                    ),
                    "lidarr.sync_after_approval": Words(
                        "Fetch soon after an approval",
                        "Lidarr is asked to fetch a list twenty seconds after something in it was approved. "
                        "Off, it comes by itself: every 15 minutes for albums, every 6 hours for artists.",
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
            Group(
                "More",
                {
                    "lidarrs": Words(
                        "More Lidarrs",
                        "The page Lidarrs adds and removes them; each list is for one.",
                        none="just that one",
                        allowed="up to 10 entries, each with a name of its own, an address and a key",
                    ),
                },
            ),
        ),
    ),
    SOURCES,
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
    RECOMMENDATIONS,
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
                    "schedules.lidarr": _schedule(
                        "Follow Lidarr", "What was grabbed, imported, deleted or excluded there."
                    ),
                    "schedules.deliveries": _schedule(
                        "Deliveries", "Looks up what is due, and reads what Lidarr's list syncs came to."
                    ),
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
                    "retention.prompts_days": _days(
                        "Prompts and answers", "What models were asked, word for word."
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
                    "tracing.endpoint": web_address(
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
