"""Pictures of every page of the app, in every state, size, theme and language that users see.

    uv run python tools/screenshots.py --out shots [--only detect label] [--states result] [--whole]
    uv run python tools/screenshots.py --docs

States are made from the sample by the program's own actions in a temporary workspace: nothing that is private can be
in a picture. Beside the pictures lies one sheet a page that shows them together. `--docs` writes the few pictures of
README and docs, as small files.
"""

from __future__ import annotations

import argparse
import errno
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby, product
from operator import attrgetter
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from core.actions.background import detection_subject
from core.actions.sample import SAMPLE, show_sample
from core.errors import Sentence, StorageFault
from core.labels.ledger import Ledger
from core.storage.files import writing
from core.storage.program import PROGRAM
from core.training.model_store import ModelStore
from core.video.frames import frame_at
from core.video.jpeg import as_jpeg
from core.workspace.jobs import Job, Jobs
from core.workspace.settings import change_settings
from core.workspace.workspace import Workspace
from tests.browser.conftest import FLAGS, chromium, serve

PAGES = ("home", "reference", "extract", "label", "analyse", "train", "detect", "settings")
STATES = ("empty", "working", "result", "failed")
SIZES = {"desk": (1400, 900), "laptop": (1280, 720), "phone": (390, 844)}
THEMES = ("light", "dark")
LANGUAGES = {"en": "en-US", "ko": "ko-KR"}
REST = 300  # ms without a change after which a page has drawn all it has: charts and pictures come after the script
AT_REST = """(rest) => {
  const app = document.querySelector('[data-testid=stApp]'), elements = [];
  const look = (root) => { for (const element of root.querySelectorAll('*')) {
    elements.push(element); if (element.shadowRoot) look(element.shadowRoot); } };
  look(document);
  const loading = elements.some((e) => e.localName === 'img' && e.src && !e.complete && e.getClientRects().length
    || e.matches('video.front') && e.src && !e.error && e.readyState < 2);
  const busy = loading || app?.dataset.testScriptState !== 'notRunning'
    || document.querySelector('[data-testid=stSkeleton], [data-testid=stSpinner], [data-stale=true]');
  const seen = `${elements.length} ${document.querySelector('.stMainBlockContainer')?.scrollHeight}`;
  const now = performance.now();
  if (busy || seen !== window.seen) { window.seen = seen; window.since = now; }
  return now - window.since > rest;
}"""
HAS_THEME = "(theme) => getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === theme"
HEIGHT = "() => document.querySelector('.stMainBlockContainer').scrollHeight"
SHEET_WIDTH, SHEET_COLUMNS = 2000, 4
DOCS = ("reference", "label", "analyse", "detect")
DOCS_FOLDER = PROGRAM / "docs" / "pictures"
EXPORTS = "/home/mina/exports"  # a made-up folder: pictures name none of the machine that takes them
DOCS_WIDTH, DOCS_COLOURS = 1120, 256


@dataclass(frozen=True)
class View:
    """What one picture shows."""

    page: str
    state: str
    size: str
    theme: str
    language: str

    @property
    def file(self) -> str:
        """Its name among the pictures."""
        return f"{self.page}-{self.state}-{self.size}-{self.theme}-{self.language}.png"


# States


def _job(space: Workspace, kind: str, **values: object) -> Job:
    (video,), (person,) = space.videos(), space.people()
    about = person if kind == "train" else video
    subject = detection_subject(video, person) if kind == "detect" else about.id
    used = ModelStore(space).used(person)
    settings = {"model": used.name} if used is not None else {}
    id, now = f"{time.time_ns():020d}-{kind}", time.time()
    job = Job(id=id, kind=kind, subject=subject, name=about.name, settings=settings, submitted=now)
    return Jobs(space).save(replace(job, **values))  # type: ignore[arg-type]


