"""What could not be read of a file: counted while it is read, told afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import Sentence


@dataclass
class Damage:
    """Counts of what was passed over, and the time of the last picture in seconds."""

    bad_packets: int = 0
    frames_without_time: int = 0
    last_timestamp: float = 0.0

    def add(self, other: Damage) -> None:
        """Count what was passed over in another part of the same file too."""
        self.bad_packets += other.bad_packets
        self.frames_without_time += other.frames_without_time
        self.last_timestamp = max(self.last_timestamp, other.last_timestamp)

    def warnings(self, duration: float | None) -> list[str]:
        """Sentences for the user; `duration` is what the file claims in seconds, None where it does not say."""
        sentences: list[str] = []
        if self.bad_packets:
            sentences.append(Sentence("{bad_packets} damaged packets were skipped", bad_packets=self.bad_packets))
        if self.frames_without_time:
            sentences.append(
                Sentence(
                    "{frames_without_time} frames without a time of their own were skipped",
                    frames_without_time=self.frames_without_time,
                )
            )
        if duration is not None and duration - self.last_timestamp > max(2.0, 0.02 * duration):
            sentences.append(
                Sentence(
                    "the file says {duration:.1f} s but its pictures end at {last_timestamp:.1f} s: it is cut "
                    "short or damaged; what could be read is kept",
                    duration=duration,
                    last_timestamp=self.last_timestamp,
                )
            )
        return sentences
