"""The readers that are fuzzed: for each, good files to begin from, and what is read of them."""

import gzip
import io
import json
import pickle
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from bad_files import ROWS, member, npz_of, objects, packed
from gcode_samples import PENS, SERVO_BY_G1, gcode
from helpers import CONFIG, flock, network_in_torch, random_model, svg_of
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from svg_grammar import Grammar

from sketchvae.bitmaps import has_bitmaps, read_bitmaps
from sketchvae.data import dataset, formats, latents
from sketchvae.explore import cluster_priors
from sketchvae.machine.journal import Journal
from sketchvae.machine.parser import read_job
from sketchvae.machine.recovery import find_resume_point
from sketchvae.machine.resume import ResumePoint, remaining_commands
from sketchvae.machine.timing import command_seconds, known_motion
from sketchvae.model import weights
from sketchvae.plot.profiles import read_profiles
from sketchvae.render.record import Record, read_record
from sketchvae.svg_page import RECORD

TAKEN = 50  # drawings of a file that are simplified, strokes of a job that are resumed


class Reader(NamedTuple):
    """A reader and what it reads.

    Attributes:
        name: of the file; its suffix may choose the reader.
        seeds: good files.
        read: reads a file.
        inner: contents that are mutated before they are wrapped; none to mutate files alone.
        wrap: makes a file of a content.
    """

    name: str
    seeds: Sequence[bytes]
    read: Callable[[Path], object]
    inner: Sequence[bytes] = ()
    wrap: Callable[[bytes], bytes] = bytes


def _drawings(path: Path) -> None:
    """Read all drawings, and simplify the first."""
    drawings = formats.read(path)
    for drawing in islice(drawings, TAKEN):
        dataset.to_points(drawing)
    for _ in drawings:
        pass


# --- good files -------------------------------------------------------------------------

_FLOCK = flock(3)
_LINES = [
    b'{"word":"sheep","key_id":"12","drawing":[[[0,255],[3,4]],[[7],[8]]]}\n',
    b'{"word":"a cow","drawing":[[[0.5,25.25],[3,4e1],[0,17]],[[7,8],[8,9],[20,30]]]}\n\n'
    b'{"key_id":12,"recognized":true,"drawing":[[[1,2],[3,4]]]}\n',
]
_JSON = [b"[[[0,255],[3,4]],[[7],[8]]]", b"[" + _LINES[0].strip() + b"]", _LINES[0]]
_CSV = [
    b'key_id,drawing,word\r\n1,"[[[0, 255], [3, 4]], [[7], [8]]]",sheep\r\n2,"[[[1],[1]]]",cow\r\n',
    b'drawing\n"[[[0,25],[3,4]]]"\n',
]
_BIN = [packed([[(1, 1), (9, 200)], [(3, 3)]]) * 2, packed([[(0, 0)] * 5])]
_PICKLES = [member(pickle.dumps(objects([ROWS]), protocol=p)) for p in (2, 3, 4)]
_DENSE = io.BytesIO()
np.save(_DENSE, np.array([ROWS, ROWS]))
_MEMBERS = [*_PICKLES, _DENSE.getvalue()]


def _npz(content: bytes) -> bytes:
    return npz_of({"train": content})


