"""Event-camera formats: what is written is read, bytes mean what the formats say, damaged files are refused."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stdp_pipeline.datasets._formats import aedat2, aedat3, nmnist, store
from stdp_pipeline.datasets._formats.recording import Recording, channels, checked
from stdp_pipeline.errors import ConfigError, DataError, ResultsError

AEDAT2 = b"#!AER-DAT2.0\r\n"
AEDAT3 = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n"


def events(*rows: tuple[int, int, int, bool], width: int = 34, height: int = 34) -> Recording:
    """Return a recording of (time_us, x, y, polarity)."""
    time, x, y, polarity = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Recording(
        np.array(time, np.int64),
        np.array(x, np.uint16),
        np.array(y, np.uint16),
        np.array(polarity, np.bool_),
        width,
        height,
    )


def same(a: Recording, b: Recording) -> bool:
    names = ("time_us", "x", "y", "polarity")
    equal = [
        np.array_equal(getattr(a, name), getattr(b, name)) and getattr(a, name).dtype == getattr(b, name).dtype
        for name in names
    ]
    return all(equal) and (a.width, a.height) == (b.width, b.height)


@st.composite
def recordings(draw, width, height, first, gap, max_size=12):
    """Draw a recording; gaps are mostly short, as cameras' are, and sometimes as long as ``gap``."""
    gaps = st.one_of(st.integers(0, 1000), st.integers(0, gap))
    event = st.tuples(gaps, st.integers(0, width - 1), st.integers(0, height - 1), st.booleans())
    drawn = draw(st.lists(event, max_size=max_size))
    time = np.cumsum([0, *(row[0] for row in drawn[1:])]) + draw(st.integers(0, first))
    return events(*((int(t), *row[1:]) for t, row in zip(time, drawn, strict=False)), width=width, height=height)


@pytest.fixture(scope="session")
def file(tmp_path_factory) -> Path:
    """Return the path of a file that each example of a property test writes anew."""
    return tmp_path_factory.mktemp("events") / "recording"


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def refused(path: Path, message: str, read, *arguments) -> None:
    """Check that reading raises one DataError that names the file and says this."""
    with pytest.raises(DataError, match=message) as caught:
        read(path, *arguments)
    assert str(path) in str(caught.value)


# ---- recordings ------------------------------------------------------------------------------------------------------


def test_a_right_recording_is_returned():
    recording = events((5, 33, 0, True), (5, 0, 33, False))
    assert checked(recording, "mine") is recording
    assert len(recording) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"time_us": np.array([5, 9, 8])},
            "mine, event 2: found time 8 us after 9 us, expected times that do not fall",
        ),
        ({"x": np.array([0, 34, 35], np.uint16)}, "mine, event 1: found x = 34, expected x from 0 to 33"),
        ({"y": np.array([40, 0, 0], np.uint16)}, "mine, event 0: found y = 40, expected y from 0 to 33"),
        ({"y": np.zeros(2, np.uint16)}, "mine: 3 values of time_us but 2 of y"),
        ({"x": np.zeros(3)}, "mine: x must have one dimension of uint16, got 1 of float64"),
        ({"time_us": np.zeros((3, 1), np.int64)}, "mine: time_us must have one dimension of int64, got 2"),
        ({"height": 0}, "mine: height must be at least 1, got 0"),
    ],
)
def test_a_wrong_recording_is_refused(change, message):
    fields = vars(events((1, 0, 0, True), (2, 0, 0, True), (3, 0, 0, True))) | change
    with pytest.raises(DataError, match=re.escape(message)):
        checked(Recording(**fields), "mine")


def test_of_several_faults_the_first_event_is_named():
    recording = events((1, 0, 0, True), (9, 0, 50, True), (2, 60, 0, True))
    with pytest.raises(DataError, match="event 1: found y = 50"):
        checked(recording, "mine")


def test_channels_put_off_first():
    recording = events((0, 0, 0, False), (1, 3, 2, False), (2, 0, 0, True), (3, 3, 2, True), width=4, height=3)
    assert channels(recording).tolist() == [0, 11, 12, 23]
    corner = channels(events((0, 255, 127, True), width=256, height=128))
    assert corner.dtype == np.uint16
    assert corner.tolist() == [2**16 - 1]
    with pytest.raises(DataError, match="346 x 260 pixels with two polarities are more than 65536 channels"):
        channels(events(width=346, height=260))


