"""The README's pictures show the pages as they are; `make screenshots` takes new ones (minutes)."""

from __future__ import annotations

from PIL import Image

from tests import screenshots


def test_pages_have_not_changed_since_the_pictures_were_taken() -> None:
    assert screenshots.STAMP.read_text(encoding="utf-8") == f"{screenshots.sources_digest()}\n"


def test_moving_picture_moves_and_is_small() -> None:
    path = screenshots.DOCS / "demo.gif"
    with Image.open(path) as picture:
        assert getattr(picture, "n_frames", 1) >= 4
    assert path.stat().st_size < 600_000
