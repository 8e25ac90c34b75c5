"""The backtest: started by a form, watched while it runs, told when it is done, its weights taken over."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from brainarr.domain.backtest import FEWEST_HIDDEN, MOST_FOLDS, MOST_HIDDEN, USUAL_FOLDS, BacktestOptions
from brainarr.errors import Conflict, NotFound
from brainarr.service.backtest import apply_weights, backtest_state, read_backtest, request_backtest
from brainarr.web.backtest_result import tell
from brainarr.web.deps import Deps
from brainarr.web.people import Admin, SignedIn
from brainarr.web.render import back, failed, page

router = APIRouter()
_HERE = "/taste/backtest"
_FOLDS = f"a whole number from 1 to {MOST_FOLDS}"
_HIDE = f"nothing, or a whole number from {FEWEST_HIDDEN} to {MOST_HIDDEN}"


@router.get(_HERE)
async def backtest(request: Request, deps: Deps, person: SignedIn) -> HTMLResponse:
    # Looked at before the result is read: one that ends meanwhile would seem to have left none.
    state = await backtest_state(deps.db)
    made = await read_backtest(deps.db)
    return page(
        request,
        "pages/taste/backtest.html",
        person=person,
        alone=False,
        state=state,
        result=tell(made, deps.backtests.labels) if made else None,
        bounds=(FEWEST_HIDDEN, MOST_HIDDEN, USUAL_FOLDS, MOST_FOLDS),
    )


@router.post(_HERE)
async def start(
    request: Request,
    deps: Deps,
    person: SignedIn,
    hide: Annotated[str, Form(max_length=20)] = "",
    folds: Annotated[str, Form(max_length=20)] = "",
    offline: Annotated[bool, Form()] = False,
) -> Response:
    """Asks for one; asks no language model, so it costs nothing."""
    hidden, cuts = _number(hide, FEWEST_HIDDEN, MOST_HIDDEN), _number(folds, 1, MOST_FOLDS)
    for given, read, allowed in ((hide, hidden, _HIDE), (folds, cuts, _FOLDS)):
        if given.strip() and read is None:
            return back(request, _HERE, told=f"“{given}” is not {allowed}.", bad=True)
    asked = BacktestOptions(hide=hidden, folds=cuts or USUAL_FOLDS, offline=offline)
    created = await request_backtest(deps.db, asked, clock=deps.clock)
    deps.wake()
    return back(request, _HERE, told="The backtest has begun." if created else "One is under way already.")


@router.post(f"{_HERE}/apply")
async def apply(request: Request, deps: Deps, person: Admin) -> Response:
    try:
        await apply_weights(deps.backtests)
    except (NotFound, Conflict) as error:
        return failed(request, _HERE, error)
    return back(request, _HERE, told="The suggested weights count from the next run on.")


def _number(text: str, least: int, most: int) -> int | None:
    """None: nothing, or nothing that is allowed."""
    said = text.strip()
    number = int(said) if said.isdecimal() and said.isascii() else None
    return number if number is not None and least <= number <= most else None
