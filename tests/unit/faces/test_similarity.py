"""One scale for all embedders: monotone in the cosine, through the points of their entries."""

import numpy as np
import pytest

from core.errors import PunchlineError
from core.faces.embedders import EMBEDDERS
from core.faces.similarity import similarity_of
from tests.tables import direction, lookalike

WANTED = direction(1)


@pytest.mark.parametrize("name", EMBEDDERS)
def test_the_scale_rises_with_the_cosine_whatever_the_lengths(name: str) -> None:
    cosines = np.linspace(-1, 1, 21)
    others = np.stack([(k + 1) * lookalike(WANTED, c) for k, c in enumerate(cosines)])
    found = similarity_of(name)(others, WANTED[None])
    assert found.dtype == np.float32
    assert found.shape == (21, 1)
    np.testing.assert_allclose(found[:, 0], np.interp(cosines, *np.array(EMBEDDERS[name].scale).T), atol=1e-5)
    assert (np.diff(found[:, 0]) > 0).all()
    assert found[-1, 0] == pytest.approx(1)


@pytest.mark.parametrize(("cosine", "similarity"), [(1.0, 1.0), (0.52, 0.5), (0.4, 0.3)])
def test_the_built_in_thresholds_lie_where_the_card_says(cosine: float, similarity: float) -> None:
    found = similarity_of("mobilefacenet")(lookalike(WANTED, cosine)[None], WANTED[None])
    assert found[0, 0] == pytest.approx(similarity, abs=1e-5)


def test_a_nan_embedding_is_like_nobody() -> None:
    lost = np.full((1, len(WANTED)), np.nan)
    assert np.isnan(similarity_of("mobilefacenet")(lost, WANTED[None])).all()
    assert similarity_of("mobilefacenet")(lost[:0], WANTED[None]).shape == (0, 1)


def test_an_embedder_that_is_gone_is_named_with_those_there_are() -> None:
    with pytest.raises(PunchlineError, match="'resnet29'; there are mobilefacenet, facenet"):
        similarity_of("resnet29")
