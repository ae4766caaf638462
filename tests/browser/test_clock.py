"""Original, copy and proxy show the same picture at the same time in Chromium, by the numbers in the pictures."""

import base64
import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Route

from core.playback.proxy import make_proxy, plan
from core.video.container import Source
from core.video.frames import frame_at
from core.video.transcode import encode
from core.video.writer import Recipe, Writer
from tests import media
from tests.media.odd.alterations import one_after_the_other, trimmed
from tests.unit.export.test_clips import irregular
from tests.unit.video.test_transcode import beeps

TIMES = np.arange(250) / 25
PLACES = (0.42, 1.02, 2.5, 4.77, 7.3)  # seconds
SITE = "http://clock.test"
SCRIPT = """<video muted></video><script>
const video = document.querySelector("video");
async function load(name) {
  video.src = URL.createObjectURL(await (await fetch(name)).blob());
  await new Promise((done, fail) => { video.onloadeddata = done; video.onerror = () => fail(video.error.message); });
}
async function shown(time) {
  video.currentTime = time;
  await new Promise((done) => { video.onseeked = done; });
  await new Promise((done) => setTimeout(done, 150));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  return canvas.toDataURL();
}
</script>"""


def sound(start: float = 0.0) -> media.Sound:
    return media.Sound(beeps([1.0], 10.0), codec="aac", start=start)


FILES: dict[str, Callable[[Path], Path]] = {
    "mp4": lambda folder: media.write(folder / "v.mp4", TIMES, sound()),
    "matroska with B-frames": lambda folder: media.write(
        folder / "v.mkv", TIMES, sound(), options={"bf": "3", "g": "50"}, tick=Fraction(1, 1000)
    ),
    "transport stream": lambda folder: media.write(folder / "v.ts", TIMES + 3, sound(3.2)),
    "begins at 5 s": lambda folder: media.write(folder / "v.mkv", TIMES + 5, sound(5), tick=Fraction(1, 1000)),
    "variable": lambda folder: media.write(folder / "v.mkv", irregular(10.0), sound(), tick=Fraction(1, 1000)),
    "rotated": lambda folder: media.write(folder / "v.mp4", TIMES, sound(), rotation=90),
    "mirrored": lambda folder: media.with_matrix(
        media.write(folder / "a.mp4", TIMES, sound()), folder / "v.mp4", -1, 0, 0, 1
    ),
    "anamorphic": lambda folder: media.write(
        folder / "v.mp4", TIMES, sound(), context={"sample_aspect_ratio": Fraction(2)}
    ),
    "trimmed": trimmed(lambda folder: media.write(folder / "w.mp4", np.arange(265) / 25, sound()), 0.6, 10.0),
    "two recordings in one": one_after_the_other(
        "v.flv", *2 * [lambda folder: media.write(folder / "w.flv", TIMES[:125], sound())], head=13
    ),
    "hevc": lambda folder: media.write(folder / "v.mp4", TIMES, sound(), codec="libx265"),
}


def pictures(page: Page, path: Path) -> list[np.ndarray]:
    def answer(route: Route) -> None:
        if route.request.url.endswith("index.html"):
            route.fulfill(body=SCRIPT, content_type="text/html")
        else:
            route.fulfill(path=path, content_type="video/mp4")

    page.route(f"{SITE}/**", answer)
    page.goto(f"{SITE}/index.html")
    page.evaluate("(name) => load(name)", "video")
    addresses = [page.evaluate("(time) => shown(time)", time) for time in PLACES]
    page.unroute(f"{SITE}/**")
    images = (Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))) for address in addresses)
    return [np.asarray(image.convert("RGB")) for image in images]


@pytest.mark.browser
@pytest.mark.parametrize("name", FILES)
def test_the_same_picture_at_the_same_time(page: Page, tmp_path: Path, name: str) -> None:
    path = FILES[name](tmp_path)
    played = path if plan(path).mode == "direct" else make_proxy(path, tmp_path / "proxy.mp4").path
    with Source(path) as source:
        recipe = Recipe(*source.shape.even())
        with Writer(tmp_path / "encoded.mp4", source, recipe=recipe, sounds=source.sounds) as writer:
            encode(source, writer, 0.0, 10.0)
    original, encoded = pictures(page, played), pictures(page, tmp_path / "encoded.mp4")
    numbers = [media.number_of(image) for image in original]
    assert numbers == [media.number_of(image) for image in encoded]
    assert numbers == pytest.approx([media.number_of(frame_at(path, place).image) for place in PLACES], abs=1)
    assert all(a.shape == b.shape for a, b in zip(original, encoded))
    if name not in ("variable", "mirrored", "trimmed", "two recordings in one"):
        assert numbers == pytest.approx([25 * place for place in PLACES], abs=5)  # .2 s
