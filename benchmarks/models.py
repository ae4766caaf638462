"""How good the bundled models are: emotions on FER+, identity on Labeled Faces in the Wild (LFW).

Everything goes the way it goes in the program: MtcnnDetector, `cut` with the network's own crop, the network.

    uv run python benchmarks/models.py --ferplus FILE.npz --lfw FILE.zip --pairs FILE.csv [--group FILE.txt] [--json]

FER+: an NPZ with ``images`` uint8 (n, 48, 48) and ``votes`` uint8 (n, 10) of ten taggers each. The pictures are crops
already, so they go to the recogniser as they are, grey as RGB.

LFW: a ZIP of pictures and a CSV with the columns ``fold,image_a,image_b,same``. The pictures are tight crops with one
face in the middle, which fills them: their border is replicated by `LFW_BORDER` on each side before the detection, and
of several faces found the one nearest the centre counts. Where none is found the face is taken to lie where those of
the other pictures do (the median of their boxes and landmarks); these are counted, not left out. As in the program, the
first picture of a pair is embedded as a reference and the second as a face of a video. ``--group`` adds how often two
different people of a group are taken for one (`group_false_accept`).
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch

from core.faces import embedders, emotion
from core.faces.crop import cut
from core.faces.detection import Faces, MtcnnDetector
from core.faces.emotion import EMOTIONS
from core.faces.similarity import similarity_among, similarity_of
from core.people.normalisation import N_OTHERS
from core.people.photos import embed_reference

FERPLUS_COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
BATCH = 16
N_BINS = 15
# Share of an LFW picture's side that is replicated around it, and the smallest face looked for in the result.
LFW_BORDER = 0.3
LFW_MIN_FACE = 0.2
THRESHOLDS = (0.5, 0.3)
GROUP_SHARES = (0.01, 0.001)
FALSE_SHARES = (0.002, 0.01)
# Simulated videos, and pictures compared in each.
N_VIDEOS, N_PICTURES = 400, 200


def ferplus(path: Path) -> dict:
    """Accuracy, recalls, confusion and calibration on FER+, majority protocol (Barsoum et al. 2016, arXiv:1608.01041).

    A picture counts if more than half of its votes went to one of the eight emotions; votes for "unknown" and "not a
    face" stay in the total. The confusion matrix holds counts, rows true and columns said, both in `EMOTIONS` order.
    """
    with np.load(path) as archive:
        images, votes = archive["images"], archive["votes"].astype(int)
    in_order = votes[:, [FERPLUS_COLUMNS.index(name) for name in EMOTIONS]]
    counts = in_order.max(axis=1) * 2 > votes.sum(axis=1)
    truth = in_order[counts].argmax(axis=1)
    model = emotion.recogniser("ferplus")
    side = model.crop.side
    chips = [cv2.resize(x, (side, side)) if len(x) != side else x for x in images[counts]]
    rgb = np.repeat(np.stack(chips)[..., None], 3, axis=3)
    probabilities, ms_per_face = timed(model.recognise, rgb, n_threads=1)
    probabilities = probabilities[:, : len(EMOTIONS)]
    said = probabilities.argmax(axis=1)
    confusion = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
    np.add.at(confusion, (truth, said), 1)
    present = confusion.sum(axis=1) > 0
    recall = confusion.diagonal() / np.maximum(confusion.sum(axis=1), 1)
    return {
        "accuracy": float((said == truth).mean()),
        "mean_recall": float(recall[present].mean()),
        "recall": {name: float(recall[k]) if present[k] else None for k, name in enumerate(EMOTIONS)},
        "confusion": confusion.tolist(),
        "expected_calibration_error": calibration_error(probabilities.max(axis=1), said == truth),
        "n": len(truth),
        "ms_per_face": ms_per_face,
    }


def calibration_error(confidence: np.ndarray, correct: np.ndarray) -> float:
    """Expected calibration error over 15 bins of equal width (Guo et al. 2017, arXiv:1706.04599)."""
    bins = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    gaps = [abs(confidence[bins == k].sum() - correct[bins == k].sum()) for k in range(N_BINS)]
    return float(sum(gaps) / len(confidence))


def lfw(pictures: Path, pairs: Path, group: Path | None) -> dict:
    """Verification accuracy on LFW pairs: each fold judged by the threshold that is best on the other folds."""
    with open(pairs, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    same = np.array([row["same"] == "1" for row in rows])
    fold = np.array([int(row["fold"]) for row in rows]) if "fold" in rows[0] else np.arange(len(rows)) % 10
    names = sorted({row[side] for row in rows for side in ("image_a", "image_b")})
    model = embedders.embedder()
    firsts = set(names) if group else {row["image_a"] for row in rows}
    chips, references, n_faces_not_found, detect_ms = lfw_chips(pictures, names, firsts, model)
    _, ms_per_face = timed(model.embed, chips, n_threads=2)
    embeddings = embedders.embed_both_ways(model, chips)
    probes = dict(zip(names, embeddings, strict=True))
    alike = similarity_of(model.name)
    similarity = np.array([alike(references[row["image_a"]][None], probes[row["image_b"]][None])[0, 0] for row in rows])
    per_fold = {int(k): fold_accuracy(similarity, same, fold == k) for k in np.unique(fold)}
    results = {
        "accuracy": float(np.mean(list(per_fold.values()))),
        "per_fold": per_fold,
        "true_accept": {str(t): float((similarity[same] >= t).mean()) for t in THRESHOLDS},
        "false_accept": {str(t): float((similarity[~same] >= t).mean()) for t in THRESHOLDS},
        "true_accept_at_false": {str(x): accepted_at(similarity[same], similarity[~same], x) for x in FALSE_SHARES},
        "true_accept_at_false_of_all": all_pairs(names, probes, references, model.name),
        "n_pairs": len(rows),
        "n_pictures": len(names),
        "n_faces_not_found": n_faces_not_found,
        "ms_per_face": ms_per_face,
        "detect_ms_per_picture": detect_ms,
    }
    if group:
        members = set(group.read_text(encoding="utf-8").split())
        results |= group_false_accept(names, np.stack([references[n] for n in names]), embeddings, members, model.name)
    return results


def all_pairs(names: list[str], probes: dict, references: dict, embedder_name: str) -> dict[str, float]:
    """Share of the pairs of one person that pass what a share of the pairs of two passes, of all pairs of pictures.

    A fifth of a percent of the pairs that LFW lists are two or three pairs, of all pairs thousands.
    """
    who = np.array([name.rsplit("_", 1)[0] for name in names])
    first = [k for k, name in enumerate(names) if name in references]
    similarity = similarity_of(embedder_name)(
        np.stack([references[names[k]] for k in first]), np.stack([probes[name] for name in names])
    )
    same = who[first][:, None] == who
    wanted = similarity[same & (np.array(first)[:, None] != np.arange(len(names)))]
    return {str(x): accepted_at(wanted, similarity[~same], x) for x in FALSE_SHARES}


def accepted_at(wanted: np.ndarray, others: np.ndarray, share: float) -> float:
    """Share of the wanted similarities that pass the threshold which `share` of the others pass."""
    return float((wanted >= np.quantile(others, 1 - share)).mean())


def group_false_accept(
    names: list[str], references: np.ndarray, probes: np.ndarray, members: set[str], embedder_name: str
) -> dict:
    """How many pairs of different people of a group pass the threshold that 1 % and 0.1 % of all others' pairs pass.

    Without normalisation, and with that of `core.people.normalisation`: `N_VIDEOS` times, `N_OTHERS` people are drawn
    from the group, and as many from all others, and taken for the people who are seen in one video; the pairs of all
    whom were not drawn are then compared among them.
    """
    who = np.array([name.rsplit("_", 1)[0] for name in names])
    member = np.isin(who, list(members))
    rng = np.random.default_rng(0)
    alone, among = [], []
    for pool in (np.flatnonzero(member), np.flatnonzero(~member)):
        people, first = np.unique(who[pool], return_index=True)
        plain, beside = [], []
        for _ in range(N_VIDEOS):
            drawn = rng.choice(len(people), min(N_OTHERS, len(people) // 2), replace=False)
            rest = pool[~np.isin(who[pool], people[drawn])]
            rest = rng.choice(rest, min(N_PICTURES, len(rest)), replace=False)
            different = who[rest][:, None] != who[rest]
            pair = references[rest], probes[rest]
            plain.append(similarity_of(embedder_name)(*pair)[different])
            beside.append(similarity_among(embedder_name, probes[pool[first[drawn]]])(*pair)[different])
        alone.append(np.concatenate(plain))
        among.append(np.concatenate(beside))
    return {
        "group_false_accept": {str(x): accepted_at(*among, x) for x in GROUP_SHARES},
        "group_false_accept_alone": {str(x): accepted_at(*alone, x) for x in GROUP_SHARES},
        "group_normalised_among": N_OTHERS,
        "n_group_pictures": int(member.sum()),
    }


def lfw_chips(
    pictures: Path, names: list[str], firsts: set[str], model: embedders.Embedder
) -> tuple[np.ndarray, dict[str, np.ndarray], int, float]:
    """The chip of every picture's middle face, and the reference embedding of those in `firsts`.

    Also how many pictures showed no face, and ms a picture for the detection.
    """
    detector = MtcnnDetector(LFW_MIN_FACE, batch=BATCH)
    chips: dict[str, np.ndarray] = {}
    references: dict[str, np.ndarray] = {}
    lost: dict[str, np.ndarray] = {}
    shares, seconds = [], 0.0

    def keep(name: str, image: np.ndarray, box: np.ndarray, landmarks: np.ndarray) -> None:
        chips[name] = cut(image, box, landmarks, model.crop)
        if name in firsts:
            references[name] = embed_reference(image, box, landmarks, model)

    torch.set_num_threads(2)
    with zipfile.ZipFile(pictures) as archive:
        members = {Path(member).name: member for member in archive.namelist()}
        for first in range(0, len(names), BATCH):
            part = names[first : first + BATCH]
            images = [bordered(archive.read(members[name])) for name in part]
            began = time.perf_counter()
            found = detector.detect(images)
            seconds += time.perf_counter() - began
            for name, image, faces in zip(part, images, found, strict=True):
                if len(faces) == 0:
                    lost[name] = image
                    continue
                box, landmarks = middle(faces, image)
                shares.append(np.concatenate([box, landmarks.ravel()]) / len(image))
                keep(name, image, box, landmarks)
    usual = np.median(shares, axis=0)
    for name, image in lost.items():
        keep(name, image, usual[:4] * len(image), usual[4:].reshape(5, 2) * len(image))
    return np.stack([chips[name] for name in names]), references, len(lost), 1000 * seconds / len(names)


def bordered(content: bytes) -> np.ndarray:
    """An encoded picture as RGB with its border replicated."""
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    pad = round(LFW_BORDER * max(image.shape[:2]))
    image = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def middle(faces: Faces, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Box and landmarks of the face nearest the picture's centre."""
    centres = (faces.box_xyxy[:, :2] + faces.box_xyxy[:, 2:]) / 2
    k = np.linalg.norm(centres - np.array(image.shape[1::-1]) / 2, axis=1).argmin()
    return faces.box_xyxy[k], faces.landmarks[k]


