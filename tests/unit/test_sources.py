"""Where files come from: folders, system, cache, and downloads from a real server on this machine."""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from stdp_pipeline.datasets import _download
from stdp_pipeline.datasets._sources import RemoteFile, cache_folder, find
from stdp_pipeline.errors import DataError

CONTENT = np.random.default_rng(0).integers(0, 256, 2**19, dtype=np.uint8).tobytes()


class Server(ThreadingHTTPServer):
    """Serves CONTENT in the way that the path says, and remembers what it was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str | None]] = []
        self.released = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        way, asked = self.path.lstrip("/"), self.headers.get("Range")
        before = [r for p, r in self.server.asked if p == way]
        self.server.asked.append((way, asked))
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and way != "no-ranges" else 0
        if way == "missing":
            return self._answer(404, b"")
        if way == "busy" and len(before) < 2:
            return self._answer(503, b"")
        if start > len(CONTENT):
            return self._answer(416, b"")
        body, cut = CONTENT[start:], None
        if way == "other":
            body = b"x" * len(CONTENT)
        if way == "slow" and not before:
            cut = len(body) // 2
        if (
            (way == "breaks" and len(before) < 2)
            or way in ("always-breaks", "dies")
            or (way == "no-ranges" and not before)
        ):
            cut = len(body) // 2
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])
        if way == "slow" and len(before) < 1:
            self.wfile.flush()
            self.server.released.wait(5)

    def _answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.released.set()
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the cache into a folder of the test, and let retries not wait."""
    monkeypatch.setenv("STDP_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("STDP_DATA_DIR", "STDP_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(_download, "WAIT_S", 0.0)
    return tmp_path


def remote(*urls: str, content: bytes = CONTENT, name: str = "data.bin") -> RemoteFile:
    return RemoteFile(name, urls, f"sha256:{hashlib.sha256(content).hexdigest()}")


def fetched(*urls: str) -> Path:
    path = find("things", [remote(*urls)], None)["data.bin"]
    assert path.read_bytes() == CONTENT
    assert path.parent == cache_folder("things")
    assert [p.name for p in path.parent.iterdir() if not p.name.startswith(".")] == ["data.bin"]
    return path


def test_a_file_is_downloaded_once(server):
    first = fetched(server.url("good"))
    assert fetched(server.url("good")) == first
    assert len(server.asked) == 1


def test_a_broken_connection_is_taken_up_where_it_ended(server):
    fetched(server.url("breaks"))
    half = len(CONTENT) // 2
    assert server.asked == [("breaks", None), ("breaks", f"bytes={half}-"), ("breaks", f"bytes={half + half // 2}-")]


def test_an_interrupted_download_goes_on_in_the_next_call(server, monkeypatch):
    monkeypatch.setattr(_download, "TRIES", 1)
    with pytest.raises(DataError, match=r"ended at 262144 of 524288 bytes"):
        fetched(server.url("dies"))
    assert (cache_folder("things") / "data.bin.part").stat().st_size == 2**18
    assert not (cache_folder("things") / "data.bin").exists()
    fetched(server.url("good"))
    assert server.asked[-1] == ("good", "bytes=262144-")


def test_a_server_without_ranges_starts_again(server):
    fetched(server.url("no-ranges"))
    assert [asked for _, asked in server.asked] == [None, "bytes=262144-"]


@pytest.mark.parametrize("left", [b"x" * 1000, b"x" * 600_000])
def test_a_part_of_something_else_is_thrown_away(server, left):
    folder = cache_folder("things")
    folder.mkdir(parents=True)
    (folder / "data.bin.part").write_bytes(left)
    fetched(server.url("good"))


def test_wrong_checksums_are_refused(server):
    with pytest.raises(DataError, match=r"other: the file has another checksum than sha256:"):
        fetched(server.url("other"))
    assert not (cache_folder("things") / "data.bin").exists()


def test_the_next_mirror_is_tried(server):
    fetched(server.url("missing"), server.url("other"), server.url("good"))
    assert [path for path, _ in server.asked] == ["missing", "other", "good"]


def test_a_busy_server_is_asked_again(server):
    fetched(server.url("busy"))
    assert len(server.asked) == 3


def test_a_slow_server_is_not_waited_for(server, monkeypatch):
    monkeypatch.setattr(_download, "READ_S", 0.2)
    start = time.monotonic()
    fetched(server.url("slow"))
    assert time.monotonic() - start < 5


def test_what_failed_everywhere_is_told(server, places):
    with pytest.raises(DataError) as caught:
        find(
            "things",
            [remote(server.url("missing"), server.url("always-breaks"))],
            None,
            ("/nowhere/at/all",),
            "or pray",
        )
    text = str(caught.value)
    for part in (
        "/nowhere/at/all: no such folder", "(cache): no 'data.bin'", "answers 404", "ended at", "of 524288 bytes",
        "dataset.data_dir or STDP_DATA_DIR, or pray",
    ):  # fmt: skip
        assert part in text


def test_no_network_is_told(server):
    url = server.url("x").replace(str(server.server_address[1]), "1")
    with pytest.raises(DataError, match=r"no connection \(connection refused\)"):
        fetched(url)
    with pytest.raises(DataError, match=r"no connection \("):
        fetched("http://no.such.host.invalid/data.bin")


def test_offline_means_no_request(server, monkeypatch):
    monkeypatch.setenv("STDP_OFFLINE", "1")
    with pytest.raises(DataError, match="STDP_OFFLINE is set"):
        fetched(server.url("good"))
    assert not server.asked


def test_a_cache_that_cannot_be_written_is_told(server, places):
    (places / "cache").write_text("a file, not a folder")
    with pytest.raises(DataError, match=r"cannot store 'data.bin'.*STDP_CACHE_DIR"):
        fetched(server.url("good"))


def test_a_damaged_file_in_the_cache_is_fetched_again(server):
    path = fetched(server.url("good"))
    path.write_bytes(CONTENT[:-1])
    fetched(server.url("good"))
    assert len(server.asked) == 2


def test_two_at_once_fetch_it_once(server):
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(fetched(server.url("good")))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(server.asked) == 1


# ---- places ----------------------------------------------------------------------------------------------------------


def filled(folder: Path, content: bytes = CONTENT, name: str = "data.bin") -> str:
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content)
    return str(folder)


