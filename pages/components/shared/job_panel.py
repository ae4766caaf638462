"""The jobs of the workspace, seen from every page and every browser session."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st

from core.playback.facts import about
from core.segment import clock
from core.workspace.job_queue import queue_state, usual_loading
from core.workspace.jobs import Job, Jobs
from pages.components.shared.shell import _, fragment, lasting, plain, show_error, told, workspace

MOST = 6  # jobs that are listed
SHOWN_BY = {"extract": ("extract", "sample"), "train": ("train",)}  # kinds of jobs that a page shows by itself
LOADING = ("extract", "sample", "scan", "photos", "train", "detect")  # kinds of jobs that begin with networks
MOST_LOADING = 20.0  # seconds that it usually takes at most
UPKEEP = ("dataset",)  # kinds of jobs of which only page Train shows anything, unless they fail
STOPPED = ("failed", "died", "cancelled")
LIVELY, IDLE = 1.0, 4.0  # seconds between two looks, while something runs and while nothing does


def kind_name(kind: str) -> str:
    """What a kind of job does, as a title."""
    return {
        "extract": _("Extracting faces and sound"),
        "sample": _("Finding the moments of the sample"),
        "scan": _("Looking for faces"),
        "photos": _("Reading photos"),
        "dataset": _("Gathering labelled clips"),
        "train": _("Training"),
        "detect": _("Finding funny moments"),
        "hear": _("Hearing laughter again"),
        "proxy": _("Preparing the video for playback"),
        "export": _("Exporting"),
    }.get(kind, kind)


def progress_text(job: Job) -> str:
    """How far, how fast and how long still."""
    if job.status == "queued":
        return _("waiting for its turn…") if Jobs(workspace()).ahead_of(job) else _("starting…")
    if not job.begun:
        return _loading_text(job) if job.kind in LOADING else _("preparing…")
    parts = [f"{job.share:.0%}"]
    if job.kind in ("extract", "sample", "hear", "proxy"):
        parts.append(_("{done} of {total}", done=clock(job.completed), total=clock(job.total)))
        if job.rate > 0:
            parts.append(_("{rate}x real time", rate=f"{job.rate:.1f}"))
    if job.kind == "extract" or job.n_found:
        parts.append(_("{n} faces", n=f"{job.n_found:,}"))
    if job.seconds_left is not None and job.rate > 0:
        parts.append(_("{time} left", time=lasting(job.seconds_left)))
    return " · ".join(parts)


def _loading_text(job: Job) -> str:
    """What happens before the first progress, for how long already, and how long it usually takes."""
    if not job.started:
        return _("loading the models…")
    seconds, usual = time.time() - job.started, usual_loading(Jobs(workspace()).all(), job.kind)
    so_far = lasting(seconds)
    if seconds > 2 * max(MOST_LOADING if usual is None else usual, 1.0):
        return _("loading the models: {time} so far, longer than usual, and still running", time=so_far)
    if usual is None:
        return _("loading the models: {time} so far, usually 5 to 20 s", time=so_far)
    return _("loading the models: {time} so far, usually about {usual}", time=so_far, usual=lasting(max(1.0, usual)))


def job_bar(job: Job, said: str | None = None, *, place: str = "page") -> None:
    """The bar of a live job; a stripe runs along it while nobody can tell how far it is."""
    waits = job.status == "queued" and bool(Jobs(workspace()).ahead_of(job))
    kind = "measured" if job.begun or waits else "running"
    with st.container(key=f"bar-{kind}-{place}-{job.id}"):
        st.progress(job.share, text=progress_text(job) if said is None else said)


def job_line(jobs: Jobs, job: Job, *, place: str) -> None:
    """One job with its bar and what can be done about it."""
    st.markdown(f"**{kind_name(job.kind)}**  \n{plain(job.name)}")
    if job.live:
        job_bar(job, place=place)
        passes = job.status == "queued" and any(other.status == "queued" for other in jobs.ahead_of(job))
        with st.container(horizontal=True):
            for said, name, act, icon in (
                (_("Cancel"), "cancel", _cancel, "close"),
                *([(_("Do this next"), "hasten", _hasten, "arrow_upward")] if passes else []),
            ):
                icon = f":material/{icon}:"
                st.button(said, key=f"{name}-{place}-{job.id}", on_click=act, args=(jobs, job), icon=icon)
        return
    if job.status == "cancelled":
        kept = job.kind in ("extract", "proxy")
        st.caption(_("Cancelled. Finished work is kept.") if kept else _("Cancelled."))
    elif job.status == "died":
        st.warning(
            _("The job was stopped from outside. Finished work is kept; resume to continue."),
            icon=":material/heart_broken:",
        )
    elif job.status == "failed":
        show_error(job.message)
    with st.container(horizontal=True):
        if job.resumable:
            st.button(_("Resume"), key=f"resume-{place}-{job.id}", on_click=_resume, args=(jobs, job))
        st.button(_("Dismiss"), key=f"dismiss-{place}-{job.id}", on_click=_forget, args=(jobs, job), type="tertiary")


def _strip(jobs: Jobs, all_jobs: list[Job], shown: list[Job]) -> None:
    """All jobs in one line, with a bar where something is under way; a press shows each, and what can be done."""
    live = [job for job in all_jobs if job.live]
    name, share = _state(jobs, all_jobs, live)
    with st.container(key="jobs"):
        icon = ":material/hourglass_top:" if live else ":material/error:"
        with st.popover(name, icon=icon, key="jobs-each", width="stretch"):
            if len(live) > 1:
                st.button(
                    _("Cancel all"), key="cancel-all", on_click=_cancel_all, args=(jobs, live), icon=":material/close:"
                )
            for job in shown:
                with st.container(border=True):
                    job_line(jobs, job, place="side")
        if live:
            kind = "measured" if any(job.begun for job in live) else "running"
            with st.container(key=f"bar-{kind}-all"):
                st.progress(share)


def _state(jobs: Jobs, all_jobs: list[Job], live: list[Job]) -> tuple[str, float]:
    """What is said of all together, and the share that is done."""
    if not live:
        stopped = [job for job in all_jobs if job.status in STOPPED]
        return _("{n} jobs stopped", n=len(stopped)), 0.0
    space = jobs.workspace
    facts = about(space, space.videos())
    queue = queue_state(all_jobs, {id: float(found.get("duration") or 0.0) for id, found in facts.items()})
    assert queue is not None
    name = kind_name(live[0].kind) if queue.n == 1 else _("{k} of {n} done", k=queue.n_done, n=queue.n)
    if queue.seconds_left is not None:
        name += " · " + _("{time} left", time=lasting(queue.seconds_left))
    return name, (queue.n_done + sum(job.share for job in live)) / queue.n


def _cancel_all(jobs: Jobs, live: list[Job]) -> None:
    for job in reversed(live):  # those that wait first, or they begin
        _cancel(jobs, job)


def _cancel(jobs: Jobs, job: Job) -> None:
    with told():
        jobs.cancel(job.id)


def _hasten(jobs: Jobs, job: Job) -> None:
    with told():
        jobs.hasten(job.id)


def _resume(jobs: Jobs, job: Job) -> None:
    with told():
        jobs.resume(job.id)


def _forget(jobs: Jobs, job: Job) -> None:
    with told():
        jobs.forget(job.id)


def job_panel(page: str) -> None:
    """The jobs that are live or need a decision, but for those that the page itself (its file's name) shows.

    It looks by itself, and draws the page anew when one begins or ends.
    """

    def panel() -> None:
        with told():
            jobs = Jobs(workspace())
            jobs.revive()
            all_jobs = jobs.all()
            live = {job.id for job in all_jobs if job.live and (page == "train" or job.kind not in UPKEEP)}
            before = st.session_state.get("live_jobs")
            st.session_state.live_jobs = live
            if before is not None and live != before:
                for job in all_jobs:
                    if job.id in before - live and job.status == "done":
                        st.session_state.setdefault("just_done", []).append(job)
                st.rerun()
            open_jobs = [job for job in all_jobs if job.id in live or job.status in STOPPED]
            shown = [job for job in open_jobs if job.kind not in SHOWN_BY.get(page, ())]
            if shown:
                _strip(jobs, all_jobs, shown[-MOST:])

    fragment(panel, run_every=LIVELY if st.session_state.get("live_jobs") else IDLE)()
    for job in st.session_state.pop("just_done", []):
        st.toast(_done(job), icon=":material/check_circle:")


def _done(job: Job) -> str:
    if job.kind == "export":
        return _("{n} files exported from {name}", n=len(job.result.get("files", [])), name=plain(job.name))
    return _("{what} finished: {name}", what=kind_name(job.kind), name=plain(job.name))


def preview_of(jobs: Jobs, job: Job) -> Path | None:
    """The picture that a running job looked at last."""
    path = jobs.preview_path(job)
    return path if path.exists() else None