def fold_accuracy(similarity: np.ndarray, same: np.ndarray, held_out: np.ndarray) -> float:
    """Accuracy on the held-out pairs at the threshold that is best on all others (on all, if there are no others)."""
    others = ~held_out if not held_out.all() else held_out
    order = np.argsort(similarity[others])
    values, hits = similarity[others][order], same[others][order]
    # Threshold at values[k]: the k pairs below are called different, the rest the same.
    right = np.concatenate([[0], np.cumsum(~hits)])[:-1] + np.cumsum(hits[::-1])[::-1]
    best = values[right.argmax()]
    return float(((similarity[held_out] >= best) == same[held_out]).mean())


def timed(run: Callable[[np.ndarray], np.ndarray], chips: np.ndarray, *, n_threads: int) -> tuple[np.ndarray, float]:
    """A network's output for all chips, 16 at a time, and the median ms a face over the full batches."""
    torch.set_num_threads(n_threads)
    run(chips[:BATCH])  # the first call plans and allocates
    outputs, ms = [], []
    for first in range(0, len(chips), BATCH):
        began = time.perf_counter()
        outputs.append(run(chips[first : first + BATCH]))
        ms.append(1000 * (time.perf_counter() - began) / len(outputs[-1]))
    return np.concatenate(outputs), float(np.median(ms))