def _saved(save: Callable[[Path], object], name: str) -> bytes:
    """Return the bytes of a file that is written into a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder, name))
        return Path(folder, name).read_bytes()


_PAGE = svg_of(_FLOCK)
_SVG = [
    _PAGE.encode(),
    b'<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="50" viewBox="0 0 100 100">'
    b"<style>.a > path:nth-child(2n+1), #b {stroke: rgb(10%,20%,30%); fill:none}</style>"
    b'<defs><g id="b"><circle cx="5" cy="5" r="3"/></g><clipPath id="c">'
    b'<rect width="9" height="9"/></clipPath></defs>'
    b'<g class="a" transform="rotate(30 5 5) scale(2,.5) skewX(3)">'
    b'<path stroke="red" d="M0,0 l9-9 h3v-4 q1 1 2 2t3 3c1,1 2,2 3,3s4 4 5 5a3 4 20 0 1 9 9z"/>'
    b'<path stroke-dasharray="3 2,1" d="M1 1L9 9"/></g><use href="#b" x="3" y="4"/>'
    b'<polyline points="1,2 3,4 5,6" clip-path="url(#c)" stroke="#123"/>'
    b'<ellipse cx="5%" cy="5em" rx="3" ry="2pt" stroke="blue" stroke-width="2mm"/></svg>',
    *(Grammar(seed).document().encode() for seed in range(6)),
]
_PACKED = _saved(partial(dataset.pack, _FLOCK), "a.drawings")
_LATENTS = np.array([[0.5, -1, 2], [3, 4, 5e-3]], np.float32)
_NPY, _Z_CSV, _Z_JSON = (
    _saved(lambda path: latents.write(path, [_LATENTS]), f"z{suffix}")
    for suffix in latents.SUFFIXES
)
_GCODE = [
    *(gcode(pen).encode() for pen in PENS),
    SERVO_BY_G1.encode(),
    b"%\nO100\nG20 G90\n(pen-up: M5)\nM5\nG0X0Y0\nM3S100\n"
    b"G2X1Y1I.5J.5F10\nG3 X2 Y2 R1\nM5\nG0X0Y0\nM2\n",
]
_JOB = read_job(gcode().encode(), "a.gcode")
_PROFILES = [
    b'[mine]\nabout = "a \\"plotter\\""\nlike = "grbl-servo"\nup = 60\ndown = 90.5\nfeed = 3000\n'
    b'bed = "a3"\norigin = "top-left"\nhome = true\n\n'
    b'[other]\nformat = "hpgl"\ndevice = "hp7475a"\n',
    b'[z]\nformat = "gcode"\npen-up = "G1 Z0.5 F5000 | G4 P0.1"\npen-down = "G1 Z5"\n'
    b'port = "/dev/x"\n'
    b"dwell-up = 0\nrapid = 8000\nacceleration = 1000\npage = \"a4\"\n"
    b"margin = 1e1\noffset = '5x5'\n",
]  # fmt: skip


def _journal() -> bytes:
    journal = Journal(Path("a.job"), _JOB, ResumePoint(0), (0.0, 0.0))
    journal.sent, journal.acknowledged, journal.done, journal.refused = 40, 38, 2, 17
    return journal._content()


def _model_file() -> bytes:
    return _saved(partial(weights.save, random_model()), "m.safetensors")


def _resealed(content: bytes) -> bytes:
    """Return a weights file with the checksum that its content should have, where it has one."""
    from safetensors import SafetensorError
    from safetensors.numpy import load, save

    try:
        end = 8 + int.from_bytes(content[:8], "little")
        metadata = dict(json.loads(content[8:end])["__metadata__"])
        arrays = load(content)
        metadata.pop("checksum")
        return save(arrays, {**metadata, "checksum": weights._checksum(arrays, metadata)})
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError):
        return content


def _clusters() -> bytes:
    priors = cluster_priors.ClusterPriors(random_model().prior, "0" * 16)
    return _saved(lambda path: cluster_priors.save(priors, path.parent), cluster_priors.FILE)


def _record() -> str:
    return Record(("draw", "-n", "2", "--seed", "7"), 7, (0.3,), "sheep", "0" * 16, "0.2").to_text()


def _picture() -> bytes:
    """Return a PNG with a record."""
    info, stream = PngInfo(), io.BytesIO()
    info.add_text(RECORD, _record())
    Image.new("L", (2, 2)).save(stream, "PNG", pnginfo=info)
    return stream.getvalue()


def _checkpoint() -> bytes:
    """Return a checkpoint as training writes it, after a step."""
    import torch

    network = network_in_torch(random_model())
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    sum(parameter.sum() for parameter in network.parameters()).backward()  # type: ignore[union-attr]
    optimizer.step()
    prior = {name: torch.tensor(array) for name, array in random_model().prior.stored().items()}
    state = {
        "identity": {**asdict(CONFIG), "scale": 40.0, "max_points": 250, "beginning": "random"},
        "step": 1,
        "best": 1.5,
        "model": network.state_dict(),
        "averaged": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "history": [(1, 1.5)],
        "about": {"word": "sheep"},
        "prior": prior,
    }
    stream = io.BytesIO()
    torch.save(state, stream)
    return stream.getvalue()


def _pickle_of(checkpoint: bytes) -> bytes:
    """Return the pickle in a checkpoint."""
    with zipfile.ZipFile(io.BytesIO(checkpoint)) as archive:
        return archive.read("archive/data.pkl")


def _with_pickle(content: bytes) -> bytes:
    """Return the checkpoint with another pickle in it."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(_checkpoint_once())) as old,
        zipfile.ZipFile(stream, "w") as new,
    ):
        for info in old.infolist():
            is_pickle = info.filename == "archive/data.pkl"
            new.writestr(info.filename, content if is_pickle else old.read(info))
    return stream.getvalue()


