"""Print the lower bounds of pyproject.toml as constraints for pip, for `scripts/test --lowest`.

What only development needs is not bound: no user installs it.
"""

import tomllib
from itertools import chain
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
EXTRAS = ("train", "plot", "explore", "web")


def main() -> None:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extras = chain.from_iterable(project["optional-dependencies"][name] for name in EXTRAS)
    for bound in dict.fromkeys([*project["dependencies"], *extras]):
        print(bound.replace(">=", "=="))


if __name__ == "__main__":
    main()
