"""The lab plays a recording unchanged: bytes, reads, times, status, encoding, end."""

import gzip

import httpx
import pytest

from streamlab.many import Lab
from streamlab.server.tapes import response_of
from streamlab.testing import tape_from
from tests.server.asking import ask, log_of, raw_request

MS = 1_000_000


def tape(*reads, how="eof", end_ms=100.0, **meta):
    return tape_from(reads, end=how, end_ms=end_ms, **meta)


PLAIN = tape((40, b"data: a\n\n"), (60, b"data: b\n\ndata: c\n\n"), (61, b"data: d\n\n"))


@pytest.fixture(scope="module")
def tape_lab():
    squeezed = gzip.compress(b"data: squeezed\n\n")
    tapes = {
        "plain": PLAIN,
        "steady": tape((1, b"data: mine\n\n")),
        "gone": tape((10, b"data: a\n\n"), how="reset", end_ms=30),
        "refused": tape((5, b'{"error":1}'), status=503, content_type="application/json"),
        "squeezed": tape((5, squeezed), content_encoding="gzip"),
        "never": tape(how="connect"),
        "patience": tape((5, b"data: a\n\n"), how="timeout"),
    }
    with Lab(tapes) as lab:
        yield lab


def test_reads_become_writes_at_their_times(http, tape_lab):
    response = ask(http, tape_lab, "plain")
    log = log_of(http, tape_lab, response)

    assert response.content == bytes(PLAIN.body)
    assert [end for end, _ in log["sent"]] == list(PLAIN.columns.ends)
    due = [t_ns for _, t_ns in log["due"]]
    assert [t_ns - due[0] for t_ns in due] == [0, 20 * MS, 21 * MS]


def test_the_body_ends_when_it_ended(http, tape_lab):
    assert ask(http, tape_lab, "plain").elapsed.total_seconds() >= 0.1


def test_recordings_come_first_and_win(http, tape_lab):
    assert tape_lab.scenarios[:3] == ("plain", "steady", "gone")
    assert ask(http, tape_lab, "steady").text == "data: mine\n\n"
    assert ask(http, tape_lab, "bursty", speed=20).text.endswith("[DONE]\n\n")


def test_a_lab_with_recordings_plays_the_first_unless_told_what(tape_lab):
    assert tape_lab.endpoint().model == "plain"
    assert tape_lab.endpoint("gone").model == "gone"


def test_a_lab_with_recordings_is_a_lab_of_its_own(lab, tape_lab):
    assert tape_lab is not lab
    assert "plain" not in lab.scenarios


def test_a_reset_is_played_as_a_reset(http, tape_lab):
    with pytest.raises(httpx.ReadError):
        ask(http, tape_lab, "gone")


def test_a_connection_that_never_was_is_reset(http, tape_lab):
    with pytest.raises(httpx.ReadError):
        ask(http, tape_lab, "never")
    with raw_request(tape_lab, "never") as sock, pytest.raises(ConnectionResetError):
        sock.recv(1)  # not even a head


def test_a_timeout_is_played_as_silence(tape_lab):
    with httpx.Client(timeout=0.3, trust_env=False) as client, pytest.raises(httpx.ReadTimeout):
        ask(client, tape_lab, "patience")


def test_status_and_type_are_the_recording_s(http, tape_lab):
    response = ask(http, tape_lab, "refused")

    assert response.status_code == 503
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"error": 1}


def test_an_encoded_body_is_played_encoded_and_logged_so(http, tape_lab):
    response = ask(http, tape_lab, "squeezed")
    log = log_of(http, tape_lab, response)

    assert response.headers["content-encoding"] == "gzip"
    assert response.text == "data: squeezed\n\n"
    assert log["sent"][-1][0] == len(gzip.compress(b"data: squeezed\n\n"))


ENDINGS = {
    "eof": "eof",
    "cancelled": "eof",
    "cut": "eof",
    "error": "reset",
    "timeout": "silence",
}


@pytest.mark.parametrize(("how", "ending"), ENDINGS.items(), ids=ENDINGS)
def test_how_each_end_is_played(how, ending):
    assert response_of(tape((1, b"x"), how=how)).ending == ending
