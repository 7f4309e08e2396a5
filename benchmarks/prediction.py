"""How long does an answer take, and how near is an evaluation to the bare forward pass?

    python benchmarks/prediction.py [--rounds 7]

With the models that come with the program. A picture: from the bytes of a photo of 640 x 480 to the
probabilities (decoding, scaling, normalising, the network in as many views as its settings say);
beside it, the bare forward pass of one image. Many: 2,000 images through ``compute_logits``, as
Evaluate does it, against the bare forward pass over tensors that are ready, both in float32 and in
as many images at a time. All in turns; medians over the rounds.
"""

import argparse
import io
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cifar_core.process import prepare_to_compute  # noqa: E402

prepare_to_compute()

import numpy as np  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402

from cifar_core.checkpoint import Model, load_model  # noqa: E402
from cifar_core.data.image_set import ImageSet, whole  # noqa: E402
from cifar_core.inference import compute_logits, infer_logits, suitable_batch_size  # noqa: E402
from cifar_core.library import SHIPPED_DIR  # noqa: E402
from cifar_core.pictures import open_picture  # noqa: E402
from cifar_core.prediction import predict_pictures  # noqa: E402
from cifar_core.views import average_views  # noqa: E402

CPU = torch.device("cpu")
NUM_IMAGES = 2_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for path in sorted(SHIPPED_DIR.glob("*.safetensors")):
        model = load_model(path)
        print(f"\n{model.info.model}, views {model.info.preprocessing.views}")
        one = take_turns(rounds, 20, one_picture(model))
        print(f"  a picture: {1e3 * one['whole']:.1f} ms, of it the network "
              f"{1e3 * one['bare']:.1f} ms")  # fmt: skip
        many = take_turns(rounds, 1, many_pictures(model))
        print(f"  {NUM_IMAGES} images: {NUM_IMAGES / many['whole']:,.0f} images/s, "
              f"{many['bare'] / many['whole']:.3f} of the bare forward pass")  # fmt: skip


def take_turns(
    rounds: int, repeats: int, ways: dict[str, Callable[[], object]]
) -> dict[str, float]:
    """Return the median seconds of each way; the first round does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, work in ways.items():
            began = time.perf_counter()
            for _ in range(repeats):
                work()
            seconds[name].append((time.perf_counter() - began) / repeats)
    return {name: statistics.median(found[1:]) for name, found in seconds.items()}


def one_picture(model: Model) -> dict[str, Callable[[], object]]:
    pixels = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    info, seen = model.info, torch.zeros(1, 32, 32, 3, dtype=torch.uint8)

    def whole_way() -> None:
        picture = open_picture(file.getvalue())
        predict_pictures(model.network, [picture], info.classes, info.preprocessing, fit=info.fit)

    def bare() -> None:
        infer_logits(model.network, seen, info.preprocessing, device=CPU)

    return {"whole": whole_way, "bare": bare}


def many_pictures(model: Model) -> dict[str, Callable[[], object]]:
    data, preprocessing = random_images(model), model.info.preprocessing
    inputs = preprocessing(data.images).split(suitable_batch_size(CPU))

    @torch.no_grad()
    def bare() -> None:
        for batch in inputs:
            average_views(model.network, batch, preprocessing.views)

    def evaluate() -> None:
        compute_logits(model.network, whole(data), preprocessing, device=CPU)

    return {"whole": evaluate, "bare": bare}


def random_images(model: Model) -> ImageSet:
    pixels = np.random.default_rng(1).integers(0, 256, (NUM_IMAGES, 32, 32, 3), np.uint8)
    return ImageSet(
        images=torch.from_numpy(pixels), labels=torch.zeros(NUM_IMAGES, dtype=torch.int64),
        num_train=0, classes=model.info.classes, name="noise", drawn=False, fingerprint="",
        mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5),
    )  # fmt: skip


if __name__ == "__main__":
    main()