# ---- N-MNIST ---------------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(recording=recordings(34, 34, first=2**24, gap=2**26))
def test_nmnist_reads_what_it_wrote(file, recording):
    nmnist.write(file, recording)
    assert same(nmnist.read(file), recording)


def test_nmnist_bytes(tmp_path):
    path = written(tmp_path / "00001.bin", bytes.fromhex("05 21 81 02 03   00 07 7f ff ff"))
    expected = events((0x010203, 5, 33, True), (2**23 - 1, 0, 7, False))
    assert same(nmnist.read(path), expected)
    nmnist.write(tmp_path / "again.bin", expected)
    assert (tmp_path / "again.bin").read_bytes() == path.read_bytes()


def test_nmnist_from_an_archive_is_named_as_asked():
    assert len(nmnist.decode(bytes(10), "1.bin")) == 2
    with pytest.raises(DataError, match=r"^'1.bin' in 'a.zip', byte 5: found x = 255"):
        nmnist.decode(bytes(5) + b"\xff" * 5, "'1.bin' in 'a.zip'")


def test_nmnist_marks_add_8192_us_to_all_later_events(tmp_path):
    # Two events at stamp 1, with one mark before the first and two more between them; marks' other fields do not count.
    raw = bytes.fromhex("00 f0 00 00 00   01 02 00 00 01   31 f0 ff ff ff   00 f0 00 00 05   03 04 80 00 01")
    assert same(nmnist.read(written(tmp_path / "a", raw)), events((8193, 1, 2, False), (3 * 8192 + 1, 3, 4, True)))


def test_nmnist_marks_are_written_only_beyond_23_bits(tmp_path):
    path = tmp_path / "a"
    nmnist.write(path, events((2**23 - 1, 1, 2, True), (2**23, 1, 2, True), (2**23 + 8192, 1, 2, False)))
    assert path.read_bytes().hex(" ", 5) == "0102ffffff 00f0000000 0102ffe000 00f0000000 01027fe000"


def test_nmnist_without_events_is_one_mark(tmp_path):
    nmnist.write(tmp_path / "a", events())
    assert (tmp_path / "a").read_bytes() == bytes.fromhex("00 f0 00 00 00")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "byte 0: found an empty file, expected records of 5 bytes"),
        (b"\0" * 13, "byte 10: found 3 bytes and the end of the file, expected a record of 5 bytes"),
        (b"\0" * 5 + b"\x22\0\0\0\0", "byte 5: found x = 34, expected x from 0 to 33"),
        (b"\0\xf0\0\0\0" + b"\0\xef\0\0\0", "byte 5: found y = 239, expected y from 0 to 33"),
        (b"\0\0\0\0\2\0\0\0\0\1", "byte 5: found time 1 us after 2 us"),
        (b"\0\0\0\x20\1" + b"\0\xf0\0\0\0" + b"\0\0\0\0\0", "byte 10: found time 8192 us after 8193 us"),
        (b"\0\xf0\0\0\0" * 2**19 + b"\0" * 5, "byte 2621440: found time 4294967296 us, expected at most 4294967295"),
    ],
)
def test_damaged_nmnist_is_refused(tmp_path, content, message):
    refused(written(tmp_path / "a.bin", content), message, nmnist.read)


@pytest.mark.parametrize(
    ("recording", "message"),
    [
        (events((-1, 0, 0, True)), "event 0: found time -1 us; the N-MNIST format holds 0 to 4294967295"),
        (events((0, 0, 0, True), (2**32, 0, 0, True)), "event 1: found time 4294967296"),
        (events(width=28, height=28), "28 x 28 pixels; the N-MNIST format holds 34 x 34"),
        (events((0, 34, 0, True)), "event 0: found x = 34"),
    ],
)
def test_nmnist_refuses_what_it_cannot_hold(tmp_path, recording, message):
    with pytest.raises(DataError, match=message):
        nmnist.write(tmp_path / "a", recording)
    assert not list(tmp_path.iterdir())


# ---- AEDAT 2.0 -------------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(recording=recordings(128, 128, first=2**32 - 1, gap=2**31 - 1))
def test_dvs128_reads_what_it_wrote(file, recording):
    aedat2.write(file, recording)
    assert same(aedat2.read(file), recording)


@settings(max_examples=60)
@given(recording=recordings(346, 260, first=2**32 - 1, gap=2**31 - 1))
def test_davis346_reads_what_it_wrote(file, recording):
    aedat2.write(file, recording, "davis346")
    assert same(aedat2.read(file, "davis346"), recording)