def test_the_order_of_the_places(places, monkeypatch):
    file = remote()
    named, variable, system = (filled(places / name) for name in ("named", "variable/things", "system"))
    filled(cache_folder("things"))

    def where(data_dir: str | None = None) -> str:
        return str(find("things", [file], data_dir, (system,))["data.bin"].parent)

    monkeypatch.setenv("STDP_DATA_DIR", str(places / "variable"))
    assert where(named) == named
    assert where() == variable
    monkeypatch.setenv("STDP_DATA_DIR", variable)  # the folder itself
    assert where() == variable
    monkeypatch.delenv("STDP_DATA_DIR")
    assert where() == system
    (Path(system) / "data.bin").write_bytes(b"another version")
    assert where() == str(cache_folder("things"))


def test_a_folder_that_is_named_must_have_the_right_files(places):
    with pytest.raises(DataError, match=r"does not exist; check dataset.data_dir"):
        find("things", [remote()], str(places / "nowhere"))
    empty = places / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match=r"no 'data.bin' in"):
        find("things", [remote()], str(empty))
    with pytest.raises(DataError, match=r"has the SHA256 .*wrong checksum.*dataset.name: idx"):
        find("things", [remote()], filled(places / "wrong", b"other"))


def test_files_packed_anew_are_known_by_their_content(places):
    raw = b"some content" * 100
    packed = RemoteFile("a.gz", (), "sha256:" + "0" * 64, hashlib.sha256(raw).hexdigest())
    again = filled(places / "gz", gzip.compress(raw, 1), "a.gz")
    assert find("things", [packed], again)["a.gz"].name == "a.gz"
    plain = filled(places / "plain", raw, "a")
    assert find("things", [packed], plain)["a.gz"].name == "a"
    with pytest.raises(DataError, match="cannot be unpacked"):
        find("things", [packed], filled(places / "cut", gzip.compress(raw)[:-9], "a.gz"))
