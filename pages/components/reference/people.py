"""The parts of page Reference face: faces of a video grouped into people, one person's references, photos."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress

import streamlit as st

from core.actions.background import begin_photos, begin_scan
from core.actions.people import remove_person
from core.errors import PunchlineError
from core.faces.feature_file import Features
from core.people.gallery import in_use
from core.people.groups import FaceGroups, chips, group, reference_at
from core.people.normalisation import similarities
from core.people.person import Person, Reference
from core.people.person_file import read_person
from core.segment import clock
from core.workspace.jobs import Jobs
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.shared.data import key_of, library_of
from pages.components.shared.face_grid import FaceChip, FaceRow, face_grid
from pages.components.shared.job_panel import job_bar
from pages.components.shared.pictures import data_address, image_address
from pages.components.shared.shell import _, as_markdown, choose, fragment, lasting, plain, show_error, told

MOST_GROUPS = 8
ADDED, TOLD_FOR = "faces-added", 30.0  # what was added last, and for how many seconds that is said
NAMELESS = "nameless"  # in the state where adding was tried without a name
PHOTO_TYPES = ["jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff"]


def features_for(space: Workspace, video: Video) -> Features | None:
    """The faces known of a video: of its extraction, as far as it has come, else of a quick scan."""
    library = library_of(space)
    features = library.features(video.id)
    return features if features is not None and len(features.faces) else library.scan(video.id) or features


@st.cache_resource(max_entries=4, show_spinner=False)
def _groups(_features: Features, key: str) -> FaceGroups:
    return group(_features)


def _used(features: Features, person: Person | None, shown: list[int]) -> set[int]:
    """The faces that show the person's references already, if possible of those that are shown."""
    with suppress(PunchlineError):  # no reference, or of another embedder
        if person is not None:
            return _in_use(features, person, shown, f"{key_of(features)}-{person.id}-{looks(features, person)}")
    return set()


@st.cache_resource(max_entries=4, show_spinner=False)
def _in_use(_features: Features, _person: Person, _shown: list[int], key: str) -> set[int]:
    return set(in_use(_features, _person, _shown).tolist())


def looks(features: Features, person: Person) -> str:
    """Changes with the person's references."""
    embeddings = person.embeddings(features.info.models["embedder"]["digest"])
    return hashlib.sha256(embeddings.tobytes()).hexdigest()[:16]


@st.cache_resource(max_entries=64, show_spinner=False)
def _chip_store(video_id: str, key: str) -> dict[int, str]:
    return {}


def chip_addresses(video: Video, features: Features, rows: list[int]) -> dict[int, str]:
    """Pictures of faces: those kept by the extraction, else read from the video once. Empty where the video is gone."""
    known = _chip_store(video.id, key_of(features))
    for row in rows:
        if row not in known and (jpeg := features.chips.get(row)) is not None:
            known[row] = data_address(jpeg)
    missing = [row for row in rows if row not in known]
    if missing and video.path is not None:
        known.update({row: image_address(image) for row, image in chips(video.path, features, missing).items()})
    return {row: known[row] for row in rows if row in known}


