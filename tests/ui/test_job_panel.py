"""What is said of a job."""

from core.translation import text
from core.workspace.jobs import Job
from pages.components.shared.job_panel import progress_text


def test_a_job_at_work_says_how_far_it_is_and_a_young_one_no_time() -> None:
    scan = Job("1", "scan", "v", "a.mp4", status="running", total=100.0, completed=73.0, begun=1000.0, saved=1010.0)
    assert progress_text(scan).startswith("73%")
    assert "left" in progress_text(scan)
    young = Job("1", "scan", "v", "a.mp4", status="running", total=100.0, completed=1.0, begun=1000.0, saved=1000.5)
    assert "left" not in progress_text(young)


def test_one_face_is_not_faces() -> None:
    assert text("Remove {n} faces", "en", n=1) == "Remove 1 face"
