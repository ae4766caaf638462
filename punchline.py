"""Punchline for programs: the names that docs/reference/api.md describes.

import punchline

space = punchline.Workspace("workspace")
video = space.find_video("stream.mp4")
punchline.extract(space, video)
"""

from core.actions.labels import export_labels, import_labels
from core.actions.models import build_dataset, train
from core.actions.moments import detect, export, kept_moments
from core.actions.people import add_photos, moment_of, photo
from core.actions.videos import extract, make_series
from core.dataset.dataset_file import read_dataset
from core.detection.detect import DetectionSettings
from core.errors import PunchlineError
from core.export.formats import ExportOptions
from core.faces.feature_file import read_features
from core.funny_moment_classifier import FunnyMomentClassifier
from core.people.series_file import read_series
from core.segment import Detection, LabeledSegment, Segment
from core.series import FEATURES, Source, TimeSeries, fill_gaps, resample
from core.sliding_window_processor import sliding_windows
from core.training.train import TrainingSettings
from core.video_feature_extractor import ExtractionSettings
from core.workspace.workspace import Workspace

__all__ = [
    "FEATURES",
    "Detection",
    "DetectionSettings",
    "ExportOptions",
    "ExtractionSettings",
    "FunnyMomentClassifier",
    "LabeledSegment",
    "PunchlineError",
    "Segment",
    "Source",
    "TimeSeries",
    "TrainingSettings",
    "Workspace",
    "add_photos",
    "build_dataset",
    "detect",
    "export",
    "export_labels",
    "extract",
    "fill_gaps",
    "import_labels",
    "kept_moments",
    "make_series",
    "moment_of",
    "photo",
    "read_dataset",
    "read_features",
    "read_series",
    "resample",
    "sliding_windows",
    "train",
]