def faces_of_video(space: Workspace, video: Video, person: Person | None) -> None:
    """The people of a video in rows; some faces of one row make or complete a person."""
    try:
        features = features_for(space, video)
    except PunchlineError as error:
        show_error(error)
        return
    jobs = Jobs(space)
    job = jobs.latest("scan", video.id)
    if features is None or len(features.faces) == 0:
        if job is not None and job.live:
            fragment(_scan_progress, run_every=0.5)(space, job.id)
            return
        if job is not None and job.status == "failed":
            show_error(job.message)
        if features is not None:
            st.warning(_("No face was found in this video."), icon=":material/no_accounts:")
        else:
            st.write(_("A quick look at some pictures of the video shows who is in it. It takes less than a minute."))
        if st.button(
            _("Look for faces"), type="primary", icon=":material/search:", key="scan", disabled=video.path is None
        ):
            with told():
                begin_scan(space, video)
            st.rerun()
        if video.path is None:
            st.caption(_("The file is missing. Add it again from its new location on Home."))
        return
    shown = _groups(features, key_of(features)).groups[:MOST_GROUPS]
    used = _used(features, person, [int(row) for g in shown for row in g.best])
    faces = [[*map(int, g.best), *sorted(used & ({*g.rows.tolist()} - {*g.best.tolist()}))] for g in shown]
    with st.spinner(_("Loading face pictures…")):
        addresses = chip_addresses(video, features, [row for of_group in faces for row in of_group])
    times = features.faces.timestamps[features.faces.frame]
    rows = [
        FaceRow(
            [FaceChip(r, addresses[r], clock(float(times[r])), used=r in used) for r in of_group if r in addresses],
            title=_("Face {n}", n=k + 1),
            note=_("on screen for {time}", time=lasting(g.seconds)),
        )
        for k, (g, of_group) in enumerate(zip(shown, faces, strict=True))
    ]
    st.caption(_("Click faces of the person. Different looks and angles are best; three to six are enough."))
    round = f"{key_of(features)}-{st.session_state.get('grid_round', 0)}"  # another one after adding: nothing is picked
    picked = face_grid([row for row in rows if row.faces], key=f"grid-{video.id}", clickable=True, round=round)
    _add_picked(space, video, features, picked, person)


def _scan_progress(space: Workspace, id: str) -> None:
    """How far a scan is; the page follows by itself when it ends."""
    job = Jobs(space).find(id)
    if not job.live:
        st.rerun()
    job_bar(job)


def _add_picked(space: Workspace, video: Video, features: Features, picked: list[int], person: Person | None) -> None:
    """Name the person and add the picked faces; that the name is lacking is said beside its field."""
    field, lacking = st.columns(2, vertical_alignment="bottom")  # nothing moves as the name is entered
    with field:
        name = _name_field(person, key="grid", somebody_else=_unlike(person, features, picked)).strip()
    if name or not picked:
        st.session_state.pop(NAMELESS, None)
    with lacking.container(key="nameless"):
        if NAMELESS in st.session_state:
            st.error(_("Enter the person's name first."), icon=":material/error:")
    label = _("Add {n} faces", n=len(picked)) if picked else _("Add faces")
    if st.button(label, type="primary", disabled=not picked, key="add-faces", icon=":material/person_add:"):
        if not name:
            st.session_state[NAMELESS] = True
            st.rerun()
        with told():
            assert video.path is not None
            references = tuple(reference_at(video.path, features, row) for row in picked)
            _add(space, name, references, note=video.id)
    _say_added(video, person, picked)


def _say_added(video: Video, person: Person | None, picked: list[int]) -> None:
    """What was just added from this video, until others are picked."""
    of_video, id, n, when = st.session_state.get(ADDED, ("", "", 0, 0.0))
    if person is None or picked or (of_video, id) != (video.id, person.id) or time.time() - when > TOLD_FOR:
        st.session_state.pop(ADDED, None)
        return
    said = _("{n} faces added to {name}; they are ticked above. You can add more.", n=n, name=plain(person.name))
    st.success(said, icon=":material/check_circle:")


def _add(space: Workspace, name: str, references: tuple[Reference, ...], *, note: str = "") -> None:
    """Add faces to the person of this name and draw the page anew; `note` is the video whose faces say so."""
    added = space.add_references(name, references)
    choose("person_id", added.id)
    if note:
        st.session_state[ADDED] = note, added.id, len(references), time.time()
    st.session_state.grid_round = st.session_state.get("grid_round", 0) + 1
    st.rerun()


def _unlike(person: Person | None, features: Features, rows: list[int]) -> bool:
    """Whether none of these faces is like the person's references."""
    if person is None or not rows:
        return False
    with suppress(PunchlineError):  # references of another embedder tell nothing
        likeness = similarities(features, person)
        return all(likeness[row] < person.thresholds.relaxed for row in rows)
    return False


