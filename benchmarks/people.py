"""Whether people are found, and told apart, in real clips: every pair of a folder of clips, as a table.

    uv run python benchmarks/people.py --clips FOLDER --same GROUPS.txt [--mixed NAME ...] [--json]

FOLDER holds videos that show one person each, but for those whose names hold a NAME of ``--mixed``. GROUPS.txt has, on
a line each, the clips that show one person, by parts of their names. From each clip one reference is taken: the first
face that is sure, frontal and about as large as the median. `found` is the share of the clip's frames with a face in
which that person is observed with the usual thresholds. For a pair of clips the reference of one is looked for in the
other: `matched` is the share of the other's frames with a face where it is observed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from core.errors import PunchlineError
from core.faces.feature_file import Features
from core.faces.pose import FRONTAL, turned
from core.multimodal_processor import extract
from core.people.groups import reference_at
from core.people.normalisation import similarities
from core.people.person import Person, match_by
from core.video_feature_extractor import ExtractionSettings

MATCHED = 0.5  # share of frames from which two clips count as matched


def reference_row(features: Features) -> int | None:
    """The first clear face: sure, frontal, of usual size; None where there is none."""
    faces = features.faces
    side = (faces.box_xyxy[:, 2:] - faces.box_xyxy[:, :2]).max(axis=1)
    clear = (faces.probability >= 0.99) & (np.abs(turned(faces.landmarks)) <= FRONTAL)
    rows = np.flatnonzero(clear & (side >= 0.9 * np.median(side))) if len(faces) else np.empty(0, int)
    return int(rows[0]) if len(rows) else None


def share_observed(features: Features, person: Person) -> float:
    """Of the frames with a face, the share in which the person is observed."""
    found = match_by(features.faces, similarities(features, person), person.thresholds)
    return float((found.face >= 0).sum() / max(len(np.unique(features.faces.frame)), 1))


def tested(folder: Path, same: list[list[str]], mixed: list[str]) -> dict:
    """Every clip with its own reference, and every pair."""
    settings = ExtractionSettings(device="cpu")
    models = settings.load_models()
    features: dict[str, Features] = {}
    people: dict[str, Person] = {}
    with tempfile.TemporaryDirectory() as kept:
        for path in sorted(folder.iterdir()):
            try:
                read = extract(path, Path(kept) / "features.h5", settings=settings, models=models, resume=False)
                row = reference_row(read)
                if row is None:
                    print(f"{path.name}: no clear face")
                    continue
                people[path.name] = Person(path.name, path.name, (reference_at(path, read, row),))
                features[path.name] = read
            except PunchlineError as error:
                print(error)
            (Path(kept) / "features.h5").unlink(missing_ok=True)
    own = {name: share_observed(features[name], people[name]) for name in features}
    pairs = [
        {
            "clip": a,
            "reference": b,
            "same": any(all(any(part in name for part in group) for name in (a, b)) for group in same),
            "mixed": any(part in name for part in mixed for name in (a, b)),
            "matched": share_observed(features[a], people[b]),
        }
        for a in features
        for b in people
        if a != b
    ]
    return {"found": own, "pairs": pairs}


def report(result: dict) -> str:
    """The table as text: what each clip gave, then the pairs that are not as they should be."""
    lines = [f"{share:7.1%}  {name}" for name, share in result["found"].items()]
    clear = [pair for pair in result["pairs"] if not pair["mixed"]]
    for same, words in ((True, "same person"), (False, "different people")):
        shares = np.array([pair["matched"] for pair in clear if pair["same"] == same])
        if len(shares):
            lines.append(
                f"{words}: {len(shares)} pairs, matched in half of the frames {(shares >= MATCHED).mean():.2%}, "
                f"in any {(shares > 0).mean():.2%}; lowest {shares.min():.1%}, highest {shares.max():.1%}"
            )
    lines += [
        f"{pair['matched']:7.1%}  {pair['reference']} in {pair['clip']} ({'same' if pair['same'] else 'different'})"
        for pair in sorted(result["pairs"], key=lambda pair: -pair["matched"])
        if pair["same"] != (pair["matched"] >= MATCHED) or (not pair["same"] and pair["matched"] > 0)
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--same", type=Path, required=True)
    parser.add_argument("--mixed", nargs="*", default=[])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    groups = [line.split() for line in options.same.read_text(encoding="utf-8").splitlines() if line.strip()]
    result = tested(options.clips, groups, options.mixed)
    print(json.dumps(result, indent=1) if options.json else report(result))


if __name__ == "__main__":
    main()
