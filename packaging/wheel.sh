#!/usr/bin/env bash
# Builds the wheel and tries it: installs it into an empty virtual environment, and runs a cell by its kernelspec.
#
#     packaging/wheel.sh [FOLDER]      # the folder gets the wheel; by default target/wheels
#
# Needs the network, for maturin and jupyter_client.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:-target/wheels}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

python3 -m venv "$scratch/maturin"
"$scratch/maturin/bin/pip" install --quiet 'maturin>=1.9,<2'
(cd packaging/wheel && "$scratch/maturin/bin/maturin" build --release --out "$scratch/wheel")

# A space in the path: nothing may put commands together as text.
empty="$scratch/an empty environment"
python3 -m venv "$empty"
"$empty/bin/python" -m pip install --quiet "$scratch"/wheel/threadbook-*.whl jupyter_client
"$empty/bin/python" -m jupyter kernelspec list
# The environment is not active, and a user's own kernelspecs are out of sight. cargo and rustup stay where they are.
root=$PWD
export CARGO_HOME="${CARGO_HOME:-$HOME/.cargo}" RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}"
export THREADBOOK_CACHE="${THREADBOOK_CACHE:-$scratch/cache}"
cd "$scratch"
HOME="$scratch" "$empty/bin/python" "$root/packaging/try_kernel.py" threadbook
mkdir -p "$out"
cp "$scratch"/wheel/threadbook-*.whl "$out"
ls -l "$out"/threadbook-*.whl
