"""The colours things have, as palettes of hex codes, and how one is picked from them."""

from __future__ import annotations

import numpy as np

from .draws import Draws, Field, Number

PAINT = "b3261e d8d8d8 f1f1ee 1c1d20 2f4f8f 6f757c 0f5c3a c9a227 8c1c2e 3a6ea5 d9601a e3c21b 9aa3ab"
LORRY = "e9e9e6 c23022 2c56a0 e0b020 2e7d4f f2f2f0 5b6470 d4701c 9fb4c4 30343a 7a1f2b b8b8b0"
LIVERY = "f2f3f5 e6e8ea d7dbe0 f2f3f5 b9c0c8 8f98a1 5d6670 c9d3dd 42505c 9aa58c"
ACCENT = "c2281d 1f4e9e 0e6b4f e08a1e 2b2f36 7a2a8a d8b21c 3f8fc4"
CAT = "d98a3d 8b8f94 2a2625 efe9df b58d63 6e5f55 c9a277 4a4542 d9cbb8 e6a860 5c4a3c f4f1ea"
DOG = "b98149 3a2b22 e9dcc3 8a5a34 1f1c1b d3a868 f2eee6 7b5b45 5a4333 c68a50 9c9489 e3c79a"
HORSE = "7a4524 4a2c1a 2a211d 96603a b07a48 d9d2c6 8c8580 5f3a22 eae5da a5683a"
DEER = "a8744a 8c5f3d b9834f 7a5a40 c2915f 6e4d35 9a7350 d0a673"
FROG = "5d9a2f 3e7a2c 7fae3a 8a7a3c 6f5a34 4c6a35 a4b845 9a8c5a 2f6b3a b0552c 46843f 716a45"
BIRD = "7a5f45 3b3a3d b23b2b 3f6fb0 d9b43a 8f8a80 e8e6e1 5c6e3f c77a36 2c3f55 a89478 1f1f22"
HULL = "22324a 8c2a22 1d1e22 2f5f4f e5e5e2 6f7880 3a5f92 53382a 7f8b94 c9ced2"
BOXES = "b8432f 2f6f9e 3d8a55 d39a2e 8a8f95 a5562f 4f5f86 d9d4c8"
WOOD = "6b5138 54402d 7d6347 8f8578 3f3328"
LEAF = "3f6a2c 557f35 2f5326 6f8f3f 7a7a38 8a6a35"


def table(palette: str) -> Field:
    """Return a palette as float32 (colours, 3), 0 to 1."""
    codes = [bytes.fromhex(code) for code in palette.split()]
    return np.array([list(code) for code in codes], dtype=np.float32) / np.float32(255)


def plain(code: str) -> Field:
    """Return one hex colour, the same for every image, float32 (3, 1, 1, 1)."""
    return table(code).reshape(3, 1, 1, 1)


def pick_colour(draws: Draws, palette: str, jitter: float = 0.09) -> Field:
    """Return a colour of the palette per image, a little changed, float32 (3, N, 1, 1)."""
    colours = table(palette)
    choice = draws.uniform(0, len(colours)).astype(np.intp)[:, 0, 0]
    picked = colours[np.minimum(choice, len(colours) - 1)].T.reshape(3, -1, 1, 1)
    bright = draws.uniform(1 - 2.2 * jitter, 1 + 2.2 * jitter)
    tint = np.stack([draws.uniform(-jitter, jitter) for _ in range(3)])
    return np.minimum(np.maximum(picked * bright + 0.5 * tint, 0.02), 1)


def mix(first: Field, second: Field, part: Number) -> Field:
    """Return the colour that is ``part`` second and the rest first."""
    mixed = (second - first) * part
    mixed += first  # in place: pictures are large enough for the copy to cost
    return mixed


BLACK = plain("16130f")
