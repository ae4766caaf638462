"""A sound track of a file that is written: encoded as AAC from samples, or copied packet by packet."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Protocol

import av
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)  # of AAC, as far as players take them
# Of tracks that do not say, by the number of channels.
LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
MOST_CHANNELS = 8  # of AAC
BIT_RATES = {1: 96_000, 2: 160_000}
BIT_RATE_PER_CHANNEL = 64_000  # of more than two

Floats = NDArray[np.float32]


class SoundSink(Protocol):
    """What takes samples (n, channels) in [-1, 1], each run after the one before; `n_written` counts them."""

    rate: int
    layout: str

    @property
    def n_written(self) -> int: ...

    def write(self, samples: Floats) -> None: ...


def n_channels(layout: str) -> int:
    """How many channels a layout has."""
    return int(av.AudioLayout(layout).nb_channels)


class SoundTrack:
    """Encodes a sound track of a container; its channels are those of the original, `most_channels` at most.

    `is_heard` marks it as the one that a player takes first.
    """

    def __init__(
        self, container: Any, original: Any, *, most_channels: int = MOST_CHANNELS, is_heard: bool = True
    ) -> None:
        context = original.codec_context
        self.rate = context.sample_rate if context.sample_rate in RATES else 48_000
        self.layout = _layout(context, most_channels)
        self._container = container
        self._stream = container.add_stream("aac", rate=self.rate, layout=self.layout)
        channels = n_channels(self.layout)
        self._stream.bit_rate = BIT_RATES.get(channels, BIT_RATE_PER_CHANNEL * channels)
        self._stream.metadata.update(kept_tags(original))
        self._stream.disposition = kept_roles(original, is_heard=is_heard)
        self._waiting: list[Floats] = []  # sound that does not fill an encoder's frame yet
        self._n_waiting = 0
        self._n_encoded = 0  # samples

    @property
    def n_written(self) -> int:
        """Samples that were given so far."""
        return self._n_encoded + self._n_waiting

    def write(self, samples: Floats) -> None:
        """Encode samples (n, channels) in [-1, 1] that follow the ones before."""
        self._waiting.append(samples)
        self._n_waiting += len(samples)
        size = self._stream.codec_context.frame_size or 1024
        if self._n_waiting >= size:
            joined = np.concatenate(self._waiting)
            whole = len(joined) // size * size
            for begin in range(0, whole, size):
                self._encode(joined[begin : begin + size])
            self._waiting, self._n_waiting = [joined[whole:]], len(joined) - whole

    def finish(self) -> None:
        """Encode what is left."""
        if self._n_waiting:
            self._encode(np.concatenate(self._waiting))
        self._container.mux(self._stream.encode(None))

    def _encode(self, samples: Floats) -> None:
        # Packed, for with eight planes PyAV's from_ndarray looks for a ninth.
        packed = np.ascontiguousarray(samples, np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=self.layout)
        frame.sample_rate, frame.time_base, frame.pts = self.rate, Fraction(1, self.rate), self._n_encoded
        self._n_encoded += len(samples)
        self._container.mux(self._stream.encode(frame))


def _layout(context: Any, most_channels: int) -> str:
    if context.channels > most_channels:
        return "stereo" if most_channels < MOST_CHANNELS else LAYOUTS[MOST_CHANNELS]
    name = str(context.layout.name)
    return LAYOUTS[context.channels] if name.endswith("channels") else name


def kept_tags(original: Any) -> dict[str, str]:
    """The tags of a track that a copy keeps: its language and title."""
    return {name: original.metadata[name] for name in ("language", "title") if name in original.metadata}


def kept_roles(original: Any, *, is_heard: bool) -> Disposition:
    """What a copy of a track says of its part, such as a commentary; the one that is heard is the default."""
    roles = Disposition(original.disposition) & ~Disposition.default
    return roles | Disposition.default if is_heard else roles
