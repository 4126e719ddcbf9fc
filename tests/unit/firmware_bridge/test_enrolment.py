"""A code for a settings file: what the server says, and what the file holds. Against a web server of its own."""

import json
import stat
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from firmware_bridge.enrolment import EnrolmentError, enroll, is_in_the_clear, read_enrolment

ANSWER = {"device": "gps-77", "broker_host": "broker.example", "broker_port": 8883, "password": 'a"\\b\x7f\u00e9😀'}
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


class Server(BaseHTTPRequestHandler):
    status: ClassVar[int] = 200
    body: ClassVar[bytes] = b""
    asked: ClassVar[list[tuple[str, bytes]]] = []
    answers: ClassVar[list[tuple[int, bytes]]] = []  # in turn, in place of status and body

    def do_POST(self) -> None:
        self.asked.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        if self.answers:
            type(self).status, type(self).body = self.answers.pop(0)
        self.send_response(self.status)
        if self.status == 429:
            self.send_header("Retry-After", "30")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def url() -> Iterator[str]:
    Server.status, Server.body = 200, json.dumps({**ANSWER, "tls_ca_pem": PEM}).encode()
    Server.asked.clear()
    with HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_the_file_is_the_owners_and_holds_what_the_server_said(url: str, tmp_path: Path) -> None:
    file = tmp_path / "enrolment.toml"

    enrolled = enroll(url, "ABCD-EFGH", file)

    assert Server.asked == [("/v1/enrolments/redeem", b'{"code":"ABCD-EFGH"}')]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_enrolment(file) == enrolled
    assert (enrolled.password, enrolled.tls_ca_pem) == (ANSWER["password"], PEM)
    assert enrolled.address().uses_tls
    assert list(tmp_path.iterdir()) == [file]


def test_without_certificates_the_line_is_plain(url: str, tmp_path: Path) -> None:
    Server.body = json.dumps({**ANSWER, "tls_ca_pem": None}).encode()

    enroll(url, "ABCD-EFGH", tmp_path / "file")

    assert read_enrolment(tmp_path / "file").tls_ca_pem is None
    assert not read_enrolment(tmp_path / "file").address().uses_tls


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (
            404,
            b'{"status":404,"detail":"this code is wrong, has expired or was used"}',
            "wrong, has expired or was used",
        ),
        (404, b"<html>nothing here</html>", "is it the address of a Waybill server"),
        (429, b'{"detail":"too many wrong codes"}', "too many wrong codes (30 s)"),
        (503, b'{"detail":"broker does not answer"}', "broker does not answer"),
        (500, b"[]", "Internal Server Error"),
        (200, b"welcome", "the answer is no enrolment"),
        (200, b'{"device":"../etc","broker_host":"a","broker_port":1,"password":"b"}', "device '../etc'"),
    ],
)
def test_a_refusal_is_clear_and_leaves_no_file(url: str, tmp_path: Path, status: int, body: bytes, said: str) -> None:
    Server.status, Server.body = status, body

    with pytest.raises(EnrolmentError) as refused:
        enroll(url, "ABCD-EFGH", tmp_path / "enrolment.toml")

    assert said in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_does_not_cost_the_code(url: str, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("kept", encoding="utf-8")

    with pytest.raises(EnrolmentError, match="exists already"):
        enroll(url, "ABCD-EFGH", tmp_path / "there")
    with pytest.raises(EnrolmentError, match="The code is unused"):
        enroll(url, "ABCD-EFGH", tmp_path / "no-such-folder" / "file")

    assert Server.asked == []
    assert (tmp_path / "there").read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize("wrong", ["file:///etc/passwd", "ftp://host/", "waybill.example.com", "https://"])
def test_what_is_no_server_is_refused(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(EnrolmentError, match="must be the server's address"):
        enroll(wrong, "ABCD-EFGH", tmp_path / "file")


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EnrolmentError, match="does not answer"):
        enroll("http://127.0.0.1:1", "ABCD-EFGH", tmp_path / "file")


def test_plain_http_is_in_the_clear_except_on_this_machine() -> None:
    assert is_in_the_clear("http://waybill.example.com")
    assert not is_in_the_clear("https://waybill.example.com")
    assert not is_in_the_clear("http://localhost:8080")


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("device = ", encoding="utf-8")

    with pytest.raises(EnrolmentError, match="is not TOML"):
        read_enrolment(tmp_path / "file")
    with pytest.raises(EnrolmentError, match="waybill bridge enroll writes it"):
        read_enrolment(tmp_path / "nowhere")
    (tmp_path / "file").write_text('device = "gps-77"', encoding="utf-8")
    with pytest.raises(EnrolmentError, match="is no enrolment"):
        read_enrolment(tmp_path / "file")


def test_a_key_that_cannot_be_made_is_told_with_the_package_and_uses_no_code_up(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Server.status, Server.body = 409, b'{"status":409,"detail":"by a certificate"}'
    monkeypatch.setitem(sys.modules, "cryptography", None)

    with pytest.raises(EnrolmentError, match=r"pip install cryptography\. The code is unused"):
        enroll(url, "ABCD-EFGH", tmp_path / "file")

    assert [json.loads(body) for _, body in Server.asked] == [{"code": "ABCD-EFGH"}]
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_sent_as_a_request_only_and_kept_in_the_file(url: str, tmp_path: Path) -> None:
    answer = {**ANSWER, "password": None, "certificate_pem": PEM}
    Server.answers = [(409, b"{}"), (200, json.dumps(answer).encode())]

    enrolled = enroll(url, "ABCD-EFGH", tmp_path / "file")

    first, second = (json.loads(body) for _, body in Server.asked)
    assert (set(first), set(second)) == ({"code"}, {"code", "csr_pem"})
    assert second["csr_pem"].startswith("-----BEGIN CERTIFICATE REQUEST-----")
    assert enrolled.key_pem is not None
    assert enrolled.key_pem.startswith("-----BEGIN PRIVATE KEY-----")
    assert read_enrolment(tmp_path / "file") == enrolled
    assert enrolled.address().uses_tls


def test_an_answer_without_any_credential_is_refused(url: str, tmp_path: Path) -> None:
    Server.body = json.dumps({**ANSWER, "password": None}).encode()

    with pytest.raises(EnrolmentError, match="neither a password nor a certificate"):
        enroll(url, "ABCD-EFGH", tmp_path / "file")
