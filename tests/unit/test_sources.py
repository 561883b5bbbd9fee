"""Where files come from: folders, system, cache, and downloads from a real server on this machine."""

from __future__ import annotations

import gzip
import hashlib
import socket
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
HALF = len(CONTENT) // 2


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
        before = sum(path == way for path, _ in self.server.asked)
        self.server.asked.append((way, asked))
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and way != "no-ranges" else 0
        if way == "missing":
            return self._answer(404)
        if way == "busy" and before < 2:
            return self._answer(503 if before else 429)
        if start >= len(CONTENT):
            return self._answer(416)
        if way == "shifted" and start:
            start -= 100
        body = CONTENT[start:]
        if way == "other" or (way == "changes" and start):
            body = b"x" * len(body)
        cuts = {"breaks": 2, "no-ranges": 1, "changes": 1, "shifted": 1, "slow": 1, "always-breaks": 99, "stalls": 99}
        cut = len(body) // 2 if before < cuts.get(way, 0) else None
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        if way == "x-gzip":
            self.send_header("Content-Encoding", "x-gzip")
        self.end_headers()
        self.wfile.write(body[:cut])
        if way in ("slow", "stalls") and cut:
            self.wfile.flush()
            self.server.released.wait(5)

    def _answer(self, code: int) -> None:
        self.send_response(code)
        self.send_header("Content-Length", "0")
        self.end_headers()


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
    """Put the cache into a folder of the test, use no proxy, and let retries not wait."""
    monkeypatch.setenv("NO_PROXY", "*")
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
    assert server.asked == [("breaks", None), ("breaks", f"bytes={HALF}-"), ("breaks", f"bytes={HALF + HALF // 2}-")]


def test_an_interrupted_download_goes_on_in_the_next_call(server, monkeypatch):
    monkeypatch.setattr(_download, "TRIES", 1)
    with pytest.raises(DataError, match=r"truncated: the connection ended at 262144 of 524288 bytes"):
        fetched(server.url("always-breaks"))
    assert (cache_folder("things") / "data.bin.part").stat().st_size == HALF
    assert not (cache_folder("things") / "data.bin").exists()
    fetched(server.url("good"))
    assert server.asked[-1] == ("good", f"bytes={HALF}-")


def test_the_next_mirror_takes_up_what_the_first_one_sent(server, monkeypatch):
    monkeypatch.setattr(_download, "TRIES", 1)
    fetched(server.url("always-breaks"), server.url("good"))
    assert server.asked == [("always-breaks", None), ("good", f"bytes={HALF}-")]


def test_a_server_without_ranges_starts_again(server):
    fetched(server.url("no-ranges"))
    assert [asked for _, asked in server.asked] == [None, f"bytes={HALF}-"]


@pytest.mark.parametrize("way", ["changes", "shifted"])
def test_a_rest_that_does_not_fit_is_thrown_away(server, way):
    fetched(server.url(way))
    assert [asked for _, asked in server.asked] == [None, f"bytes={HALF}-", None]


@pytest.mark.parametrize("left", [b"x" * 1000, b"x" * len(CONTENT), b"x" * 600_000])
def test_a_part_of_something_else_is_thrown_away(server, left):
    left_over(left)
    fetched(server.url("good"))
    assert [asked for _, asked in server.asked] == [f"bytes={len(left)}-", None]


def test_a_whole_part_is_not_downloaded_again(server):
    left_over(CONTENT)
    fetched(server.url("good"))
    assert not server.asked


def left_over(content: bytes) -> Path:
    """Write what an earlier download left."""
    folder = cache_folder("things")
    folder.mkdir(parents=True)
    (folder / "data.bin.part").write_bytes(content)
    return folder / "data.bin.part"


def test_a_packed_file_is_kept_packed(server):
    fetched(server.url("x-gzip"))


def test_wrong_checksums_are_refused(server):
    with pytest.raises(DataError, match=r"other: wrong checksum: .*expected sha256:.* but got [0-9a-f]{64}\n"):
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
    assert server.asked == [("slow", None), ("slow", f"bytes={HALF}-")]


def test_what_failed_everywhere_is_told(server, places, monkeypatch):
    monkeypatch.setenv("STDP_DATA_DIR", str(places))
    monkeypatch.setattr(_download, "READ_S", 0.1)
    monkeypatch.setattr(_download, "TRIES", 1)
    with pytest.raises(DataError) as caught:
        find(
            "things",
            [remote(server.url("missing"), server.url("always-breaks"), server.url("stalls"))],
            None,
            ("/nowhere/at/all",),
            hint="or pray",
        )
    text = str(caught.value)
    for part in (
        f"{places / 'things'} (STDP_DATA_DIR): no such folder", f"{places} (STDP_DATA_DIR): no 'data.bin'",
        "/nowhere/at/all: no such folder", f"{cache_folder('things')} (cache): no such folder",
        "missing: the server answers 404 Not Found", "always-breaks: truncated: the connection ended at",
        "stalls: timed out: no more bytes for 0.1 s, at", "of 524288 bytes",
        "dataset.data_dir or STDP_DATA_DIR, or pray",
    ):  # fmt: skip
        assert part in text


def test_no_network_is_told(monkeypatch):
    with socket.socket() as unused:  # bound, but nobody listens
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(DataError, match=r"no connection \(connection refused\)"):
            fetched(f"http://127.0.0.1:{unused.getsockname()[1]}/data.bin")

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)  # asking a real one can take a minute without a network
    with pytest.raises(DataError, match=r"no connection \(name resolution failed: name or service not known\)"):
        fetched("http://no.such.host.invalid/data.bin")


