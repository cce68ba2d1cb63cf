from dataclasses import replace

import numpy as np
import pytest

from train.epochs import FreshEpochs
from train.recipes import Augmentation

AUGMENTATION = Augmentation(styles=100, coarse=40, nondigits=60)


def make_sets(digits, *, augmentation=AUGMENTATION, seed=3):
    return FreshEpochs(augmentation, digits.x_train, digits.y_train, seed, batch_size=64)


@pytest.fixture(scope="module")
def sets(digits):
    return make_sets(digits)


def test_an_epoch_is_whole_batches_of_all_kinds(sets):
    images, targets = sets.make(0)
    assert sets.size == 64 * sets.steps_per_epoch == 64 * (1400 // 64)
    assert images.shape == (sets.size, 28, 28)
    assert images.dtype == np.uint8
    assert targets.shape == (sets.size, 10)
    assert targets.dtype == np.float32
    assert np.allclose(targets.sum(axis=1), 1)
    flat = np.isclose(targets.max(axis=1), 0.1)
    assert 45 <= flat.sum() <= 60
    assert (targets[~flat].max(axis=1) == 1).all()


def test_epoch_and_seed_decide_the_set(sets, digits):
    first = sets.make(5)[0]
    assert np.array_equal(first, make_sets(digits).make(5)[0])
    assert not np.array_equal(first, sets.make(6)[0])
    assert not np.array_equal(first, make_sets(digits, seed=4).make(5)[0])


def test_epochs_may_share_a_set_in_another_order(digits):
    sets = make_sets(digits, augmentation=replace(AUGMENTATION, epochs_per_set=2))

    def pictures(epoch):
        return np.unique(sets.make(epoch)[0].reshape(sets.size, -1), axis=0)

    assert np.array_equal(pictures(2), pictures(3))
    assert not np.array_equal(sets.make(2)[0], sets.make(3)[0])
    assert not np.array_equal(pictures(3), pictures(4))
