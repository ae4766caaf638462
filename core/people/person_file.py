"""Person files: reference faces with their embeddings, and the thresholds of one person."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from core.people.person import Person, Reference, Thresholds
from core.storage.files import program_version, storable
from core.storage.hdf5 import array_of, reading, replacing

PERSON_FORMAT, PERSON_VERSION = "punchline-person", 1


def write_person(path: Path, person: Person) -> None:
    """Write a person with references and thresholds. Raises StorageFault."""
    with replacing(path) as file:
        file.attrs["format"] = PERSON_FORMAT
        file.attrs["format_version"] = PERSON_VERSION
        file.attrs["id"] = person.id
        file.attrs["name"] = person.name
        file.attrs["program_version"] = program_version()
        file.attrs["created"] = datetime.now(UTC).isoformat(timespec="seconds")
        file.attrs["thresholds"] = json.dumps(asdict(person.thresholds))
        file.attrs["overrides"] = json.dumps({k: asdict(v) for k, v in person.overrides.items()}, sort_keys=True)
        file.create_group("references")
        for k, reference in enumerate(person.references):
            group = file.create_group(f"references/{k:04d}")
            group.create_dataset("image", data=reference.image, compression="gzip")
            group["box_xyxy"] = reference.box_xyxy
            group["landmarks"] = reference.landmarks
            group.attrs["origin"] = storable(reference.origin)
            for digest, embedding in reference.embeddings.items():
                group[f"embeddings/{digest}"] = embedding


def read_person(path: Path) -> Person:
    """Read a person. Raises StorageFault naming the file and the key."""
    with reading(path, PERSON_FORMAT, PERSON_VERSION) as file:
        references = []
        for key in sorted(file["references"]):
            group = file["references"][key]
            stored = group.get("embeddings", {})
            references.append(
                Reference(
                    image=array_of(group, "image"),
                    box_xyxy=array_of(group, "box_xyxy"),
                    landmarks=array_of(group, "landmarks"),
                    origin=group.attrs["origin"],
                    embeddings={digest: array_of(stored, digest) for digest in stored},
                )
            )
        overrides = json.loads(file.attrs["overrides"])
        return Person(
            id=file.attrs["id"],
            name=file.attrs["name"],
            references=tuple(references),
            thresholds=Thresholds(**json.loads(file.attrs["thresholds"])),
            overrides={k: Thresholds(**v) for k, v in overrides.items()},
        )
