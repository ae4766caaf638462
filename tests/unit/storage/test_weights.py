"""Weights are found, fetched, resumed, and refused when their digest is wrong."""

import hashlib
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import WeightsUnavailable
from core.storage import weights as module
from core.storage.weights import Weights, describe, fetch, find

CONTENT = bytes(range(256)) * 9000  # 2.3 MB, more than one block


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def git_blob(content: bytes) -> str:
    return f"git-blob:{hashlib.sha1(b'blob %d' % len(content) + bytes(1) + content).hexdigest()}"


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT; remembers the Range headers, may ignore them or break off after some bytes."""

    daemon_threads = True
    understands_ranges = True
    breaks_after: int | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.server.ranges.append(wanted)
        start = int(wanted[len("bytes=") : -1]) if wanted and self.server.understands_ranges else 0
        if self.path != "/model.bin":
            self.send_error(404)
        elif start >= len(CONTENT):
            self.send_error(416)
        else:
            body = CONTENT[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: self.server.breaks_after])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PUNCHLINE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def download(server: Server, digest: str = sha256(CONTENT), path: str = "model.bin") -> Weights:
    url = f"http://127.0.0.1:{server.server_port}/{path}"
    return Weights("model", "model.bin", digest, len(CONTENT), "CC0-1.0", url=url)


def bundled(digest: str = sha256(CONTENT)) -> Weights:
    return Weights("model", "model.bin", digest, len(CONTENT), "CC0-1.0")


def test_every_bundled_file_has_the_digest_and_the_size_of_the_list() -> None:
    face = describe("mobilefacenet")
    assert find(face).stat().st_size == face.size
    assert (module.ASSETS / "mobilefacenet.LICENSE.txt").exists()


def test_the_list_names_what_it_knows() -> None:
    with pytest.raises(WeightsUnavailable, match=r"'nonsense'.*mobilefacenet"):
        describe("nonsense")
    assert describe("hsemotion_enet_b0_8_va_mtl").digest.startswith("git-blob:7ce9d6dd")


@pytest.mark.parametrize("digest", ["", "md5:0", "sha256:abc", "sha256:" + "G" * 64, "git-blob:" + "0" * 64])
def test_a_digest_that_is_none_is_refused_at_once(digest: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        bundled(digest)


def test_only_web_addresses_are_fetched() -> None:
    with pytest.raises(ValueError, match="expected http"):
        Weights("model", "model.bin", sha256(b""), 1, "CC0-1.0", url="file:///etc/passwd")


def test_git_blob_id_is_gits_own() -> None:
    # `printf 'hello\n' | git hash-object --stdin`
    assert git_blob(b"hello\n") == "git-blob:ce013625030ba8dba906f756967f9e9ca394464a"


@pytest.mark.parametrize("digest", [sha256(CONTENT), git_blob(CONTENT)])
def test_a_bundled_file_is_found(tmp_path: Path, digest: str) -> None:
    (tmp_path / "model.bin").write_bytes(CONTENT)
    assert find(bundled(digest), folder=tmp_path) == tmp_path / "model.bin"


def test_a_damaged_bundled_file_is_refused_with_both_digests(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(CONTENT[:-1] + b"!")
    with pytest.raises(WeightsUnavailable) as refusal:
        find(bundled(), folder=tmp_path)
    for part in (str(tmp_path / "model.bin"), sha256(CONTENT), sha256(CONTENT[:-1] + b"!"), "Install"):
        assert part in str(refusal.value)


def test_a_missing_download_says_that_it_has_to_be_started(server: Server) -> None:
    with pytest.raises(WeightsUnavailable, match=r"missing.*download of 2 MB"):
        find(download(server))
    assert server.ranges == []


@pytest.mark.parametrize("digest", [sha256(CONTENT), git_blob(CONTENT)])
def test_fetch_announces_the_size_and_keeps_the_file(server: Server, cache: Path, digest: str) -> None:
    calls: list[tuple[int, int]] = []
    path = fetch(download(server, digest), on_progress=lambda *call: calls.append(call))
    assert path == cache / "model.bin"
    assert path.read_bytes() == CONTENT
    assert calls[0] == (0, len(CONTENT))
    assert calls[-1] == (len(CONTENT), len(CONTENT))
    assert calls == sorted(calls)
    assert fetch(download(server, digest)) == find(download(server, digest)) == path
    assert server.ranges == [None]
    assert not (cache / "model.bin.part").exists()


def test_a_broken_download_goes_on_where_it_ended(server: Server, cache: Path) -> None:
    server.breaks_after = 1_500_000
    with pytest.raises(WeightsUnavailable, match="call again"):
        fetch(download(server))
    assert (cache / "model.bin.part").stat().st_size == 1_500_000
    server.breaks_after = None
    calls: list[tuple[int, int]] = []
    path = fetch(download(server), on_progress=lambda *call: calls.append(call))
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=1500000-"]
    assert calls[0] == (1_500_000, len(CONTENT))
    assert calls[-1] == (len(CONTENT), len(CONTENT))


def test_a_server_without_ranges_sends_all_of_it_again(server: Server, cache: Path) -> None:
    cache.mkdir()
    (cache / "model.bin.part").write_bytes(CONTENT[:1000])
    server.understands_ranges = False
    assert fetch(download(server)).read_bytes() == CONTENT


def test_a_part_that_is_already_whole_is_taken(server: Server, cache: Path) -> None:
    cache.mkdir()
    (cache / "model.bin.part").write_bytes(CONTENT)
    assert fetch(download(server)).read_bytes() == CONTENT


@pytest.mark.parametrize("digest", [sha256(b"another"), git_blob(b"another")])
def test_a_download_with_another_digest_is_refused_and_deleted(server: Server, cache: Path, digest: str) -> None:
    with pytest.raises(WeightsUnavailable) as refusal:
        fetch(download(server, digest))
    assert digest in str(refusal.value)
    assert [path.name for path in cache.iterdir() if not path.name.endswith(".lock")] == []


def test_a_spoilt_part_is_refused_and_the_next_call_starts_afresh(server: Server, cache: Path) -> None:
    cache.mkdir()
    (cache / "model.bin.part").write_bytes(b"x" * 1000)
    with pytest.raises(WeightsUnavailable, match="expected sha256"):
        fetch(download(server))
    assert fetch(download(server)).read_bytes() == CONTENT
    assert server.ranges == ["bytes=1000-", None]


def test_a_spoilt_file_in_the_cache_is_refused_by_find_and_replaced_by_fetch(server: Server, cache: Path) -> None:
    cache.mkdir()
    (cache / "model.bin").write_bytes(b"spoilt")
    with pytest.raises(WeightsUnavailable, match="Delete it and download model again"):
        find(download(server))
    assert fetch(download(server)).read_bytes() == CONTENT


def test_a_missing_page_and_a_silent_server_are_named(server: Server) -> None:
    with pytest.raises(WeightsUnavailable, match="404"):
        fetch(download(server, path="gone.bin"))
    server.server_close()
    silent = Weights("model", "model.bin", sha256(CONTENT), 1, "CC0-1.0", url="http://127.0.0.1:9/model.bin")
    with pytest.raises(WeightsUnavailable, match=r"could not be fetched from http://127\.0\.0\.1:9/"):
        fetch(silent)


def test_bundled_weights_are_not_fetched() -> None:
    with pytest.raises(WeightsUnavailable, match="bundled"):
        fetch(bundled())


def test_importing_is_silent_and_light(tmp_path: Path) -> None:
    heavy = ("torch", "numpy", "streamlit", "core.faces.detection")
    code = f"import sys, core.storage.weights; print([name for name in {heavy} if name in sys.modules])"
    environment = os.environ | {"HOME": str(tmp_path), "PYTHONPATH": str(module.ASSETS.parent)}
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (run.stdout, run.stderr, run.returncode) == ("[]\n", "", 0)
    assert list(tmp_path.iterdir()) == []
