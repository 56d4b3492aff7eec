"""What several test files share: sample files, small models, the command line in this process."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from sketchvae.cli import main
from sketchvae.data import formats
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.model.config import ModelConfig
from sketchvae.model.prior import Prior
from sketchvae.model.weights import Model
from sketchvae.render.page import PageSpec, PictureSpec
from sketchvae.render.png import to_png
from sketchvae.render.svg import to_svg
from sketchvae.render.timeline import Animation, StrokeTime
from sketchvae.sequences import to_stroke5

if TYPE_CHECKING:
    import torch

    from sketchvae.model.torch_net import SketchVAE

SHEEP = Path(__file__).parents[1] / "data" / "sheep.ndjson"
QUICKDRAW = SHEEP.with_name("quickdraw-sheep.ndjson")  # 20, drawn by people, CC BY 4.0 by Google
QUICKDRAW_RAW = SHEEP.with_name("quickdraw-sheep-raw.ndjson")  # one of them with times
SHARED = Path(__file__).parents[2] / "shared" / "data"  # larger sets, beside some clones only
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="a larger check, where ../shared/data is present"
)
GOLDEN = Path(__file__).parent / "golden"

E, H, Z, M = 6, 8, 3, 2  # encoder hidden, decoder hidden, latent, mixture components
CONFIG = ModelConfig(encoder_hidden=E, decoder_hidden=H, latent=Z, mixtures=M)
SCALE = 40.0  # pixels per model unit


# --- pages and pictures -----------------------------------------------------------------


def svg_of(
    drawings: Sequence[Drawing],
    animation: Animation | None = None,
    **layout: Any,  # noqa: ANN401 - the fields of PageSpec
) -> str:
    """Return a page of drawings as SVG."""
    return to_svg(PageSpec(len(drawings), **layout), drawings, animation)


def png_of(drawings: Sequence[Drawing], **layout: Any) -> bytes:  # noqa: ANN401 - of PictureSpec
    """Return a picture of drawings as PNG."""
    return to_png(PictureSpec(len(drawings), **layout), drawings)


def drawn_by(time: StrokeTime, second: float) -> float:
    """Return the fraction of a stroke that is drawn by then; 0 before it begins."""
    return float(np.interp(second, time.seconds, time.fractions, left=0.0))


# --- the command line, and errors -------------------------------------------------------


def sketchvae(
    *arguments: str | Path, fails: int = 0, stdin: str | None = None, force: bool = True
) -> str:
    """Run a command in this process; return what it printed, both streams.

    Args:
        arguments: of the command line.
        fails: expected exit status.
        stdin: standard input.
        force: replace files, as tests do that write to one name again and again.
    """
    command: click.Command | None = main
    for word in arguments:
        if isinstance(command, click.Group):
            command = command.commands.get(str(word))
    forces = command is not None and any(p.name == "force" for p in command.params)
    words = [*arguments, *(["--force"] if force and forces else [])]
    result = CliRunner().invoke(main, [str(word) for word in words], input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == fails, result.output
    return result.output


def refusal(act: Callable[[], object]) -> str:
    """Return the message, one line, of the SketchvaeError that `act` raises."""
    with pytest.raises(SketchvaeError) as caught:
        act()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def imported_by(module: str, watched: set[str]) -> set[str]:
    """Import a module in a fresh process; return which packages of `watched` came with it."""
    script = f"import sys, json, {module}; print(json.dumps([*sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in json.loads(done.stdout)} & watched


def compare_golden(text: str, name: str, update: bool = False) -> None:
    """Compare a text with tests/golden/NAME, or write it there."""
    path = GOLDEN / name
    if update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{name}: see --update-golden"


# --- small models and drawings ------------------------------------------------------------


def random_model(seed: int = 0) -> Model:
    """A tiny model with random weights."""
    rng = np.random.default_rng(seed)
    tensors = {
        name: (rng.normal(size=shape) * 0.8).astype(np.float32)
        for name, shape in CONFIG.shapes().items()
    }
    tensors["head.weight"][:, H:] *= np.float32(0.05)  # context features are many units long
    prior = Prior(
        np.ones(1, np.float32), np.zeros((1, Z), np.float32), np.eye(Z, dtype=np.float32)[None]
    )
    return Model(CONFIG, SCALE, tensors, prior, {"word": "sheep"})


def twelve() -> list[Drawing]:
    """Return the first twelve sheep of data/sheep.ndjson."""
    return list(formats.read(SHEEP))[:12]


def ending_model() -> Model:
    """A tiny model whose drawings end about every fifth step."""
    model = random_model()
    model.tensors["head.weight"] *= np.float32(0.2)
    model.tensors["head.bias"][-3:] = np.log([0.5, 0.3, 0.2])
    return model


def network_in_torch(model: Model) -> "SketchVAE":
    """The same weights as a torch module, in evaluation mode."""
    from sketchvae.model.torch_net import SketchVAE

    network = SketchVAE(model.config)
    network.load_arrays(model.tensors)
    return network.eval()


def flock(n: int, seed: int = 0) -> list[Drawing]:
    """Random drawings in simplified form, of 3 to 60 points, some with strokes of one point."""
    rng = np.random.default_rng(seed)
    drawings = []
    for _ in range(n):
        lengths = rng.integers(1, 12, size=rng.integers(1, 6))
        strokes = [rng.integers(0, 256, size=(k, 2)) for k in lengths]
        strokes[0] = np.concatenate([[[0, 0]], [[255, 255]], strokes[0]])
        drawings.append(Drawing(strokes))
    return drawings


def padded(
    drawings: list[Drawing], order: NDArray[np.intp], scale: float = SCALE
) -> "tuple[torch.Tensor, torch.Tensor]":
    """Stroke-5 batch (B, T, 5) and lengths (B,) as the torch network takes them."""
    import torch

    rows = [to_stroke5(drawings[i]) for i in order]
    steps = np.zeros((len(rows), max(map(len, rows)) + 3, 5), dtype=np.float32)
    for i, row in enumerate(rows):
        steps[i, : len(row)] = row / [scale, scale, 1, 1, 1]
    return torch.from_numpy(steps), torch.tensor([len(row) for row in rows])
