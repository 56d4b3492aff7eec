"""Bodies of requests and answers, as JSON. A drawing is that of Quick, Draw!: [[xs, ys], ...]."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sketchvae.data.ndjson import drawing_of
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError, abbreviate

MAX_BODY = 4 * 2**20  # bytes
MAX_STROKES, MAX_POINTS = 500, 10_000  # of a drawing
MAX_DRAWINGS = 200  # of a page, or to encode
MAX_N = 64  # drawings of one request
MAX_CANDIDATES = 256  # n times best_of
MAX_SEED = 2**53 - 1  # what JavaScript holds exactly

Coordinate = Annotated[float, Field(ge=-1e6, le=1e6)]
Column = Annotated[list[Coordinate], Field(min_length=1, max_length=MAX_POINTS)]
Stroke = Annotated[
    list[Column], Field(min_length=2, max_length=2, description="xs and ys, equally long")
]
Strokes = Annotated[list[Stroke], Field(min_length=1, max_length=MAX_STROKES)]
Drawings = Annotated[list[Strokes], Field(min_length=1, max_length=MAX_DRAWINGS)]
Number = Annotated[int, Field(ge=1, le=MAX_N)]
Seed = Annotated[int | None, Field(ge=0, le=MAX_SEED, description="null for a random one")]
Temperature = Annotated[float | None, Field(ge=0.001, le=10, description="null for the usual one")]
Place = Annotated[float, Field(ge=-1, le=1)]
Length = Annotated[float, Field(ge=0, le=5000)]
Side = Annotated[float, Field(ge=10, le=5000)]
Colour = Annotated[str, Field(min_length=1, max_length=30)]
Form = Literal["svg", "animated-svg", "png", "gif", "ndjson", "gcode", "hpgl"]


class Body(BaseModel):
    """A JSON object of known fields, without conversions of types."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


_Body = TypeVar("_Body", bound=Body)


class Draw(Body):
    """Draw new drawings, variations of one (`like`), or those of latents."""

    n: Number = 1
    seed: Seed = None
    temperature: Temperature = None
    best_of: Annotated[int, Field(ge=1, le=MAX_CANDIDATES)] = 1
    latents: Annotated[list[list[float]] | None, Field(min_length=1, max_length=MAX_N)] = None
    like: Strokes | None = None
    spread: Annotated[float | None, Field(ge=0, le=10)] = None


class Reconstruct(Body):
    """Draw a drawing anew from its own latent."""

    drawing: Strokes
    seed: Seed = None
    temperature: Temperature = None


class Complete(Reconstruct):
    """Continue a drawing; `open` goes on with its last stroke where that ends."""

    n: Number = 1
    open: bool = False


class Morph(Body):
    """Draw along the path between two drawings."""

    first: Strokes
    last: Strokes
    steps: Annotated[int, Field(ge=2, le=32)] = 8
    seed: Seed = None


class Encode(Body):
    """Encode drawings."""

    drawings: Drawings


class Score(Body):
    """Compare a drawing with real ones."""

    drawing: Strokes


class MapPlace(Body):
    """Draw at a place of the map, from -1 to 1: x to the right, y downwards."""

    x: Place
    y: Place
    seed: Seed = None


class Sheet(Body):
    """A page of paper, and how drawings are laid out on it; lengths in mm."""

    width: Side = 210.0
    height: Side = 297.0
    margin: Length = 10.0
    gap: Length | None = None
    layout: Literal["grid", "packed"] = "grid"
    pens: Annotated[list[Colour], Field(min_length=1, max_length=8)] = ["black"]
    pen_width: Annotated[float, Field(ge=0.01, le=20)] = 0.3
    smooth: bool = True
    vary: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    optimize: bool = False


class Page(Body):
    """Lay drawings out on a page."""

    drawings: Drawings
    page: Sheet = Sheet()


class Export(Page):
    """Write drawings as a file; with a page an SVG is that page, for a plotter."""

    format: Form
    page: Sheet | None = None  # type: ignore[assignment]
    background: Colour | None = None
    colour: Colour = "black"
    pixels: Annotated[int | None, Field(ge=16, le=4000)] = None


def parse(kind: type[_Body], content: bytes) -> _Body:
    """Read the body of a request.

    Args:
        kind: what it must be.
        content: JSON; nothing is an empty object.

    Raises:
        SketchvaeError: for the first fault.
    """
    try:
        return kind.model_validate_json(content or b"{}")
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
        where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in fault["loc"])[1:]
        what = fault["msg"][:1].lower() + fault["msg"][1:]
        got = "" if fault["type"] in ("missing", "json_invalid") else fault["input"]
        shown = f", got {abbreviate(got, 40)}" if got != "" else ""
        raise SketchvaeError(f"{where or 'the body'}: {what}{shown}") from error


def to_drawing(strokes: list[Any], word: str = "", name: str = "drawing") -> Drawing:
    """Return the drawing of strokes [xs, ys].

    Args:
        strokes: as the bodies hold them.
        word: the thing drawn.
        name: of the field, for messages.

    Raises:
        SketchvaeError: if the columns are not equally long, or the points too many.
    """
    points = sum(len(stroke[0]) for stroke in strokes)
    if points > MAX_POINTS:
        raise SketchvaeError(
            f"{name}: must have at most {MAX_POINTS} points, got {points}; leave some out"
        )
    return drawing_of({"word": word, "drawing": strokes}, name)
