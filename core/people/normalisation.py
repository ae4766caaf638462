"""Similarities that mean the same for everyone: measured against the other people who are seen in the same video.

Some faces resemble many people: a network that has seen few of a kind finds that kind alike. What a face and a
reference have in common with everybody else around does not tell that they are one person, and is taken off (adaptive
score normalisation, Matejka et al. 2017, doi:10.21437/Interspeech.2017-803, with the mean alone).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.faces.embedders import embedder_entry
from core.faces.feature_file import Features
from core.faces.pose import FRONTAL, turned
from core.faces.similarity import SMALL_FACE, SMALL_REACH, similarity_among, similarity_of
from core.faces.table import FaceTable
from core.people.person import STRICT_PROBABILITY, Match, Person, Thresholds, match_by, similarity_to_any

Floats = NDArray[np.floating]

N_OTHERS = 8  # people; from four on more change little


def parameters(embedder_name: str) -> dict[str, Any]:
    """What decides similarities and matches beside embeddings, references and thresholds: for digests of a series."""
    entry = embedder_entry(embedder_name)
    return {
        "scale": [list(point) for point in entry.scale],
        "normalisation": {"kind": "mean of others", "people": N_OTHERS, "strangers": entry.strangers},
        "turned_faces": "with their track",
        "relaxed_tracks": "by two looks, by many if they are likely",
        "small_references": [SMALL_FACE, SMALL_REACH],
    }


def similarities(features: Features, person: Person) -> NDArray[np.float32]:
    """The best similarity (n,) float32 of each face to the person's references, among the other people of the video.

    NaN where a face has no embedding, or is larger than any reference can tell; a reference whose embedding is NaN is
    passed over.

    Raises
    ------
    PunchlineError
        If no reference was read by the model of this video.
    """
    embedder = features.info.models["embedder"]
    references = person.embeddings(embedder["digest"])
    others = others_in(features.faces, references, embedder["name"])
    side = np.array([np.ptp(r.box_xyxy.reshape(2, 2), axis=0).max() for r in person.readable(embedder["digest"])])
    largest = np.where((side > 0) & (side < SMALL_FACE), SMALL_REACH * side, np.inf)  # a side of 0: not known
    return similarity_to_any(features.faces, references, similarity_among(embedder["name"], others), largest=largest)


def find_person(features: Features, person: Person, thresholds: Thresholds | None = None) -> Match:
    """The person's face in every frame, by the thresholds saved for this video if None; raises as `similarities`."""
    chosen = thresholds or person.thresholds_for(features.info.fingerprint)
    return match_by(features.faces, similarities(features, person), chosen)


def others_in(faces: FaceTable, references: Floats, embedder_name: str) -> NDArray[np.float64]:
    """Embeddings (k, d) of up to 8 people in a table who are neither the person nor each other, seen longest first.

    They are means over the sure, frontal faces of tracks that are clearly unlike all references (m, d). Side faces are
    left out: one of the person resembles the references as little as a stranger does.
    """
    similarity = similarity_of(embedder_name)
    unlike = Thresholds().relaxed
    frontal = np.abs(turned(faces.landmarks)) <= FRONTAL
    usable = frontal & (faces.track >= 0) & (faces.probability >= STRICT_PROBABILITY)
    rows = np.flatnonzero(usable & np.isfinite(faces.embedding).all(axis=1))
    found = np.empty((0, faces.embedding.shape[1]))
    if len(rows) == 0:
        return found
    _, track, n_faces = np.unique(faces.track[rows], return_inverse=True, return_counts=True)
    order = np.argsort(track, kind="stable")
    sums = np.add.reduceat(faces.embedding[rows[order]].astype(np.float64), np.cumsum([0, *n_faces[:-1]]))
    means = (sums / n_faces[:, None])[np.argsort(-n_faces, kind="stable")]
    means = means[similarity(means, references).max(axis=1) < unlike]
    while len(means) and len(found) < N_OTHERS:
        found = np.vstack([found, means[:1]])
        means = means[similarity(means, means[:1])[:, 0] < unlike]
    return found
