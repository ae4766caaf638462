"""Where everything lies in a workspace folder: the one place that spells its names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

State = tuple[int, ...]  # of a file: which one it is, when it was changed (ns), its bytes
NO_FILE: State = (0, 0, 0)


def state_of(path: Path) -> State:
    """Changes whenever a file or the list of a folder does."""
    try:
        status = path.stat()
    except OSError:
        return NO_FILE
    return (status.st_ino, status.st_mtime_ns, status.st_size)


@dataclass(frozen=True)
class Paths:
    """The names in the workspace folder `root`; nothing is made or read."""

    root: Path

    # One file each

    @property
    def videos_path(self) -> Path:
        """Which videos there are, and where they were seen."""
        return self.root / "videos.json"

    @property
    def settings_path(self) -> Path:
        """What the user chose."""
        return self.root / "settings.json"

    @property
    def facts_path(self) -> Path:
        """What the files of videos say about themselves."""
        return self.root / "about.json"

    @property
    def labels_path(self) -> Path:
        """The ledger of labels."""
        return self.root / "labels.sqlite"

    @property
    def dataset_path(self) -> Path:
        """The clip dataset."""
        return self.root / "dataset.h5"

    @property
    def chosen_models_path(self) -> Path:
        """Which model each person uses."""
        return self.models_folder / "chosen.json"

    @property
    def laugh_patterns_path(self) -> Path:
        """How viewers write that they laugh, where the user changed it."""
        return self.root / "laugh_patterns.txt"

    # Folders

    @property
    def features_folder(self) -> Path:
        """Feature files, and minutes of extractions under way."""
        return self.root / "features"

    @property
    def series_folder(self) -> Path:
        """A folder a video, with a series a person."""
        return self.root / "series"

    @property
    def people_folder(self) -> Path:
        """A file a person."""
        return self.root / "people"

    @property
    def models_folder(self) -> Path:
        """A folder a model."""
        return self.root / "models"

    @property
    def removed_models_folder(self) -> Path:
        """Models that were removed and can be brought back."""
        return self.root / "trash" / "models"

    @property
    def detections_folder(self) -> Path:
        """Moments and scores of each person in each video."""
        return self.root / "detections"

    @property
    def jobs_folder(self) -> Path:
        """A folder a background job."""
        return self.root / "jobs"

    @property
    def damaged_folder(self) -> Path:
        """Where a repair puts what is damaged; in it a folder for each time."""
        return self.root / "damaged"

    @property
    def exports_folder(self) -> Path:
        """Where exports go unless another folder is chosen."""
        return self.root / "exports"

    def lock_path(self, name: str) -> Path:
        """The file that is locked while `name` is written."""
        return self.root / "locks" / f"{name}.lock"

    # Of a video

    def features_path(self, video_id: str) -> Path:
        """Where a video's feature file lies, or will lie."""
        return self.features_folder / f"{video_id}.h5"

    def minutes_folder(self, video_id: str) -> Path:
        """The finished minutes of an extraction under way."""
        return self.features_folder / f"{video_id}.minutes"

    def chat_path(self, video_id: str) -> Path:
        """Where the counts of a video's chat lie, or will lie."""
        return self.root / "chats" / f"{video_id}.h5"

    def scan_path(self, video_id: str) -> Path:
        """Where the faces of a quick scan lie, or will lie."""
        return self.root / "scans" / f"{video_id}.h5"

    def proxy_path(self, video_id: str) -> Path:
        """Where the copy for playback lies, or will lie."""
        return self.root / "proxies" / f"{video_id}.mp4"

    def proxy_minutes_folder(self, video_id: str) -> Path:
        """The minutes of a proxy that were wanted before the whole was there."""
        return self.root / "proxies" / video_id

    def thumbnail_path(self, video_id: str) -> Path:
        """The picture of a video in lists."""
        return self.root / "thumbnails" / f"{video_id}.jpg"

    def picture_path(self, video_id: str, time: float) -> Path:
        """The small picture at `time` seconds, to a millisecond."""
        return self.root / "thumbnails" / video_id / f"{round(1000 * time)}.jpg"

    def made_from_tracks(self, video_id: str) -> tuple[Path, ...]:
        """Copies of its picture and sound that are made anew where others are chosen; some are folders."""
        pictures = self.thumbnail_path(video_id)
        proxy = self.proxy_path(video_id), self.proxy_minutes_folder(video_id)
        return pictures, pictures.with_suffix(""), *proxy, self.scan_path(video_id)

    # Of a person

    def person_path(self, person_id: str) -> Path:
        """Name, references and thresholds."""
        return self.people_folder / f"{person_id}.h5"

    # Of a person in a video

    def series_path(self, video_id: str, person_id: str) -> Path:
        """The 12-d series."""
        return self.series_folder / video_id / f"{person_id}.h5"

    def detections_path(self, video_id: str, person_id: str) -> Path:
        """The moments found; their scores lie beside them."""
        return self.detections_folder / f"{video_id}-{person_id}.json"

    def scores_path(self, video_id: str, person_id: str) -> Path:
        """The scores that the latest moments were told from."""
        return self.detections_path(video_id, person_id).with_suffix(".npz")
