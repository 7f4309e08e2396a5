"""The event file against the documented format: known CRCs, known bytes, and a reader of ours."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifar_core.errors import RunError
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.run_state import RunState
from cifar_core.tensorboard import crc32c, encode_event, export_events, frame_record


@pytest.mark.parametrize(
    ("content", "crc"),
    [
        (b"123456789", 0xE3069283),  # the check value of the CRC catalogue
        (bytes(32), 0x8A9136AA),  # RFC 3720, appendix B.4, as are the next two
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (b"", 0),
    ],
)
def test_crc_is_that_of_the_rfc(content, crc):
    assert crc32c(content) == crc


def test_an_event_has_the_bytes_that_the_format_names():
    assert encode_event(1.0, 300, {"a": 0.5}).hex(" ") == (
        "09 00 00 00 00 00 00 f0 3f "  # field 1, double: wall_time
        "10 ac 02 "  # field 2, varint: step
        "2a 0a 0a 08 0a 01 61 15 00 00 00 3f"  # field 5: summary { value { tag, simple_value } }
    )


def fields(content: bytes) -> dict[int, list]:
    """Read a protocol buffer by its wire types."""
    found: dict[int, list] = {}
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = content[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(content):
        key = varint()
        kind = key & 7
        size = {0: 0, 1: 8, 2: -1, 5: 4}[kind]
        if kind == 0:
            value = varint()
        else:
            size = varint() if size < 0 else size
            raw = content[place : place + size]
            place += size
            value = raw if kind == 2 else struct.unpack("<d" if kind == 1 else "<f", raw)[0]
        found.setdefault(key >> 3, []).append(value)
    return found


def unmask(masked: int) -> int:
    rotated = (masked - 0xA282EAD8) & 0xFFFFFFFF
    return ((rotated >> 17) | (rotated << 15)) & 0xFFFFFFFF


def read_events(data: bytes) -> list[tuple[float, int, dict[str, float], bytes]]:
    events = []
    while data:
        (size,) = struct.unpack("<Q", data[:8])
        content = data[12 : 12 + size]
        checks = [struct.unpack("<I", data[at : at + 4])[0] for at in (8, 12 + size)]
        assert [unmask(check) for check in checks] == [crc32c(data[:8]), crc32c(content)]
        event = fields(content)
        values = [fields(raw) for raw in fields(event[5][0])[1]] if 5 in event else []
        scalars = {value[1][0].decode(): value[2][0] for value in values}
        events.append((event[1][0], event[2][0], scalars, event.get(3, [b""])[0]))
        data = data[16 + size :]
    return events


@given(
    st.floats(0, 4e9),
    st.integers(0, 2**62),
    st.dictionaries(st.text(max_size=200), st.floats(width=32, allow_nan=False), max_size=5),
)
def test_what_is_written_is_read_again(wall_time, step, values):
    (event,) = read_events(frame_record(encode_event(wall_time, step, values)))
    assert event == (wall_time, step, values, b"")


@pytest.fixture
def run_id(store, tiny_config):
    run_id = store.create_run(tiny_config)
    steps = [StepRecord(n, 1 + (n > 2), 2.0 / n, 0.25, 100.0) for n in (1, 2, 3, 4, 5)]
    epochs = [
        EpochRecord(1, 2, 1.5, 0.25, 1.25, 0.5, 0.25, 10.0, 0.0),
        EpochRecord(2, 4, 0.5, 0.75, None, None, 0.25, 20.0, 0.0),
    ]
    store.add_metrics(run_id, [*steps, *epochs])
    store.update_run(
        run_id, state=RunState.STOPPED, started_at=1000.0, finished_at=1040.0,
        result={"test": {"accuracy": 0.625}},
    )  # fmt: skip
    return run_id


def test_a_run_becomes_a_file_with_all_its_curves(store, run_id, tmp_path):
    path = export_events(store, run_id, tmp_path / "logs")
    assert path.parent == tmp_path / "logs" / run_id
    assert path.name.startswith("events.out.tfevents.")
    first, *events = read_events(path.read_bytes())
    assert first == (1000.0, 0, {}, b"brain.Event:2")
    # two epochs of 10 s and 20 s, one step of a third one, then the test at the end
    assert [event[:2] for event in events] == [
        (1005.0, 1), (1010.0, 2), (1020.0, 3), (1030.0, 4), (1040.0, 5), (1040.0, 5)
    ]  # fmt: skip
    assert events[1][2] == {
        "loss/step": 1.0, "learning_rate": 0.25, "loss/train": 1.5, "loss/validation": 1.25,
        "accuracy/train": 0.25, "accuracy/validation": 0.5,
    }  # fmt: skip
    assert set(events[3][2]) == {"loss/step", "learning_rate", "loss/train", "accuracy/train"}
    assert events[5][2] == {"accuracy/test": 0.625}


def test_a_run_that_has_not_begun_becomes_an_empty_log(store, tiny_config, tmp_path):
    path = export_events(store, store.create_run(tiny_config), tmp_path)
    assert [event[3] for event in read_events(path.read_bytes())] == [b"brain.Event:2"]


def test_a_place_that_is_no_folder_is_refused(store, run_id, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(RunError, match="cannot be written"):
        export_events(store, run_id, tmp_path / "taken")
