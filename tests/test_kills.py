"""Killed at any moment, a run goes on as if nothing had happened; one folder, one process."""

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
import torch
from gcode_samples import gcode
from helpers import QUICKDRAW, SHEEP, ending_model, flock, refusal, sketchvae

from sketchvae.cli import main
from sketchvae.data import dataset, formats
from sketchvae.files import held
from sketchvae.machine.journal import Journal
from sketchvae.machine.parser import read_job
from sketchvae.machine.resume import ResumePoint
from sketchvae.model.checkpoints import read_checkpoint
from sketchvae.model.weights import save

KILLS = int(os.environ.get("SKETCHVAE_KILLS", "2"))  # of each command; more by hand
TINY = "--encoder-hidden 4 --decoder-hidden 6 --latent 2 --mixtures 2 --batch 10 --seed 1"


CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["torch", "sketchvae.cli.train", "sketchvae.cli.progress", "sketchvae.train.rejection"]
)


def _command(arguments: Sequence[str], folder: Path) -> None:
    """Run a command in a process of its own, quietly."""
    os.chdir(folder)
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        main(list(arguments))


def _begin(arguments: Sequence[str], folder: Path) -> ForkServerProcess:
    process = CONTEXT.Process(target=_command, args=(arguments, folder))
    process.start()
    return process


def _wait(process: ForkServerProcess, sign: Path) -> None:
    """Wait for a file that a process writes, or for its end."""
    while not sign.exists() and process.is_alive():
        time.sleep(0.002)


def _whole(arguments: Sequence[str], folder: Path, sign: Path) -> float:
    """Run a command to its end; return the seconds that it took after the sign."""
    process = _begin(arguments, folder)
    _wait(process, sign)
    begun = time.perf_counter()
    process.join()
    assert process.exitcode == 0
    return time.perf_counter() - begun


def _killed(process: ForkServerProcess, sign: Path, seconds: float) -> bool:
    """Kill a process some time after a sign of its work; return whether it was still at work.

    Args:
        process: that was started.
        sign: a file that it writes.
        seconds: to wait from then on; a fraction of what `_whole` returned, so that a quick
            machine is still at work then.
    """
    _wait(process, sign)
    process.join(seconds)
    process.kill()
    process.join()
    return process.exitcode == -signal.SIGKILL


@pytest.mark.slow
def test_training_killed_at_any_moment_ends_with_the_same_weights(tmp_path: Path) -> None:
    dataset.pack(flock(60), tmp_path / "a.drawings")
    command = ["train", "--data", "a.drawings", *TINY.split(), "--steps", "60"]
    command += ["--validate-every", "2", "--init", "nothing", "--patience", "0", "--out"]
    seconds = _whole([*command, "whole"], tmp_path, tmp_path / "whole" / "last.pt")
    chance, killed, out = random.Random(0), 0, tmp_path / "killed"
    while killed < KILLS:
        resume = ["--resume"] if (out / "last.pt").exists() else []
        process = _begin([*command, "killed", *resume], tmp_path)
        killed += _killed(process, out / "last.pt", chance.random() * seconds)
        if process.exitcode == 0:  # at its end: from the beginning again
            shutil.rmtree(out)
    resume = ["--resume"] if (out / "last.pt").exists() else []
    _whole([*command, "killed", *resume], tmp_path, out)
    model = (out / "model.safetensors").read_bytes()
    assert model == (tmp_path / "whole" / "model.safetensors").read_bytes()
    ours, others = (read_checkpoint(tmp_path / name / "last.pt") for name in ("killed", "whole"))
    assert ours["history"] == others["history"]
    for name, tensor in ours["model"].items():
        assert torch.equal(tensor, others["model"][name])


