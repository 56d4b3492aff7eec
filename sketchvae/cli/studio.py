"""sketchvae studio: the page in the browser."""

from pathlib import Path

import click

from sketchvae.cli.options import model_option


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="0 for any that is free.  [default: 8137, or one that is free]",
)
@click.option("--open/--no-open", "opens", default=True, help="Open the browser.  [default: open]")
@model_option
def studio(host: str, port: int | None, opens: bool, model: Path | None) -> None:
    """Draw together with the model, in the browser.

    Needs sketchvae[web]. The page is for this computer alone, unless --host says otherwise;
    Ctrl-C ends it.

    \b
    Examples:
      sketchvae studio
      sketchvae studio --port 8200 --no-open
    """
    import webbrowser

    from sketchvae.cli.extras import needs
    from sketchvae.cli.plot_profile import profile_for

    with needs("web"):
        from sketchvae.web.run import run
    from sketchvae.generate.artist import load

    name = "sheep" if model is None else model.stem
    launch = webbrowser.open if opens else None
    run(load(model), name, profile_for(None, "G-code"), host, port, launch, click.echo)
