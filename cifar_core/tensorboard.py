"""A run's curves as a TensorBoard event file, written without TensorBoard (a large install).

The file is a row of TFRecords: the content's length (uint64), a masked CRC-32C of those eight
bytes, the content, and a masked CRC-32C of the content, all little-endian
(https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details). Each content is
an ``Event`` in the protocol-buffer wire format (https://protobuf.dev/programming-guides/encoding/),
of which four fields are needed: wall_time = 1, step = 2, file_version = 3, summary = 5, where a
summary repeats value = 1 with tag = 1 and simple_value = 2
(tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto).
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from cifar_core.errors import RunError
from cifar_core.files import write_file_atomically
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.store import RunRow, Store

EPOCH_TAGS = {
    "loss/train": "train_loss",
    "loss/validation": "val_loss",
    "accuracy/train": "train_accuracy",
    "accuracy/validation": "val_accuracy",
}
"""Names in TensorBoard of what an epoch's record holds."""
_CASTAGNOLI = 0x82F63B78
"""The polynomial of CRC-32C, lowest power first (RFC 3720, section 12.1)."""


def export_events(store: Store, run_id: str, folder: Path) -> Path:
    """Write a run's curves where ``tensorboard --logdir FOLDER`` finds them.

    Args:
        store: of the run.
        run_id: of the run; of one that goes on, what there is so far is written.
        folder: gets a folder named after the run, so that several runs can lie side by side.

    Returns:
        The event file; one that was there is replaced.

    Raises:
        RunError: there is no such run, or the folder cannot be written.
    """
    run, steps, epochs = store.run(run_id), store.steps(run_id), store.epochs(run_id)
    path = folder / run_id / f"events.out.tfevents.{int(run.created_at)}.{run_id}"

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            for event in run_events(run, steps, epochs):
                file.write(frame_record(event))

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file_atomically(path, write)
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror or error}.") from error
    return path


def run_events(
    run: RunRow, steps: Sequence[StepRecord], epochs: Sequence[EpochRecord]
) -> Iterator[bytes]:
    """Yield a run's events in order of steps: the version, each step, each epoch, the test.

    An epoch's values stand at the step that it ended with. Steps carry no time of their own: within
    an epoch they are spread evenly, and pauses are left out.
    """
    began = run.started_at or run.created_at
    yield encode_event(began, 0, version="brain.Event:2")
    ends = {epoch.step: epoch for epoch in epochs}
    numbers = sorted({*ends, *(step.step for step in steps)})
    by_step = {step.step: step for step in steps}
    for number, wall_time in zip(numbers, _wall_times(run, numbers, epochs), strict=True):
        values = {}
        if number in by_step:
            step = by_step[number]
            values = {"loss/step": step.loss, "learning_rate": step.learning_rate}
        if number in ends:
            found = {tag: getattr(ends[number], name) for tag, name in EPOCH_TAGS.items()}
            values |= {tag: value for tag, value in found.items() if value is not None}
        yield encode_event(wall_time, number, values)
    test = run.result.get("test") or {}
    if "accuracy" in test:
        last = numbers[-1] if numbers else 0
        yield encode_event(run.finished_at or began, last, {"accuracy/test": test["accuracy"]})


def _wall_times(run: RunRow, numbers: list[int], epochs: Sequence[EpochRecord]) -> list[float]:
    """Return when each step was, in seconds since 1970."""
    began = run.started_at or run.created_at
    known = [(0, began)]
    for epoch in epochs:
        known.append((epoch.step, known[-1][1] + epoch.seconds))
    if numbers and numbers[-1] > known[-1][0]:  # steps of an epoch that did not end
        known.append((numbers[-1], max(known[-1][1], run.finished_at or run.heartbeat)))
    places, times = zip(*known, strict=True)
    return [float(time) for time in np.interp(numbers, places, times)]


def encode_event(
    wall_time: float, step: int, values: Mapping[str, float] | None = None, *, version: str = ""
) -> bytes:
    """Return an ``Event`` as a protocol buffer.

    Args:
        wall_time: seconds since 1970, UTC.
        step: 0 or more.
        values: scalars by tag; they are kept with the precision of float32.
        version: of the file's format; only its first event carries one.
    """
    event = b"\x09" + struct.pack("<d", wall_time) + b"\x10" + _varint(step)
    if version:
        event += b"\x1a" + _sized(version.encode())
    if values:
        summary = b"".join(
            b"\x0a" + _sized(b"\x0a" + _sized(tag.encode()) + b"\x15" + _float32(value))
            for tag, value in values.items()
        )
        event += b"\x2a" + _sized(summary)
    return event


def frame_record(content: bytes) -> bytes:
    """Return content as a TFRecord: with its length and the checks of both."""
    length = struct.pack("<Q", len(content))
    return length + _check(length) + content + _check(content)


def crc32c(content: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of some bytes, as RFC 3720 has it."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _crc_of_byte(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (_CASTAGNOLI if byte & 1 else 0)
    return byte


_TABLE = tuple(_crc_of_byte(byte) for byte in range(256))


def _check(content: bytes) -> bytes:
    """Return the masked CRC: a CRC over bytes that hold CRCs would be a weak check."""
    crc = crc32c(content)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


def _float32(value: float) -> bytes:
    """Return a number in four bytes; one beyond float32 becomes infinite instead of an error."""
    with np.errstate(over="ignore"):
        return bytes(np.float32(value).astype("<f4").tobytes())


def _sized(content: bytes) -> bytes:
    return _varint(len(content)) + content


def _varint(number: int) -> bytes:
    """Return a whole number from 0 as groups of seven bits, the lowest first."""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)
