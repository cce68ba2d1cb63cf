"""The command line: `mnist-infer digit.png`.

Results go to stdout, everything else to stderr. Heavy imports happen where they are used, so that
`--help` and `--version` answer at once.
"""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
import warnings
from argparse import ArgumentParser
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice, tee
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias

from mnist_infer.cli.options import (
    INTERRUPTED,
    add_model_options,
    create_parser,
    open_streams,
    say,
    share,
    usage_error,
    whole,
)
from mnist_infer.cli.output import (
    Answer,
    as_drawing,
    as_json,
    as_jsonl,
    as_text,
    digit_record,
    page_record,
    quote_name,
)
from mnist_infer.decode.discovery import expand, open_source
from mnist_infer.errors import (
    DeviceError,
    ImageError,
    LowConfidenceError,
    MnistInferError,
    ModelError,
)

if TYPE_CHECKING:
    from mnist_infer.inference.registry import Precision
    from mnist_infer.inference.session import Device, InputRange
    from mnist_infer.recognizer import Recognizer

Answers: TypeAlias = Generator[Answer, None, None]

PROGRAM = "mnist-infer"


def main() -> None:
    """Run the command line."""
    open_streams()
    if not sys.warnoptions:
        # What Pillow warns of is in the answer, or does not matter to it.
        warnings.simplefilter("ignore")
    # Without work for them, numpy's threads still cost their start.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        code = run(**_parse(sys.argv[1:]))
    except KeyboardInterrupt:
        code = INTERRUPTED
    # Taking numpy and ONNX Runtime down in order would take a sixth of the time for one image.
    sys.stderr.flush()
    os._exit(code)


def _parse(arguments: list[str]) -> dict[str, Any]:
    # argparse takes options between images, and it takes `--`, but not both.
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = vars(_create_parser().parse_intermixed_args(arguments[:end]))
    return options | {"images": options["images"] + arguments[end + 1 :]}


def _create_parser() -> ArgumentParser:
    parser = create_parser(
        PROGRAM,
        "Recognise the handwritten digit on each image, or with --read all of them.",
        "Exit code: 0 when every image got its answer, 1 when some did not, 2 for wrong usage (a "
        "model or device that is not to be had included).",
    )
    add = parser.add_argument
    add(
        "images",
        nargs="*",
        help="Image files, folders (searched recursively), or - for standard input.",
    )
    add("--json", action="store_true", help="Print one JSON array with a record per image.")
    add(
        "--jsonl",
        action="store_true",
        help="Print a JSON record per line and image, streamed.",
    )
    add(
        "--top",
        type=whole(1, 10),
        default=1,
        metavar="K",
        help="Print the K most probable digits. [default: %(default)s]",
    )
    add(
        "--min-confidence",
        type=share,
        default=0.0,
        metavar="P",
        help="Count a less confident answer as none. [default: %(default)s]",
    )
    add("--read", action="store_true", help="Read every digit of each image, line by line.")
    add("--annotate", type=Path, metavar="FILE", help="Read the image and mark its digits in FILE.")
    add(
        "--show",
        action="store_true",
        help="Draw the 28x28 that the network saw, and its answer.",
    )
    add(
        "--save-stages",
        type=Path,
        metavar="DIR",
        help="Save each stage from picture to 28x28 as a PNG.",
    )
    add_model_options(parser)
    add(
        "--max-pixels",
        type=whole(1),
        default=50_000_000,
        metavar="N",
        help="The largest picture that is decoded. [default: %(default)s]",
    )
    add(
        "--batch-size",
        type=whole(1, sys.maxsize),
        default=64,
        metavar="N",
        help="Images that go through the network together. [default: %(default)s]",
    )
    add(
        "--jobs",
        type=whole(1, 64),
        metavar="N",
        help="The most processes that prepare pictures side by side, where there are enough of "
        "them for that. [default: one for each processor, at most 8]",
    )
    add("-q", "--quiet", action="store_true", help="No progress and no error lines on stderr.")
    add(
        "-v",
        "--verbose",
        action="store_true",
        help="Say on stderr which model and device are used.",
    )
    add(
        "--info",
        action="store_true",
        help="Show versions, models, and the device really used.",
    )
    return parser


