"""The option --machine: a machine by its name, whose options hold where none is typed."""

import os
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from sketchvae.plot.profiles import Profile

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Group = TypeVar("_Group", bound="DataclassInstance")

FOLDER_VARIABLE = "SKETCHVAE_CONFIG"  # environment variable of the configuration folder


def own_file() -> Path:
    """Return the file in which a person's own machines stand."""
    folder = os.environ.get(FOLDER_VARIABLE) or click.get_app_dir("sketchvae")
    return Path(folder) / "machines.toml"


def _names(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of machines that begin as a person has typed, for a shell's completion."""
    from sketchvae.plot.profiles import read_profiles

    return [name for name in read_profiles(own_file()) if name.startswith(incomplete)]


def machine_option(help_text: str) -> Callable[[_Command], _Command]:
    """Return a decorator that adds --machine to a command.

    Args:
        help_text: of the option.
    """
    return click.option("--machine", metavar="NAME", help=help_text, shell_complete=_names)


def profile_for(machine: str | None, form: str, device: str | None = None) -> "Profile":
    """Return the machine of a plot: the one that is named, or the usual one of a format.

    Args:
        machine: its name; None for the usual one.
        form: SVG, G-code or HPGL.
        device: name of an HPGL plotter, which may be that of a machine.
    """
    from sketchvae.plot.profiles import DEFAULTS, find_profile, read_profiles

    if machine is not None:
        return find_profile(machine, own_file())
    shipped = read_profiles(Path(os.devnull))
    return shipped.get(device or "", shipped[DEFAULTS[form]])


def typed_values(names: set[str]) -> dict[str, Any]:
    """Return the options of the running command that a person gave, or the environment.

    Args:
        names: of the parameters to look at.
    """
    context = click.get_current_context()
    return {
        name: value
        for name, value in context.params.items()
        if name in names and context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }


def overlay(group: _Group, profile: "Profile") -> _Group:
    """Return a group of options with those of a machine wherever none is given.

    Args:
        group: of the running command.
        profile: of the machine.
    """
    from sketchvae.plot.profiles import OPTIONS, override

    given = typed_values({*OPTIONS})
    options = override(profile.options, given)
    mine = {field.name for field in fields(group)}
    return replace(group, **{k: v for k, v in options.items() if k in mine and k not in given})
