"""`sketchvae send` without a machine: words of the command line, ports, and files judged alone."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from gcode_samples import PENS, gcode, length, strokes
from helpers import SHEEP, sketchvae


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SKETCHVAE_CONFIG", str(tmp_path))
    Path("flock.gcode").write_text(gcode())
    Path("page.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    Path("machines.toml").write_text(
        "[desk]\nport = '/dev/no-port'\nbed = '70x80'\n[small]\nbed = '40x80mm'\n"
    )
    set_ports(monkeypatch, "/dev/ttyUSB1", "/dev/ttyACM0 EiBotBoard")


def set_ports(monkeypatch: pytest.MonkeyPatch, *ports: str) -> None:
    """Let the computer have ports, each with a description behind a space."""
    parts = [port.partition(" ") for port in ports]
    found = [SimpleNamespace(device=name, description=about or "n/a") for name, _, about in parts]
    monkeypatch.setattr("sketchvae.machine.protocol.comports", lambda: found)


def last_line(*arguments: str, fails: int = 0) -> str:
    return sketchvae("send", *arguments, fails=fails).strip().splitlines()[-1]


def test_ports_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sketchvae("send", "--list").splitlines() == [
        "/dev/ttyACM0  EiBotBoard; an AxiDraw's: send axidraw page.svg",
        "/dev/ttyUSB1",
    ]
    set_ports(monkeypatch)
    assert "this computer has no serial port; plug the machine in" in sketchvae("send", "--list")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (
            "flock.gcode",
            2,
            "has /dev/ttyACM0, /dev/ttyUSB1; type sketchvae send /dev/ttyACM0 flo",
        ),
        ("none.nc", 2, "name a port; this computer has /dev/ttyACM0, /dev/ttyUSB1; type"),
        ("", 2, "type sketchvae send /dev/ttyACM0 FILE"),
        ("page.svg", 2, "others take G-code; type sketchvae send axidraw page.svg"),
        ("/dev/no-port page.svg", 1, "page.svg: must be G-code, got SVG or XML; make G-code of it"),
        ("/dev/no-port machines.toml", 1, "machines.toml, line 1: must be words such as G1 X10.5"),
        (f"/dev/no-port {SHEEP}", 1, "must be G-code, got drawings; make G-code of it with"),
        ("/dev/no-port flock.gcode", 1, "/dev/no-port: is no serial port of this computer; it has"),
        ("--machine desk flock.gcode", 1, "/dev/no-port: is no serial port of this computer"),
        ("--machine desk /dev/other flock.gcode", 1, "/dev/other: is no serial port of this"),
        ("--machine small flock.gcode", 2, "name a port; this computer has /dev/ttyACM0"),
        ("--machine small /dev/other flock.gcode", 1, "/dev/other: is no serial port of this"),
        ("--machine big flock.gcode", 1, "got 'big'; sketchvae machines add big adds it"),
        ("--machine axidraw page.svg", 1, "page.svg: is drawn by nextdraw or axicli"),
    ],
)
def test_what_is_missing_or_in_the_wrong_place_is_one_line(
    words: str, code: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert message in last_line(*words.split(), fails=code)


@pytest.mark.parametrize("pen", PENS)
def test_a_file_is_judged_without_a_machine(pen: str) -> None:
    Path("flock.gcode").write_text(gcode(pen))
    printed = last_line("flock.gcode", "--check-only")
    ink = round(length(strokes()))
    assert printed.startswith(f"flock.gcode: 5 strokes, {ink} mm of ink, X0 to ")
    lift = " ".join(text.replace(" ", "") for text in PENS[pen][0])
    assert f"the pen is lifted by {lift}, about 0:" in printed
    assert printed.endswith("; nothing was sent")
    assert last_line("--check-only", "page.svg").startswith("page.svg: is SVG, for send axidraw")


def test_a_file_whose_speeds_are_none_is_refused_by_its_name() -> None:
    text = gcode().replace("G21", "(speeds: rapid 0)\nG21", 1)
    Path("slow.gcode").write_text(text)
    message = last_line("slow.gcode", "--check-only", fails=1)
    assert message.startswith("Error: slow.gcode: the rapid must be 1 to 1000000 mm/min, got 0")


def test_a_file_is_judged_by_the_bed_of_a_machine() -> None:
    assert "5 strokes" in last_line("--machine", "desk", "flock.gcode", "--check-only")
    message = last_line("--machine", "small", "flock.gcode", "--check-only", fails=1)
    assert "must fit the machine's 40 mm in X ($130)" in message
    Path("flock.gcode").write_text(gcode().replace("(end)", "M6\n(end)").replace("(stroke", "(s"))
    assert "GRBL 1.1 does not know M6" in last_line("flock.gcode", "--check-only", fails=1)
