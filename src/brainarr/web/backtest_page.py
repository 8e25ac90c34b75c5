"""The backtest as a page of its own: for a browser, and for `brainarr backtest --html`. No script."""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from brainarr.domain.backtest import DEFAULT, POPULARITY, PRESENT, SUGGESTED, Backtest, Estimate, Tested
from brainarr.service.backtest import read_backtest
from brainarr.web.auth import require_api_key
from brainarr.web.backtest_words import CAVEATS, basis, certainty, headline, span, spread, system_name
from brainarr.web.charts import Bar, interval_bars
from brainarr.web.deps import Deps
from brainarr.web.figures import percent

router = APIRouter(include_in_schema=False)

_STYLE = """
:root { color-scheme: light dark; font: 100%/1.55 system-ui, sans-serif; }
body { max-width: 46rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
p { margin: .5rem 0; } .lead { font-size: 1.1rem; } .dim { opacity: .75; font-size: .9rem; }
.wide { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem 0 .35rem 1rem; vertical-align: top;
  border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
th { font-weight: 600; } .n { text-align: right; white-space: nowrap; }
th:first-child, td:first-child { padding-left: 0; } td { overflow-wrap: break-word; }
figure { margin: 1rem 0; } figcaption { font-size: .9rem; opacity: .75; }
code { font-size: .95em; overflow-wrap: anywhere; }
@media (max-width: 30rem) {
  body { padding: 1.5rem 1rem 3rem; } h1 { font-size: 1.4rem; }
  table { font-size: .85rem; } th, td { padding-left: .45rem; }
}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_SHOWN = 60
_ABOUT = {
    PRESENT: "all sources together, weighed as your settings say",
    DEFAULT: "the same with the weights that Brainarr comes with",
    SUGGESTED: "at each point in time, the weights that were best at the others",
    POPULARITY: "the most popular of all whom any source named",
}


@router.get("/backtest", response_class=HTMLResponse, dependencies=[Depends(require_api_key)])
async def backtest_page(deps: Deps) -> HTMLResponse:
    page = render(await read_backtest(deps.db), deps.backtests.labels)
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})


def render(made: Backtest | None, labels: Mapping[str, str]) -> str:
    """The whole document; None: there is no backtest yet. `labels`: how people know each source."""
    if made is None:
        parts = [
            "<h1>No backtest yet</h1>",
            "<p>Start one: <code>brainarr backtest</code> or <code>POST api/v1/backtest</code>.</p>",
        ]
    else:
        parts = [*(_unmeasured(made) if made.trouble else _measured(made, labels)), *_ground(made, labels)]
    body = "\n".join(parts)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Brainarr: backtest</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def _unmeasured(made: Backtest) -> Iterator[str]:
    yield "<h1>Nothing could be measured</h1>"
    yield f'<p class="lead">{_text(made.trouble)} {_text(made.remedy)}</p>'


def _measured(made: Backtest, labels: Mapping[str, str]) -> Iterator[str]:
    yield f"<h1>{_text(headline(made))}</h1>"
    yield f'<p class="lead">{_text(certainty(made))}</p>'
    bars = [
        Bar(system_name(made, one.name, labels), *_three(one.recall20), accent=one.name == PRESENT)
        for one in made.systems
    ]
    picture = interval_bars(
        bars,
        title="Found among the first 20",
        description="Share of the hidden artists, by system, with 95% intervals.",
    )
    yield f"<figure>{picture}<figcaption>Share of the hidden artists among the first 20 places, "
    yield "with 95% intervals.</figcaption></figure>"
    rows = [
        (
            _text(system_name(made, one.name, labels)),
            percent(one.recall20.value),
            spread(one.recall20),
            f"{one.ndcg20.value:.3f}",
        )
        for one in made.systems
    ]
    yield _table(("Who ranks", "Recall@20", "95%", "NDCG@20"), rows, numbers=3)
    told = [
        f"<strong>{_text(system_name(made, one.name, labels))}</strong>: {_ABOUT[one.name]}"
        for one in made.systems
        if one.name in _ABOUT
    ]
    yield f'<p class="dim">{"; ".join(told)}.</p>'
    yield from _weights(made, labels)
    yield from _artists(made)


def _weights(made: Backtest, labels: Mapping[str, str]) -> Iterator[str]:
    yield "<h2>Weights</h2>"
    suggestion, present = made.suggestion, made.system(PRESENT)
    if not suggestion.weights or present is None:
        yield f"<p><strong>Keep the weights you have.</strong> {_text(suggestion.reason)}</p>"
        return
    rows = [
        (_text(labels.get(source, source)), f"{present.weights.get(source, 0):g}", f"{vote:g}")
        for source, vote in suggestion.weights.items()
    ]
    yield "<p>Other weights of the sources would have predicted your library better, also at the points in "
    yield f"time that they were not chosen on{_text(_gained(suggestion.gain))}.</p>"
    yield _table(("Source", "now", "suggested"), rows, numbers=2)
    yield "<p>To take them over: <code>brainarr backtest --apply</code>, or <code>POST "
    yield "api/v1/backtest/apply</code>. They count from the next run on.</p>"


def _artists(made: Backtest) -> Iterator[str]:
    hits = sorted((one for one in made.tested if _is_hit(one)), key=lambda one: one.place or 0)
    yield "<h2>Would have been recommended</h2>"
    if hits:
        rows = [(_text(one.artist), str(one.place), _text(span(one.days_before))) for one in hits[:_SHOWN]]
        yield _table(("Artist", "Place", "Before you added it"), rows, numbers=1, last=True)
    else:
        yield "<p>None of them.</p>"
    near = sorted((one for one in made.tested if (one.place or 0) > 20), key=lambda one: one.place or 0)
    unnamed = [one for one in made.tested if one.place is None]
    if near:
        yield "<h2>Further down</h2>"
        listed = ", ".join(f"{_text(one.artist)} ({one.place})" for one in near[:_SHOWN])
        yield f"<p>{listed}{_more(near)}.</p>"
    if unnamed:
        yield "<h2>Named by no source</h2>"
        listed = ", ".join(_text(one.artist) for one in unnamed[:_SHOWN])
        yield f"<p>{listed}{_more(unnamed)}.</p>"


def _ground(made: Backtest, labels: Mapping[str, str]) -> Iterator[str]:
    """What the figures rest on, and what they do not tell."""
    yield "<h2>What this rests on</h2>"
    yield "".join(f"<p>{_text(line)}</p>" for line in (*made.notes, *basis(made)))
    if made.cuts:
        rows = [
            (
                f"{one.at:%Y-%m-%d}",
                f"{one.known:,}",
                str(one.hidden),
                str(one.found20),
            )
            for one in made.cuts
        ]
        yield _table(("Cut before", "Artists then", "Hidden", "Found"), rows, numbers=3)
    if made.asked:
        rows = [
            (
                _text(labels.get(one.source, one.source))
                + (f'<br><span class="dim">{_text(one.detail)}</span>' if one.detail else ""),
                str(one.known),
                str(one.fetched),
                str(one.missing),
            )
            for one in made.asked
        ]
        yield _table(("Neighbour lists", "known", "fetched", "missing"), rows, numbers=3)
    if made.systems:
        yield "<h2>How to read it</h2>"
        yield "".join(f"<p>{_text(line)}</p>" for line in CAVEATS)
    yield f'<p class="dim">Measured {made.made_at:%Y-%m-%d %H:%M} UTC.</p>'


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int, last: bool = False) -> str:
    """`numbers`: how many columns from the right hold numbers; with `last` another one of text follows.
    Cells are markup already."""
    first = len(heads) - numbers - last
    numeric = range(first, first + numbers)

    def line(kind: str, cells: Sequence[str]) -> str:
        return "".join(
            f"<{kind}{' class=n' if place in numeric else ''}>{cell}</{kind.split()[0]}>"
            for place, cell in enumerate(cells)
        )

    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{line("th scope=col", heads)}</tr>{body}</table></div>'


def _three(one: Estimate) -> tuple[float, float, float]:
    return one.value, one.low, one.high


def _is_hit(one: Tested) -> bool:
    return one.place is not None and one.place <= 20


def _gained(gain: Estimate | None) -> str:
    return f" (NDCG@100 {gain.value:+.3f}, {gain.low:+.3f} to {gain.high:+.3f})" if gain else ""


def _more(items: Sequence[Tested]) -> str:
    return f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""


def _text(text: str) -> str:
    return escape(text)
