import os
import pickle
import shutil
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace

import keras
import numpy as np
import pytest

from train.batch_norm import fold
from train.checkpoint import Checkpoint, discard
from train.recipes import (
    ROBUST_512X2,
    Augmentation,
    Dense,
    FineTuning,
    FurtherCycles,
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
        epochs=10,
        optimizer=OneCycleAdamW(peak_learning_rate=1e-2, ema_momentum=0.9),
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
    assert len(fitted.history["loss"]) == 10
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
    brief = replace(recipe, receptive_field=None, epochs=1)
    kernel = fit_robust(brief, AUGMENTATION, digits, tmp_path).model.layers[0].get_weights()[0]
    assert np.array_equal((kernel != 0).all(axis=1).reshape(28, 28), np.pad(np.ones((26, 26)), 1))


@pytest.mark.slow
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
import os, pickle, signal, sys, zipfile
from train.robust import fit_robust

arguments = pickle.load(sys.stdin.buffer)
write = zipfile.ZipFile.writestr

def write_or_end(archive, name, *rest, **options):
    if name == "run.json" and (arguments[-1] / "cycle-0.keras").exists():
        os.kill(os.getpid(), signal.SIGTERM)
    return write(archive, name, *rest, **options)

zipfile.ZipFile.writestr = write_or_end
fit_robust(*arguments, seed=2)
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
    assert left == ["cycle-0-partial.keras", "cycle-0.keras"]
    latest = keras.models.load_model(tmp_path / "cycle-0.keras")
    assert int(latest.optimizer.iterations) == 5 * 18
    resumed = fit_robust(*arguments, seed=2)
    fitted, _ = whole
    for one, other in zip(fitted.model.get_weights(), resumed.model.get_weights(), strict=True):
        assert np.array_equal(one, other)
    assert resumed.history == fitted.history


def test_a_kill_while_a_checkpoint_is_written_leaves_the_last_one(
    whole, recipe, tmp_path, monkeypatch
):
    shutil.copytree(whole[1], tmp_path, dirs_exist_ok=True)
    before = Checkpoint(tmp_path, 0, recipe, seed=2)
    model = before.restore()
    weights = model.get_weights()

    def die(*_):
        raise KilledError

    monkeypatch.setattr(zipfile.ZipFile, "writestr", die)
    before.history["loss"].append(9.0)
    model.set_weights([0 * each for each in weights])
    with pytest.raises(KilledError):
        before.save(model)
    monkeypatch.undo()
    left = Checkpoint(tmp_path, 0, recipe, seed=2)
    for one, other in zip(left.restore().get_weights(), weights, strict=True):
        assert np.array_equal(one, other)
    assert left.history["loss"] == before.history["loss"][:-1]


@pytest.fixture(scope="module")
def cyclic(recipe) -> Recipe:
    optimizer = replace(recipe.optimizer, peak_learning_rate=1e-3)
    further = FurtherCycles(cycles=2, epochs=5, optimizer=optimizer)
    return replace(recipe, epochs=5, further=further, batch_norm=True)


@pytest.fixture(scope="module")
def in_cycles(cyclic, digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cycles")
    return fit_robust(cyclic, AUGMENTATION, digits, folder, seed=2), folder


@pytest.mark.slow
def test_further_cycles_go_on_from_the_weights(in_cycles, digits):
    fitted, _ = in_cycles
    losses = fitted.history["val_loss"]
    assert len(losses) == 15
    assert losses[5] < np.mean(losses[:2])
    assert describe(fitted, digits)["epochs"] == 15


@pytest.mark.slow
def test_what_is_kept_is_the_mean_of_what_further_cycles_end_with(in_cycles):
    fitted, folder = in_cycles
    ends = [keras.models.load_model(folder / f"cycle-{cycle}.keras") for cycle in (1, 2)]
    for end in ends:
        end.optimizer.finalize_variable_values(end.trainable_variables)
    means = [np.mean(weights, axis=0) for weights in zip(*(fold(end) for end in ends), strict=True)]
    kept = fitted.model.get_weights()
    for mean, weights in zip(means[1:], kept[1:], strict=True):
        np.testing.assert_allclose(weights, mean, rtol=3e-4, atol=1e-7)


@pytest.mark.slow
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


def take_over(folder, into, recipe, other):
    """Copies checkpoints of `recipe` as those of `other`, which fits the same cycles."""
    for cycle in range(len(recipe.cycles)):
        old, new = Checkpoint(folder, cycle, recipe, 2), Checkpoint(into, cycle, other, 2)
        model = old.restore()
        new.history = old.history
        new.save(model)


@pytest.mark.slow
def test_fine_tuning_goes_on_from_the_mean_and_keeps_the_mean_of_both(
    in_cycles, cyclic, digits, tmp_path
):
    fitted, folder = in_cycles
    optimizer = replace(cyclic.optimizer, peak_learning_rate=1e-3)
    recipe = replace(cyclic, fine_tuning=FineTuning(AUGMENTATION, 2, optimizer))
    take_over(folder, tmp_path, cyclic, recipe)
    ends = []
    telling = keras.callbacks.LambdaCallback(
        on_train_end=lambda _: ends.append(telling.model.get_weights())
    )
    tuned = fit_robust(recipe, AUGMENTATION, digits, tmp_path, seed=2, callbacks=[telling])
    assert len(tuned.history["loss"]) == describe(tuned, digits)["epochs"] == 17
    before, kept = fitted.model.get_weights(), tuned.model.get_weights()
    for one, other, mean in zip(before, ends[-1], kept, strict=True):
        seen = one != 0  # moving averages run on where no unit sees; what is kept does not
        assert not np.array_equal(one[seen], other[seen])
        np.testing.assert_allclose(mean[seen], (one + other)[seen] / 2, rtol=3e-4, atol=1e-7)
        assert not mean[~seen].any()


def test_another_runs_checkpoint_is_refused(whole, recipe, digits):
    _, folder = whole
    with pytest.raises(FileExistsError, match="another recipe or seed"):
        fit_robust(recipe, AUGMENTATION, digits, folder, seed=3)


def test_what_is_kept_is_the_average_of_the_weights(whole):
    fitted, folder = whole
    latest = keras.models.load_model(folder / "cycle-0.keras")
    assert not np.array_equal(latest.get_weights()[0], fitted.model.get_weights()[0])


def test_the_weights_are_rounded_for_the_wheel(whole):
    fitted, _ = whole
    for weights in fitted.model.get_weights():
        assert not (weights.view(np.uint32) & 0xFF).any()


def test_checkpoints_are_discarded(tmp_path):
    for name in ("cycle-0.keras", "cycle-1.keras", "cycle-1-partial.keras", "model.keras"):
        (tmp_path / name).write_text("")
    discard(tmp_path)
    discard(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]
