"""sketchvae studio: the page in the browser, its server and its machine."""

import contextlib
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sketchvae.cli.options import model_option
from sketchvae.cli.plot_profile import machine_option, own_file, profile_for
from sketchvae.errors import SketchvaeError

if TYPE_CHECKING:
    from sketchvae.machine.plotter import Plotter
    from sketchvae.plot.profiles import Profile

PORT = 8137
MOST = 500  # connections at once; more are refused


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"0 for any that is free.  [default: {PORT}, or one that is free]",
)
@click.option("--open/--no-open", "opens", default=True, help="Open the browser.  [default: open]")
@machine_option("A machine that draws pages, where it has a port; see sketchvae machines.")
@click.option("--device", metavar="PORT", help="Port of that machine, as send takes it.")
@model_option
def studio(
    host: str,
    port: int | None,
    opens: bool,
    machine: str | None,
    device: str | None,
    model: Path | None,
) -> None:
    """Draw together with the model in the browser, and plot what you like.

    Needs sketchvae[web], and sketchvae[plot] for a machine. The page is for this computer alone,
    unless --host says otherwise. Ctrl-C ends it, and stops the machine with the pen up; what it
    has not drawn yet is offered again the next time.

    \b
    Examples:
      sketchvae studio
      sketchvae studio --port 8200 --no-open
      sketchvae studio --device /dev/ttyUSB0
    """
    import threading
    import webbrowser

    from sketchvae.cli.extras import needs
    from sketchvae.generate.artist import load
    from sketchvae.generate.parallel import cpu_count, one_thread

    with needs("web"):
        import uvicorn

        from sketchvae.web.server import Server
        from sketchvae.web.studio import Studio
    profile = profile_for(machine, "G-code")
    plotter = _plotter(profile, device)
    artist, name = load(model), "sheep" if model is None else model.stem
    listening = _listen(host, port)
    url = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}/"
    server = Server(Studio(artist, name, profile, plotter), cpu_count(), lambda: web.should_exit)
    settings = uvicorn.Config(
        server.app(host),
        log_level="error",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST,
        timeout_graceful_shutdown=1,
    )
    web = uvicorn.Server(settings)
    click.echo(f"the studio is at {url}; Ctrl-C ends it", err=True)
    if opens:  # in a thread, since some browsers do not return; the port listens already
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
    with one_thread(), contextlib.closing(server), contextlib.suppress(KeyboardInterrupt):
        web.run([listening])


def _plotter(profile: "Profile", device: str | None) -> "Plotter | None":
    """Return the machine to plot with; None if there is no port to one.

    Raises:
        SketchvaeError: if the machine does not draw G-code.
    """
    from sketchvae.cli.extras import needs

    port = device or (profile.port if profile.form == "G-code" else "")
    if not port:
        return None
    if profile.form != "G-code":
        raise SketchvaeError(
            f"--device: must be the port of a machine that draws G-code, {profile.name} draws "
            f"{profile.form}; name another --machine, or leave --device out and take files home"
        )
    with needs("plot"):
        from sketchvae.machine.plotter import Plotter
    return Plotter(port, profile.name, own_file().parent / "plots")


def _listen(host: str, port: int | None) -> socket.socket:
    """Return a socket that listens; on a free port if none is asked for and the usual is taken.

    Raises:
        SketchvaeError: if the address is none of this computer, or the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        number = PORT if port is None else port
        return socket.create_server((host, number), family=family, backlog=128)
    except OSError as error:
        if port is None:
            return _listen(host, 0)
        raise SketchvaeError(
            f"{host}, port {port}: the studio cannot listen there ({error.strerror}); try --port 0"
        ) from error
