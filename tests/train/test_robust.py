import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

import keras
import numpy as np
import pytest

from train.batch_norm import fold
from train.checkpoint import MODEL_FILE, RECORD_FILE, Checkpoints, cycle_folders, discard
from train.recipes import (
    ROBUST_512X2,
    Augmentation,
    Dense,
    FineTuning,
    Further,
    OneCycleAdamW,
    Recipe,
)
from train.robust import fit_robust, split
from train.run import describe

AUGMENTATION = Augmentation(styles=100, coarse=40, nondigits=60, held_out=200)


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return replace(
        ROBUST_512X2,
        layers=(Dense(32, "relu"), Dense(10, "softmax")),
        epochs=16,
        optimizer=OneCycleAdamW(peak=1e-2, average_momentum=0.9),
        batch_size=64,
        augmentation=AUGMENTATION,
        further=None,
        fine_tuning=None,
        batch_norm=False,
    )


@pytest.fixture(scope="module")
def whole(recipe, digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return fit_robust(recipe, AUGMENTATION, digits, folder, seed=2), folder


class KilledError(Exception):
    pass


def kill_in(epoch_to_die_in: int):
    def die(epoch, logs):
        if epoch == epoch_to_die_in:
            raise KilledError

    return keras.callbacks.LambdaCallback(on_epoch_begin=die)


def test_the_last_images_are_held_out(digits):
    parts = split(digits, AUGMENTATION)
    assert np.array_equal(parts.images, digits.x_train[:1000])
    assert np.array_equal(parts.held_out_images, digits.x_train[1000:])
    assert (len(parts.labels), len(parts.held_out_labels)) == (1000, 200)


def test_it_learns_and_is_calibrated(whole):
    fitted, _ = whole
    assert fitted.test_accuracy > 0.6
    assert set(fitted.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert len(fitted.history["loss"]) == 16
    assert 0.1 < fitted.calibration.temperature < 10
    assert fitted.calibration.held_out_accuracy > 0.6


def test_the_outermost_pixels_have_no_say(whole):
    model = whole[0].model
    inside = np.pad(np.ones((1, 26, 26), np.float32), ((0, 0), (1, 1), (1, 1)))
    both = np.stack([inside, np.ones_like(inside)]).reshape(2, 784)
    one, other = model.predict(both, verbose=0)
    np.testing.assert_allclose(one, other, atol=1e-6)  # threads may add two rows in two orders
    assert not np.allclose(one, model.predict(0 * both[:1], verbose=0)[0], atol=1e-2)


def test_each_unit_of_the_first_layer_has_weights_for_its_window_only(whole):
    kernel = whole[0].model.layers[0].get_weights()[0].reshape(28, 28, -1)
    for unit in range(kernel.shape[-1]):
        for places in np.nonzero(kernel[..., unit]):
            assert np.ptp(places) < 10


def test_without_windows_every_unit_sees_all_but_the_outermost_pixels(recipe, digits, tmp_path):
    brief = replace(recipe, window=None, epochs=1)
    kernel = fit_robust(brief, AUGMENTATION, digits, tmp_path).model.layers[0].get_weights()[0]
    assert np.array_equal((kernel != 0).all(axis=1).reshape(28, 28), np.pad(np.ones((26, 26)), 1))


def test_a_fit_that_was_killed_ends_as_one_that_was_not(whole, recipe, digits, tmp_path):
    with pytest.raises(KilledError):
        fit_robust(recipe, AUGMENTATION, digits, tmp_path, seed=2, callbacks=[kill_in(7)])
    resumed = fit_robust(recipe, AUGMENTATION, digits, tmp_path, seed=2)
    fitted, _ = whole
    for one, other in zip(fitted.model.get_weights(), resumed.model.get_weights(), strict=True):
        assert np.array_equal(one, other)
    assert resumed.history == fitted.history


# It dies in the midst of its second checkpoint: the network is written, the record is not.
TERMINATED_FIT = """
import os, pickle, signal, sys
from pathlib import Path
from train.checkpoint import MODEL_FILE
from train.robust import fit_robust

write_text = Path.write_text

def write_or_end(path, *arguments, **options):
    if path.with_name(MODEL_FILE).exists():
        os.kill(os.getpid(), signal.SIGTERM)
    return write_text(path, *arguments, **options)

Path.write_text = write_or_end
fit_robust(*pickle.load(sys.stdin.buffer), seed=2)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
def test_a_fit_that_was_terminated_ends_as_one_that_was_not(whole, recipe, digits, tmp_path):
    arguments = (recipe, AUGMENTATION, digits, tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", TERMINATED_FIT],
        input=pickle.dumps(arguments),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
        check=False,
        timeout=300,
    )
    assert done.returncode == -signal.SIGTERM, done.stderr[-3000:]
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [RECORD_FILE, MODEL_FILE, "partial.keras"]
    assert int(keras.models.load_model(tmp_path / MODEL_FILE).optimizer.iterations) == 5 * 18
    resumed = fit_robust(*arguments, seed=2)
    fitted, _ = whole
    for one, other in zip(fitted.model.get_weights(), resumed.model.get_weights(), strict=True):
        assert np.array_equal(one, other)
    assert resumed.history == fitted.history


def test_a_record_that_is_cut_short_never_takes_the_last_ones_place(
    whole, recipe, tmp_path, monkeypatch
):
    def cut_short(path, text, **_):
        path.write_bytes(text[:20].encode())
        raise KilledError

    _, folder = whole
    for name in (MODEL_FILE, RECORD_FILE):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    last = (tmp_path / RECORD_FILE).read_text()
    checkpoints = Checkpoints(tmp_path, recipe, seed=2)
    model = checkpoints.restore()
    monkeypatch.setattr(Path, "write_text", cut_short)
    with pytest.raises(KilledError):
        checkpoints.save(model)
    assert (tmp_path / RECORD_FILE).read_text() == last


@pytest.fixture(scope="module")
def cyclic(recipe) -> Recipe:
    optimizer = replace(recipe.optimizer, peak=1e-3)
    further = Further(cycles=2, epochs=5, optimizer=optimizer)
    return replace(recipe, epochs=5, further=further, batch_norm=True)


@pytest.fixture(scope="module")
def in_cycles(cyclic, digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cycles")
    return fit_robust(cyclic, AUGMENTATION, digits, folder, seed=2), folder


def test_further_cycles_go_on_from_the_weights(in_cycles, digits):
    fitted, _ = in_cycles
    losses = fitted.history["val_loss"]
    assert len(losses) == 15
    assert losses[5] < np.mean(losses[:2])
    assert describe(fitted, digits)["epochs"] == 15


def test_what_is_kept_is_the_mean_of_what_further_cycles_end_with(in_cycles):
    fitted, folder = in_cycles
    ends = [keras.models.load_model(folder / f"further-{cycle}" / MODEL_FILE) for cycle in (1, 2)]
    for end in ends:
        end.optimizer.finalize_variable_values(end.trainable_variables)
    means = [np.mean(weights, axis=0) for weights in zip(*(fold(end) for end in ends), strict=True)]
    kept = fitted.model.get_weights()
    for mean, weights in zip(means[1:], kept[1:], strict=True):
        np.testing.assert_allclose(weights, mean, rtol=3e-4, atol=1e-7)


def test_batch_normalisation_leaves_the_recipes_own_network(in_cycles, cyclic):
    layers = in_cycles[0].model.layers
    assert all(isinstance(layer, keras.layers.Dense) for layer in layers)
    assert [layer.units for layer in layers] == [layer.units for layer in cyclic.layers]


@pytest.mark.slow
@pytest.mark.parametrize(
    "epoch",
    [
        pytest.param(2, id="in the first cycle"),
        pytest.param(6, id="in the second cycle"),
        pytest.param(11, id="in the last cycle"),
        pytest.param(14, id="before the last epoch"),
    ],
)
def test_cycles_that_were_killed_end_as_those_that_were_not(
    in_cycles, cyclic, digits, tmp_path, epoch
):
    with pytest.raises(KilledError):
        fit_robust(cyclic, AUGMENTATION, digits, tmp_path, seed=2, callbacks=[kill_in(epoch)])
    resumed = fit_robust(cyclic, AUGMENTATION, digits, tmp_path, seed=2)
    fitted, _ = in_cycles
    for one, other in zip(fitted.model.get_weights(), resumed.model.get_weights(), strict=True):
        assert np.array_equal(one, other)
    assert resumed.history == fitted.history


def take_over(folder, into, recipe):
    """Copies checkpoints as those of `recipe`, which fits the same cycles."""
    shutil.copytree(folder, into, dirs_exist_ok=True)
    for path in into.rglob(RECORD_FILE):
        record = json.loads(path.read_text())
        record["run"]["recipe"] = repr(recipe)
        path.write_text(json.dumps(record))


def test_fine_tuning_goes_on_from_the_mean_and_keeps_the_mean_of_both(
    in_cycles, cyclic, digits, tmp_path
):
    fitted, folder = in_cycles
    optimizer = replace(cyclic.optimizer, peak=1e-3)
    recipe = replace(cyclic, fine_tuning=FineTuning(AUGMENTATION, 2, optimizer))
    take_over(folder, tmp_path, recipe)
    with pytest.raises(KilledError):
        fit_robust(recipe, AUGMENTATION, digits, tmp_path, seed=2, callbacks=[kill_in(16)])
    ends = []
    telling = keras.callbacks.LambdaCallback(
        on_train_end=lambda _: ends.append(telling.model.get_weights())
    )
    tuned = fit_robust(recipe, AUGMENTATION, digits, tmp_path, seed=2, callbacks=[telling])
    assert len(tuned.history["loss"]) == describe(tuned, digits)["epochs"] == 17
    before, kept = fitted.model.get_weights(), tuned.model.get_weights()
    for one, other, mean in zip(before, ends[-1], kept, strict=True):
        seen = one != 0  # moving averages run on outside the windows; what is kept does not
        assert not np.array_equal(one[seen], other[seen])
        np.testing.assert_allclose(mean[seen], (one + other)[seen] / 2, rtol=3e-4, atol=1e-7)
        assert not mean[~seen].any()


def test_a_record_that_is_ahead_of_its_network_is_trimmed(whole, recipe, digits, tmp_path):
    fitted, folder = whole
    record = json.loads((folder / RECORD_FILE).read_text())
    record["history"]["loss"].append(9.0)
    (tmp_path / MODEL_FILE).write_bytes((folder / MODEL_FILE).read_bytes())
    (tmp_path / RECORD_FILE).write_text(json.dumps(record))
    again = fit_robust(recipe, AUGMENTATION, digits, tmp_path, seed=2)
    assert again.history == fitted.history
    assert again.duration_s > record["duration_s"]
    assert again.test_accuracy == fitted.test_accuracy


def test_another_runs_checkpoint_is_refused(whole, recipe, digits):
    _, folder = whole
    with pytest.raises(FileExistsError, match="another recipe or seed"):
        fit_robust(recipe, AUGMENTATION, digits, folder, seed=3)


def test_what_is_kept_is_the_average_of_the_weights(whole):
    fitted, folder = whole
    latest = keras.models.load_model(folder / MODEL_FILE)
    assert not np.array_equal(latest.get_weights()[0], fitted.model.get_weights()[0])


def test_the_weights_are_rounded_for_the_wheel(whole):
    fitted, _ = whole
    for weights in fitted.model.get_weights():
        assert not (weights.view(np.uint32) & 0xFF).any()


def test_a_checkpoint_is_discarded(tmp_path):
    for folder in islice(cycle_folders(tmp_path), 3):
        folder.mkdir(exist_ok=True)
        for name in (MODEL_FILE, RECORD_FILE):
            (folder / name).write_text("")
    discard(tmp_path)
    discard(tmp_path)
    assert list(tmp_path.iterdir()) == []