def test_dvs128_bytes(tmp_path):
    # y = 10 from below (bits 8-14), x = 3 from the right (bits 1-7), bit 0 clear: ON. Bit 15 is an external event.
    records = bytes.fromhex("00000a06 00000100   00008000 00000101   00000a07 80000000")
    path = written(tmp_path / "a.aedat", AEDAT2 + b"# comment\r\n" + records)
    expected = events((256, 124, 117, True), (2**31, 124, 117, False), width=128, height=128)
    assert same(aedat2.read(path), expected)
    aedat2.write(path, expected)
    header, _, body = path.read_bytes().partition(b"#End Of ASCII Header\r\n")
    assert body == records[:8] + records[16:]
    assert header.startswith(AEDAT2)
    assert all(line.startswith(b"#") for line in header.splitlines())


def test_davis346_bytes(tmp_path):
    # y = 2 from below (bits 22-30), x = 1 from the right (bits 12-21), bit 11: ON. Then what is no event of a pixel:
    # a frame's sample (bit 31), a motion sample (bits 31, 11, 10), an external event (bit 10), with times out of order.
    records = bytes.fromhex(
        "00801800 00000100   80801123 00000001   80000c00 00000002   00000400 00000003   40d59000 00000101"
    )
    path = written(tmp_path / "a.aedat", AEDAT2 + records)
    expected = events((256, 344, 257, True), (257, 345 - 345, 259 - 259, False), width=346, height=260)
    assert same(aedat2.read(path, "davis346"), expected)
    aedat2.write(path, expected, "davis346")
    assert path.read_bytes().endswith(b"Header\r\n" + records[:8] + records[-8:])


@pytest.mark.parametrize("address", ["23000000", "23000800", "230a1000", "23010800", "230d0800"])
@pytest.mark.parametrize("end", [b"", b"# End of ASCII Header\r\n"])
def test_a_first_event_that_looks_like_a_comment_is_an_event(tmp_path, address, end):
    # The first byte is '#' where y is 140 to 143 from below; more newlines follow in the times.
    raw = AEDAT2 + b"# a comment\n" + end + bytes.fromhex(address + "0a0d0a0a" + address + "0a0d0a0b")
    recording = aedat2.read(written(tmp_path / "a.aedat", raw), "davis346")
    assert recording.time_us.tolist() == [0x0A0D0A0A, 0x0A0D0A0B]
    assert recording.y.tolist() == [119, 119]


def test_wraps_are_undone(tmp_path):
    times = [2**32 - 2, 1, 2**31, 2**32 - 1, 0]
    raw = AEDAT2 + b"".join(struct.pack(">II", 0, time) for time in times)
    expected = [2**32 - 2, 2**32 + 1, 2**32 + 2**31, 2**33 - 1, 2**33]
    assert aedat2.read(written(tmp_path / "a", raw)).time_us.tolist() == expected


def test_a_jump_back_by_half_the_range_is_no_wrap(tmp_path):
    def jump(back: int) -> Path:
        return written(tmp_path / "a", AEDAT2 + struct.pack(">IIII", 0, 2**31 + 5, 0, 2**31 + 5 - back))

    assert aedat2.read(jump(2**31 + 1)).time_us.tolist() == [2**31 + 5, 2**32 + 4]
    refused(jump(2**31), "byte 22: found time 5 us after 2147483653 us", aedat2.read)
    refused(jump(1), "byte 22: found time 2147483652 us after 2147483653 us", aedat2.read)


@pytest.mark.parametrize(
    ("camera", "content", "message"),
    [
        ("dvs128", b"", r"byte 0: found an empty file, expected the line b'#!AER-DAT2.0'"),
        ("dvs128", b"\0" * 16, r"byte 0: found b'\\x00.*expected the line b'#!AER-DAT2.0'"),
        ("dvs128", b"\n", r"byte 0: found b'', expected the line b'#!AER-DAT2.0'"),
        ("dvs128", AEDAT3, r"byte 0: found b'#!AER-DAT3.1', expected the line b'#!AER-DAT2.0'"),
        ("dvs128", b"#!AER-DAT2.05\r\n", "byte 0: found b'#!AER-DAT2.05'"),
        ("dvs128", AEDAT2 + b"\0" * 11, "byte 22: found 3 bytes and the end of the file, expected a record of 8 bytes"),
        ("dvs128", AEDAT2 + b"\0" * 8 + b"\0\1\0\0\0\0\0\0", "byte 22: found address 0x00010000 .*another camera"),
        ("davis346", AEDAT2 + b"\0\x15\xa0\0\0\0\0\0", r"byte 14: found address 0x0015a000 \(x 346, y 0\)"),
        ("davis346", AEDAT2 + b"\x41\0\0\0\0\0\0\0", r"byte 14: found address 0x41000000 \(x 0, y 260\).*346 x 260"),
        (
            "davis346",
            AEDAT2 + bytes.fromhex("00000000 00000009   80000000 00000000   00000000 00000008"),
            "byte 30: found time 8 us after 9 us",
        ),
    ],
)
def test_damaged_aedat2_is_refused(tmp_path, camera, content, message):
    refused(written(tmp_path / "a.aedat", content), message, aedat2.read, camera)


