"""The package where it is a stranger: no network, no home, no terminal, little memory, no disk.

Each test runs the real command in a process of its own.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.paths import FIXTURES, PAGE, ROOT, SEVEN

COMMAND = [sys.executable, "-m", "mnist_infer"]

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
posix = pytest.mark.skipif(os.name == "nt", reason="needs a POSIX system")


def run(
    command: list[object],
    environment: Mapping[str, str] | None = None,
    preexec: Callable[[], None] | None = None,
    cwd: Path = ROOT,
    **options: object,
) -> subprocess.CompletedProcess[str]:
    """Run a command in the repository or another `cwd`, with its output captured as text."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ} if environment is None else dict(environment),
        preexec_fn=preexec,
        **options,
    )


def python(code: str, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run Python code."""
    return run([sys.executable, "-c", textwrap.dedent(code), *arguments], **options)


def copy_python(folder: Path) -> dict[str, str]:
    """Copy this Python, with what the package needs, to a folder; and give its environment."""
    home, packages = folder / "home", folder / "packages"
    stdlib = Path(sysconfig.get_path("stdlib"))
    needless = shutil.ignore_patterns("*-packages", "config-*", "ensurepip", "test", "tests")
    shutil.copytree(stdlib, home / stdlib.relative_to(sys.base_prefix), ignore=needless)
    for library in Path(sys.base_prefix, "lib").glob("libpython*.so*"):
        shutil.copy2(library, home / "lib")
    shutil.copy2(sys.executable, folder / "python")
    for name in ("mnist_infer", "numpy", "PIL", "onnxruntime", "cc3d"):
        shutil.copytree(Path(find_spec(name).origin).parent, packages / name, ignore=needless)
    for libraries in Path(find_spec("numpy").origin).parent.parent.glob("[np][ui]*.libs"):
        shutil.copytree(libraries, packages / libraries.name)
    return {
        "PYTHONHOME": str(home),
        "PYTHONPATH": str(packages),
        "LD_LIBRARY_PATH": str(home / "lib"),
    }


EVERYTHING = f"""
import pickle, sys
from mnist_infer import Recognizer, bundled_models
for name in bundled_models():
    recognizer = pickle.loads(pickle.dumps(Recognizer(name)))
    assert recognizer.predict({str(SEVEN)!r}).digit == 7
assert recognizer.read({str(PAGE)!r}).lines
from mnist_infer.cli.main import main
for arguments in (["info"], ["explain", {str(SEVEN)!r}], ["read", {str(PAGE)!r}, "--jsonl"]):
    sys.argv = ["mnist-infer", *arguments]
    try:
        main()
    except SystemExit as end:
        assert not end.code
"""


WATCH_SOCKETS = """
import os, sys
def hook(event, arguments):
    if event.startswith("socket."):
        sys.__stderr__.write(f"{event} {arguments}\\n")
        os._exit(77)
sys.addaudithook(hook)
"""

FORBID_SOCKETS = """
import ctypes, platform, struct
number = {"x86_64": 41, "aarch64": 198}[platform.machine()]
program = b"".join(
    struct.pack("HBBI", *instruction)
    for instruction in (
        (0x20, 0, 0, 0),           # load the number of the system call
        (0x15, 0, 1, number),      # is it socket()?
        (0x06, 0, 0, 0x80000000),  # then kill the process
        (0x06, 0, 0, 0x7FFF0000),  # else allow it
    )
)
class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("program", ctypes.c_char_p)]
c = ctypes.CDLL(None)
assert c.prctl(38, 1, 0, 0, 0) == 0  # no new privileges
assert c.prctl(22, 2, ctypes.byref(Filter(4, program))) == 0  # filter system calls
"""

OPEN_SOCKET = """
import socket
socket.socket()
"""


class TestNetwork:
    @pytest.mark.parametrize(("code", "status"), [(OPEN_SOCKET, 77), (EVERYTHING, 0)])
    def test_no_python_code_opens_a_socket(self, code: str, status: int):
        done = python(WATCH_SOCKETS + code)
        assert done.returncode == status, done.stderr

    @linux
    @pytest.mark.skipif(
        platform.machine() not in ("x86_64", "aarch64"), reason="needs x86-64 or arm64"
    )
    @pytest.mark.parametrize(("code", "status"), [(OPEN_SOCKET, -31), (EVERYTHING, 0)])
    def test_the_kernel_sees_no_code_open_a_socket(self, code: str, status: int):
        done = python(FORBID_SOCKETS + code)  # the kernel's signal for it, SIGSYS, is 31
        assert done.returncode == status, done.stderr


class TestTelemetry:
    @pytest.mark.parametrize("code", ["Recognizer()", "devices.runtime_install()"])
    def test_is_off_before_onnx_runtime_is_imported(self, code: str):
        done = python(
            f"""
            import os, sys
            os.environ.pop("ORT_DISABLE_TELEMETRY", None)
            class Watch:
                seen = []
                def find_spec(self, name, path=None, target=None):
                    if name == "onnxruntime":
                        self.seen.append(os.environ.get("ORT_DISABLE_TELEMETRY"))
            sys.meta_path.insert(0, Watch())
            from mnist_infer import Recognizer
            from mnist_infer.inference import devices
            assert not Watch.seen
            {code}
            assert Watch.seen[0] == "1", Watch.seen
            """
        )
        assert done.returncode == 0, done.stderr


class TestStdout:
    LOUD = """
        import os, sys
        from mnist_infer.inference import devices
        real = devices.import_onnxruntime
        def loud():
            print("Python prints")
            os.write(1, b"C prints\\n")
            return real()
        devices.import_onnxruntime = loud
        from mnist_infer.cli.main import main
        main()
        """

    @pytest.mark.parametrize(
        ("arguments", "records"), [((SEVEN, "--json"), 1), (("read", PAGE, "--json"), 1)]
    )
    def test_has_results_only_whatever_onnx_runtime_prints(self, arguments, records: int):
        done = python(self.LOUD, *arguments)
        assert len(json.loads(done.stdout)) == records
        assert "Python prints" in done.stderr
        assert "C prints" in done.stderr

    def test_has_the_info_only(self):
        done = python(self.LOUD, "info", "--json")
        assert json.loads(done.stdout)["session"]["error"] is None
        assert "C prints" in done.stderr

    @posix
    def test_a_closed_standard_input_is_an_empty_one(self):
        done = run([*COMMAND, "-", SEVEN], preexec=lambda: os.close(0))
        assert done.stderr == "-: an empty file\n"
        assert (done.stdout, done.returncode) == (f"{SEVEN}  7  100.0 %\n", 1)

    @posix
    @pytest.mark.parametrize("closed", [1, 2])
    def test_a_closed_stream_is_no_other_one(self, closed: int):
        done = run([*COMMAND, SEVEN, "none.png"], preexec=lambda: os.close(closed))
        assert done.returncode == 1
        assert ("  7  " in done.stdout) == (closed == 2)
        assert ("no such file" in done.stderr) == (closed == 1)
        assert "no such file" not in done.stdout

    @posix
    @pytest.mark.parametrize("arguments", [("serve", "--model", "none"), ("batch", "none", "out")])
    def test_no_error_of_the_other_commands_goes_to_stdout(self, arguments: tuple[str, ...]):
        command = [*COMMAND, *arguments]
        done = run(command, preexec=lambda: os.close(2))
        assert (done.stdout, done.returncode) == ("", 2)


class TestPlaces:
    """It answers, and leaves nothing behind."""

    def answers(self, **options: object) -> None:
        done = run([*COMMAND, SEVEN], **options)
        assert (done.stdout, done.returncode) == (f"{SEVEN}  7  100.0 %\n", 0), done.stderr

    def test_a_home_stays_empty(self, tmp_path: Path):
        places = {
            name: str(tmp_path)
            for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "TMPDIR")
        }
        self.answers(environment={**os.environ, **places})
        assert list(tmp_path.iterdir()) == []

    @posix
    def test_in_an_empty_environment(self):
        self.answers(environment={})

    @posix
    @pytest.mark.parametrize("locale", ["C", "POSIX", "xx_YY.nonsense"])
    def test_in_any_locale(self, locale: str):
        self.answers(environment={"LANG": locale, "LC_ALL": locale, "PYTHONUTF8": "0"})

    @posix
    def test_without_a_terminal_and_standard_input(self):
        self.answers(stdin=subprocess.DEVNULL, start_new_session=True)

    @linux
    def test_on_a_read_only_file_system(self):
        unshare = shutil.which("unshare")
        script = 'mount -o remount,bind,ro / && ! touch "$0" 2> /dev/null && exec "$@"'
        inside = [unshare, "--map-root-user", "--mount", "sh", "-c", script, ROOT / "touched"]
        if not unshare or run([*inside, "true"]).returncode:
            pytest.skip("this system lets nobody unshare and remount its file systems")
        done = run([*inside, *COMMAND, SEVEN])
        assert (done.stdout, done.returncode) == (f"{SEVEN}  7  100.0 %\n", 0), done.stderr

    @posix
    def test_an_ordinary_user(self):
        if os.getuid():
            self.answers()
            return
        # Root's own Python may lie where only root may go: so a copy that lies in the open.
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o755)
            nobody = {
                "environment": copy_python(folder),
                "cwd": shutil.copytree(SEVEN.parent, folder / "pictures"),
                "user": 65534,
                "group": 65534,
                "extra_groups": [],
            }
            who = "import os, mnist_infer; print(os.getuid(), os.geteuid(), mnist_infer.__file__)"
            done = run([folder / "python", "-c", who], **nobody)
            place = folder / "packages" / "mnist_infer" / "__init__.py"
            assert done.stdout == f"65534 65534 {place}\n", done.stderr
            done = run([folder / "python", "-m", "mnist_infer", SEVEN.name], **nobody)
            assert (done.stdout, done.returncode) == ("seven.png  7  100.0 %\n", 0), done.stderr

            # What such a user may not read is said, and costs the others nothing.
            closed = nobody["cwd"] / "closed"
            closed.mkdir(mode=0o700)
            (nobody["cwd"] / "closed.png").touch(mode=0o600)
            done = run([folder / "python", "-m", "mnist_infer", "."], **nobody)
            assert "./seven.png  7  100.0 %\n" in done.stdout
            for path in ("./closed", "./closed.png"):
                assert f"{path}: cannot be opened (Permission denied)\n" in done.stderr
            assert done.returncode == 1

    @linux
    @pytest.mark.parametrize("arguments", [(SEVEN,), ("read", PAGE)])
    def test_with_one_processor_and_256_mb(self, arguments: tuple[object, ...]):
        # The limit counts what the process allocates for itself; the peak is what is resident,
        # with its libraries.
        done = python(
            """
            import os, resource, subprocess, sys
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            resource.setrlimit(resource.RLIMIT_DATA, (256 << 20, 256 << 20))
            command = [sys.executable, "-m", "mnist_infer", *sys.argv[1:]]
            print(subprocess.run(command, capture_output=True, check=True, timeout=100).returncode)
            print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
            """,
            *arguments,
        )
        assert done.returncode == 0, done.stderr
        status, peak_mb = map(int, done.stdout.split())
        assert status == 0
        assert peak_mb < 256


class TestFullDisk:
    @linux
    def test_for_errors_costs_no_answer(self):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [*COMMAND, "none.png", SEVEN, "none.png"],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=full,
                text=True,
                check=False,
                timeout=60,
            )
        assert (done.stdout, done.returncode) == (f"{SEVEN}  7  100.0 %\n", 1)

    @linux
    @pytest.mark.parametrize("arguments", [(SEVEN,), (SEVEN, "--json"), ("info",)])
    def test_for_results_is_an_error(self, arguments: tuple[object, ...]):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [*COMMAND, *map(str, arguments)],
                cwd=ROOT,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
                timeout=60,
            )
        assert done.stderr == (
            "mnist-infer: standard output: cannot be written (No space left on device)\n"
        )
        assert done.returncode == 2

    @posix
    @pytest.mark.parametrize("option", ["--annotate", "--save-stages"])
    def test_for_pictures_names_the_file_and_leaves_none(self, option: str, tmp_path: Path):
        def few_bytes() -> None:
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

        out = tmp_path / ("out.png" if option == "--annotate" else "out")
        image = PAGE if option == "--annotate" else SEVEN
        command = "read" if option == "--annotate" else "explain"
        # Bytecode that is cut short would stay, and fail every process to come.
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        done = run([*COMMAND, command, image, option, out], environment, few_bytes)
        assert f"mnist-infer: {out}" in done.stderr
        assert "cannot be written" in done.stderr
        assert "Traceback" not in done.stderr
        assert done.returncode == 2
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

    @linux
    def test_on_a_real_file_system_without_space(self, tmp_path: Path):
        script = 'mount -t tmpfs -o size=8k none "$0" && "$@"; echo $?; ls -A "$0"'
        inside = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, tmp_path]
        if not shutil.which("unshare") or run([*inside, "true"]).returncode:
            pytest.skip("this system lets nobody unshare and mount a file system")
        done = run([*inside, *COMMAND, "read", PAGE, "--annotate", tmp_path / "out.png"])
        assert f"{tmp_path / 'out.png'}: cannot be written (No space left" in done.stderr
        assert done.stdout.splitlines() == ["2"]  # the exit code, and no file


@posix
@pytest.mark.usefixtures("default_interrupts")
class TestInterrupts:
    """Ctrl-C: what was answered is there, in whole lines, and nothing else is said."""

    def interrupted(self, arguments: list[str], folder: Path, when: str | None = None) -> str:
        """Run over many pictures; Ctrl-C as a module is imported, or after the first bytes."""
        import signal

        (folder / "sitecustomize.py").write_text(
            "import os, signal, sys\n"
            "def interrupt(event, arguments):\n"
            f"    if event == 'import' and arguments[0] == {when!r}:\n"
            "        os.kill(os.getpid(), signal.SIGINT)\n"
            "sys.addaudithook(interrupt)\n"
        )
        path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
        with (folder / "errors").open("w") as errors:
            process = subprocess.Popen(
                [*COMMAND, *[str(SEVEN)] * 3000, "--batch-size", "2", *arguments],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": path},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        with process:
            first = process.stdout.read(0 if when else 1)
            if not when:
                process.send_signal(signal.SIGINT)
            output = first + process.stdout.read()
        # A process that the signal ends while Python imports: a shell shows both as 130.
        assert process.returncode in (130, -signal.SIGINT)
        assert (folder / "errors").read_text() == ""
        return output

    @pytest.mark.parametrize(
        "when",
        ["mnist_infer.cli.main", "numpy", "onnxruntime", "cc3d", "mnist_infer.parallel", None],
    )
    def test_lines_are_whole(self, when: str | None, tmp_path: Path):
        output = self.interrupted(["--jsonl"], tmp_path, when)
        assert len(output.splitlines()) < 3000
        assert not output or output.endswith("\n")
        assert all(json.loads(line)["digit"] == 7 for line in output.splitlines())
        assert bool(output) == (when is None)

    def test_a_json_array_is_whole(self, tmp_path: Path):
        records = json.loads(self.interrupted(["--json"], tmp_path))
        assert 1 <= len(records) < 3000

    def test_ends_the_wait_for_standard_input(self):
        import signal
        import time

        with subprocess.Popen(
            [*COMMAND, "-"], cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            assert process.wait(60) in (130, -signal.SIGINT)
            assert process.stderr.read() == b""

    def test_ends_a_model_that_loops_for_ever(self):
        import signal
        import time

        model = ["--model", str(FIXTURES / "endless.onnx"), "--verbose"]
        with subprocess.Popen(
            [*COMMAND, str(SEVEN), "--json", *model],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert "endless" in process.stderr.readline()
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=60)
        assert (process.returncode, json.loads(output), errors) == (130, [], "")

    @pytest.mark.usefixtures("hostile_decoder")
    def test_ends_a_decoder_that_never_ends(self, tmp_path: Path):
        import signal
        import time

        (tmp_path / "sleep").write_text("sleep")
        with subprocess.Popen(
            [*COMMAND, str(tmp_path / "sleep"), "--max-pixels", "1000000000", "--json"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            time.sleep(2)
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=60)  # The limit would end it after 203 s.
        assert process.returncode in (130, -signal.SIGINT)
        assert output.strip() in (b"", b"[]")
        assert errors == b""

    def test_does_not_end_a_run_that_was_started_to_ignore_it(self):
        import signal

        signal.signal(signal.SIGINT, signal.SIG_IGN)  # As a shell does for a background job.
        with subprocess.Popen(
            [*COMMAND, *[str(SEVEN)] * 200, "--batch-size", "2"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            first = process.stdout.readline()
            process.send_signal(signal.SIGINT)
            lines = [first, *process.stdout]
            assert process.stderr.read() == ""
        assert (lines, process.returncode) == ([f"{SEVEN}  7  100.0 %\n"] * 200, 0)
