"""A person's gallery grows: faces that are surely the person's and look unlike the references there are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.faces.feature_file import Features
from core.people.groups import representatives
from core.people.person import STRICT_PROBABILITY, Person, match_by

FAMILIAR = 0.75  # similarity to a reference from which a face adds nothing new


def suggested_references(
    features: Features, person: Person, similarity: NDArray[np.float32], *, k: int = 6
) -> NDArray[np.intp]:
    """Up to `k` rows of faces that would complete a person's references: confident, of new poses and looks.

    Taken are sure faces that the person's thresholds accept, of tracks with at least two strict matches, that no
    reference resembles closely; of these the ones best to see and most unlike each other.

    Parameters
    ----------
    similarity
        (n,) as `core.people.normalisation.similarities` gives it.
    """
    faces = features.faces
    thresholds = person.thresholds_for(features.info.fingerprint)
    accepted = match_by(faces, similarity, thresholds).face
    accepted = accepted[accepted >= 0]
    strict = accepted[(similarity[accepted] >= thresholds.strict) & (faces.track[accepted] >= 0)]
    tracks, n_strict = np.unique(faces.track[strict], return_counts=True)
    own = np.isin(faces.track[accepted], tracks[n_strict >= 2])
    new = (similarity[accepted] < FAMILIAR) & (faces.probability[accepted] >= STRICT_PROBABILITY)
    return representatives(features, accepted[own & new], k=k)