@pytest.mark.parametrize(
    ("times", "index"), [([-1], 0), ([2**32], 0), ([5, 2**31 + 2**32 - 1], None), ([5, 5 + 2**32], 1)]
)
def test_aedat2_refuses_times_that_32_bits_cannot_tell(tmp_path, times, index):
    recording = events(*((time, 0, 0, True) for time in times), width=128, height=128)
    if index is None:  # past a wrap, but by less than half the range below the time before it
        recording = events((2**32 - 1, 0, 0, True), (2**32 + 2**31, 0, 0, True), width=128, height=128)
        index = 1
    with pytest.raises(DataError, match=f"event {index}: found time {recording.time_us[index]} us; AEDAT 2.0 needs"):
        aedat2.write(tmp_path / "a", recording)
    assert not list(tmp_path.iterdir())


def test_aedat2_refuses_other_sizes_and_cameras(tmp_path):
    assert aedat2.SIZES == {"dvs128": (128, 128), "davis346": (346, 260)}
    with pytest.raises(DataError, match="34 x 34 pixels; the davis346 has 346 x 260"):
        aedat2.write(tmp_path / "a", events(), "davis346")
    with pytest.raises(ConfigError, match="camera must be one of dvs128, davis346, got 'dvs640'"):
        aedat2.write(tmp_path / "a", events(), "dvs640")
    with pytest.raises(ConfigError, match="camera"):
        aedat2.read(tmp_path / "a", "dvs640")


# ---- AEDAT 3.1 -------------------------------------------------------------------------------------------------------


def packet(body, kind=1, source=1, size=8, at=4, overflow=0, capacity=None, number=None):
    """Return a packet of 32-bit words."""
    n = len(body) * 4 // size if number is None else number
    head = struct.pack("<hhiiiiii", kind, source, size, at, overflow, n if capacity is None else capacity, n, n)
    return head + struct.pack(f"<{len(body)}i", *body)


def pixel(x, y, polarity, valid=1):
    word = x << 17 | y << 2 | polarity << 1 | valid
    return word - 2**32 if word >= 2**31 else word


@settings(max_examples=60)
@given(recording=recordings(640, 480, first=2**61, gap=2**34))
def test_aedat3_reads_what_it_wrote(file, recording):
    aedat3.write(file, recording)
    assert same(aedat3.read(file, 640, 480), recording)


def test_aedat3_bytes(tmp_path):
    body = bytes.fromhex(
        "0100 0100 08000000 04000000 02000000 02000000 02000000 01000000"  # overflow 2, one of two is valid
        "0b000600 05000000"  # x 3, y 2, ON, valid; 5 us
        "08000600 06000000"  # not valid
    )
    path = written(tmp_path / "a.aedat", AEDAT3 + body)
    expected = events((2 * 2**31 + 5, 3, 2, True), width=128, height=128)
    assert same(aedat3.read(path, 128, 128), expected)
    aedat3.write(path, expected)
    header, end, rest = path.read_bytes().partition(b"#!END-HEADER\r\n")
    assert rest == bytes.fromhex("0100 0100 08000000 04000000 02000000 01000000 01000000 01000000 0b000600 05000000")
    lines = (header + end).split(b"\r\n")
    assert lines[:2] == [b"#!AER-DAT3.1", b"#Format: RAW"]
    assert lines[2].startswith(b"#Source 1: File,dvsSizeX=128,dvsSizeY=128,")
    assert re.fullmatch(rb"#Start-Time: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(TZ[+-]\d{4}\)", lines[3])