def make_result(space: Workspace) -> None:
    """The sample from end to end, with some clips that are still to be labelled."""
    show_sample(space)
    ledger = Ledger(space.labels_path)
    of_kind = [[event for event in ledger.labels() if event.label == label] for label in (1, 0)]
    for event in (*of_kind[0][-2:], *of_kind[1][-2:]):
        ledger.undo(event.id)


def make_working(space: Workspace) -> None:
    """Jobs under way."""
    now = time.time()
    jobs = Jobs(space)
    job = _job(space, "extract", status="running", completed=74.0, total=192.0, n_found=318, begun=now - 12)
    jobs.preview_path(job).write_bytes(as_jpeg(frame_at(SAMPLE, 74.0).image))
    _job(space, "train", status="running", completed=3.0, total=8.0, begun=now - 6)
    _job(space, "detect", status="queued")


def make_failed(space: Workspace) -> None:
    """A video that cannot be read, and jobs that came to nothing."""
    broken = space.root.parent / "broken.mp4"
    broken.write_bytes(b"no video" * 1000)
    try:
        with writing(space.features_folder / "stream.h5"):
            raise OSError(errno.ENOSPC, "full")
    except StorageFault as error:
        message = Sentence.of(error)
    _job(space, "extract", status="failed", completed=74.0, total=192.0, message=message)
    _job(space, "train", status="died", completed=3.0, total=8.0)
    _job(space, "detect", status="failed", message=message)
    space.register(broken)


