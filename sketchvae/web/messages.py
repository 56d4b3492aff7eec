"""Bodies of requests, as JSON. A drawing is that of Quick, Draw!: [[xs, ys], ...], y downwards."""

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sketchvae.data.ndjson import drawing_of
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError, abbreviate
from sketchvae.generate.sampler import fresh_seed

MAX_BODY = 4 * 2**20  # bytes
MAX_STROKES, MAX_POINTS, MAX_DRAWINGS = 500, 10_000, 200
MAX_ALL, MAX_SCORED = 40_000, 100_000  # points of all drawings; strokes times points to score
MAX_N, MAX_CANDIDATES = 64, 256  # drawings of a request, and n times best_of
LIMITS = {"n": MAX_N, "strokes": MAX_STROKES, "points": MAX_POINTS}

# JSON has one kind of numbers: 3.0 is 3.
Whole = Annotated[int, BeforeValidator(lambda x: int(x) if type(x) is float and x % 1 == 0 else x)]
Coordinate = Annotated[float, Field(ge=-1e6, le=1e6)]
Column = Annotated[list[Coordinate], Field(min_length=1, max_length=MAX_POINTS)]
Stroke = Annotated[list[Column], Field(min_length=2, max_length=2, description="xs, as many ys")]
Strokes = Annotated[list[Stroke], Field(min_length=1, max_length=MAX_STROKES)]
Temperature = Annotated[float | None, Field(ge=0.001, le=10, description="null: the usual")]
Length = Annotated[float | None, Field(ge=0, le=5000)]
Colour = Annotated[str, Field(min_length=1, max_length=30)]
Form = Literal["svg", "animated-svg", "png", "gif", "ndjson", "gcode", "hpgl"]


class Body(BaseModel):
    """A JSON object of known fields, without conversions of types."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


_Body = TypeVar("_Body", bound=Body)


class Seeded(Body):
    """What depends on a seed."""

    seed: Whole | None = Field(None, ge=0, le=2**53 - 1, description="null for a random one")

    @property
    def chosen_seed(self) -> int:
        """The seed, or a random one."""
        return fresh_seed() if self.seed is None else self.seed


class Draw(Seeded):
    """New drawings; `like` asks for variations of one, `latents` for theirs."""

    n: Whole = Field(1, ge=1, le=MAX_N)
    temperature: Temperature = None
    best_of: Whole = Field(1, ge=1, le=MAX_CANDIDATES)
    latents: list[list[float]] | None = Field(None, min_length=1, max_length=MAX_N)
    like: Strokes | None = None
    spread: float | None = Field(None, ge=0, le=10)


class Given(Seeded):
    """A drawing, to be scored or drawn anew from its own latent."""

    drawing: Strokes
    temperature: Temperature = None


class Complete(Given):
    """A beginning; `open`: its last stroke goes on; `size`: longest side of the whole."""

    n: Whole = Field(1, ge=1, le=MAX_N)
    open: bool = False
    size: float | None = Field(None, gt=0, le=1e6)


class Morph(Seeded):
    """Both ends of a path."""

    first: Strokes
    last: Strokes
    steps: Whole = Field(8, ge=2, le=32)


class MapPlace(Seeded):
    """A place of the map, x to the right and y downwards."""

    x: float = Field(ge=-1, le=1)
    y: float = Field(ge=-1, le=1)


class Drawings(Body):
    """Some drawings."""

    drawings: list[Strokes] = Field(min_length=1, max_length=MAX_DRAWINGS)


class Sheet(Body):
    """A page of paper, and how drawings are laid out on it; lengths in mm."""

    width: float = Field(210.0, ge=10, le=5000)
    height: float = Field(297.0, ge=10, le=5000)
    margin: Length = None
    gap: Length = None
    layout: Literal["grid", "packed"] = "grid"
    pens: list[Colour] = Field(["black"], min_length=1, max_length=8)
    pen_width: float | None = Field(None, ge=0.01, le=20)
    smooth: bool = True
    vary: float | None = Field(None, ge=0, le=0.9)
    optimize: bool = False


class Page(Drawings):
    """Drawings on a page."""

    page: Sheet | None = None


class Export(Page):
    """Drawings as a file; with a page, SVG is that page, for a plotter."""

    format: Form
    colour: Colour = "black"
    background: Colour | None = None
    pixels: Whole | None = Field(None, ge=16, le=2000)


class Plot(Page):
    """A page to plot; it pauses never, behind each drawing, or every so many minutes."""

    pause: Literal["never", "drawing"] | Annotated[float, Field(gt=0, le=600)] = "never"


def parse(kind: type[_Body], content: bytes) -> _Body:
    """Read JSON as a body, nothing as an empty one; a SketchvaeError names the first fault."""
    try:
        return kind.model_validate_json(content or b"{}")
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
        where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in fault["loc"])[1:60]
        what = fault["msg"][:1].lower() + fault["msg"][1:]
        is_known = fault["type"] not in ("missing", "json_invalid")
        got = f", got {abbreviate(fault['input'], 40)}" if is_known else ""
        raise SketchvaeError(f"{where or 'the body'}: {what}{got}") from error


def to_drawing(strokes: Strokes, name: str = "drawing") -> Drawing:
    """Return the drawing of strokes; a SketchvaeError names the field where it is none."""
    points = sum(len(stroke[0]) for stroke in strokes)
    if points > MAX_POINTS:
        raise SketchvaeError(f"{name}: must have at most {MAX_POINTS} points, got {points}")
    return drawing_of({"drawing": strokes}, name)


def to_drawings(body: Drawings) -> list[Drawing]:
    """Return the drawings of a body."""
    drawings = [to_drawing(d, f"drawings[{i}]") for i, d in enumerate(body.drawings)]
    points = sum(drawing.n_points for drawing in drawings)
    if points > MAX_ALL:
        raise SketchvaeError(f"drawings: must have at most {MAX_ALL} points, got {points}")
    return drawings
