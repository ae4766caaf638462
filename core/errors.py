"""The errors that Punchline raises on purpose: each says what was got, what was expected and what to do."""

from __future__ import annotations


class PunchlineError(Exception):
    """Root of every error whose message is meant for the user.

    Parameters
    ----------
    template
        The English sentence, places for values in braces; taken as it is where there are no values.
    values
        What fills the places; a value may be another error of ours.
    """

    def __init__(self, template: str = "", /, **values: object) -> None:
        self.template, self.values = template, values
        super().__init__(template.format(**values) if values else template)


class VideoUnreadable(PunchlineError):
    """The file is missing, empty, no video, or has no stream of the wanted kind."""


class SeriesTooShort(PunchlineError):
    """A series does not cover what is asked of it."""


class FaceNotFound(PunchlineError):
    """A photo or a moment of a video holds no usable face."""


class WeightsUnavailable(PunchlineError):
    """A model's weights are missing, could not be fetched, or fail their checksum."""


class DeviceUnavailable(PunchlineError):
    """A GPU is asked for where there is none."""


class StorageFault(PunchlineError):
    """A file of ours is unreadable, of another version, or cannot be written."""


class WorkspaceFault(PunchlineError):
    """The workspace cannot be used, or a name in it is unknown, ambiguous or taken."""


class ModelFault(PunchlineError):
    """A classifier cannot be trained or used: too few labels, other features, a damaged file."""


class UndoRefused(PunchlineError):
    """What is to be undone is not in the ledger, or something else happened to its clip since."""


class Busy(PunchlineError):
    """Another process is writing the same thing."""