def run(
    *,
    images: list[str],
    json: bool,
    jsonl: bool,
    top: int,
    min_confidence: float,
    read: bool,
    annotate: Path | None,
    show: bool,
    save_stages: Path | None,
    model: str,
    input_range: InputRange | None,
    device: Device,
    threads: int,
    precision: Precision,
    max_pixels: int,
    batch_size: int,
    jobs: int | None,
    quiet: bool,
    verbose: bool,
    info: bool,
) -> int:
    """Do what the options say; the exit code."""
    if json and jsonl:
        raise usage_error(PROGRAM, "--json and --jsonl exclude each other")
    if show and (json or jsonl):
        raise usage_error(PROGRAM, "--show draws for people: leave out --json and --jsonl")
    read = read or annotate is not None
    if read and (show or save_stages):
        raise usage_error(PROGRAM, "--show and --save-stages explain one digit: leave out --read")
    outcome = _Outcome()
    outcome.take_interrupts()
    if info:
        from json import dumps

        from mnist_infer.cli.info import describe, format_info

        results = _claim_stdout()
        description = describe(model, device, threads, precision, input_range)
        text = dumps(description, indent=2) if json else format_info(description)
        _write([text + "\n"], results)
        return 0
    if not images:
        raise usage_error(PROGRAM, "name at least one image; --help shows what else there is")
    if annotate and len(list(islice(expand(images), 2))) != 1:
        raise usage_error(PROGRAM, "--annotate takes one image")

    results = _claim_stdout()
    from mnist_infer.decode.formats import limit_pillow
    from mnist_infer.recognizer import Recognizer

    limit_pillow(max_pixels)
    try:
        recognizer = Recognizer(
            model,
            device=device,
            threads=threads,
            precision=precision,
            input_range=input_range,
            max_pixels=max_pixels,
        )
    except (ModelError, DeviceError) as error:
        raise outcome.failure(error) from error
    gc.freeze()  # What has been loaded stays; from here on there may be garbage.
    gc.enable()
    if verbose:
        loaded = recognizer.model
        say(
            f"model {loaded.name}{f' in {loaded.precision}' if loaded.precision else ''}, "
            f"device {recognizer.device}, {threads} thread(s)"
        )

    if read:
        found = _readings(recognizer, images, max_pixels, annotate)
    elif show or save_stages:
        found = _explanations(recognizer, images, max_pixels, save_stages)
    else:
        found = _predictions(recognizer, images, max_pixels, batch_size, jobs)
    answers: Iterator[Answer] = found
    if not quiet and sys.stderr.isatty() and not results.isatty():
        answers = _with_progress(answers, images)
    answers = outcome.watch(
        _confident(answers, min_confidence), report=not (json or jsonl or quiet)
    )
    if json or jsonl:
        records = map(page_record if read else digit_record, answers)
        chunks = as_json(records) if json else as_jsonl(records)
    elif show:
        chunks = as_drawing(answers, top, results.encoding)
    else:
        chunks = as_text(answers, top)
    try:
        with closing(found):
            _write(chunks, results)
    except (ModelError, DeviceError) as error:
        raise outcome.failure(error) from error
    return INTERRUPTED if outcome.interrupted else min(outcome.unanswered, 1)


def _predictions(
    recognizer: Recognizer,
    images: Iterable[str],
    max_pixels: int,
    batch_size: int,
    jobs: int | None,
) -> Answers:
    from mnist_infer.parallel import MOST_PROCESSES, prepare_each, usable_processors

    names, waiting = tee(expand(images))
    processes = jobs or min(usable_processors(), MOST_PROCESSES)
    with closing(prepare_each(waiting, max_pixels, processes, batch_size)) as prepared:
        results = recognizer.classify_each(prepared, batch_size=batch_size)
        for name, result in zip(names, results, strict=True):
            if isinstance(result, ImageError):
                yield Answer(str(name), error=result)
            else:
                yield Answer(str(name), result)


