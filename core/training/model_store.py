"""A person's models: which there are, and which one is used.

Every model is a folder in ``models/``. ``models/chosen.json`` notes for each person which model was chosen; a newer one
is offered, and used once it is chosen. Until a choice is made the newest is used.
"""

from __future__ import annotations

import json
import re
import secrets
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import ModelFault, Sentence, StorageFault
from core.people.person import Person
from core.storage.files import write_json
from core.storage.names import safe_name
from core.workspace.workspace import Workspace


@dataclass(frozen=True)
class Figure:
    """A measured value with its interval; None where an interval has no meaning."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, eq=False)
class Model:
    """A trained model: its folder, and its card as `core.training.train.train` wrote it."""

    folder: Path
    card: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The folder's name, by which commands and pages call it."""
        return self.folder.name

    @property
    def kind(self) -> str:
        """What it is, such as ``logistic``; empty where its card does not say."""
        return str(self.card.get("model", ""))

    @property
    def created(self) -> str:
        """When it was trained, ISO 8601 in UTC."""
        return str(self.card.get("created", ""))

    @property
    def n_clips(self) -> int:
        """Labels it learned from."""
        return _whole(self.card.get("n_clips"))

    @property
    def n_labels(self) -> int:
        """Labels there were when it was trained, those left out too."""
        return self.n_clips + _whole(self.card.get("n_left_out"))

    @property
    def judgement(self) -> Mapping[str, Any]:
        """How good it is, as `core.training.judging.report` says; empty where it was not judged."""
        judgement = self.card.get("judgement")
        return judgement if isinstance(judgement, Mapping) else {}

    def figure(self, metric: str, *path: str) -> Figure | None:
        """A metric of its judgement, or one further down such as ``("random",)`` or ``("baselines", "loudness")``."""
        value: Any = self.judgement
        for key in (*path, "metrics", metric):
            value = value.get(key) if isinstance(value, Mapping) else None
        return as_figure(value)


def as_figure(entry: Any) -> Figure | None:
    """A figure from its mapping of value, low and high in a card; None where it has no value."""
    value = _number(entry.get("value")) if isinstance(entry, Mapping) else None
    return None if value is None else Figure(value, _number(entry.get("low")), _number(entry.get("high")))


def _names(models: Sequence[Model]) -> str:
    return ", ".join(model.name for model in models) or Sentence("none")


def _number(entry: Any) -> float | None:
    return float(entry) if isinstance(entry, int | float) else None


def _whole(entry: Any) -> int:
    return entry if isinstance(entry, int) else 0


@dataclass(frozen=True)
class _Choice:
    """What a user decided for one person: the model used, the newest one declined, and whether to train by itself."""

    model: str = ""
    declined: str = ""
    retrain: bool = False


def _choice_from(entry: Mapping[str, Any]) -> _Choice:
    kinds = {f.name: type(f.default) for f in fields(_Choice)}
    known: dict[str, Any] = {key: value for key, value in entry.items() if isinstance(value, kinds.get(key, ()))}
    return _Choice(**known)


