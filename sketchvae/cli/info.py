"""sketchvae info: what a weights file is and where it comes from, and how a picture was drawn."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from sketchvae import __version__
from sketchvae.cli.paths import INPUT, free_name
from sketchvae.cli.send import GCODE_SUFFIXES

_LINE = 70  # characters of facts within others, without --all
_PICTURES = (".svg", ".html", ".png", ".apng", ".gif", ".webp", ".mp4", ".jpg", ".jpeg")


@click.command()
@click.argument("file", required=False, type=INPUT)
@click.option(
    "--all", "in_full", is_flag=True, help="Every figure; else the first ones of each kind."
)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def info(file: Path | None, in_full: bool, as_json: bool) -> None:
    """Tell what FILE is: a model, or a picture that sketchvae drew.

    Of a model: sizes, training data, licence, measured figures. Without FILE, of the sheep that
    come with sketchvae. Of an .svg or .png: seed, temperature, model and version, and the command
    that draws it again.

    \b
    Examples:
      sketchvae info
      sketchvae info model.safetensors --json
      sketchvae draw -n 4 -o four.svg
      sketchvae info four.svg
    """
    is_picture = file is not None and file.suffix.lower() in _PICTURES
    facts = _picture_facts(file) if file is not None and is_picture else _model_facts(file)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    shown = facts if in_full else {name: _brief(value) for name, value in facts.items()}
    for line in _lines(shown):
        click.echo(line)


def _model_facts(path: Path | None) -> dict[str, Any]:
    from sketchvae.data import formats
    from sketchvae.errors import SketchvaeError
    from sketchvae.model.loader import SHIPPED, load_model, model_path

    if path is not None and not path.exists() and path != Path(SHIPPED):
        raise SketchvaeError(f"{path}: no such file; check the name")
    name = "" if path is None else path.name.lower()
    for kind, suffixes, command in (
        ("a file of drawings", (*formats.SUFFIXES, *formats.READ_ONLY), f"data info {path}"),
        ("G-code", GCODE_SUFFIXES, f"send {path} --check-only"),
    ):
        if name.endswith(suffixes):
            raise SketchvaeError(
                f"{path}: must be a model, or a picture, got {kind}; look into it with 'sketchvae "
                f"{command}'"
            )
    path = model_path(path)
    loaded = load_model(path)
    return {
        "file": str(path),
        "bytes": path.stat().st_size,
        "config": asdict(loaded.config),
        "scale": loaded.scale,
        "prior": f"mixture of {len(loaded.prior.weights)} in {loaded.config.latent} dimensions",
        **loaded.about,
    }


def _picture_facts(path: Path) -> dict[str, Any]:
    from sketchvae.render.record import read_record

    record = read_record(path)
    if record.version != __version__:
        click.echo(
            f"{path}: drawn by version {record.version}; this is {__version__}, whose drawings may "
            "be others",
            err=True,
        )
    return {
        "file": str(path),
        "seed": record.seed,
        "temperature": list(record.temperatures) or "typical",
        "model": record.model,
        "fingerprint": record.fingerprint,
        "version": record.version,
        **({"drawing": record.number} if record.number else {}),
        "drawings again" if record.is_kept else "again": record.command(free_name(path)),
    }


def _brief(value: object) -> object:
    """Return facts within others as one line that begins them; anything else as it is."""
    if not isinstance(value, dict):
        return value
    parts = []
    for name, inner in value.items():
        parts.append(name if isinstance(inner, dict | list) else f"{name} {inner}")
    first = ", ".join(parts)
    return first if len(first) <= _LINE else f"{first[:_LINE].rpartition(' ')[0]} ... (--all)"


def _lines(facts: dict[str, Any], indent: str = "") -> Iterator[str]:
    """Write facts one a line, those within others further in."""
    for name, value in facts.items():
        if isinstance(value, dict):
            yield f"{indent}{name}"
            yield from _lines(value, indent + "  ")
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            yield f"{indent}{name:<{max(14 - len(indent), 1)}} {text}"
