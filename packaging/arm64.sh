#!/usr/bin/env bash
# arm64, a Raspberry Pi say, shown on another machine: packaging/arm64.sh WHEEL [FOLDER [TESTS]]
#
# Makes a Debian arm64 root in FOLDER, installs the wheel and its arm64 dependencies, and runs the
# package's tests on the arm64 Python under qemu-user. As root, on Debian:
#
#     apt-get install debootstrap qemu-user-static
#
# Nothing is registered with the kernel: the emulator is called by name, also for the processes that
# the tests start, so the root's programs find their libraries in it, and files everywhere. Emulated,
# some tests take twenty times as long, so this is no part of .ci/run; the command line's take ten
# minutes, and are what is run unless others are named after FOLDER:
#
#     packaging/arm64.sh WHEEL FOLDER -q tests/mnist_infer/test_golden.py tests/mnist_infer/test_binarize.py \
#         tests/mnist_infer/test_normalize.py tests/mnist_infer/test_models.py \
#         tests/mnist_infer/test_recognizer.py
set -euo pipefail
wheel=$(realpath "$1")
folder=$(realpath "${2:-$(mktemp -d)}")
source=$(realpath "$(dirname "$0")/..")
root=$folder/root packages=$folder/packages python=$folder/python

if [ ! -e "$root" ]; then
  mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' | awk '$1 !~ /-/ {print; exit}')
  debootstrap --foreign --arch=arm64 --variant=minbase --include=python3,libstdc++6 \
    "${mirror% *}" "$root" "${mirror#* }"
  # What would configure them needs a kernel that runs arm64.
  for archive in "$root"/var/cache/apt/archives/*.deb; do dpkg-deb --extract "$archive" "$root"; done
fi
binary=$(find "$root/usr/bin" -name 'python3.[0-9]*' -type f | head -1)
version=${binary##*python}

tags=()
for glibc in $(seq 17 36); do tags+=(--platform "manylinux_2_${glibc}_aarch64"); done
python3 -m pip install --quiet --upgrade --target "$packages" --only-binary :all: \
  --python-version "$version" --implementation cp "${tags[@]}" --platform manylinux2014_aarch64 \
  "$wheel" hypothesis onnx pytest scikit-learn

# A Raspberry Pi 4. Older emulators show the host's own processors, which no arm64 library can parse.
mkdir -p "$root/proc"
for ((number = 0; number < $(nproc); number++)); do
  printf '%s\t: %s\n' processor $number Features 'fp asimd evtstrm crc32 cpuid' \
    'CPU implementer' 0x41 'CPU architecture' 8 'CPU variant' 0x0 'CPU part' 0xd08 'CPU revision' 3
  echo
done > "$root/proc/cpuinfo"

cat > "$python" << EOF
#!/bin/sh
export PYTHONHOME="$root/usr"
exec qemu-aarch64-static -cpu cortex-a72 -L "$root" "$binary" "\$@"
EOF
chmod +x "$python"
# Python takes its name from what runs it, which is the emulator.
echo "import sys; sys.executable = '$python'" > "$packages/sitecustomize.py"

# The tests' own helpers come from the source; the package from the wheel.
mkdir -p "$folder/tests"
cp -r "$source/tests" "$source/examples" "$source/pyproject.toml" "$folder/tests/"
cd "$folder/tests"
export PYTHONPATH="$packages" PYTHONDONTWRITEBYTECODE=1
"$python" -c "
import platform, mnist_infer
print(platform.machine(), platform.python_version(), mnist_infer.__file__)"
"$python" -m mnist_infer examples/seven.png
"$python" -m mnist_infer info
shift $(($# < 2 ? $# : 2))
exec "$python" -m pytest -p no:cacheprovider "${@:-tests/mnist_infer/test_cli.py}"
