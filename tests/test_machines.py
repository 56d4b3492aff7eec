"""Machines by name: their files, the commands that handle them, and environment variables."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from helpers import SHEEP, sketchvae

from sketchvae.cli import main
from sketchvae.cli.plot_profile import own_file
from sketchvae.errors import SketchvaeError
from sketchvae.plot import profiles
from sketchvae.plot.profiles import FORMATS, OPTIONS, find_profile, read_profiles


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_own(text: str) -> None:
    own_file().parent.mkdir(exist_ok=True)
    own_file().write_text(text)


def plotted(*arguments: str, name: str = "page.gcode") -> str:
    """Plot one sheep, and return the file."""
    sketchvae("plot", SHEEP, "-n", "1", *arguments, "-o", name)
    return Path(name).read_text()


def test_every_key_of_a_machine_is_an_option_of_plot() -> None:
    assert {*OPTIONS} <= {param.name for param in main.commands["plot"].params}


SUFFIXES = {"SVG": ".svg", "G-code": ".gcode", "HPGL": ".plt"}


@pytest.mark.parametrize("name", read_profiles(Path("none")))
def test_every_machine_that_ships_draws_its_format(name: str) -> None:
    profile = find_profile(name, own_file())
    output = f"page{SUFFIXES[profile.form]}"
    message = sketchvae("plot", SHEEP, "-n", "3", "--machine", name, "-o", output)
    assert re.search(rf"about .* on {name}$", message, flags=re.M)
    shown = sketchvae("machines", "show", name)
    write_own(shown.replace(f"[{name}]", "[copy]"))
    copy = find_profile("copy", own_file())
    assert (copy.form, copy.port, copy.options) == (profile.form, profile.port, profile.options)
    if profile.form == "G-code":
        minutes, seconds = re.findall(r"about (\d+) min (\d+) s on", message)[0]
        for machine in ((), ("--machine", name)):
            checked = sketchvae("send", output, "--check-only", *machine)
            of_check = re.findall(r"about (\d+):(\d+);", checked)[0]
            assert abs(int(of_check[0]) * 60 + int(of_check[1])
                       - int(minutes) * 60 - int(seconds)) <= 1  # fmt: skip


def test_a_machine_is_added_listed_shown_and_used() -> None:
    sketchvae("machines", "add", "desk", "--bed", "400x300", "--up", "40", "--feed", "700")
    sketchvae("machines", "add", "shed", "--like", "desk", "--about", 'my "old" one', "--no-home")
    assert own_file().read_text() == (
        '[desk]\nlike = "grbl-servo"\nbed = "400x300"\nup = 40\nfeed = 700\n'
        '\n[shed]\nlike = "desk"\nabout = "my \\"old\\" one"\nhome = false\n'
    )
    listed = sketchvae("machines")
    assert listed == sketchvae("machines", "list")
    assert 'shed        G-code  my "old" one' in listed
    assert str(own_file()) in listed
    text = plotted("--machine", "shed", "--feed", "900")
    for line in ("(bed: 400 x 300 mm)", "M3 S40", "M3 S90", "F900"):
        assert f"\n{line}\n" in text
    assert "G0 X0 Y0" not in text


def test_a_file_with_comments_keeps_them_when_a_machine_is_added() -> None:
    write_own("# mine\n[a]\nfeed = 1  # slow")
    sketchvae("machines", "add", "b")
    assert own_file().read_text() == '# mine\n[a]\nfeed = 1  # slow\n\n[b]\nlike = "grbl-servo"\n'


@pytest.mark.parametrize(
    ("own", "arguments", "lifts"),
    [
        ("up = 40\ndown = 70", [], ("M3 S40", "M3 S70")),
        ("up = 40\ndown = 70", ["--down", "80"], ("M3 S40", "M3 S80")),
        ("up = 40\ndown = 70", ["--dialect", "z"], ("G1 Z5 F1000", "G1 Z0 F1000")),
        ("up = 40", ["--pen-up", "M5", "--pen-down", "M3"], ("M5", "M3")),
        ("pen-up = 'M5'\npen-down = 'M3'", ["--dialect", "servo"], ("M3 S60", "M3 S90")),
        ("like = 'idraw'", [], ("G1 Z0.5 F5000", "G1 Z5 F5000")),
        ("like = 'idraw'\ndialect = 'z'\nup = 9", [], ("G1 Z9 F1000", "G1 Z0 F1000")),
        ("like = 'grbl-z'\nup = 3", ["--plunge", "200"], ("G1 Z3 F200", "G1 Z0 F200")),
    ],
)
def test_what_is_typed_takes_precedence_and_another_lift_is_a_whole(
    own: str, arguments: list[str], lifts: tuple[str, str]
) -> None:
    write_own(f"[mine]\n{own}\n")
    text = plotted("--machine", "mine", *arguments)
    assert f"(pen-up: {lifts[0]})" in text
    assert f"\n{lifts[1]}\n" in text


def test_the_time_of_a_page_is_that_of_its_machine() -> None:
    """A page for an AxiDraw, whose own software moves faster than a hobby GRBL."""

    def seconds(*arguments: str) -> float:
        message = sketchvae("plot", SHEEP, "-n", "9", *arguments, "--dry-run")
        found = re.search(r"about (\d+) min (\d+) s on", message)
        assert found is not None
        return 60 * int(found[1]) + int(found[2])

    usual = seconds("-o", "page.svg")
    assert usual == seconds("-o", "page.svg", "--machine", "axidraw")
    gcode = seconds("-o", "page.gcode")  # whose origin is another corner
    assert seconds("-o", "page.svg", "--machine", "grbl-servo") == pytest.approx(gcode, abs=2)
    assert gcode / usual == pytest.approx(1.66, abs=0.12)
    assert seconds("-o", "page.svg", "--rapid-acceleration", "100") > usual
    assert seconds("-o", "page.svg", "--junction", "1") < usual


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[mine\n", "must be TOML, is none ("),
        ("\xff", "cannot be read (no UTF-8); mend or remove it"),
        ("feed = 9\n", "must hold machines, such as [mine], got feed; put it under one"),
        ("[mine]\nbedd = 'a4'\n", "[mine]: bedd is no key of a machine; did you mean bed?"),
        ("[mine]\nwheels = 4\n", "[mine]: wheels is no key of a machine; take it out"),
        ("[mine]\nfeed = 'fast'\n", "[mine]: feed must be a number, got 'fast'; mend it"),
        ("[mine]\nfeed = true\n", "[mine]: feed must be a number, got True"),
        ("[mine]\nhome = 1\n", "[mine]: home must be true or false, got 1"),
        ("[mine]\norigin = 'left'\n", "[mine]: origin must be one of bottom-left, bottom-right"),
        (
            "[mine]\nlike = 'you'\n",
            "[mine]: must be like a machine that stands above it, got",
        ),
        ("[mine]\nfeed = 0\n", "the feed must be 1 to 1000000 mm/min, got 0"),
        ("[mine]\nbed = 'big'\n", "a size must be a6"),
    ],
)
def test_a_damaged_file_is_one_line(text: str, message: str) -> None:
    own_file().parent.mkdir(exist_ok=True)
    own_file().write_bytes(text.encode("latin-1"))
    error = sketchvae("plot", SHEEP, "--machine", "mine", "-o", "x.gcode", fails=1).strip()
    assert message in error
    assert len(error.splitlines()) == 1
    assert not Path("x.gcode").exists()
    plotted()  # without --machine the file is of no account


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["axe"], "must be like a machine"),
        (["desk"], "has a machine desk; change it there, or choose another name"),
        (["My desk"], "must be of small letters, digits, - and _, got 'My desk'"),
        (["b", "--like", "hp"], "a machine must be one of grbl-servo"),
        (["b", "--feed", "0"], "the feed must be 1 to 1000000"),
        (["b", "--like", "grbl-z", "--up", "-3"], "the pen must be up above where it is down"),
        (["b", "--offset", "9999999,0"], "the offset must be two lengths"),
    ],
)
def test_a_machine_that_plot_would_refuse_is_not_added(arguments: list[str], message: str) -> None:
    write_own("[desk]\n")
    if arguments == ["axe"]:
        write_own("[a]\nlike = 'none'\n")
    assert message in sketchvae("machines", "add", *arguments, fails=1)
    assert "[b]" not in own_file().read_text()


def test_text_is_written_as_toml_that_is_read_back() -> None:
    values = {"about": 'a "b" \\ c', "feed": 1234.5, "home": False, "bed": "300x200"}
    text = profiles.add_profile(Path("x"), "", "mine", values)
    write_own(text)
    profile = find_profile("mine", own_file())
    assert profile.about == values["about"]
    assert profile.options == {"feed": 1234.5, "home": False, "bed": "300x200"}
    assert profile.form == FORMATS["gcode"]
    with pytest.raises(SketchvaeError, match="must be a number"):
        profiles.add_profile(Path("x"), "", "mine", {"feed": "fast"})


# --- environment variables --------------------------------------------------------------


def options(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Option]]:
    """Yield every option of a command and of its subcommands, with the path to the command."""
    for param in command.params:
        if isinstance(param, click.Option) and not param.is_eager:
            yield path, param
    if isinstance(command, click.Group):
        for name, subcommand in command.commands.items():
            yield from options(subcommand, (*path, name))


def test_every_option_has_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for path, option in options(main, ()):
        command: click.Command = main
        context = click.Context(main, info_name="sketchvae", **main.context_settings)
        for name in path:
            assert isinstance(command, click.Group)
            command = command.commands[name]
            context = click.Context(command, parent=context, info_name=name)
        variable = "_".join(["SKETCHVAE", *path, str(option.name)]).upper().replace("-", "_")
        monkeypatch.setenv(variable, "7")
        assert option.resolve_envvar_value(context) == "7", variable
        monkeypatch.delenv(variable)


def test_the_environment_stands_between_the_command_line_and_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_own("[mine]\nup = 11\ndown = 12\nfeed = 13\n")
    monkeypatch.setenv("SKETCHVAE_PLOT_MACHINE", "mine")
    monkeypatch.setenv("SKETCHVAE_PLOT_DOWN", "22")
    monkeypatch.setenv("SKETCHVAE_PLOT_FEED", "23")
    text = plotted("--feed", "33")
    for line in ("M3 S11", "M3 S22", "F33"):
        assert f"\n{line}\n" in text
    monkeypatch.setenv("SKETCHVAE_PLOT_PAGE", "a7")
    assert "a size must be a6" in sketchvae("plot", SHEEP, "-o", "x.gcode", fails=1)


def test_without_the_variable_the_file_is_in_the_folder_of_the_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SKETCHVAE_CONFIG")
    assert own_file() == Path(click.get_app_dir("sketchvae")) / "machines.toml"