def report(results: dict) -> str:
    """The results as text for people."""
    lines = []
    if part := results.get("ferplus"):
        lines += [
            f"FER+: accuracy {part['accuracy']:.4f} on {part['n']} faces, mean recall {part['mean_recall']:.3f}, "
            f"calibration error {part['expected_calibration_error']:.3f}, "
            f"{part['ms_per_face']:.2f} ms a face (1 thread)",
            "recall: " + ", ".join(f"{k} {v:.2f}" for k, v in part["recall"].items() if v is not None),
            "confusion (rows true, columns said), " + " ".join(EMOTIONS),
            *("".join(f"{count:6d}" for count in row) for row in part["confusion"]),
        ]
    if part := results.get("lfw"):
        folds = ", ".join(f"{value:.4f}" for value in part["per_fold"].values())
        lines += [
            f"LFW: accuracy {part['accuracy']:.4f} on {part['n_pairs']} pairs (folds {folds}), "
            f"{part['ms_per_face']:.2f} ms a face (2 threads)",
            *(
                f"similarity >= {t}: {accepted:.2%} of the same, {part['false_accept'][t]:.2%} of the different"
                for t, accepted in part["true_accept"].items()
            ),
            f"of the same at 0.2 % false: {part['true_accept_at_false']['0.002']:.2%} of the listed pairs, "
            f"{part['true_accept_at_false_of_all']['0.002']:.2%} of all pairs of pictures",
            *(
                f"different people of the group at {share} of others: {part['group_false_accept'][share]:.2%} among "
                f"{part['group_normalised_among']} other people, {alone:.2%} alone"
                for share, alone in part.get("group_false_accept_alone", {}).items()
            ),
            f"no face found in {part['n_faces_not_found']} of {part['n_pictures']} pictures (the usual place taken), "
            f"detection {part['detect_ms_per_picture']:.1f} ms a picture (2 threads)",
        ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ferplus", type=Path, metavar="FILE.npz")
    parser.add_argument("--lfw", type=Path, metavar="FILE.zip")
    parser.add_argument("--pairs", type=Path, metavar="FILE.csv")
    parser.add_argument("--group", type=Path, metavar="FILE.txt", help="names of people, one a line")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    options = parser.parse_args(arguments)
    if (options.lfw is None) != (options.pairs is None):
        parser.error("--lfw and --pairs go together")
    if options.lfw is None and options.ferplus is None:
        parser.error("nothing to do: give --ferplus, or --lfw and --pairs")
    results = {}
    if options.ferplus:
        results["ferplus"] = ferplus(options.ferplus)
    if options.lfw:
        results["lfw"] = lfw(options.lfw, options.pairs, options.group)
    print(json.dumps(results, indent=2) if options.json else report(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
