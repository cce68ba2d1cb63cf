"""The documented networks as data: what to build, how to fit it, and what is known to come out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True)
class Dense:
    """A fully connected layer."""

    units: int
    activation: str


@dataclass(frozen=True)
class Dropout:
    """Drops a share `rate` of its inputs, while training only."""

    rate: float


Layer = Dense | Dropout


@dataclass(frozen=True)
class OneCycleAdamW:
    """AdamW (Loshchilov and Hutter, 2019) on a one-cycle schedule (Smith and Topin, 2018).

    The learning rate rises linearly and falls along a cosine. What is kept is the exponential
    moving average of the weights (Polyak and Juditsky, 1992).
    """

    peak_learning_rate: float = 2e-3
    warmup_share: float = 0.25  # of the steps
    weight_decay: float = 0.01
    ema_momentum: float = 0.999


@dataclass(frozen=True)
class FurtherCycles:
    """More cycles, each from the weights that the one before has ended with.

    What is kept is the mean of what they end with (Izmailov et al., 2018).
    """

    cycles: int = 3
    epochs: int = 90  # of each
    optimizer: OneCycleAdamW = OneCycleAdamW(peak_learning_rate=1e-3, warmup_share=0.05)


@dataclass(frozen=True)
class Distortion:
    """How far digits are distorted: half-widths of uniform draws, deviations of normal ones."""

    rotation: float = 15.0  # degrees, uniform
    scale: float = 0.15  # share, uniform, for each axis
    shear: float = 0.2  # uniform
    elastic: float = 1.2  # pixels, normal: the deviation of Simard's field, with sigma 4
    misplaced: float = 0.5  # pixels, normal, for each axis
    missized: float = 0.02  # share, normal
    pen: float = 0.3  # pixels on each side of a stroke, normal: fat above 0, thin below
    tone: float = 0.4  # contrast at an edge, normal: hard above 0, soft below
    broken: float = 0.05  # share of the images that get a gap
    faint: float = 0.1  # share of the images that lose ink towards one side
    soiled: float = 0.05  # share of the images that keep residue of paper


@dataclass(frozen=True)
class Augmentation:
    """What a network sees in each epoch: every training image in a new form, and more."""

    distortion: Distortion = Distortion()
    styles: int = 7000  # digits drawn in styles that MNIST hardly has
    rare_styles: int = 0  # digits drawn in styles that few people write
    coarse: int = 4000  # copies of digits from few pixels
    nondigits: int = 4000  # pictures without a digit, with a flat target
    epochs_per_set: int = 2  # that learn from the same pictures, each in its own order
    held_out: int = 2000  # last images of the training set: never trained on, for calibration


@dataclass(frozen=True)
class FineTuning:
    """A short last cycle on digits that are nearer to MNIST's own, and on fewer others.

    What is kept is the mean of the weights before it and after it, which has what either is good at
    (Wortsman et al., "Robust fine-tuning of zero-shot models", 2022).
    """

    augmentation: Augmentation
    epochs: int = 10
    optimizer: OneCycleAdamW = OneCycleAdamW(peak_learning_rate=3e-4, warmup_share=0.05)


@dataclass(frozen=True)
class Documented:
    """What the notebooks print: accuracies as shares in 0..1, losses as cross-entropies in nats."""

    test_accuracy: tuple[float, ...] = ()
    test_loss: float | None = None
    train_accuracy: float | None = None
    losses: tuple[float, ...] = ()  # training loss after each epoch


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One network and the way it is fitted.

    The class names of `layers`, and their fields, are those of `keras.layers`.
    """

    name: str
    origin: str
    layers: tuple[Layer, ...]
    loss: Literal["categorical_crossentropy", "sparse_categorical_crossentropy"]
    epochs: int  # of the first cycle, where there are further ones
    min_accuracy: float  # least mean test accuracy over the seeds of `reproduce`
    documented: Documented = Documented()
    optimizer: str | OneCycleAdamW = "rmsprop"
    batch_size: int = 128
    augmentation: Augmentation | None = None
    further: FurtherCycles | None = None
    fine_tuning: FineTuning | None = None
    receptive_field: int | None = None  # pixels a side of what each unit of the first layer sees
    batch_norm: bool = False  # in the hidden layers while they are fitted, then folded into them
    declares_input: bool = True  # otherwise the network takes its input's shape from the data
    validate: bool = False  # on the test set after each epoch
    show_predictions: int = 0  # how many test digits the run names at its end
    model_file: str = "model.keras"

    @property
    def one_hot(self) -> bool:
        """Whether the labels are one-hot rows; the loss alone decides it."""
        return self.loss == "categorical_crossentropy"

    @property
    def cycles(self) -> tuple["Recipe", ...]:
        """The cycles in their order, as recipes of one cycle; fine-tuning is none of them."""
        first = replace(self, further=None, fine_tuning=None)
        if not self.further:
            return (first,)
        further = replace(first, epochs=self.further.epochs, optimizer=self.further.optimizer)
        return (first, *self.further.cycles * (further,))

    @property
    def all_epochs(self) -> int:
        """The epochs of all cycles and of fine-tuning."""
        tuning = self.fine_tuning.epochs if self.fine_tuning else 0
        return sum(cycle.epochs for cycle in self.cycles) + tuning


