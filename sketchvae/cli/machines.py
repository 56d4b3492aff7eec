"""sketchvae machines: plotters by name, with the options that suit each."""

from pathlib import Path

import click

from sketchvae.cli.completion import complete_devices
from sketchvae.cli.options import bind
from sketchvae.cli.plot_machine import LiftOptions, MotionOptions, PlacementOptions
from sketchvae.cli.plot_profile import overlay, own_file, typed_values
from sketchvae.cli.words import Group


@click.group(cls=Group, invoke_without_command=True, subcommand_metavar="[COMMAND] [ARGS]...")
@click.pass_context
def machines(ctx: click.Context) -> None:
    """List, show and add machines for --machine of plot and send.

    A machine has the options that suit it, so that they need not be typed again. One of your
    own stands in machines.toml of your configuration folder; what you type takes precedence.

    \b
    Examples:
      sketchvae machines
      sketchvae machines show axidraw
      sketchvae machines add shed --like grbl-z --bed 300x200 --port /dev/ttyUSB0
      sketchvae plot sheep.ndjson -n 9 --page a5 --machine shed -o shed.gcode
    """
    if ctx.invoked_subcommand is None:
        _list()


@machines.command("list")
def list_() -> None:
    """List all machines.

    \b
    Example:
      sketchvae machines list
    """
    _list()


@machines.command()
@click.argument("name")
def show(name: str) -> None:
    """Show all that is known of a machine, as it would stand in machines.toml.

    \b
    Example:
      sketchvae machines show hp7475a
    """
    from sketchvae.plot.profiles import FORMATS, find_profile, format_values

    profile = find_profile(name, own_file())
    form = next(key for key, value in FORMATS.items() if value == profile.form)
    values = {"about": profile.about, "format": form, "port": profile.port, **profile.options}
    click.echo(f"# {profile.path}")
    click.echo(f"[{profile.name}]")
    click.echo(format_values({k: v for k, v in values.items() if v != ""}), nl=False)


@machines.command()
@click.argument("name")
@click.option("--like", default="grbl-servo", show_default=True, help="What it takes over.")
@click.option("--about", help="What it is, in words.")
@click.option("--port", help="To which send sends, as /dev/ttyUSB0.")
@click.option("--device", shell_complete=complete_devices, help="That speaks HPGL.")
@bind(speeds=MotionOptions, lift=LiftOptions, placement=PlacementOptions)
def add(
    name: str,
    like: str,
    about: str | None,
    port: str | None,
    device: str | None,
    speeds: MotionOptions,
    lift: LiftOptions,
    placement: PlacementOptions,
) -> None:
    """Add a machine of your own.

    Its options are those of plot. More of them, as page, landscape and margin, can be written
    into the file by hand.

    \b
    Examples:
      sketchvae machines add desk --bed 300x200 --up 40 --down 75 --port /dev/ttyUSB0
      sketchvae machines add lab --like hp7550 --device dxy
    """
    from sketchvae.files import make_folder, replacing
    from sketchvae.plot.profiles import OPTIONS, add_profile, find_profile

    path = own_file()
    base = find_profile(like, path)
    pen_lift = overlay(lift, base).pen_lift()  # refuse what plot would refuse
    overlay(speeds, base).motion(pen_lift)
    overlay(placement, base).chosen_machine()
    named = {"like": like, "about": about, "port": port, "device": device}
    values = {key: value for key, value in named.items() if value is not None}
    text = path.read_text("utf-8") if path.exists() else ""
    typed = typed_values({*OPTIONS})
    values |= {key: typed[key] for key in OPTIONS if key in typed}
    added = add_profile(path, text, name, values)
    make_folder(path.parent, "set SKETCHVAE_CONFIG to another folder")
    with replacing(path) as temporary:
        temporary.write_text(added, "utf-8")
    click.echo(f"{path}: added {name}, for plot and send --machine {name}", err=True)


def _list() -> None:
    """Print name, format and description of each machine, and where one's own stand."""
    from sketchvae.plot.profiles import read_profiles

    path: Path = own_file()
    profiles = read_profiles(path)
    width = max(map(len, profiles))
    for profile in profiles.values():
        about = profile.about + (f" ({profile.port})" if profile.path == path else "")
        click.echo(f"{profile.name:<{width}}  {profile.form:<6}  {about}".rstrip())
    state = "your own are in" if path.exists() else "your own would be in"
    click.echo(f"{state} {path}", err=True)
