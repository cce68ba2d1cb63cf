import numpy as np
import pytest

from train import plots
from train.fit import build
from train.recipes import DLWP, MNIST_MLP


def texts(figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_confusion_names_every_count():
    labels = np.array([0, 0, 0, 1, 2], np.uint8)
    figure = plots.confusion(labels, np.array([0, 0, 5, 1, 7]))
    shown = np.array(texts(figure)).reshape(10, 10)
    assert shown[0, 0] == "2"
    assert shown[0, 5] == "1"
    assert shown[2, 7] == "1"
    assert (shown == "·").sum() == 96
    assert figure.axes[0].get_title(loc="left") == "2 mistakes in 5 test digits"


@pytest.mark.parametrize("wrong", [0, 1, 64])
def test_mistakes_are_sorted_by_confidence(wrong, tmp_path):
    confidence = np.linspace(0.5, 0.99, 70, dtype=np.float32)
    probabilities = np.zeros((70, 10), np.float32)
    probabilities[:, 3] = confidence
    labels = np.full(70, 3, np.uint8)
    labels[:wrong] = 4
    figure = plots.mistakes(np.zeros((70, 28, 28), np.uint8), labels, probabilities)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert len(titles) == min(wrong, 60)
    shown = [float(title.split()[-2]) for title in titles]
    assert shown == sorted(shown, reverse=True)
    figure.savefig(tmp_path / "mistakes.png")


def test_certainty_is_never_rounded_up():
    probabilities = np.zeros((1, 10), np.float32)
    probabilities[0, 3] = 0.99996
    figure = plots.mistakes(np.zeros((1, 28, 28), np.uint8), np.array([4], np.uint8), probabilities)
    assert figure.axes[0].get_title() == "4 → 3   99.9 %"


@pytest.mark.parametrize("validated", [False, True])
def test_curves_of_a_single_epoch(validated, tmp_path):
    history = {"loss": [0.3], "accuracy": [0.9]}
    if validated:
        history |= {"val_loss": [0.2], "val_accuracy": [0.95]}
    figure = plots.curves(history, {"loss": 0.2, "accuracy": 0.95})
    figure.savefig(tmp_path / "curves.png")
    assert len(figure.axes) == 2


def test_architecture_names_every_layer():
    shown = texts(plots.architecture(build(MNIST_MLP, total_steps=1)))
    assert [text for text in shown if text in ("Input", "Dense", "Dropout")] == [
        "Input",
        "Dense",
        "Dropout",
        "Dense",
        "Dropout",
        "Dense",
    ]
    for text in ("784 pixels", "512 · relu", "512 · rate 0.2", "10 · softmax"):
        assert text in shown
    for parameters in ("401,920", "262,656", "5,130"):
        assert f"{parameters} parameters" in shown


def test_architecture_states_the_total():
    figure = plots.architecture(build(DLWP, total_steps=1))
    assert figure.axes[0].get_title() == "dlwp: 407,050 parameters"
