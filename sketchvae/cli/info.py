"""sketchvae info: what a weights file is and where it comes from."""

import json
from dataclasses import asdict
from pathlib import Path

import click


@click.command()
@click.argument("model", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def info(model: Path | None, as_json: bool) -> None:
    """Tell what MODEL is: sizes, training data, licence, measured figures.

    Without MODEL, the sheep that come with sketchvae.

    \b
    Example:
      sketchvae info
      sketchvae info runs/x/model.safetensors --json
    """
    from sketchvae.model_file import load, shipped_path

    path = model or shipped_path()
    loaded = load(path)
    facts = {
        "file": str(path),
        "bytes": path.stat().st_size,
        "config": asdict(loaded.config),
        "scale": loaded.scale,
        "prior": f"{len(loaded.prior.weights)} Gaussians of {loaded.config.latent} dimensions",
        **loaded.about,
    }
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for name, value in facts.items():
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v}" for k, v in value.items())
        click.echo(f"{name:<12} {value}")
