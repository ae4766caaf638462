"""Real clips with a known course. They are not part of the project: without them these tests are skipped."""

from pathlib import Path

import numpy as np
import pytest

from core.faces.feature_file import Features
from core.multimodal_processor import PersonSeries, extract, person_series
from core.people.groups import reference_at
from core.people.person import Person, Reference
from core.people.photos import faces_in, read_photo
from core.series import FEATURES, TimeSeries
from core.video_feature_extractor import ExtractionSettings, Models

VIDEOS = Path(__file__).resolve().parent.parent.parent.parent / "shared" / "data" / "videos"
CONCERT = VIDEOS / "short_hamilton_clip.mp4"
PIANIST = (0, 0.34), (0.66, 2.68)  # seconds in which he is seen
SETTINGS = ExtractionSettings(sample_rate=3.0, device="cpu")

pytestmark = pytest.mark.skipif(not VIDEOS.is_dir(), reason=f"needs the real clips in {VIDEOS.parent}")


@pytest.fixture(scope="module")
def models() -> Models:
    return SETTINGS.load_models()


@pytest.fixture(scope="module")
def concert(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Features:
    """A clip of four shots."""
    return extract(CONCERT, tmp_path_factory.mktemp("f") / "v.h5", settings=SETTINGS, models=models)


def photo_of(name: str, models: Models) -> Reference:
    photo = read_photo(VIDEOS / f"{name}.png")
    return faces_in(photo, name, detector=models.detector, embedder=models.embedder)[0]


def face_at(features: Features, time: float, x: float) -> Reference:
    """The face nearest a column of the picture, as a click on it makes a reference."""
    table = features.faces
    frame = np.abs(table.timestamps - table.timestamps[0] - time).argmin()
    off = np.abs(table.box_xyxy[:, [0, 2]].mean(axis=1) - x)
    return reference_at(CONCERT, features, int(np.where(table.frame == frame, off, np.inf).argmin()))


def observed_times(found: PersonSeries) -> np.ndarray:
    """Times of the rows where the person was seen, on the truth's clock: 0 at the first picture."""
    series = found.series
    return series.timestamps[series.observed] - series.timestamps[0]


def between(times: np.ndarray, *spans: tuple[float, float]) -> np.ndarray:
    return np.logical_or.reduce([(times >= a - 0.02) & (times <= b + 0.02) for a, b in spans])


def test_the_singer_is_found_where_he_is_and_nowhere_else(concert: Features, models: Models) -> None:
    times = observed_times(person_series(concert, Person("x", "singer", (photo_of("lin-manuel-miranda", models),))))
    there = between(times, (0, 0.34), (2.95, 7.1))
    assert there.all(), f"somebody else was taken for him at {times[~there]}"
    assert between(times, (2.95, 7.1)).sum() == 13


def test_nobody_else_is_taken_for_the_pianist(concert: Features, models: Models) -> None:
    """His face is tiny or in profile: one frontal photo does not find him, and must not find anybody else."""
    times = observed_times(person_series(concert, Person("x", "pianist", (photo_of("alex-lacamoire", models),))))
    assert between(times, *PIANIST).all(), f"somebody else was taken for him at {times}"


@pytest.mark.parametrize("profile_at", [0.67, 1.0, 1.33])
def test_two_faces_clicked_in_the_video_find_the_pianist_in_both_shots(
    concert: Features, models: Models, profile_at: float
) -> None:
    """A tiny face of the wide shot and a profile: all his six faces that are detected are found, and nobody else's."""
    clicked = face_at(concert, 0.0, 70), face_at(concert, profile_at, 450)
    references = photo_of("alex-lacamoire", models), *clicked
    times = observed_times(person_series(concert, Person("x", "pianist", references)))
    assert between(times, *PIANIST).all(), f"somebody else was taken for him at {times}"
    assert len(times) >= 6


@pytest.fixture(scope="module")
def laughing(models: Models, tmp_path_factory: pytest.TempPathFactory) -> TimeSeries:
    features = extract(
        VIDEOS / "sad_to_laughing.mp4", tmp_path_factory.mktemp("f") / "v.h5", settings=SETTINGS, models=models
    )
    from core.video.frames import frame_at

    image = frame_at(VIDEOS / "sad_to_laughing.mp4", 3.0).image
    face = faces_in(image, "at 3 s", detector=models.detector, embedder=models.embedder)[0]
    return person_series(features, Person("x", "she", (face,))).series


def mean(series: TimeSeries, name: str, start: float, end: float) -> float:
    rows = (series.timestamps >= start) & (series.timestamps < end)
    return float(np.nanmean(series.values[rows, FEATURES.index(name)]))


def test_a_woman_goes_from_sad_to_laughing(laughing: TimeSeries) -> None:
    assert mean(laughing, "happiness", 11, 18) >= mean(laughing, "happiness", 1, 5) + 0.5
    assert mean(laughing, "valence", 11, 18) > mean(laughing, "valence", 1, 5)
    assert laughing.observed.mean() > 0.8
