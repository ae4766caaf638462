"""Which module of core may import which: DESIGN's table as data."""

import ast
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parent.parent / "core"
EVERYWHERE = {"errors", "segment", "series"}
# module -> what else of core it may import
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "segment": set(),
    "series": set(),
    "face_table": set(),
    "video": {"packet_choice"},
    "weights": set(),
    "crop": set(),
    "tracks": set(),
    "mtcnn": set(),
    "faces": {"cascade", "crop", "mtcnn"},
    "identity": {"face_table"},
    "embedding": {"batches", "crop", "identity", "weights"},
    "emotion": {"batches", "crop", "weights"},
    "reference": {"crop", "faces", "embedding", "identity", "video"},
    "video_feature_extractor": {
        "crop",
        "embedding",
        "emotion",
        "extraction_pipeline",
        "face_reading",
        "face_search",
        "face_table",
        "faces",
        "video",
    },
    "audio_feature_extractor": {"video"},
    "multimodal_processor": {
        "smoothing",
        "audio_feature_extractor",
        "extraction_pipeline",
        "face_table",
        "faces",
        "feature_store",
        "identity",
        "tracks",
        "video",
        "video_feature_extractor",
    },
    "storage": set(),
    "workspace": {"feature_store", "identity", "person_store", "storage", "video"},
    "export": {
        "clip_export",
        "feature_store",
        "file_name",
        "list_export",
        "reel",
        "storage",
        "timeline",
        "timeline_export",
        "transcode",
    },
    "ledger": set(),
    "label_csv": {"ledger"},
    "clip_dataset_builder": {"feature_store", "ledger"},
    "sliding_window_processor": set(),
    "funny_moment_classifier": {
        "augmentation",
        "calibration",
        "folds",
        "metrics",
        "model_choice",
        "model_input",
        "storage",
    },
    "library": {
        "model_store",
        "workspace",
        "feature_store",
        "identity",
        "video",
        "ledger",
        "label_csv",
        "clip_dataset_builder",
        "multimodal_processor",
    },
    "jobs": {"workspace", "storage"},
    "feature_store": {"face_table", "storage"},
    "person_store": {"identity", "storage"},
    "label_queue": {"clip_dataset_builder", "label_csv", "ledger"},
    "labelling": {"clip_dataset_builder", "label_queue", "ledger"},
    "dataset_store": {"clip_dataset_builder", "ledger", "storage"},
    "dataset_upkeep": {"clip_dataset_builder", "dataset_store", "feature_store", "ledger", "storage", "workspace"},
    "analysis": set(),
    "moments": {"sliding_window_processor"},
    "card_check": {"clip_dataset_builder"},
    "detection": {
        "card_check",
        "clip_dataset_builder",
        "funny_moment_classifier",
        "identity",
        "ledger",
        "library",
        "moments",
        "sliding_window_processor",
        "workspace",
    },
    "detection_store": {
        "clip_dataset_builder",
        "detection",
        "identity",
        "ledger",
        "library",
        "moments",
        "sliding_window_processor",
        "storage",
        "workspace",
    },
    "explanation": {"clip_dataset_builder", "detection", "identity", "ledger", "library", "workspace"},
    "face_groups": {"crop", "face_table", "feature_store", "identity", "reference", "video"},
    "threshold_tuning": {"face_table", "feature_store", "identity"},
    "quick_scan": {"face_table", "feature_store", "multimodal_processor", "video", "video_feature_extractor"},
    "screen": set(),
    "text": set(),
    "settings": {"storage", "workspace"},
    "video_folders": {"settings", "workspace"},
    "overview": {"jobs", "ledger", "proxy", "storage", "video", "workspace"},
    "playback": {"jobs", "media", "overview", "workspace"},
    "file_name": set(),
    "frame_rate": {"video"},
    "packet_source": {"video"},
    "timeline": {"frame_rate", "video"},
    "list_export": {"timeline"},
    "timeline_export": {"list_export", "timeline"},
    "mp4_writer": {"packet_source", "video"},
    "transcode": {"mp4_writer", "packet_source"},
    "clip_export": {"mp4_writer", "packet_source", "storage", "timeline", "transcode"},
    "reel": {"list_export", "mp4_writer", "packet_source", "storage", "timeline", "transcode"},
    "proxy": {"mp4_writer", "packet_source", "storage", "transcode", "video"},
    "model_input": set(),
    "clip_features": {"model_input"},
    "simple_models": {"clip_features", "model_input"},
    "models": set(),
    "network": {"augmentation", "model_input", "models"},
    "augmentation": {"model_input"},
    "calibration": set(),
    "folds": set(),
    "metrics": set(),
    "model_choice": {"augmentation", "calibration", "folds", "model_input", "network", "simple_models"},
    "judging": {"augmentation", "calibration", "folds", "funny_moment_classifier", "metrics"},
    "training": {
        "augmentation",
        "card_check",
        "clip_dataset_builder",
        "folds",
        "funny_moment_classifier",
        "identity",
        "judging",
        "library",
        "model_choice",
    },
    "model_store": {"identity", "storage", "workspace"},
    "model_comparison": {"model_store"},
    "retraining": {"identity", "jobs", "ledger", "model_store", "workspace"},
    "batches": set(),
    "cascade": {"batches", "crop"},
    "extraction_pipeline": set(),
    "face_reading": {"crop", "embedding", "emotion", "face_search", "face_table", "faces", "video"},
    "face_search": {"cascade", "faces", "tracks", "video"},
    "packet_choice": set(),
    "smoothing": set(),
    "media": {"workspace"},
    "doctor": {"weights", "workspace", "video_feature_extractor"},
}
ANYTHING = {
    "cli",
    "command",
    "command_person",
    "command_label",
    "command_model",
    "command_dataset",
    "command_export",
    "worker",
}
FOREIGN = {
    "h5py": {"storage", "feature_store", "dataset_store"},
    "streamlit": set(),
    "click": ANYTHING - {"worker"},
    "sqlite3": {"ledger"},
}


def imports(path: Path) -> set[str]:
    """Dotted names of all that a file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def core_imports(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("core.")}


MODULES = sorted(path for path in CORE.glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_imports_only_what_the_table_allows(path: Path) -> None:
    if path.stem in ANYTHING:
        return
    assert path.stem in ALLOWED, f"core/{path.name} stands in no row of the table"
    allowed = ALLOWED[path.stem] | (EVERYWHERE if path.stem not in EVERYWHERE else {"errors", "segment"})
    forbidden = core_imports(path) - allowed
    assert not forbidden, f"core/{path.name} may not import {sorted(forbidden)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_some_packages_are_imported_in_one_place_only(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports(path)}
    for package, places in FOREIGN.items():
        assert package not in roots or path.stem in places, f"core/{path.name} may not import {package}"


def test_the_table_has_no_rows_without_a_module() -> None:
    assert set(ALLOWED) | ANYTHING == {path.stem for path in MODULES}


def test_core_holds_no_catch_all_modules() -> None:
    assert not {"utils", "helpers", "common"} & {path.stem for path in MODULES}