class ModelStore:
    """The models of a workspace and the choice among them."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.folder = workspace.models_folder
        self.trash = workspace.removed_models_folder

    # Which there are

    def all(self) -> list[Model]:
        """Every model whose card can be read, the newest first."""
        models = [model for _, model in self._models_or_causes() if isinstance(model, Model)]
        return sorted(models, key=lambda model: (model.created, model.name), reverse=True)

    def _models_or_causes(self) -> Iterator[tuple[Path, Model | Exception]]:
        for path in sorted(self.folder.glob("*/card.json")):
            try:
                card = json.loads(path.read_text(encoding="utf-8"))
                if not isinstance(card, dict):
                    raise ValueError("no JSON object")
                yield path, Model(path.parent, card)
            except (OSError, ValueError) as error:
                yield path, error

    def _check_cards(self, person: Person) -> None:
        """Raise ModelFault where a card that cannot be read may be that of the person's newest model."""
        for path, cause in self._models_or_causes():
            if isinstance(cause, Model) or self._is_of_another(path, person):
                continue
            newest = next(iter(self.of(person)), None)
            advice = Sentence("move this folder away")
            if newest is not None:
                advice = Sentence(
                    "choose {name}, the newest that can be read, or move this folder away", name=newest.name
                )
            raise ModelFault(
                "{folder}: the card of this model cannot be read ({cause}); {advice}",
                folder=path.parent,
                cause=cause,
                advice=advice,
            )

    def _is_of_another(self, card: Path, person: Person) -> bool:
        """Whether what is left of a card names somebody else."""
        try:
            owner = re.search(rb'"person_id": *"([^"]*)"', card.read_bytes())
        except OSError:
            return False
        others = {other.id.encode() for other in self.workspace.people()} - {person.id.encode()}
        return owner is not None and owner[1] in others

    def of(self, person: Person) -> list[Model]:
        """The models trained for a person, the newest first."""
        return [model for model in self.all() if model.card.get("person_id") == person.id]

    def find(self, person: Person, name: str) -> Model:
        """A person's model by name. Raises ModelFault where there is none."""
        models = self.of(person)
        wanted = next((model for model in models if model.name == name), None)
        if wanted is None:
            raise ModelFault(
                "{person} has no model called {name} (known: {known}); choose one of these",
                person=person.name,
                name=name,
                known=_names(models),
            )
        return wanted

    def folder_of(self, name: str | None, person: Person) -> Path:
        """The folder of the model of that name, else of the one this person uses. Raises ModelFault without any."""
        models = self.all()
        model = self.used(person) if name is None else next((m for m in models if m.name == name), None)
        if model is not None:
            return model.folder
        unknown, none = "no model is called {name}", "no model was trained for {person} yet"
        raise ModelFault(
            "{what} (known: {known}); train one with `punchline train --person {person}`",
            what=Sentence(unknown, name=name) if name else Sentence(none, person=person.name),
            known=_names(models),
            person=person.name,
        )

    def new_folder(self, name: str | None) -> Path:
        """A folder for a new model, which no model has yet. Raises ModelFault where the name is taken or no name."""
        if name is None:
            name = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        if not name or name.startswith(".") or safe_name(name) != unicodedata.normalize("NFC", name):
            raise ModelFault("{name!r} is no name for a model; use letters, digits, - and _", name=name)
        folder = self.folder / name
        if any(other.name.casefold() == name.casefold() for other in self.folder.glob("*")):  # one on some systems
            raise ModelFault("{name}: there is a model of this name already; choose another with --name", name=name)
        return folder

    @contextmanager
    def reserved(self, name: str | None) -> Iterator[Path]:
        """A folder for a new model, which no other training takes meanwhile. Raises ModelFault, Busy."""
        folder = self.new_folder(name)
        with self.workspace.lock(f"model-{folder.name}", timeout=0):
            yield self.new_folder(folder.name)

    # Which one is used

    def used(self, person: Person) -> Model | None:
        """The model that detection takes for a person: the chosen one, else the newest; None where there is none.

        Raises
        ------
        ModelFault
            If that may be a model whose card cannot be read: the next one is named, and used once it is chosen.
        """
        models, chosen = self.of(person), self._choice(person).model
        found = next((model for model in models if model.name == chosen), None)
        if found is None:
            self._check_cards(person)
        return found or next(iter(models), None)

    def is_chosen(self, person: Person) -> bool:
        """Whether the model used was chosen, so that a newer one does not take its place by itself."""
        chosen = self._choice(person).model
        return any(model.name == chosen for model in self.of(person))

    def choose(self, person: Person, name: str) -> None:
        """Use this model from here on; an older one rolls back. Raises ModelFault, Busy, StorageFault."""
        model = self.find(person, name)
        newest = self.of(person)[0]
        declined = "" if model.name == newest.name else newest.name
        self._decide(person, model=model.name, declined=declined)

    def hold(self, person: Person) -> None:
        """Keep the model that is used now, whatever is trained later. Raises Busy, StorageFault."""
        with suppress(ModelFault):  # nothing is used as long as a card cannot be read
            used = self.used(person)
            if used is not None and not self.is_chosen(person):
                self._decide(person, model=used.name)

    def offered(self, person: Person) -> Model | None:
        """A model newer than the one used, which nobody has taken or declined yet."""
        models, used = self.of(person), self.used(person)
        if used is None or models[0].name in (used.name, self._choice(person).declined):
            return None
        return models[0]

    def decline(self, person: Person, name: str) -> None:
        """Offer this model no longer; it stays. Raises Busy, StorageFault."""
        self.hold(person)
        self._decide(person, declined=name)

    def forget(self, person: Person) -> None:
        """Drop what was decided for a person; the models stay. Raises Busy, StorageFault."""
        with self.workspace.lock("chosen-models"):
            choices = self._read()
            if choices.pop(person.id, None) is not None:
                self._write(choices)

    # Removal

    def remove(self, person: Person, name: str) -> str:
        """Move a model to the workspace's trash and give what `restore` takes.

        Raises
        ------
        ModelFault
            If it is the one used while there are others.
        """
        with self.workspace.lock("models"):
            model = self.find(person, name)
            used = self.used(person)
            if used is not None and used.name == name and len(self.of(person)) > 1:
                raise ModelFault("{name}: this model is in use; choose another one first", name=name)
            kept = f"{name}.{secrets.token_hex(4)}"
            self._move(model.folder, self.trash / kept)
        return kept

    def restore(self, kept: str) -> str:
        """Bring a removed model back and give its name. Raises ModelFault where it is gone or its name was taken."""
        name = kept.rpartition(".")[0]
        with self.workspace.lock("models"):
            if not name or Path(kept).name != kept or not (self.trash / kept).is_dir():
                raise ModelFault("{name}: this model is not in the trash; train one again", name=name)
            if (self.folder / name).exists():
                raise ModelFault("{name}: there is another model of this name now; remove that one first", name=name)
            self._move(self.trash / kept, self.folder / name)
        return name

    def _move(self, path: Path, target: Path) -> None:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
        except OSError as error:
            raise StorageFault(
                "{path}: cannot be moved ({cause}); check the folder's permissions", path=path, cause=error.strerror
            ) from error

    # Training by itself

    def retrains(self, person: Person) -> bool:
        """Whether another model is trained by itself after some new labels (see `core.actions.retraining`)."""
        return self._choice(person).retrain

    def set_retrains(self, person: Person, on: bool) -> None:
        """Switch that on or off. Raises Busy, StorageFault."""
        self._decide(person, retrain=on)

    # The file

    def _read(self) -> dict[str, _Choice]:
        path = self.workspace.chosen_models_path
        if not path.exists():
            return {}
        try:
            people = json.loads(path.read_text(encoding="utf-8"))["people"]
            return {str(person_id): _choice_from(entry) for person_id, entry in people.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StorageFault(
                "{path}: which models were chosen cannot be read ({cause}); move it away: the newest are used then",
                path=path,
                cause=error,
            ) from error

    def _choice(self, person: Person) -> _Choice:
        return self._read().get(person.id, _Choice())

    def _decide(self, person: Person, **changes: Any) -> None:
        with self.workspace.lock("chosen-models"):
            choices = self._read()
            choices[person.id] = replace(choices.get(person.id, _Choice()), **changes)
            self._write(choices)

    def _write(self, choices: Mapping[str, _Choice]) -> None:
        people = {person_id: asdict(choice) for person_id, choice in choices.items()}
        write_json(self.workspace.chosen_models_path, {"people": people})