@pytest.mark.slow
def test_refining_killed_at_any_moment_ends_with_the_same_weights(tmp_path: Path) -> None:
    save(ending_model(), tmp_path / "m.safetensors")
    command = ["refine", "--model", "m.safetensors", "--real", str(QUICKDRAW), "--rounds", "1"]
    command += ["--drawn", "1000", "--accepted", "100", "--steps", "2", "-o"]
    seconds = _whole([*command, "whole"], tmp_path, tmp_path / "whole" / "real.drawings")
    chance, killed, out = random.Random(0), 0, tmp_path / "killed"
    for _ in range(KILLS):
        process = _begin([*command, "killed"], tmp_path)
        killed += _killed(process, out / "real.drawings", chance.random() * seconds / KILLS)
    _whole([*command, "killed"], tmp_path, out)
    assert killed
    model = (out / "model.safetensors").read_bytes()
    assert model == (tmp_path / "whole" / "model.safetensors").read_bytes()


def test_a_killed_import_leaves_the_old_set_or_the_new(tmp_path: Path) -> None:
    old, new = tmp_path / "old.ndjson", tmp_path / "new.ndjson"
    sheep = SHEEP.read_text().splitlines(keepends=True)
    old.write_text("".join(sheep[:50]))
    new.write_text("".join(sheep * 4))
    packed, chance, killed = tmp_path / "a.drawings", random.Random(0), 0
    formats.write(packed, formats.read(old))
    before = packed.read_bytes()
    command = ["data", "import", "new.ndjson", "-o", "a.drawings", "--force"]
    seconds = _whole(command, tmp_path, old)
    packed.write_bytes(before)
    for _ in range(10 * KILLS):
        process = _begin(command, tmp_path)
        killed += _killed(process, old, chance.random() * seconds)
        if packed.read_bytes() != before:
            assert len([*dataset.open_packed(packed)]) == len(sheep * 4)
            packed.write_bytes(before)
        if killed == KILLS:
            break
    assert killed == KILLS
    _whole(command, tmp_path, old)
    assert len([*dataset.open_packed(packed)]) == len(sheep * 4)


# --- two processes --------------------------------------------------------------------------


def test_a_folder_is_held_by_one_process_and_free_when_it_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from sketchvae.files import held\n"
        "with held(Path(sys.argv[1]), ''): print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert other.stdout is not None
    other.stdout.readline()

    def hold() -> None:
        with held(tmp_path, ", or name another -o"):
            pass

    message = refusal(hold)
    assert message == (
        f"{tmp_path}: must be written by one process at a time, and another is at work in it; "
        "wait for its end, or name another -o"
    )
    other.kill()
    other.wait()
    other.stdout.close()
    hold()
    assert list(tmp_path.iterdir()) == []


def test_training_into_a_folder_at_work_is_one_line(tmp_path: Path) -> None:
    dataset.pack(flock(60), tmp_path / "a.drawings")
    command = ["train", "--data", str(tmp_path / "a.drawings"), *TINY.split(), "--steps", "1"]
    command += ["--init", "nothing", "--out", str(tmp_path)]
    with held(tmp_path, ""):
        said = sketchvae(*command, fails=1)
    assert "another is at work in it; wait for its end, or name another --out" in said
    assert not (tmp_path / "last.pt").exists()


def test_a_job_is_drawn_by_one_process(tmp_path: Path) -> None:
    job, path = read_job(gcode().encode(), "a.gcode"), tmp_path / "a.gcode.job"
    journal = Journal(path, job, ResumePoint(0), (0.0, 0.0))
    journal.create()
    for act in (
        lambda: Journal.read(path, job),
        lambda: Journal(path, job, ResumePoint(0), (0.0, 0.0)).create(),
    ):
        assert "another process is drawing this job" in refusal(act)
    journal.log_sent(9)
    journal.close(finished=False)
    left = Journal.read(path, job)
    assert left is not None
    assert left.sent == 9


# --- disks and clocks -------------------------------------------------------------------------


def test_files_of_the_future_do_not_matter(tmp_path: Path) -> None:
    dataset.pack(flock(60), tmp_path / "a.drawings")
    command = ["train", "--data", str(tmp_path / "a.drawings"), *TINY.split(), "--steps", "2"]
    command += ["--init", "nothing", "--out", str(tmp_path / "run")]
    sketchvae(*command)
    for file in (tmp_path / "run").rglob("*"):
        os.utime(file, (4e9, 4e9))
    os.utime(tmp_path / "a.drawings", (0, 0))
    sketchvae(*command, "--resume")
    sketchvae("data", "import", SHEEP, "-o", tmp_path / "a.drawings")
