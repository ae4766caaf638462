"""Names of moments as captions: a font that has their letters, and the line of text as a picture."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from core.export.lists import one_line

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
