"""Charts as SVG text: no script, no style, any width, and every figure in words as well."""

from brainarr.web.charts.bars import Bar, interval_bars
from brainarr.web.charts.columns import Column, columns
from brainarr.web.charts.frame import Chart
from brainarr.web.charts.gauge import Mark, gauge
from brainarr.web.charts.leanings import Leaning, leaning_bars
from brainarr.web.charts.treemap import Tile, treemap

__all__ = [
    "Bar",
    "Chart",
    "Column",
    "Leaning",
    "Mark",
    "Tile",
    "columns",
    "gauge",
    "interval_bars",
    "leaning_bars",
    "treemap",
]
