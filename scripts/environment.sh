# Sourced by the other scripts: a virtual environment in the repository, made on first use.
# environment NAME EXTRAS [CONSTRAINTS]: sets $python to that of .venv-NAME, with sketchvae[EXTRAS] in
# it, of the versions in the file CONSTRAINTS; scripts/constraints.txt unless another is named.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# The first of PYTHON and the usual names that is a Python that sketchvae runs on.
find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
            2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "sketchvae needs Python 3.11, 3.12 or 3.13, and found none; install one, or set PYTHON" >&2
    return 1
}

environment() {
    local venv="$root/.venv-$1" extras="$2" constraints="${3:-$root/scripts/constraints.txt}"
    python="$venv/bin/python"
    # What was installed, for which project file: an unchanged one needs no network.
    local wanted installed="$venv/installed"
    wanted="$root $extras $(cksum <"$root/pyproject.toml") $(cksum <"$constraints")"
    if [ -x "$python" ] && [ "$(cat "$installed" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    echo "preparing $venv (once)" >&2
    local base
    base=$(find_python)
    "$base" -m venv --clear "$venv"
    # torch first and alone: with a constraint on the CPU build, pip fetches no gigabytes.
    case "$extras" in
        *train* | *all*) "$python" -m pip install -q -c "$constraints" torch ;;
    esac
    "$python" -m pip install -q -c "$constraints" -e "$root${extras:+[$extras]}"
    echo "$wanted" >"$installed"
}