@contextmanager
def alive(space: Workspace) -> Iterator[None]:
    """Signs of life of the jobs that are shown as running, as a worker would give."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(2.0):
            for job in Jobs(space).all():
                Jobs(space).beat(job)

    lanes = [Jobs(space).worker_lock(lane) for lane in ("long", "short", "files")]
    for lock in lanes:
        lock.acquire()
    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        over.set()
        for lock in lanes:
            lock.release()


def make_states(folder: Path, states: Sequence[str]) -> dict[str, Workspace]:
    """A workspace a state; a result that lies in the folder is taken as it is."""
    make: dict[str, Callable[[Workspace], None]] = {"working": make_working, "failed": make_failed}
    if set(states) - {"empty"} and not (folder / "result").exists():
        make_result(Workspace(folder / "result"))
    spaces = {}
    for state in states:
        if state in make:
            shutil.copytree(folder / "result", folder / state)
        spaces[state] = Workspace(folder / state)
        if state in make:
            make[state](spaces[state])
    return spaces


# Pictures


def settle(page: Page) -> None:
    """Wait until a page has drawn all it has."""
    page.evaluate("() => { window.seen = null; }")
    page.wait_for_function(AT_REST, arg=REST, polling=50, timeout=60_000)


def take(page: Page, address: str, views: Sequence[View], out: Path, *, whole: bool) -> Iterator[str]:
    """Pictures of one page in one state and language, which is loaded once; gives what failed."""
    try:
        page.emulate_media(color_scheme=views[0].theme)  # type: ignore[arg-type]
        page.goto(f"{address}/{'' if views[0].page == 'home' else views[0].page}")
        page.locator(".stMainBlockContainer").wait_for(timeout=60_000)
    except PlaywrightError as error:
        yield f"{', '.join(view.file for view in views)}: {error.message}"
        return
    for view in views:
        width, height = SIZES[view.size]
        try:
            page.emulate_media(color_scheme=view.theme)  # type: ignore[arg-type]
            page.wait_for_function(HAS_THEME, arg=view.theme, timeout=60_000)
            page.set_viewport_size({"width": width, "height": height})
            settle(page)
            if whole:
                page.set_viewport_size({"width": width, "height": max(height, int(page.evaluate(HEIGHT)))})
                settle(page)
            page.screenshot(path=out / view.file)
            if page.get_by_text("unexpected fault").count():
                yield f"{view.file}: shows a fault of the program"
        except PlaywrightError as error:
            yield f"{view.file}: {error.message}"


def sessions(browser: Browser, address: str, views: Sequence[View], out: Path, *, whole: bool) -> Iterator[str]:
    """Pictures of one state; a browser session for each language, with a mouse and by touch. Gives what failed."""

    def session(view: View) -> tuple[str, bool]:
        return view.language, view.size == "phone"

    for (language, touch), of_session in groupby(sorted(views, key=session), key=session):
        width, height = SIZES["phone" if touch else "laptop"]
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale=LANGUAGES[language], has_touch=touch
        )
        page = context.new_page()
        for _, of_page in groupby(of_session, key=attrgetter("page")):
            yield from take(page, address, list(of_page), out, whole=whole)
        context.close()


def sheet(files: Sequence[Path], target: Path) -> None:
    """Pictures side by side, small."""
    width = SHEET_WIDTH // SHEET_COLUMNS
    small = []
    for file in files:
        with Image.open(file) as image:
            scale = min(1.0, width / image.width)
            small.append(image.convert("RGB").resize((round(image.width * scale), round(image.height * scale))))
    rows = [small[k : k + SHEET_COLUMNS] for k in range(0, len(small), SHEET_COLUMNS)]
    whole = Image.new("RGB", (SHEET_WIDTH, sum(max(i.height for i in row) + 8 for row in rows)), "#777")
    top = 0
    for row in rows:
        for k, image in enumerate(row):
            whole.paste(image, (k * width, top))
        top += max(i.height for i in row) + 8
    whole.save(target)


def shrink(file: Path, target: Path) -> None:
    """A picture as documents show it: a small file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(file) as image:
        height = round(image.height * DOCS_WIDTH / image.width)
        small = image.convert("RGB").resize((DOCS_WIDTH, height), Image.Resampling.LANCZOS)
    small.quantize(DOCS_COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


def shoot(views: Sequence[View], out: Path, *, whole: bool = False, result: Path | None = None) -> list[str]:
    """Take these pictures; `result` is a workspace with a result, made before. Gives what failed, in sentences."""
    failed: list[str] = []
    states = list(dict.fromkeys(view.state for view in views))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        if result is not None:
            shutil.copytree(result, Path(folder) / "result")
        spaces = make_states(Path(folder), states)
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for state, space in spaces.items():
            change_settings(space, exports=EXPORTS)
            with alive(space), serve(PROGRAM / "app.py", {"PUNCHLINE_WORKSPACE": str(space.root)}) as address:
                of_state = [view for view in views if view.state == state]
                failed += sessions(browser, address, of_state, out, whole=whole)
        browser.close()
    return failed


def main() -> None:
    """Run as a command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("screenshots"), help="folder for the pictures")
    for name, choices in (
        ("only", PAGES),
        ("states", STATES),
        ("sizes", tuple(SIZES)),
        ("themes", THEMES),
        ("languages", tuple(LANGUAGES)),
    ):
        parser.add_argument(f"--{name}", nargs="+", choices=choices, default=choices)
    parser.add_argument("--whole", action="store_true", help="pages down to their end, not as the window cuts them")
    parser.add_argument("--result", type=Path, help="a workspace with a result, made before")
    parser.add_argument("--docs", action="store_true", help="the pictures of README and docs")
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    if wanted.docs:
        views = [View(page, "result", "laptop", "light", language) for page, language in product(DOCS, LANGUAGES)]
        if failed := shoot(views, wanted.out, result=wanted.result):
            raise SystemExit("\n".join(failed))
        for view in views:
            shrink(wanted.out / view.file, DOCS_FOLDER / f"{view.page}.{view.language}.png")
        return
    views = [
        View(*values) for values in product(wanted.only, wanted.states, wanted.sizes, wanted.themes, wanted.languages)
    ]
    failed = shoot(views, wanted.out, whole=wanted.whole, result=wanted.result)
    for page in wanted.only:
        files = [wanted.out / view.file for view in views if view.page == page]
        sheet([file for file in files if file.exists()], wanted.out / f"{page}.png")
    print(f"{len(views) - len(failed)} of {len(views)} pictures in {wanted.out}")
    if failed:
        raise SystemExit("\n".join(failed))


if __name__ == "__main__":
    main()
