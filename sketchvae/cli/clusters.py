"""sketchvae clusters: groups of drawings in the latent space, and their traits."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sketchvae.cli.inputs import SELECTION
from sketchvae.cli.map import with_ink
from sketchvae.cli.options import model_option, number_option
from sketchvae.cli.paths import force_option, note_output

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sketchvae.data.selection import Selection
    from sketchvae.drawing import Drawing
    from sketchvae.explore.clusters import Clustering, EffectSize

_ADVICE = "name another folder with -o, or replace what an earlier run left with --force"
MAX_SHOWN = 60  # drawings on a contact sheet


@dataclass(frozen=True)
class _Cluster:
    """A cluster of the report: a line of text, an entry of JSON, a contact sheet.

    Attributes:
        number: number from 1, over both methods.
        method: "HDBSCAN" or "k-means".
        inside: (B,) whether each drawing is in it.
        words: number of its drawings by word.
        effects: the traits in which it differs most from the other drawings.
    """

    number: int
    method: str
    inside: "NDArray[np.bool_]"
    words: Counter[str]
    effects: "list[EffectSize]"

    @property
    def sheet(self) -> str:
        """File name of the contact sheet."""
        return f"cluster-{self.number}.png"


@click.command()
@click.argument("files", nargs=-1, required=True, type=SELECTION)
@force_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Folder for the contact sheets, cluster-1.png and so on, and for 'draw --cluster'.  "
    "[default: clusters]",
)
@click.option("-k", type=int, help="Clusters of k-means.  [default: of 2 to 8 the most stable]")
@number_option
@model_option
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def clusters(
    files: "tuple[Selection, ...]",
    output: Path | None,
    k: int | None,
    number: int | None,
    model: Path | None,
    as_json: bool,
) -> None:
    """Find groups among the drawings in FILES by their latents, and say what sets them apart.

    HDBSCAN finds what is denser than its surroundings, k-means divides whatever there is. The
    stability is the mean adjusted Rand index between a clustering and those of ten resamples of
    80 %: 1 is the same every time, 0 chance. Deviations are from the drawings outside of a
    cluster, in standard deviations. Needs sketchvae[explore].

    \b
    Example:
      sketchvae clusters sheep.ndjson
      sketchvae draw -n 12 --cluster 1 -o like-those.svg
    """
    from sketchvae.cli.extras import needs
    from sketchvae.explore.cluster_priors import FILE, FOLDER, fit_cluster_priors, save
    from sketchvae.explore.clusters import cluster, distinguishing_traits
    from sketchvae.files import make_folder
    from sketchvae.generate.artist import load

    folder = output or FOLDER
    note_output(folder / FILE, _ADVICE)
    drawings = with_ink(files, number)
    artist = load(model)
    posterior = artist.posterior(drawings)
    with needs("explore"):
        clusterings = cluster(posterior.mean, k)
    members = [(c.method, c.labels == i) for c in clusterings for i in range(c.clusters)]
    report = [
        _Cluster(
            number, method, inside,
            Counter(d.word for d, own in zip(drawings, inside, strict=True) if own),
            distinguishing_traits(drawings, inside),
        )
        for number, (method, inside) in enumerate(members, 1)
    ]  # fmt: skip
    for line in report:
        note_output(folder / line.sheet, _ADVICE)
    make_folder(folder, "name another with -o")
    save(fit_cluster_priors(artist.model, posterior, [inside for _, inside in members]), folder)
    _save_sheets(folder, drawings, report)
    if as_json:
        click.echo(json.dumps(_figures(clusterings, report), ensure_ascii=False))
    else:
        _print(clusterings, report, len(drawings))
    click.echo(f"{folder}: {len(report)} contact sheets", file=sys.stderr)


def _save_sheets(folder: Path, drawings: "Sequence[Drawing]", report: list[_Cluster]) -> None:
    """Write a contact sheet for each cluster, and delete further sheets of an earlier run."""
    from sketchvae.files import replacing
    from sketchvae.render.png import contact_sheet

    for line in report:
        own = [d for d, inside in zip(drawings, line.inside, strict=True) if inside][:MAX_SHOWN]
        with replacing(folder / line.sheet) as temporary:
            contact_sheet(own, columns=10, cell=120).save(temporary, format="PNG")
    number = len(report) + 1
    while (stale := folder / f"cluster-{number}.png").exists():
        stale.unlink()
        number += 1


def _figures(clusterings: "tuple[Clustering, ...]", report: list[_Cluster]) -> dict[str, Any]:
    return {
        "ways": {
            c.method: {
                "clusters": c.clusters,
                "stability": c.stability,
                "in_none": int((c.labels < 0).sum()),
            }
            for c in clusterings
        },
        "clusters": [
            {
                "cluster": line.number,
                "by": line.method,
                "drawings": int(line.inside.sum()),
                "words": dict(line.words.most_common()),
                "apart": [_effect_figures(effect) for effect in line.effects],
            }
            for line in report
        ],
    }


def _effect_figures(effect: "EffectSize") -> dict[str, Any]:
    values = asdict(effect)
    values["deviations"] = values.pop("cohens_d")
    return values


def _print(clusterings: "tuple[Clustering, ...]", report: list[_Cluster], drawings: int) -> None:
    for c in clusterings:
        outside = int((c.labels < 0).sum())
        stability = "" if c.stability is None else f", stability {c.stability:.2f}"
        what = f"{c.clusters} clusters{stability}" if c.clusters else "no clusters: one cloud"
        click.echo(f"{c.method:<8} {what}; {outside} of {drawings} drawings in none")
    several = len({word for line in report for word in line.words}) > 1
    for line in report:
        words = ", ".join(f"{word or '(none)'} {n}" for word, n in line.words.most_common(4))
        traits = "; ".join(_effect_text(effect) for effect in line.effects) or "like the others"
        click.echo(
            f"cluster {line.number:>2}  {line.method:<8} {int(line.inside.sum()):>6} drawings"
            f"{f' ({words})' if several else ''}: {traits}"
        )


def _effect_text(effect: "EffectSize") -> str:
    return (
        f"{effect.words} ({effect.trait} {effect.inside:.2f}, others {effect.outside:.2f}, "
        f"{effect.cohens_d:+.1f})"
    )
