"""Reference faces that an embedder has not read yet are read from the pictures that are kept of them."""

from __future__ import annotations

from core.faces.embedders import DEFAULT_EMBEDDER, embedder, embedder_entry
from core.workspace.workspace import Workspace


def read_references(workspace: Workspace, name: str = DEFAULT_EMBEDDER) -> int:
    """Let an embedder read every reference that it has not read, of all people; how many these were.

    Its network is loaded only where there is something to read.

    Raises
    ------
    Busy, StorageFault, WeightsUnavailable
        Where people cannot be changed or the network is missing.
    """
    digest = embedder_entry(name).digest
    if not any(person.lacks(digest) for person in workspace.people()):
        return 0
    return workspace.embed_references(embedder(name))
