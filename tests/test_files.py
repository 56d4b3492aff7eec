"""Files that are replaced whole or not at all."""

import os
import stat
import threading
from pathlib import Path

import pytest

from sketchvae.errors import SketchvaeError
from sketchvae.files import replacing


def write(path: Path, text: str) -> None:
    with replacing(path) as beside:
        beside.write_text(text)


def test_file_is_new_only_when_the_block_is_done(tmp_path: Path) -> None:
    path = tmp_path / "sheep.svg"
    path.write_text("old")
    with replacing(path) as beside:
        beside.write_text("new")
        assert path.read_text() == "old"
        assert beside.parent == path.parent  # another disk could not be moved from
        assert beside.suffix == ".svg"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "sheep.svg"
    path.write_text("old")

    def interrupted() -> None:
        with replacing(path) as beside:
            beside.write_text("half of the n")
            raise error

    with pytest.raises(error):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="permissions as on POSIX")
def test_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write(tmp_path / "ours", "x")
    ours, plain = (stat.S_IMODE((tmp_path / n).stat().st_mode) for n in ("ours", "plain"))
    assert ours == plain


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    disk, desk = tmp_path / "disk", tmp_path / "desk"
    disk.mkdir()
    desk.mkdir()
    (desk / "sheep.svg").symlink_to(disk / "true.svg")
    for text in ("one", "two"):  # the file is not there yet, and then it is
        write(desk / "sheep.svg", text)
        assert (disk / "true.svg").read_text() == text
    assert (desk / "sheep.svg").is_symlink()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_a_device_is_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(SketchvaeError, match="pipe: must be a file, got a folder or a device"):
        write(pipe, "x")
    assert pipe.is_fifo()


def test_what_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, message in (
        (tmp_path, f"{tmp_path}: must be a file, got a folder or a device; name a file"),
        (
            tmp_path / "no" / "x.svg",
            "x.svg: cannot be written (No such file or directory); make the folder",
        ),
        (tmp_path / "file" / "x.svg", "x.svg: cannot be written (Not a directory); choose"),
        (tmp_path / ("x" * 300), "cannot be written (File name too long); choose another place"),
    ):
        with pytest.raises(SketchvaeError) as caught:
            write(path, "x")
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_many_writers_of_one_file_leave_one_of_them_whole(tmp_path: Path) -> None:
    path = tmp_path / "sheep.svg"
    texts = [str(i) * 100_000 for i in range(8)]
    threads = [threading.Thread(target=write, args=(path, text)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in texts
    assert list(tmp_path.iterdir()) == [path]
