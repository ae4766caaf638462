"""A person's gallery in a video: the faces that are references already, and faces that would complete them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from core.errors import PunchlineError
from core.faces.feature_file import Features
from core.faces.similarity import similarity_of
from core.people.groups import representatives
from core.people.person import STRICT_PROBABILITY, Person, match_by

FAMILIAR = 0.75  # similarity to a reference from which a face adds nothing new

# From which two faces are one look of one person: of the same moment, 1/3 s apart, it is .9 to 1 on real clips.
SAME_LOOK = 0.9
HARDLY = 0.005  # two similarities that differ by less are told apart by noise


def in_use(features: Features, person: Person, shown: Iterable[int] = ()) -> NDArray[np.intp]:
    """Rows of the face table that show the person's references, increasing: for each the face most like it.

    Of faces that are as like it as that, but for `HARDLY`, one of those that are `shown` is taken.

    An extraction looks at other pictures than the first look that a reference may come from, so faces are compared by
    their similarity. A reference of another embedder, or without a face of at least `SAME_LOOK` in this video, shows
    nothing; neither does a face without an embedding (NaN).
    """
    embedder = features.info.models["embedder"]
    try:
        references = person.embeddings(embedder["digest"])
    except PunchlineError:
        return np.empty(0, np.intp)
    if len(features.faces) == 0:
        return np.empty(0, np.intp)
    likeness = np.nan_to_num(similarity_of(embedder["name"])(references, features.faces.embedding), nan=-1.0)
    greatest = likeness.max(axis=1)
    before = np.zeros(len(features.faces))
    before[list(shown)] = HARDLY
    rows: NDArray[np.intp] = np.unique((likeness + before).argmax(axis=1)[greatest >= SAME_LOOK])
    return rows


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
