"""Draw the picture of the built-in set that the README shows.

    python benchmarks/builtin_grid.py [docs/builtin.png]

Twelve drawings of each class, the first of this seed: none was chosen.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cifar_core.data import drawn  # noqa: E402

SEED = 3
COLUMNS = 12
SIDE = 2 * 32
GAP = 4
NAME_WIDTH, MARGIN = 100, 8
INK, PAPER = "#1B1F24", "#FFFFFF"


def main() -> None:
    """Write the picture."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/builtin.png"
    labels = np.repeat(np.arange(len(drawn.CLASSES)), COLUMNS)
    images = drawn.draw_images(labels, seed=SEED)
    make_grid(images.reshape(-1, COLUMNS, 32, 32, 3)).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1e3:.0f} kB")


def make_grid(images: np.ndarray) -> Image.Image:
    """Return rows of enlarged images behind the names of their classes.

    Args:
        images: uint8 (classes, columns, 32, 32, 3).
    """
    step = SIDE + GAP
    width = 2 * MARGIN + NAME_WIDTH + COLUMNS * step - GAP
    height = 2 * MARGIN + len(images) * step - GAP
    grid = Image.new("RGB", (width, height), PAPER)
    pen, font = ImageDraw.Draw(grid), ImageFont.load_default(16)
    for row, (name, drawings) in enumerate(zip(drawn.CLASSES, images, strict=True)):
        top = MARGIN + row * step
        pen.text((MARGIN, top + SIDE // 2), name, INK, font, anchor="lm")
        for column, drawing in enumerate(drawings):
            large = Image.fromarray(drawing).resize((SIDE, SIDE), Image.Resampling.NEAREST)
            grid.paste(large, (MARGIN + NAME_WIDTH + column * step, top))
    return grid


if __name__ == "__main__":
    main()