def test_other_packets_are_skipped(tmp_path):
    raw = AEDAT3 + packet([1, 2, 3], kind=0, size=12) + packet([pixel(1, 2, 0), 7]) + packet([], kind=3, size=36)
    raw += packet([9] * 5, kind=2, size=20, source=2) + packet([]) + packet([pixel(32767, 32767, 1), 8]) + packet([])
    recording = aedat3.read(written(tmp_path / "a", raw), 2**15, 2**15)
    assert same(recording, events((7, 1, 2, False), (8, 32767, 32767, True), width=2**15, height=2**15))


def test_packets_are_small_and_end_where_time_overflows(tmp_path):
    n = 10_000
    time = np.arange(n) + 2**31 - 5000
    zero = np.zeros(n, np.uint16)
    recording = Recording(time, zero, zero, zero.astype(np.bool_), 1, 1)
    aedat3.write(tmp_path / "a", recording)
    assert same(aedat3.read(tmp_path / "a", 1, 1), recording)
    raw = (tmp_path / "a").read_bytes().partition(b"#!END-HEADER\r\n")[2]
    found = []
    while raw:
        overflow, number = struct.unpack_from("<i4xi", raw, 12)
        found.append((overflow, number))
        raw = raw[28 + 8 * number :]
    assert found == [(0, 4096), (0, 904), (1, 4096), (1, 904)]


HEAD = len(AEDAT3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "byte 0: found an empty file, expected the line b'#!AER-DAT3.1'"),
        (AEDAT2, "byte 0: found b'#!AER-DAT2.0', expected the line b'#!AER-DAT3.1'"),
        (AEDAT3[:-5], f"byte {HEAD - 14}: found no end of the header, expected the line b'#!END-HEADER'"),
        (AEDAT3.replace(b"RAW", b"SerializedTS"), "byte 14: found b'#Format: SerializedTS', expected .*RAW"),
        (AEDAT3.replace(b"#Format: RAW\r\n", b""), "byte 14: found no line '#Format: ...'"),
        (AEDAT3 + b"\1\0", f"byte {HEAD}: found 2 bytes and the end of the file, expected a packet's header of 28"),
        (AEDAT3 + packet([1, 2])[:-3], f"byte {HEAD + 28}: found 5 bytes .*, expected 1 events of 8 bytes"),
        (AEDAT3 + packet([], kind=2, size=100, number=9), f"byte {HEAD + 28}: found 0 bytes .*, expected 9 events"),
        (AEDAT3 + packet([1, 2], kind=-32767), f"byte {HEAD}: found event type -32767, .*compressed"),
        (AEDAT3 + packet([1, 2], kind=2, size=0, number=1), rf"byte {HEAD + 4}: found 0 bytes per event, expected at"),
        (AEDAT3 + packet([1, 2], number=-1), f"byte {HEAD + 20}: found -1 events"),
        (AEDAT3 + packet([1, 2, 1, 3], capacity=1), f"byte {HEAD + 20}: found 2 events, expected 0 to 1"),
        (AEDAT3 + packet([1, 2, 3], size=12), f"byte {HEAD + 4}: found events of 12 bytes with the time at 4"),
        (AEDAT3 + packet([1, 2], at=0), f"byte {HEAD + 4}: found events of 8 bytes with the time at 0"),
        (AEDAT3 + packet([1, 2], overflow=-1), f"byte {HEAD + 12}: found overflow -1"),
        (AEDAT3 + packet([1, 2]) + packet([1, 2], source=3), f"byte {HEAD + 38}: found source 3, .*1 as before"),
        (AEDAT3 + packet([1, 2, 1, -3]), f"byte {HEAD + 40}: found time -3"),
        (AEDAT3 + packet([1, 2]) + packet([1, 1]), f"byte {HEAD + 64}: found time 1 us after 2 us"),
        (AEDAT3 + packet([1, 2]) + packet([0, 2, pixel(128, 0, 1), 3]), f"byte {HEAD + 72}: found x = 128"),
    ],
)
def test_damaged_aedat3_is_refused(tmp_path, content, message):
    refused(written(tmp_path / "a.aedat", content), message, aedat3.read, 128, 128)


@pytest.mark.parametrize(
    ("recording", "message"),
    [
        (events((-1, 0, 0, True)), "event 0: found time -1 us"),
        (events((2**62, 0, 0, True)), "event 0: found time 4611686018427387904 us; AEDAT 3.1 holds"),
        (events(width=2**15 + 1), "32769 x 34 pixels; AEDAT 3.1 holds 32768 x 32768"),
    ],
)
def test_aedat3_refuses_what_it_cannot_hold(tmp_path, recording, message):
    with pytest.raises(DataError, match=message):
        aedat3.write(tmp_path / "a", recording)


