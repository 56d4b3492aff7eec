"""Flock: a list of drawings that shows itself in a notebook, finished or being drawn; its files."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

from sketchvae.drawing import Drawing
from sketchvae.errors import ArgumentError, SketchvaeError, abbreviate, check_suffix
from sketchvae.svg_page import MM_PER_PX

if TYPE_CHECKING:
    from sketchvae.render.page import Style

MAX_SHOWN = 100  # drawings of a larger flock that a notebook shows
_CELL = 140  # CSS pixels, side of a drawing's cell
_MIN_WIDTH, _MAX_WIDTH = 200, 980  # CSS pixels, of the page


class Flock(list[Drawing]):
    """A list of drawings; slices, sums and copies of it are flocks too.

    A notebook shows its first 100 drawings on a page; `animate` lets them be drawn, and `save`
    writes them into a file.
    """

    def __init__(self, drawings: Iterable[Drawing] | Drawing = ()) -> None:
        super().__init__(as_drawings(drawings))

    @overload
    def __getitem__(self, index: SupportsIndex) -> Drawing: ...

    @overload
    def __getitem__(self, index: slice) -> "Flock": ...

    def __getitem__(self, index: SupportsIndex | slice) -> "Drawing | Flock":
        item = super().__getitem__(index)
        return Flock(item) if isinstance(item, list) else item

    def __add__(self, other: Iterable[Drawing]) -> "Flock":  # type: ignore[override]
        return Flock([*self, *as_drawings(other)])

    def __radd__(self, other: Iterable[Drawing]) -> "Flock":
        return Flock([*as_drawings(other), *self])

    def __mul__(self, times: SupportsIndex) -> "Flock":
        return Flock(super().__mul__(times))

    __rmul__ = __mul__

    def copy(self) -> "Flock":
        """Return a flock of the same drawings."""
        return Flock(self)

    def sorted(self, key: Callable[[Drawing], Any], *, reverse: bool = False) -> "Flock":
        """Return a flock of the same drawings in order; `sorted(flock)` is a plain list.

        Args:
            key: function of a drawing, the least first: `lambda drawing: drawing.n_points`.
            reverse: the greatest first.
        """
        return Flock(sorted(self, key=key, reverse=reverse))

    def save(self, path: "PathLike[str] | str", **look: Any) -> None:  # noqa: ANN401
        """Write the drawings into a file, which is replaced if it exists; see `write`."""
        write(path, self, **look)

    def __repr__(self) -> str:
        points = sum(drawing.n_points for drawing in self)
        return f"Flock({len(self)} drawing{'s' * (len(self) != 1)}, {points} points)"

    def _repr_svg_(self) -> str | None:
        """Return the first 100 drawings as SVG; None for no drawing: a notebook shows the repr."""
        from sketchvae.render.page import PageSpec, Style, grid
        from sketchvae.render.svg import to_svg

        shown = self[:MAX_SHOWN]
        if not shown:
            return None
        columns, _ = grid(len(shown), None)
        width = min(max(columns * _CELL, _MIN_WIDTH), _MAX_WIDTH)
        style = Style(colour="currentColor")
        return to_svg(PageSpec(len(shown), width * MM_PER_PX, style=style), shown)

    def animate(
        self,
        *,
        seconds: float | None = None,
        speed: float | None = None,
        together: bool = False,
        loop: bool = False,
        tip: bool = False,
    ) -> "Player":
        """Return a player for a notebook, with a button and a slider, in which they are drawn.

        Args:
            seconds: duration; None lets the speed decide.
            speed: of the pen, in longest sides of a drawing a second; None for 1.5, or the
                recorded times.
            together: draw all drawings at once instead of one after another.
            loop: begin again, for ever.
            tip: show the tip of the pen.

        Raises:
            SketchvaeError: for a time out of range, both seconds and speed, or no stroke.
        """
        from sketchvae.render.page import PageSpec
        from sketchvae.render.player import PLAYER_STYLE, to_html
        from sketchvae.render.timeline import Animation, Pace

        pace = Pace(seconds=seconds, speed=speed, together=together)
        spec = PageSpec(len(self), style=PLAYER_STYLE)
        return Player(to_html(spec, self, Animation(pace, loop=loop, tip=tip)))


class Player:
    """A page that plays drawings; it shows itself in a notebook.

    Attributes:
        html: the whole page, to be written into a file.
    """

    def __init__(self, page: str) -> None:
        self.html = page

    def __repr__(self) -> str:
        return f"Player(a page of {len(self.html) / 1000:.0f} kB, which a notebook shows)"

    def _repr_html_(self) -> str:
        """Return the page in a frame, so that neither it nor the notebook changes the other."""
        import html  # here, since one sheep does not need it

        return (
            f'<iframe srcdoc="{html.escape(self.html)}" width="440" height="500" '
            'style="border:0" title="drawings being drawn"></iframe>'
        )


def as_drawings(drawings: object) -> list[Drawing]:
    """Return drawings as a list; a single one is a list of one.

    Raises:
        ArgumentError: for anything else, naming what came.
    """
    if isinstance(drawings, Drawing):
        return [drawings]
    if isinstance(drawings, str | PathLike):
        raise ArgumentError(
            f"must get drawings, got the name {abbreviate(str(drawings))}; read them first, with "
            f"sketchvae.read({abbreviate(str(drawings))})"
        )
    if not isinstance(drawings, Iterable):
        raise ArgumentError(
            f"must get a Drawing or a list of them, got {abbreviate(drawings)}; draw some, or read "
            "them with sketchvae.read(FILE)"
        )
    listed = list(drawings)
    for index, drawing in enumerate(listed):
        if not isinstance(drawing, Drawing):
            raise ArgumentError(
                f"must get a Drawing or a list of them, got {abbreviate(drawing)} as number "
                f"{index}; of strokes make a Drawing(strokes) first"
            )
    return listed


def read(path: "PathLike[str] | str", *, split_groups: bool = False) -> Flock:
    """Read the drawings of a file, or of all files in a folder; the suffix names the format.

    `data.formats.read` yields them one by one, for files that are larger than memory.

    Args:
        path: the file, as "sheep.ndjson", or some of its drawings, as "sheep.ndjson:2,5-7"; "-" is
            ndjson from standard input.
        split_groups: in an SVG page of another program, whether each outermost group or shape is a
            drawing.

    Raises:
        SketchvaeError: if the file is missing, or of another kind, or has no drawing.
    """
    from sketchvae.data.selection import Selection

    if not isinstance(path, str | PathLike):
        raise ArgumentError(
            f"must get the name of a file or folder, got {abbreviate(path)}; read one after another"
        )
    return Flock(Selection.parse(str(path)).drawings(split_groups=split_groups))


def write(
    path: "PathLike[str] | str",
    drawings: Iterable[Drawing] | Drawing,
    **look: Any,  # noqa: ANN401 - each of its own type
) -> None:
    """Write drawings into a file; the suffix chooses the form.

    | suffix | form |
    |---|---|
    | .svg, .png | a page of all drawings |
    | .html, .gif, .apng, .webp, .mp4 | a film of all drawings being drawn |
    | .ndjson, .ndjson.gz, .bin, .npz, .drawings | the drawings, see `data.formats.write` |

    A file that exists is replaced, as by Pillow or pandas: a cell of a notebook is run again and
    again. `.bin` and `.npz` hold integers: a drawing of another form is
    scaled to 255 and rounded. The two arguments may change places.

    Args:
        path: the file; "-" is ndjson to standard output.
        drawings: one, or at least one.
        look: of pages and films: `width` in mm, `pixels` of .png and films, `seconds` of films, and
            what `Style` has: `colour`, `background`, `stroke_width` in mm, `palette`, `smooth`.

    Raises:
        SketchvaeError: for another suffix, no drawing, a look that the file cannot have, or a file
            that cannot be written.
    """
    from sketchvae.data import formats
    from sketchvae.render import animation

    if isinstance(drawings, str | PathLike):
        path, drawings = drawings, path
    listed = as_drawings(drawings)
    if not isinstance(path, str | PathLike):
        raise ArgumentError(f"must get the name of a file to write, got {abbreviate(path)}")
    file = Path(path)
    if file == formats.STANDARD:
        formats.write(file, listed)
        return
    pictures = (".svg", ".png", *(s for s in animation.SUFFIXES if s not in (".svg", ".png")))
    suffix = check_suffix(file, (*pictures, *formats.SUFFIXES), "drawings", "sheep.svg")
    _check_look(file, look)
    if suffix in (".svg", ".png"):
        _write_page(file, listed, look)
    elif suffix in pictures:
        from sketchvae.render.timeline import Animation, Pace

        motion = Animation(Pace(seconds=look.pop("seconds", None)), loop=animation.loops(file))
        width, pixels, style = _sizes_and_style(look)
        spec = animation.animation_spec(
            file, len(listed), width_mm=width, pixels=pixels, style=style
        )
        animation.write_animation(spec, listed, motion)
    elif suffix in (".bin", ".npz"):
        formats.write(file, (d if d.is_simplified else d.to_quickdraw() for d in listed))
    else:
        formats.write(file, listed)


def _check_look(path: Path, look: Mapping[str, Any]) -> None:
    """Refuse a look that a file cannot have.

    Args:
        path: the file.
        look: values by name, see `write`.
    """
    from difflib import get_close_matches

    from sketchvae.render import animation
    from sketchvae.render.page import Style

    suffix, films = path.suffix.lower(), set(animation.SUFFIXES) - {".svg", ".png"}
    fitting = {  # suffixes that a value is for, and what they are called
        "pixels": ({".png", *films} - {".html"}, ".png and films"),
        "seconds": (films, "films"),
    }
    known = ("width", *fitting, *(field.name for field in fields(Style)))
    for name in look:
        if name not in known:
            near = get_close_matches(name, known, 1)
            advice = f"did you mean {near[0]}?" if near else f"choose from {', '.join(known)}"
            raise ArgumentError(f"the look of a file has no {name}; {advice}")
        suffixes, purpose = fitting.get(name, ({".svg", ".png", *films}, "pages and films"))
        if suffix not in suffixes:
            raise SketchvaeError(f"{path}: {name} is for {purpose}; leave it out")


def _sizes_and_style(
    look: Mapping[str, Any], background: str | None = None
) -> "tuple[float, int | None, Style]":
    """Return the width in mm, the width in pixels, and the style of a look.

    Args:
        look: values by name, see `write`.
        background: where it has none.
    """
    from sketchvae.render.page import Style

    style = {"background": background, **look}
    width, pixels = style.pop("width", 100.0), style.pop("pixels", None)
    return width, pixels, Style(**style)


def _write_page(path: Path, drawings: list[Drawing], look: Mapping[str, Any]) -> None:
    from sketchvae.files import replacing
    from sketchvae.render.page import PageSpec, PictureSpec
    from sketchvae.render.png import to_png
    from sketchvae.render.svg import to_svg

    count = len(drawings)
    if path.suffix.lower() == ".svg":
        width, _, style = _sizes_and_style(look)
        content = f"{to_svg(PageSpec(count, width, style=style), drawings)}\n".encode()
    else:
        width, pixels, style = _sizes_and_style(look, "white")
        content = to_png(PictureSpec(count, width, style=style, pixels=pixels), drawings)
    with replacing(path) as temporary:
        temporary.write_bytes(content)