def test_offline_means_no_request(server, monkeypatch):
    monkeypatch.setenv("STDP_OFFLINE", "1")
    with pytest.raises(DataError, match="STDP_OFFLINE is set"):
        fetched(server.url("good"))
    assert not server.asked
    monkeypatch.setenv("STDP_OFFLINE", "0")
    fetched(server.url("good"))


def test_a_cache_that_cannot_be_written_is_told(server, places):
    (places / "cache").write_text("a file, not a folder")
    with pytest.raises(DataError, match=r"cannot store 'data.bin'.*STDP_CACHE_DIR"):
        fetched(server.url("good"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told(server):
    folder = cache_folder("things")
    folder.mkdir(parents=True)
    (folder / "data.bin.part").symlink_to("/dev/full")
    with pytest.raises(DataError, match=r"cannot store 'data.bin'.*the disk is full"):
        fetched(server.url("good"))


def test_a_cache_called_like_the_home_folder_is_what_it_says(server, places, monkeypatch):
    monkeypatch.chdir(places)
    monkeypatch.setenv("STDP_CACHE_DIR", "~/cache")
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


def test_the_order_of_the_places(places, monkeypatch, caplog):
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
    caplog.clear()
    assert where() == str(cache_folder("things"))
    assert "is passed over: 'data.bin' has the SHA256" in caplog.text


def test_a_folder_that_is_named_must_have_the_right_files(places):
    with pytest.raises(DataError, match=r"does not exist; check dataset.data_dir"):
        find("things", [remote()], str(places / "nowhere"))
    empty = places / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match=r"no 'data.bin' in"):
        find("things", [remote()], str(empty))
    found, expected = (hashlib.sha256(content).hexdigest() for content in (b"other", CONTENT))
    with pytest.raises(DataError, match=f"wrong checksum.*has the SHA256 {found}, expected {expected}.*: idx"):
        find("things", [remote()], filled(places / "wrong", b"other"))
    with pytest.raises(DataError, match=r"does not exist; check dataset.data_dir"):
        find("things", [remote()], "x" * 300)  # longer than a name can be


def test_a_folder_of_the_variable_must_have_the_right_files(server, places, monkeypatch):
    monkeypatch.setenv("STDP_DATA_DIR", str(places / "all"))
    filled(places / "all" / "things", b"other")
    with pytest.raises(DataError, match=r"wrong checksum in '.*things' \(STDP_DATA_DIR\)"):
        fetched(server.url("good"))
    (places / "all" / "things" / "data.bin").unlink()
    with pytest.raises(DataError, match=r"no 'data.bin' in '.*things'; check STDP_DATA_DIR"):
        fetched(server.url("good"))
    assert not server.asked
    (places / "all" / "things").rmdir()
    (places / "all" / "data.bin").write_bytes(b"of another data set, of the same name")
    fetched(server.url("good"))


def test_the_second_file_must_be_where_the_first_one_is(places, monkeypatch):
    files = [remote(), remote(name="more.bin")]
    monkeypatch.setenv("STDP_DATA_DIR", filled(places / "all"))
    with pytest.raises(DataError, match=r"no 'more.bin' in '.*all'; check STDP_DATA_DIR"):
        find("things", files, None)
    (places / "all" / "more.bin").write_bytes(CONTENT)
    assert {path.parent for path in find("things", files, None).values()} == {places / "all"}


def test_the_users_own_images_are_not_checked_but_downloads_are(server, places):
    own = filled(places / "own", b"my own")
    assert find("things", [remote()], own, check=False)["data.bin"].read_bytes() == b"my own"
    with pytest.raises(DataError, match="wrong checksum"):
        find("things", [remote(server.url("other"))], None, check=False)


@pytest.mark.parametrize("checksum", ["", "0" * 64, "sha256:", "sha1:" + "0" * 40])
def test_a_file_without_a_checksum_cannot_be_described(checksum):
    with pytest.raises(ValueError, match=r"checksum of 'data.bin' must be"):
        RemoteFile("data.bin", ("http://127.0.0.1/data.bin",), checksum, "0" * 64)


def test_files_packed_anew_are_known_by_their_content(places):
    raw = b"some content" * 100
    packed = RemoteFile("a.gz", (), "sha256:" + "0" * 64, hashlib.sha256(raw).hexdigest())
    again = filled(places / "gz", gzip.compress(raw, 1), "a.gz")
    assert find("things", [packed], again)["a.gz"].name == "a.gz"
    plain = filled(places / "plain", raw, "a")
    assert find("things", [packed], plain)["a.gz"].name == "a"
    cut = filled(places / "cut", gzip.compress(raw)[:-9], "a.gz")
    with pytest.raises(DataError, match=r"has the SHA256 .*, expected 0{64} and cannot be unpacked"):
        find("things", [packed], cut)
    (Path(cut) / "a").write_bytes(raw)  # the right one beside it
    assert find("things", [packed], cut)["a.gz"].name == "a"
    filled(cache_folder("things"), raw, "a")
    assert find("things", [packed], None)["a.gz"].parent == cache_folder("things")


def test_md5_will_do(server):
    file = RemoteFile("data.bin", (server.url("good"),), f"md5:{hashlib.md5(CONTENT).hexdigest().upper()}")
    assert find("things", [file], None) == find("things", [file], None)
    assert len(server.asked) == 1