def _explanations(
    recognizer: Recognizer, images: Iterable[str], max_pixels: int, folder: Path | None
) -> Answers:
    from mnist_infer.cli.save import StageFolder, save_image
    from mnist_infer.decode.images import max_bytes

    stages = None
    if folder:
        with _writing(folder):
            stages = StageFolder(folder)
    for name in expand(images):
        try:
            explanation = recognizer.explain(open_source(name, max_bytes(max_pixels)))
        except ImageError as error:
            yield Answer(str(name), error=error)
            continue
        if stages:
            for path, image in stages.paths(name, explanation).items():
                with _writing(path):
                    save_image(image, path)
        yield Answer(str(name), explanation.prediction, explanation=explanation)


def _readings(
    recognizer: Recognizer, images: Iterable[str], max_pixels: int, annotated: Path | None
) -> Answers:
    from mnist_infer.decode.images import max_bytes

    for name in expand(images):
        source = open_source(name, max_bytes(max_pixels))
        try:
            reading = recognizer.read(source)
        except ImageError as error:
            yield Answer(str(name), error=error)
            continue
        if annotated:
            from mnist_infer.cli.annotate import annotate
            from mnist_infer.cli.save import save_image

            marked = annotate(source, reading, max_pixels)
            with _writing(annotated):
                save_image(marked, annotated)
        yield Answer(str(name), reading=reading)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """End the run where a file cannot be written."""
    try:
        yield
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise usage_error(
            PROGRAM, f"{quote_name(str(path))}: cannot be written ({reason})"
        ) from error


def _confident(answers: Iterable[Answer], min_confidence: float) -> Iterator[Answer]:
    for answer in answers:
        result = answer.prediction or answer.reading
        if result and result.confidence < min_confidence:
            error = LowConfidenceError(
                f"confidence {result.confidence:.3f} is below {min_confidence:g}"
            )
            yield replace(answer, error=error)
        else:
            yield answer


def _with_progress(answers: Iterator[Answer], images: Iterable[str]) -> Iterator[Answer]:
    total = sum(1 for _ in expand(images))
    for count, answer in enumerate(answers, start=1):
        say(f"\r{count} of {total}", end="")
        yield answer
    say("")


@dataclass
class _Outcome:
    """What the exit code depends on."""

    unanswered: int = 0
    interrupted: bool = False
    _is_answering: bool = True

    def take_interrupts(self) -> None:
        """Let Ctrl-C end the wait for an answer at once, and the writing of one never.

        A run that was started to ignore it, as a shell's background job is, goes on ignoring it;
        SIGTERM ends that.
        """
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, *_: Any) -> None:
        insists, self.interrupted = self.interrupted, True
        if self._is_answering or insists:
            raise KeyboardInterrupt

    def failure(self, error: MnistInferError) -> SystemExit:
        """The way out after an error that ends the run."""
        # An interrupted import of C code ends in an `ImportError`.
        return SystemExit(INTERRUPTED) if self.interrupted else usage_error(PROGRAM, str(error))

    def watch(self, answers: Iterator[Answer], report: bool) -> Iterator[Answer]:
        """Pass answers on; count those that are none, and `report` them on stderr."""
        while answer := self._next(answers):
            if answer.error:
                self.unanswered += 1
                if report:
                    say(f"{quote_name(answer.path)}: {answer.error.message}")
            yield answer

    def _next(self, answers: Iterator[Answer]) -> Answer | None:
        try:
            self._is_answering = True
            answer = None if self.interrupted else next(answers, None)
            self._is_answering = False
        except KeyboardInterrupt:
            self._is_answering = False
        return None if self.interrupted else answer


def _claim_stdout() -> TextIO:
    """The process's stdout, for results alone.

    Whatever else is printed to stdout from now on, by ONNX Runtime's Python or C++ say, goes to
    stderr.
    """
    number = sys.stdout.fileno()
    results = open(  # noqa: PTH123, SIM115
        os.dup(number), "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors
    )
    os.dup2(sys.stderr.fileno(), number)
    return results


def _write(chunks: Iterable[str], results: TextIO) -> None:
    for chunk in chunks:
        try:
            results.write(chunk)
            results.flush()
        except OSError as error:
            # What is left in the buffer must not fail once more at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), results.fileno())
            # Windows calls a pipe whose reader has left an invalid argument.
            if isinstance(error, BrokenPipeError) or error.errno == errno.EINVAL:
                return
            raise usage_error(
                PROGRAM, f"standard output: cannot be written ({error.strerror})"
            ) from error