_checkpoint_once = cache(_checkpoint)


def _bitmaps() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, x=np.zeros((2, 784), np.uint8))
    return stream.getvalue()


# --- what is read -------------------------------------------------------------------------


def _profiles(path: Path) -> None:
    for profile in read_profiles(path).values():
        if profile.form == "G-code":
            profile.pen_lift()
            profile.motion()
        profile.machine()


def _journals(path: Path) -> None:
    journal = Journal.read(path, _JOB)
    if journal is not None and (start := find_resume_point(journal, (15.0, 10.0))):
        remaining_commands(_JOB, start)


def _model(path: Path) -> None:
    from sketchvae.model.loader import load_model

    load_model(path)


def _pictures(path: Path) -> None:
    has_bitmaps(path)
    read_bitmaps(path)


def _job(path: Path) -> None:
    job = read_job(path.read_bytes(), str(path))
    command_seconds(job.commands, job.unit, known_motion(job.speeds))
    last = len(job.strokes) + 1
    for point in {*range(min(TAKEN, last)), last - 1, last}:
        remaining_commands(job, ResumePoint(point))


READERS: dict[str, Reader] = {
    "ndjson": Reader("a.ndjson", _LINES, _drawings),
    "ndjson.gz": Reader(
        "a.ndjson.gz", [*map(gzip.compress, _LINES)], _drawings, _LINES, gzip.compress
    ),
    "json": Reader("a.json", _JSON, _drawings),
    "csv": Reader("a.csv", _CSV, _drawings),
    "bin": Reader("a.bin", _BIN, _drawings),
    "npz": Reader("a.npz", [*map(_npz, _MEMBERS)], _drawings, _MEMBERS, _npz),
    "svg": Reader("a.svg", _SVG, _drawings),
    "svgz": Reader("a.svgz", [*map(gzip.compress, _SVG)], _drawings, _SVG, gzip.compress),
    "drawings": Reader("a.drawings", [_PACKED], _drawings),
    "latents.npy": Reader("z.npy", [_NPY], partial(latents.read, width=3)),
    "latents.csv": Reader("z.csv", [_Z_CSV], partial(latents.read, width=3)),
    "latents.json": Reader("z.json", [_Z_JSON], partial(latents.read, width=3)),
    "weights": Reader("m.safetensors", [_model_file()], weights.load, [_model_file()], _resealed),
    "clusters": Reader(cluster_priors.FILE, [_clusters()], lambda p: cluster_priors.load(p.parent)),
    "bitmaps": Reader("x.npz", [_bitmaps()], _pictures),
    "gcode": Reader("a.gcode", _GCODE, _job),
    "machines": Reader("machines.toml", _PROFILES, _profiles),
    "journal": Reader("a.job", [_journal()], _journals),
    "record": Reader("a.svg", [svg_of(_FLOCK, record=_record()).encode()], read_record),
    "record.png": Reader("a.png", [_picture()], read_record),
}


def checkpoints() -> Reader:
    """Return the reader that needs torch, which is slow to load."""
    good = _checkpoint_once()
    return Reader("last.pt", [good], _model, [_pickle_of(good)], _with_pickle)
