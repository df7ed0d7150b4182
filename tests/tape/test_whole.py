"""A saved file is whole, is the user's own, and touches no other file."""

import os
import stat
import threading

import pytest

from streamlab.tape import load, save
from streamlab.tape import whole as module
from streamlab.tape.whole import whole
from streamlab.testing import tape_from

TAPE = tape_from([(10, b"data: a\n\n"), (20, b"data: b\n\n")])


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_lies_beside_the_target_stays(tmp_path):
    """A link and a file with names that a part could have."""
    other, path = tmp_path / "other", tmp_path / "a.jsonl"
    other.write_text("mine")
    (tmp_path / "a.jsonl.part").symlink_to(other)
    (tmp_path / "a.part").write_text("mine too")

    save(TAPE, path)

    assert load(path) == TAPE
    assert (other.read_text(), (tmp_path / "a.part").read_text()) == ("mine", "mine too")
    assert names(tmp_path) == ["a.jsonl", "a.jsonl.part", "a.part", "other"]


def test_a_link_that_lies_at_the_parts_name_is_refused(tmp_path, monkeypatch):
    """The name is random; an attacker who knew it still could not make us follow a link."""
    monkeypatch.setattr(module, "token_hex", lambda n: "guessed")
    other = tmp_path / "other"
    other.write_text("mine")
    (tmp_path / ".streamlab-guessed.part").symlink_to(other)

    with pytest.raises(FileExistsError, match=r"^cannot write .*a\.jsonl: File exists"):
        save(TAPE, tmp_path / "a.jsonl")

    assert other.read_text() == "mine"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o444])
def test_a_file_keeps_its_mode(tmp_path, mode):
    path = tmp_path / "a.jsonl"
    path.write_text("old")
    path.chmod(mode)

    save(TAPE, path)

    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert load(path) == TAPE


def test_a_new_file_has_the_usual_mode(tmp_path):
    (tmp_path / "usual").touch()

    save(TAPE, tmp_path / "a.jsonl")

    assert (tmp_path / "a.jsonl").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_while_it_is_written_others_cannot_read_what_they_could_not_read_before(tmp_path):
    path = tmp_path / "a"
    path.touch(0o600)

    with whole(path) as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600


def test_saves_at_once_to_one_path_all_succeed(tmp_path):
    path, failed = tmp_path / "a.jsonl", []

    def save_often():
        try:
            for _ in range(20):
                save(TAPE, path)
                assert load(path) == TAPE
        except BaseException as exc:
            failed.append(exc)

    threads = [threading.Thread(target=save_often) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert names(tmp_path) == ["a.jsonl"]


def test_a_name_as_long_as_a_name_can_be(tmp_path):
    path = tmp_path / ("a" * 249 + ".jsonl")

    save(TAPE, path)

    assert load(path) == TAPE


def test_links_in_a_circle_are_refused(tmp_path):
    (tmp_path / "a.jsonl").symlink_to(tmp_path / "b.jsonl")
    (tmp_path / "b.jsonl").symlink_to(tmp_path / "a.jsonl")

    with pytest.raises(OSError, match=r"^cannot write .*a\.jsonl: Too many levels of symbolic"):
        save(TAPE, tmp_path / "a.jsonl")


def test_a_link_to_nothing_gets_its_target(tmp_path):
    (tmp_path / "a.jsonl").symlink_to(tmp_path / "b.jsonl")

    save(TAPE, tmp_path / "a.jsonl")

    assert (tmp_path / "a.jsonl").is_symlink()
    assert load(tmp_path / "b.jsonl") == TAPE


def test_the_file_and_then_its_folder_are_brought_to_the_disk(tmp_path, monkeypatch):
    done = []

    def fsync(fd):
        done.append("folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file")
        done.append(names(tmp_path) == ["a.jsonl"])

    monkeypatch.setattr(module.os, "fsync", fsync)
    save(TAPE, tmp_path / "a.jsonl")

    assert done == ["file", False, "folder", True]


def test_a_disk_that_fails_at_the_last_moment_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "a.jsonl"
    path.write_text("old")

    def fsync(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(module.os, "fsync", fsync)
    with pytest.raises(OSError, match=r"^cannot write .*: Input/output error"):
        save(TAPE, path)

    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.jsonl"]
