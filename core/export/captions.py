"""Names of moments as captions: a font that has their letters, and the line of text over a picture."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from core.export.lists import one_line
from core.video.picture import Converter

# Fonts with Korean letters, best first: Windows, macOS, Linux.
FONTS = (
    "malgunbd.ttf",
    "malgun.ttf",
    "AppleSDGothicNeo.ttc",
    "NotoSansCJK-Bold.ttc",
    "NotoSansCJK-Regular.ttc",
    "NotoSansKR-Bold.otf",
    "NanumGothicBold.ttf",
    "NanumGothic.ttf",
    "NotoSerifCJK-Bold.ttc",
)
_FONT_FOLDERS = {
    "win32": ("C:/Windows/Fonts",),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
}
_LINUX_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")


def caption_font() -> Path | None:
    """A font of this computer that has Korean letters, or None."""
    folders = [Path(name).expanduser() for name in _FONT_FOLDERS.get(sys.platform, _LINUX_FOLDERS)]
    files = {path.name: path for folder in folders if folder.is_dir() for path in folder.rglob("*.[ot]t[fc]")}
    return next((files[name] for name in FONTS if name in files), None)


def caption_image(text: str, width: int, height: int, font: Path | None) -> NDArray[np.uint8]:
    """A line of text as it lies over the lower left of a picture, RGBA (h, w, 4); a long one is cut."""
    size = max(10, round(height / 18))
    face: Any = ImageFont.truetype(str(font), size) if font else ImageFont.load_default(size)
    pen = ImageDraw.Draw(Image.new("RGBA", (1, 1)))
    text = one_line(text)
    margin = size // 2
    if pen.textlength(text, font=face) > width - 4 * margin:
        while text and pen.textlength(text + "…", font=face) > width - 4 * margin:
            text = text[:-1]
        text += "…"
    left, top, right, bottom = pen.textbbox((0, 0), text or " ", font=face)
    image = Image.new("RGBA", (int(right - left) + 2 * margin, int(bottom - top) + margin), (0, 0, 0, 150))
    ImageDraw.Draw(image).text((margin - left, margin // 2 - top), text, font=face, fill=(255, 255, 255, 255))
    return np.asarray(image, np.uint8)


class Caption:
    """A line of text that is laid over the lower left of pictures of one even size (yuv420p, BT.709).

    Only the pixels beneath it are touched: turning whole pictures to RGB and back costs as much as encoding them.
    """

    def __init__(self, text: str, width: int, height: int, font: Path | None) -> None:
        image = caption_image(text, width, height, font)[:height, :width]
        n_rows, n_columns = (side // 2 * 2 for side in image.shape[:2])  # whole pixels of colour
        image = np.ascontiguousarray(image[:n_rows, :n_columns])
        margin = height // 48 * 2
        self._place = max(0, height - n_rows - margin), margin
        to_yuv = Converter(lambda frame: (frame.width, frame.height))
        converted = to_yuv(av.VideoFrame.from_ndarray(np.ascontiguousarray(image[..., :3]), format="rgb24"))
        alpha = image[..., 3].astype(np.float32) / 255
        alphas = (alpha, *2 * (alpha.reshape(n_rows // 2, 2, n_columns // 2, 2).mean((1, 3)),))
        self._layers = [(_pixels(plane) * share, 1 - share) for plane, share in zip(converted.planes, alphas)]

    def lay_over(self, frame: av.VideoFrame) -> None:
        """Change the pixels of a frame in place."""
        for k, (plane, (colour, rest)) in enumerate(zip(frame.planes, self._layers)):
            top, left = (side // 2 if k else side for side in self._place)
            region = _pixels(plane)[top : top + colour.shape[0], left : left + colour.shape[1]]
            region[:] = colour[:, : region.shape[1]] + rest[:, : region.shape[1]] * region + 0.5


def _pixels(plane: Any) -> NDArray[np.uint8]:
    """The values (h, w) of a plane, without the padding of its lines."""
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
