"""Frames become square, upright, progressive and BT.709, whatever they were."""

import gc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.video.picture import Converter, Images, Orientation, Shape, orientation_of, progressive, shape_of
from tests import media
from tests.media.odd.alterations import photos

RED = (63, 102, 240)  # in BT.709
HD = {"colorspace": 1, "color_range": 1, "color_primaries": 1, "color_trc": 1}


def colour_of(frame: av.VideoFrame) -> list[int]:
    return [bytes(plane)[0] for plane in frame.planes]


def converted(frame: av.VideoFrame, pixel_format: str = "yuv420p") -> av.VideoFrame:
    return Converter(lambda _: (32, 32), pixel_format=pixel_format)(frame)


@pytest.mark.parametrize(
    ("colour", "tags"),
    [
        (RED, HD),
        ((81, 90, 240), {"colorspace": 5, "color_range": 1}),
        ((81, 90, 240), {"colorspace": 6, "color_range": 1, "color_primaries": 6}),
        ((81, 90, 240), {}),  # as small a picture that does not say is BT.601
        (RED, {"width": 1280, "height": 720}),
        ((54, 99, 255), HD | {"color_range": 2}),
    ],
)
def test_red_is_red(colour: tuple[int, int, int], tags: dict[str, int]) -> None:
    frame = converted(media.plain(colour, **tags))
    np.testing.assert_allclose(colour_of(frame), RED, atol=2)
    assert (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc) == (1, 1, 1, 1)
    rgb = converted(media.plain(colour, **tags), "rgb24").to_ndarray()[0, 0].astype(int)
    np.testing.assert_allclose(rgb, (255, 0, 0), atol=3)


@pytest.mark.parametrize(
    ("colour", "tags"),
    [
        (RED, HD),
        ((81, 90, 240), {"colorspace": 5, "color_range": 1}),
        (RED, {"width": 1280, "height": 720}),
        ((54, 99, 255), HD | {"color_range": 2}),
    ],
)
@pytest.mark.parametrize("share", [1 / 3, 0.5, 0.7])
def test_reduced_red_is_red(colour: tuple[int, int, int], tags: dict[str, int], share: float) -> None:
    frame = media.plain(colour, **tags)
    images = Images(lambda picture: (picture.width, picture.height))
    full, small = images(frame), images.reduced(frame, share)
    assert small.shape == (round(frame.height * share), round(frame.width * share), 3)
    np.testing.assert_allclose(small.mean((0, 1)), full.mean((0, 1)), atol=1)
    np.testing.assert_allclose(small[0, 0], (255, 0, 0), atol=3)


@pytest.mark.parametrize("size", [(1280, 720), (318, 178), (321, 181)])
def test_a_picture_stays_while_the_next_ones_are_made(size: tuple[int, int]) -> None:
    width, height = size
    images = Images(lambda picture: (picture.width, picture.height))
    made = [images(media.plain((16 + 20 * k, 128, 128), **HD, width=width, height=height)) for k in range(8)]
    for k, image in enumerate(made):
        assert image.shape == (height, width, 3)
        assert image.flags.c_contiguous
        np.testing.assert_allclose(image.reshape(-1, 3), round(20 * k * 255 / 219), atol=1)


def test_a_frame_is_let_go_of_at_once_and_waits_for_no_garbage_collector(tmp_path: Path) -> None:
    images = Images(lambda frame: (frame.width, frame.height))
    with av.open(str(media.write(tmp_path / "v.mp4", np.arange(30) / 25))) as container:
        gc.collect()
        n_before = sum(type(held) is av.VideoFrame for held in gc.get_objects())
        gc.disable()
        try:
            for frame in container.decode(video=0):
                images(frame)
                images.reduced(frame, 0.5)
            n_held = sum(type(held) is av.VideoFrame for held in gc.get_objects()) - n_before
            assert n_held <= 2, "this one and the next"
        finally:
            gc.enable()


@pytest.mark.parametrize("level", range(16, 236, 13))
def test_a_grey_ramp_stays(level: int) -> None:
    for tags in (HD, {}, {"colorspace": 6}):
        np.testing.assert_allclose(
            colour_of(converted(media.plain((level, 128, 128), **tags))), (level, 128, 128), atol=1
        )


@pytest.mark.parametrize("transfer", [16, 18])
def test_high_dynamic_range_becomes_standard(transfer: int) -> None:
    tags = {"colorspace": 9, "color_range": 1, "color_primaries": 9, "color_trc": transfer}
    levels = [colour_of(converted(media.plain((level, 128, 128), **tags)))[0] for level in range(16, 236, 8)]
    assert levels[0] == 16
    assert levels == sorted(levels)
    white = {16: 143, 18: 180}[transfer]  # 203 cd/m²: 58 % of PQ, 75 % of HLG (Report BT.2408)
    frame = converted(media.plain((white, 128, 128), **tags))
    assert 200 < colour_of(frame)[0] < 235
    assert (frame.colorspace, frame.color_primaries, frame.color_trc) == (1, 1, 1)


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [
        ((1, 0, 0, 1), lambda image: image),
        ((-1, 0, 0, 1), np.fliplr),
        ((1, 0, 0, -1), np.flipud),
        ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
        ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),
        ((0, -1, 1, 0), np.rot90),
        ((0, 1, 1, 0), lambda image: image.transpose(1, 0, 2)),
        ((0, -1, -1, 0), lambda image: np.rot90(image, 2).transpose(1, 0, 2)),
    ],
)
def test_the_whole_display_matrix_counts(
    tmp_path: Path, matrix: tuple[int, int, int, int], turn: Callable[..., np.ndarray]
) -> None:
    path = media.with_matrix(media.write(tmp_path / "v.mp4", np.arange(3) / 25), tmp_path / "turned.mp4", *matrix)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    shape = shape_of(frame, Fraction(2))
    assert shape == (Shape(120, 160, Fraction(1, 2)) if matrix[0] == 0 else Shape(160, 120, Fraction(2)))
    image = Converter(lambda f: shape_of(f, None).square, pixel_format="rgb24")(frame).to_ndarray()
    assert np.abs(image.astype(int) - turn(frame.to_ndarray(format="rgb24"))).mean() < 4


def test_pixels_become_square() -> None:
    assert Shape(1440, 1080, Fraction(4, 3)).square == (1920, 1080)
    assert Shape(720, 480, Fraction(8, 9)).even(240) == (320, 240)
    assert Shape(171, 131).even() == (172, 132)
    assert orientation_of(media.plain(RED)) == Orientation()


def test_combs_are_gone_and_times_stay(tmp_path: Path) -> None:
    path = media.interlaced(tmp_path / "v.mpg")
    with av.open(str(path)) as container:
        before = list(container.decode(video=0))
    after = list(progressive(iter(before)))
    assert [frame.time for frame in after] == pytest.approx([frame.time for frame in before])
    assert media.combs(before[12]) > 60
    assert media.combs(after[12]) < 30


@pytest.mark.parametrize(("turn", "filters"), [(1, ()), (3, ("hflip", "vflip")), (6, ("transpose=clock",))])
def test_what_a_camera_says_of_how_it_was_held(tmp_path: Path, turn: int, filters: tuple[str, ...]) -> None:
    """Its EXIF is of a kind that PyAV does not know."""
    assert orientation_of(media.first_frame(photos("v.mjpg", turn=turn, n=2)(tmp_path))).filters == filters