@pytest.mark.parametrize(
    "read", [nmnist.read, aedat2.read, lambda p: aedat3.read(p, 1, 1), lambda p: store.read(p, "train")]
)
def test_missing_files_and_folders_are_refused(tmp_path, read):
    refused(tmp_path / "no.where", "cannot read .*No such file.*; expected", read)
    refused(tmp_path, "cannot read .*Is a directory", read)


# ---- the store -------------------------------------------------------------------------------------------------------


def a_store(path: Path, **options) -> Path:
    """Write a small store: recordings of 2, 0 and 1 events for training, one of 1 for testing."""
    with store.Writer(path, **({"width": 4, "height": 3, "n_classes": 5} | options)) as writer:
        writer.append("train", events((7, 1, 2, False), (9, 3, 0, True), width=4, height=3), 4, start_us=0)
        writer.append("train", events(width=4, height=3), 0)
        writer.append("test", events((2**40, 0, 0, True), width=4, height=3), 1)
        writer.append("train", events((5, 0, 0, False), width=4, height=3), 2, start_us=0)
    return path


def test_the_layout_is_as_described(tmp_path):
    with h5py.File(a_store(tmp_path / "a.h5"), "r") as file:
        assert dict(file.attrs) == {
            "format": b"stdp_pipeline AER",
            "version": 1,
            "width": 4,
            "height": 3,
            "n_classes": 5,
        }
        train = file["train"]
        assert {name: array.dtype.name for name, array in train.items()} == {
            "time_us": "uint32",
            "channel": "uint16",
            "offsets": "int64",
            "labels": "uint8",
        }
        assert train["time_us"][:].tolist() == [7, 9, 5]
        assert train["channel"][:].tolist() == [2 * 4 + 1, 12 + 3, 0]
        assert train["offsets"][:].tolist() == [0, 2, 2, 3]
        assert train["labels"][:].tolist() == [4, 0, 2]
        assert file["test/time_us"][:].tolist() == [0]  # counts from its first event
        assert file["test/channel"][:].tolist() == [12]
        assert all(a.compression == "gzip" and a.shuffle and a.fletcher32 and a.chunks for a in train.values())


@st.composite
def contents(draw):
    some = recordings(6, 5, first=2**45, gap=2**28)
    return draw(st.lists(st.tuples(st.sampled_from(store.SPLITS), some, st.integers(0, 255)), max_size=6))


