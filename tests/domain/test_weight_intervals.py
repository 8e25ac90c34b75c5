"""How sure a learnt weight is."""

import numpy as np
import pytest

from brainarr.domain.learning import Facets, FacetWeights, Posterior, weight_intervals
from brainarr.pipeline.posterior import believed_before


def covariance(of: float) -> tuple[Facets, Facets, Facets, Facets]:
    return ((of, 0, 0, 0), (0, of, 0, 0), (0, 0, of, 0), (0, 0, 0, of))


def test_without_any_doubt_an_interval_is_its_weight():
    known = weight_intervals(Posterior((2.0, 1.0, 1.0, 0.0), covariance(0)))
    assert known == ((0.5, 0.5), (0.25, 0.25), (0.25, 0.25), (0.0, 0.0))


def test_it_is_as_wide_as_a_simulation_says():
    posterior = Posterior((1.6, 0.8, 0.8, 0.8), covariance(0.01))
    draws = np.random.default_rng(1).multivariate_normal(posterior.mean, posterior.covariance, 40_000)
    weights = draws / draws.sum(axis=1, keepdims=True)
    for place, (low, high) in enumerate(weight_intervals(posterior)):
        assert (low, high) == pytest.approx(tuple(np.quantile(weights[:, place], (0.025, 0.975))), abs=0.005)


def test_it_stays_within_nothing_and_all_and_holds_the_weight():
    for (low, high), weight in zip(
        weight_intervals(believed_before(FacetWeights())), FacetWeights().each, strict=True
    ):
        assert 0 <= low <= weight <= high <= 1


def test_where_nothing_speaks_for_anything_nothing_is_known():
    assert weight_intervals(Posterior((-1.0, 0.0, -2.0, 0.0), covariance(1))) == ((0.0, 1.0),) * 4
