"""How often each caller may ask the API: a tool that runs wild must not take the server from all others."""

import math
from collections import OrderedDict
from datetime import datetime
from hashlib import blake2b

from fastapi import Depends, FastAPI, Request, Response

from brainarr.errors import BrainarrError
from brainarr.pipeline.ports import Clock
from brainarr.web.auth import CallerOf
from brainarr.web.problems import TOO_MANY_REQUESTS, answer

MOST_CALLERS = 1024


class TooManyRequests(BrainarrError):
    def __init__(self, retry_after: int, per_minute: int) -> None:
        super().__init__(
            f"This key may ask {per_minute} times a minute.",
            remedy="Ask less often, or raise server.requests_per_minute.",
        )
        self.retry_after = retry_after


class Rates:
    """A token bucket of one minute for each caller, of each process. The quietest are forgotten first."""

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._left: OrderedDict[bytes, tuple[float, datetime]] = OrderedDict()

    def take(self, who: str) -> int:
        """How many more are left now. Raises TooManyRequests."""
        caller = blake2b(who.encode("utf-8", "replace"), digest_size=16).digest()
        now = self._clock()
        most = float(self.per_minute)
        left, at = self._left.get(caller, (most, now))
        # A clock that was set back must not lock anybody out.
        left = min(most, left + max(0.0, (now - at).total_seconds()) * most / 60)
        if left < 1:
            raise TooManyRequests(math.ceil((1 - left) * 60 / most), self.per_minute)
        self._left[caller] = (left - 1, now)
        self._left.move_to_end(caller)
        if len(self._left) > MOST_CALLERS:
            self._left.popitem(last=False)
        return int(left - 1)


async def paced(request: Request, response: Response, caller: CallerOf) -> None:
    """Counts this request. What is left stands in the answer (draft-ietf-httpapi-ratelimit-headers)."""
    rates: Rates = request.app.state.rates
    if not rates.per_minute:
        return
    left = rates.take(caller.identity)
    response.headers["RateLimit-Policy"] = f'"api";q={rates.per_minute};w=60'
    response.headers["RateLimit"] = f'"api";r={left}'


Paced = Depends(paced)


def install_rates(app: FastAPI, per_minute: int, clock: Clock) -> None:
    """`per_minute` 0: as often as anybody likes."""
    app.state.rates = Rates(per_minute, clock)
    app.exception_handler(TooManyRequests)(_too_many)


async def _too_many(request: Request, error: TooManyRequests) -> Response:
    headers = {"Retry-After": str(error.retry_after)}
    return answer(request, TOO_MANY_REQUESTS, error.message, remedy=error.remedy, headers=headers)