@settings(max_examples=40)
@given(content=contents(), buffered=st.integers(1, 20))
def test_the_store_reads_what_it_wrote(file, content, buffered):
    with pytest.MonkeyPatch.context() as patch, store.Writer(file, 6, 5, 256) as writer:
        patch.setattr(store, "_BUFFERED_EVENTS", buffered)
        for split, recording, label in content:
            writer.append(split, recording, label)
    for split in store.SPLITS:
        expected = [(recording, label) for name, recording, label in content if name == split]
        stored = store.read(file, split)
        assert (stored.width, stored.height, stored.n_classes) == (6, 5, 256)
        assert stored.labels.tolist() == [label for _, label in expected]
        assert len(stored) == len(stored.offsets) - 1 == len(expected)
        for k, (recording, _) in enumerate(expected):
            begin, end = stored.offsets[k : k + 2]
            assert end - begin == len(recording)
            assert np.array_equal(stored.time_us[begin:end], recording.time_us - recording.time_us[:1])
            polarity, pixel_of = np.divmod(stored.channel[begin:end], 30)
            assert np.array_equal(polarity, recording.polarity)
            assert np.array_equal(pixel_of // 6, recording.y)
            assert np.array_equal(pixel_of % 6, recording.x)


def test_equal_stores_are_equal_bytes(tmp_path):
    assert a_store(tmp_path / "a.h5").read_bytes() == a_store(tmp_path / "b.h5").read_bytes()


@pytest.mark.parametrize(
    ("recording", "label", "start_us", "message"),
    [
        (events((5, 0, 0, True)), 0, None, "recording 3 of train .*34 x 34 pixels, the store 4 x 3"),
        (events((5, 4, 0, True), width=4, height=3), 0, None, "recording 3 of train .*event 0: found x = 4"),
        (events((5, 0, 0, True), width=4, height=3), 5, None, "label must be 0 to 4, got 5"),
        (events((5, 0, 0, True), width=4, height=3), -1, None, "label must be 0 to 4, got -1"),
        (events((5, 0, 0, True), width=4, height=3), 0, 6, "event 0: found time -1 us from .*expected 0 to 4294967295"),
        (
            events((5, 0, 0, True), (5 + 2**32, 0, 0, True), width=4, height=3),
            0,
            None,
            "event 1: found time 4294967296",
        ),
        (
            events((-(2**63), 0, 0, True), (2**63 - 1, 0, 0, True), width=4, height=3),
            0,
            None,
            "event 1: found time 184",
        ),
    ],
)
def test_the_writer_refuses_what_does_not_fit_and_goes_on(tmp_path, recording, label, start_us, message):
    path, right = tmp_path / "a.h5", events((5, 0, 0, True), width=4, height=3)
    with store.Writer(path, 4, 3, 5) as writer:
        for _ in range(3):
            writer.append("train", right, 1)
        with pytest.raises(DataError, match=message) as caught:
            writer.append("train", recording, label, start_us)
        assert str(path) in str(caught.value)
        writer.append("train", right, 2)
    assert store.read(path, "train").labels.tolist() == [1, 1, 1, 2]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((346, 260, 10), "1 to 32768 pixels, got 346 x 260; reduce"),
        ((0, 3, 10), "got 0 x 3"),
        ((3, 3, 0), "1 to 256 classes, got 0"),
        ((3, 3, 257), "1 to 256 classes, got 257"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(tmp_path, sizes, message):
    with pytest.raises(DataError, match=message):
        store.Writer(tmp_path / "a.h5", *sizes)


def test_the_largest_sensor_fits(tmp_path):
    corner = events((0, 255, 127, True), width=256, height=128)
    with store.Writer(tmp_path / "a.h5", 256, 128, 1) as writer:
        writer.append("test", corner, 0)
    assert store.read(tmp_path / "a.h5", "test").channel.tolist() == [2**16 - 1]


def test_wrong_use_of_the_store_is_told(tmp_path):
    with pytest.raises(ConfigError, match="split must be one of train, test, got 'valid'"):
        store.read(tmp_path / "a.h5", "valid")
    writer = store.Writer(tmp_path / "a.h5", 4, 3, 5)
    with pytest.raises(RuntimeError, match="in 'with'"):
        writer.append("train", events(width=4, height=3), 0)
    with writer, pytest.raises(ConfigError, match="split"):
        writer.append("valid", events(width=4, height=3), 0)


def test_an_error_leaves_the_old_store_and_nothing_else(tmp_path):
    path = a_store(tmp_path / "a.h5")
    before = path.read_bytes()

    def interrupted():
        with store.Writer(path, 4, 3, 5) as writer:
            writer.append("train", events((5, 0, 0, True), width=4, height=3), 1)
            assert path.read_bytes() == before
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_job_leaves_no_half_written_store(tmp_path):
    path = tmp_path / "a.h5"
    job = f"""
        import os, signal
        from pathlib import Path
        import numpy as np
        from stdp_pipeline.datasets._formats import store
        from stdp_pipeline.datasets._formats.recording import Recording
        store._BUFFERED_EVENTS = 1
        none = np.zeros(1000, np.uint16)
        with store.Writer(Path({str(path)!r}), 4, 3, 5) as writer:
            for _ in range(100):
                writer.append("train", Recording(np.arange(1000), none, none, none > 0, 4, 3), 0)
            os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(job)], capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    assert not path.exists()
    assert [left.name.startswith(".a.h5.") for left in tmp_path.iterdir()] == [True]
    assert len(store.read(a_store(path), "train")) == 3


def test_what_cannot_be_written_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match=r"cannot write '.*a.h5'"), store.Writer(tmp_path / "file/a.h5", 4, 3, 5):
        pass

    def full(*_):
        raise OSError(28, "No space left on device")

    path = tmp_path / "a.h5"
    monkeypatch.setattr(store.os, "replace", full)
    with pytest.raises(ResultsError, match=r"cannot write '.*a.h5': No space left on device"):
        a_store(path)

    def goes_on_after_a_failure():
        with store.Writer(path, 4, 3, 5) as writer, monkeypatch.context() as patch:
            patch.setattr(store, "_BUFFERED_EVENTS", 0)
            patch.setattr(store, "_extend", full)
            with pytest.raises(ResultsError, match="No space left"):
                writer.append("train", events(width=4, height=3), 0)

    with pytest.raises(RuntimeError, match="not after it failed"):
        goes_on_after_a_failure()
    monkeypatch.setattr(store.Writer, "_lay_out", full)
    with pytest.raises(ResultsError, match="No space left"):
        a_store(path)
    assert [left.name for left in tmp_path.iterdir()] == ["file"]


def test_every_truncated_store_is_refused(tmp_path):
    raw = a_store(tmp_path / "a.h5").read_bytes()
    path = tmp_path / "cut.h5"
    for length in [8, 50, 100, 500, *range(1000, len(raw), 997), len(raw) - 1]:
        refused(
            written(path, raw[:length]), f"ends after {length} bytes and is truncated or damaged", store.read, "train"
        )
    refused(written(path, raw[:5]), r"byte 0: found b'\\x89HDF\\r', expected b'\\x89HDF", store.read, "train")
    refused(written(path, b""), "byte 0: found an empty file", store.read, "train")
    refused(written(path, b"PK\3\4" + raw), r"byte 0: found b'PK", store.read, "train")


def test_damage_anywhere_is_found_or_harmless(tmp_path, rng):
    raw = bytearray(a_store(tmp_path / "a.h5").read_bytes())
    path = tmp_path / "damaged.h5"
    right = vars(store.read(tmp_path / "a.h5", "train"))
    found = 0
    for place in rng.integers(len(raw), size=300):
        damaged = raw.copy()
        damaged[place] ^= 1 << rng.integers(8)
        written(path, bytes(damaged))
        try:
            read = vars(store.read(path, "train"))
        except DataError:
            found += 1
        else:  # a byte that nobody uses, or of the other split
            assert all(np.array_equal(read[name], right[name]) for name in right)
    assert found > 100


def attribute(name, value):
    return lambda file: file.attrs.__setitem__(name, value)


def without(name):
    return lambda file: file.__delitem__(name)


def array(name, value):
    def change(file):
        del file[name]
        file[name] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (attribute("format", "other"), "attribute format: found 'other', expected 'stdp_pipeline AER'"),
        (lambda file: file.attrs.clear(), "attribute format: found None, expected 'stdp_pipeline AER'"),
        (attribute("version", 2), r"attribute version: found .*2.*, expected 1"),
        (attribute("width", 0), "attribute width: found .*0.*, expected a whole number of at least 1"),
        (attribute("n_classes", "ten"), "attribute n_classes: found 'ten'"),
        (without("train"), "no array train/time_us"),
        (without("train/labels"), "no array train/labels"),
        (array("train/labels", np.zeros(3)), "train/labels: found 1 dimensions of float64, expected one of uint8"),
        (array("train/time_us", np.zeros((3, 1), np.uint32)), "train/time_us: found 2 dimensions of uint32"),
        (
            lambda file: file["train/time_us"].resize((2**40,)),
            "time_us: found a length of 1099511627776, expected at m",
        ),
        (array("train/channel", np.zeros(2, np.uint16)), "train/channel: found 2 events, expected 3 as in time_us"),
        (array("train/channel", np.array([0, 24, 0], np.uint16)), r"channel\[1\]: found 24 after 0, expected 0 to 23"),
        (array("train/labels", np.array([5, 0, 0], np.uint8)), r"labels\[0\]: found 5, expected 0 to 4"),
        (array("train/labels", np.zeros(2, np.uint8)), "offsets: found 4, expected 3, one more than labels"),
        (array("train/offsets", np.array([1, 2, 2, 3])), r"offsets\[0\]: found 1, expected 0"),
        (array("train/offsets", np.array([0, 2, 2, 4])), r"offsets\[3\]: found 4, expected 3"),
        (
            array("train/offsets", np.array([0, 2, 1, 3])),
            r"offsets\[2\]: found 1 after 2, expected offsets that do not",
        ),
        (array("train/offsets", np.zeros(0, np.int64)), "offsets: found 0, expected 4"),
        (array("train/time_us", np.array([9, 7, 5], np.uint32)), r"time_us\[1\]: found 7 after 9, .* within a record"),
    ],
)
def test_inconsistent_stores_are_refused(tmp_path, change, message):
    path = a_store(tmp_path / "a.h5")
    with h5py.File(path, "r+") as file:
        change(file)
    refused(path, message, store.read, "train")
