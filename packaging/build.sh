#!/usr/bin/env bash
# Both distributions, built twice to the same bytes: packaging/build.sh FOLDER
#
# The second time from a copy elsewhere with other file modes, so that nothing of the machine is in
# the wheels. Needs a git checkout and the package `build`.
set -euo pipefail
folder=$(mkdir -p "$1" && realpath "$1")
cd "$(dirname "$0")/.."
again=$(mktemp -d)
trap 'rm -rf "$again"' EXIT
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH

build() {
  python -m build --outdir "$1" .
  python -m build --wheel --outdir "$1" packaging/gpu
}

build "$folder"
git clone --quiet . "$again/copy"
(umask 077 && cp -r "$again/copy" "$again/private" && cd "$again/private" && build "$again/dist")
python packaging/check_wheels.py "$folder" "$again/dist"
