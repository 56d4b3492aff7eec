"""sketchvae info: what a weights file is and where it comes from."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from sketchvae.cli.paths import INPUT


@click.command()
@click.argument("model", required=False, type=INPUT)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def info(model: Path | None, as_json: bool) -> None:
    """Tell what MODEL is: sizes, training data, licence, measured figures.

    Without MODEL, the sheep that come with sketchvae.

    \b
    Examples:
      sketchvae info
      sketchvae info model.safetensors --json
    """
    from sketchvae.model.loader import load_model, model_path

    path = model_path(model)
    loaded = load_model(path)
    facts = {
        "file": str(path),
        "bytes": path.stat().st_size,
        "config": asdict(loaded.config),
        "scale": loaded.scale,
        "prior": f"mixture of {len(loaded.prior.weights)} in {loaded.config.latent} dimensions",
        **loaded.about,
    }
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for line in _lines(facts):
        click.echo(line)


def _lines(facts: dict[str, Any], indent: str = "") -> Iterator[str]:
    """Write facts one a line, those within others further in."""
    for name, value in facts.items():
        if isinstance(value, dict):
            yield f"{indent}{name}"
            yield from _lines(value, indent + "  ")
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            yield f"{indent}{name:<{max(14 - len(indent), 1)}} {text}"
