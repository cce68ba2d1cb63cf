import numpy as np
import pytest

from train.epochs import FreshEpochs
from train.recipes import Augmentation


@pytest.fixture(scope="module")
def sets(digits):
    augmentation = Augmentation(styles=100, nondigits=60)
    return FreshEpochs(augmentation, digits.x_train, digits.y_train, seed=3, batch_size=64)


def test_an_epoch_is_whole_batches_of_all_kinds(sets):
    images, targets = sets.make(0)
    assert sets.size == 64 * sets.steps == 64 * (1360 // 64)
    assert images.shape == (sets.size, 28, 28)
    assert images.dtype == np.uint8
    assert targets.shape == (sets.size, 10)
    assert targets.dtype == np.float32
    assert np.allclose(targets.sum(axis=1), 1)
    flat = np.isclose(targets.max(axis=1), 0.1)
    assert 45 <= flat.sum() <= 60
    assert (targets[~flat].max(axis=1) == 1).all()


def test_epoch_and_seed_decide_the_set(sets, digits):
    other = FreshEpochs(
        Augmentation(styles=100, nondigits=60), digits.x_train, digits.y_train, 4, 64
    )
    first = sets.make(5)[0]
    assert np.array_equal(first, sets.make(5)[0])
    assert not np.array_equal(first, sets.make(6)[0])
    assert not np.array_equal(first, other.make(5)[0])