def _name_field(person: Person | None, *, key: str, somebody_else: bool = False) -> str:
    """Whose face it is: the person at hand, or somebody new."""
    new = _("New person")
    if person is not None:
        who = st.radio(
            _("Whose face?"),
            [person.name, new],
            format_func=plain,
            index=int(somebody_else),
            horizontal=True,
            key=f"who-{key}-{person.id}-{somebody_else}",
            label_visibility="collapsed",
        )
        if who != new:
            return person.name
    return st.text_input(_("Name of the person"), key=f"name-{key}", max_chars=80)


def person_card(space: Workspace, person: Person) -> None:
    """References with a way to remove each, the name, and removal of the person."""
    if not person.references:
        st.warning(_("No reference faces left. Add one to continue."), icon=":material/face:")
    chips_ = [FaceChip(k, image_address(r.face), note=r.origin) for k, r in enumerate(person.references)]
    round = f"{len(chips_)}-{person.id}"
    picked = face_grid([FaceRow(chips_)], key=f"references-{person.id}", clickable=True, round=round)
    if picked and st.button(_("Remove {n} faces", n=len(picked)), key="drop-faces", icon=":material/delete:"):
        with told():
            for k in sorted(picked, reverse=True):
                space.remove_reference(person, k)
            st.rerun()
    with st.container(horizontal=True):
        with st.popover(_("Rename"), icon=":material/edit:"):
            st.session_state.setdefault(f"rename-{person.id}", person.name)
            name = st.text_input(_("New name"), key=f"rename-{person.id}", max_chars=80)
            if st.button(_("Save name"), key="save-name"):
                with told():
                    space.rename_person(person, name)
                    st.rerun()
        with st.popover(_("Remove person"), icon=":material/person_remove:", key=f"removal-{person.id}"):
            st.write(_("Deletes the reference faces and series of {name}. Labels are kept.", name=plain(person.name)))
            if st.button(_("Delete permanently"), key=f"remove-{person.id}", type="primary"):
                with told():
                    remove_person(space, person)
                    st.rerun()


def photos(space: Workspace, person: Person | None) -> None:
    """Upload photos; the faces in them are read in the background."""
    jobs = Jobs(space)
    with st.expander(_("Add from photos"), icon=":material/add_a_photo:"):
        name = _name_field(person, key="photos")
        files = st.file_uploader(
            _("Photos of the person"), type=PHOTO_TYPES, accept_multiple_files=True, key="photo-files"
        )
        if st.button(_("Find faces in the photos"), key="read-photos", disabled=not files or not name.strip()):
            with told():
                job = begin_photos(space, name, [(file.name, file.getvalue()) for file in files])
                st.session_state.photo_job = job.id
                st.rerun()
        _photo_result(space, jobs)


def _photo_result(space: Workspace, jobs: Jobs) -> None:
    """What came of the photos read last, and the faces to choose from where a photo shows several."""
    job = next((job for job in jobs.all() if job.id == st.session_state.get("photo_job")), None)
    if job is None:
        return
    if job.live:
        job_bar(job)
        return
    if job.status == "failed":
        show_error(job.message)
        return
    result = job.result
    if result.get("n_added"):
        st.success(_("{n} faces added.", n=result["n_added"]), icon=":material/check_circle:")
    for fault in result.get("faults", ()):
        st.warning(as_markdown(fault), icon=":material/no_accounts:")
    path = jobs.candidates_path(job)
    if path.exists():
        with told():
            faces = read_person(path).references
            st.write(_("Some photos show several people. Who is {name}?", name=plain(job.name)))
            chips_ = [FaceChip(k, image_address(f.face), note=f.origin) for k, f in enumerate(faces)]
            picked = face_grid([FaceRow(chips_)], key=f"candidates-{job.id}", clickable=True)
            if st.button(_("Add these"), disabled=not picked, key="add-candidates", type="primary"):
                path.unlink(missing_ok=True)
                _add(space, job.name, tuple(faces[k] for k in picked))
