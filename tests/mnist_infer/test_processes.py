"""A recogniser in somebody's program: threads, forks, spawned processes, copies, event loops."""

from __future__ import annotations

import asyncio
import copy
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_infer import DeviceError, ModelError, Recognizer
from tests.paths import FIXTURES
from tests.pictures import drawn

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

Images = NDArray[np.uint8]


@pytest.fixture(scope="module")
def images() -> Images:
    return np.random.default_rng(0).integers(0, 256, (64, 28, 28), np.uint8)


@pytest.fixture(scope="module")
def expected(recognizer: Recognizer, images: Images) -> NDArray[np.float32]:
    return recognizer.probabilities(images)


_inherited: Recognizer | None = None


def _keep(recognizer: Recognizer) -> None:
    global _inherited
    _inherited = recognizer


def _answer(images: Images) -> NDArray[np.float32]:
    assert _inherited is not None
    return _inherited.probabilities(images)


class TestCopies:
    def test_a_pickled_recogniser_answers_as_the_original(
        self, recognizer: Recognizer, images: Images, expected: NDArray[np.float32]
    ):
        pickled = pickle.dumps(recognizer)
        assert len(pickled) < 1000  # the model stays where it is
        again = pickle.loads(pickled)
        assert np.array_equal(again.probabilities(images), expected)
        assert (again.device, again.model) == (recognizer.device, recognizer.model)

    @pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
    def test_a_copy_answers_as_the_original(
        self, recognizer: Recognizer, images: Images, expected: NDArray[np.float32], copied
    ):
        assert np.array_equal(copied(recognizer).probabilities(images), expected)

    def test_a_copy_keeps_what_was_asked_for(self, images: Images):
        own = Recognizer(FIXTURES / "logits_nchw_float255.onnx", input_range="0..255", threads=2)
        again = pickle.loads(pickle.dumps(own))
        assert np.array_equal(again.probabilities(images), own.probabilities(images))

    def test_a_model_that_has_changed_since_is_refused(self, tmp_path: Path):
        path = tmp_path / "own.onnx"
        path.write_bytes((FIXTURES / "tiny.onnx").read_bytes())
        pickled = pickle.dumps(Recognizer(path))
        path.write_bytes((Path(Recognizer().model.path)).read_bytes())
        with pytest.raises(ModelError, match="changed"):
            pickle.loads(pickled)


class TestThreads:
    def test_sixteen_on_one_recogniser_get_the_answers_of_one(
        self, recognizer: Recognizer, images: Images, expected: NDArray[np.float32]
    ):
        pages = [drawn(digit) for digit in range(10)]
        alone = [recognizer.predict(page) for page in pages]

        def work(_: int) -> None:
            for image, row in zip(images, expected, strict=True):
                assert np.allclose(recognizer.probabilities(image)[0], row, atol=1e-6)
            assert [recognizer.predict(page) for page in pages] == alone

        with ThreadPoolExecutor(16) as pool:
            assert len(list(pool.map(work, range(32)))) == 32

    def test_each_can_make_its_own(self, images: Images, expected: NDArray[np.float32]):
        with ThreadPoolExecutor(8) as pool:
            for made in pool.map(lambda _: Recognizer(device="cpu"), range(32)):
                assert np.array_equal(made.probabilities(images), expected)


class TestPools:
    @pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
    def test_a_recogniser_can_be_sent_to_the_workers(
        self, method: str, recognizer: Recognizer, images: Images, expected: NDArray[np.float32]
    ):
        context = multiprocessing.get_context(method)
        with context.Pool(2, _keep, (recognizer,)) as pool:
            for rows in pool.map(_answer, [images] * 4):
                assert np.array_equal(rows, expected)


@forks
class TestForks:
    """As gunicorn does it: the recogniser is made, and used, before the workers are forked."""

    @staticmethod
    def child(recognizer: Recognizer, images: Images, expected: NDArray[np.float32]) -> int:
        """A forked process that predicts, and ends as Python ends: its exit status."""
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                signal.alarm(20)
                status = int(not np.array_equal(recognizer.probabilities(images), expected))
            finally:
                os._exit(status)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    @pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
    @pytest.mark.parametrize("threads", [1, 2])
    def test_parent_and_child_answer_alike_while_other_threads_predict(
        self, threads: int, images: Images, expected: NDArray[np.float32]
    ):
        recognizer = Recognizer(device="cpu", threads=threads)
        rows = recognizer.probabilities(images)
        assert np.allclose(rows, expected, atol=1e-6)
        with self.predicting(recognizer, images):
            # With the session of the parent, one child in twenty waited for ever.
            assert [self.child(recognizer, images, rows) for _ in range(20)] == [0] * 20
        assert np.array_equal(recognizer.probabilities(images), rows)

    @pytest.mark.parametrize("threads", [1, 4])
    @pytest.mark.parametrize("ends", ["del recognizer", "pass"])
    def test_a_child_that_never_predicts_ends_as_it_likes(self, threads: int, ends: str):
        code = f"""if True:
            import os, sys
            from mnist_infer import Recognizer
            recognizer = Recognizer(device="cpu", threads={threads})
            if os.fork() == 0:
                {ends}
                sys.exit(7)
            sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
        """
        done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
        assert done.returncode == 7  # It was -11, of a crash.

    class predicting:  # noqa: N801
        """Threads that never stop to predict."""

        def __init__(self, recognizer: Recognizer, images: Images) -> None:
            self._done = threading.Event()
            self._threads = [
                threading.Thread(target=self._work, args=(recognizer, images)) for _ in range(3)
            ]

        def _work(self, recognizer: Recognizer, images: Images) -> None:
            while not self._done.is_set():
                recognizer.probabilities(images)

        def __enter__(self) -> None:
            for thread in self._threads:
                thread.start()

        def __exit__(self, *_: object) -> None:
            self._done.set()
            for thread in self._threads:
                thread.join()


def test_an_event_loop_goes_on_while_threads_predict(recognizer: Recognizer):
    async def serve() -> list[int]:
        answers = await asyncio.gather(
            *(asyncio.to_thread(recognizer.predict, drawn(digit)) for digit in range(10))
        )
        return [answer.digit for answer in answers]

    assert asyncio.run(serve()) == list(range(10))


class TestWhatFailsAtWork:
    """A session that fails in the middle of its life, as CUDA out of memory does."""

    @pytest.fixture
    def failing(self, monkeypatch: pytest.MonkeyPatch) -> Recognizer:
        recognizer = Recognizer(device="cpu")

        class Failing:
            def run(self, *_: object) -> None:
                raise RuntimeError("CUDA failure 2: out of memory ; GPU=0")

            run_with_iobinding = run

        monkeypatch.setattr(recognizer._loaded, "_session", Failing())
        return recognizer

    def test_on_cuda_is_a_device_error_and_no_answer(self, failing: Recognizer, monkeypatch):
        monkeypatch.setattr(failing._loaded, "device", "cuda")
        with pytest.raises(DeviceError, match=r"out of memory.*device 'cpu'"):
            failing.predict(drawn(7))
        with pytest.raises(DeviceError):
            failing.predict_batch([drawn(7)])

    def test_on_the_cpu_is_a_model_error(self, failing: Recognizer):
        with pytest.raises(ModelError, match="dense-512x2"):
            failing.predict(drawn(7))