DLWP = Recipe(
    name="dlwp",
    origin='"Deep Learning with Python", chapter 2.1 (three notebooks after it)',
    layers=(Dense(512, "relu"), Dense(10, "softmax")),
    loss="categorical_crossentropy",
    epochs=5,
    documented=Documented(
        test_accuracy=(0.9789, 0.9783, 0.9777),
        train_accuracy=0.989,
        losses=(0.2577, 0.1042, 0.0687, 0.0508, 0.0382),
    ),
    min_accuracy=0.978,
)

DLWP_SPARSE = Recipe(
    name="dlwp-sparse",
    origin='"Deep Learning with Python", second edition, chapter 2.1',
    layers=(Dense(512, "relu"), Dense(10, "softmax")),
    loss="sparse_categorical_crossentropy",
    epochs=5,
    declares_input=False,
    show_predictions=10,
    model_file="digits.keras",
    documented=Documented(test_accuracy=(0.978,)),
    min_accuracy=0.978,
)

MNIST_MLP = Recipe(
    name="mnist-mlp",
    origin="Keras' own example mnist_mlp.py",
    layers=(
        Dense(512, "relu"),
        Dropout(0.2),
        Dense(512, "relu"),
        Dropout(0.2),
        Dense(10, "softmax"),
    ),
    loss="categorical_crossentropy",
    epochs=20,
    validate=True,
    documented=Documented(test_accuracy=(0.9842,), test_loss=0.0967),
    min_accuracy=0.982,
)

ROBUST_512 = Recipe(
    name="robust-512",
    origin="one hidden layer, for the digits that people write themselves",
    layers=(Dense(512, "relu"), Dense(10, "softmax")),
    loss="categorical_crossentropy",
    epochs=300,
    optimizer=OneCycleAdamW(),
    batch_size=256,
    augmentation=Augmentation(Distortion(elastic=1.0)),
    min_accuracy=0.994,
)

ROBUST_512X2 = Recipe(
    name="robust-512x2",
    origin="two hidden layers, for the digits that people write themselves",
    layers=(Dense(512, "relu"), Dense(512, "relu"), Dense(10, "softmax")),
    loss="categorical_crossentropy",
    epochs=300,
    optimizer=OneCycleAdamW(peak_learning_rate=4e-3),
    batch_size=256,
    augmentation=Augmentation(styles=4500, rare_styles=450, coarse=3000, nondigits=3000),
    further=FurtherCycles(),
    fine_tuning=FineTuning(
        Augmentation(
            Distortion(  # four fifths of what hands and pens do before, as much misplacement
                rotation=12.0,
                scale=0.12,
                shear=0.16,
                elastic=0.96,
                pen=0.24,
                tone=0.32,
                broken=0.04,
                faint=0.08,
                soiled=0.04,
            ),
            styles=2250,
            rare_styles=225,
            coarse=1500,
            nondigits=1500,
        )
    ),
    receptive_field=10,
    batch_norm=True,
    min_accuracy=0.996,
)

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        recipe.name: recipe
        for recipe in (
            DLWP,
            DLWP_SPARSE,
            MNIST_MLP,
            ROBUST_512,
            ROBUST_512X2,
        )
    }
)
