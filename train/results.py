"""Writes reproductions down: a table for people and a record for programs."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from mnist_infer.inference.devices import processor_name
from train import markdown
from train.reproduce import Reproduction


def save(
    reproductions: Sequence[Reproduction],
    folder: Path,
    *,
    command: str,
    versions: Mapping[str, str],
) -> None:
    """Write `reproduce.md` and `reproduce.json` into `folder`, which is made if it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    setup = {"command": command, "machine": machine(), "versions": dict(versions)}
    record = {**setup, "recipes": [_record(each) for each in reproductions]}
    text = json.dumps(record, indent=2) + "\n"
    (folder / "reproduce.json").write_text(text, encoding="utf-8")
    page = _page(reproductions, command, versions)
    (folder / "reproduce.md").write_text(page, encoding="utf-8")


def machine() -> str:
    """Name the processor, its cores and the operating system."""
    return f"{processor_name()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def table(reproductions: Sequence[Reproduction]) -> str:
    """Return the test accuracies as a Markdown table, one row per recipe."""
    header = (
        "recipe",
        "documented",
        "mean",
        "standard deviation",
        "min",
        "max",
        "seeds",
        "bar",
        "verdict",
    )
    return markdown.table(header, [_row(each) for each in reproductions])


def _row(reproduction: Reproduction) -> tuple[str, ...]:
    recipe, accuracies = reproduction.recipe, reproduction.accuracies
    return (
        recipe.name,
        ", ".join(f"{value:g}" for value in recipe.documented.test_accuracy),
        f"{reproduction.mean:.4f}",
        f"{reproduction.deviation:.4f}",
        f"{min(accuracies):.4f}",
        f"{max(accuracies):.4f}",
        str(len(accuracies)),
        f"{recipe.min_accuracy:g}",
        "met" if reproduction.met else "MISSED",
    )


def _losses(reproduction: Reproduction) -> str:
    documented = reproduction.recipe.documented.losses
    rows = [
        (str(epoch), f"{then:.4f}", f"{now:.4f}", f"{now - then:+.4f}")
        for epoch, (then, now) in enumerate(
            zip(documented, reproduction.losses, strict=False), start=1
        )
    ]
    return markdown.table(("epoch", "documented", "mean", "difference"), rows)


def _page(reproductions: Sequence[Reproduction], command: str, versions: Mapping[str, str]) -> str:
    libraries = ", ".join(f"{name} {version}" for name, version in versions.items())
    parts = [
        "# Results over several seeds",
        f"```\n{command}\n```",
        f"{machine()}; {libraries}.",
        "Accuracy on the 10,000 test images. The verdict compares the mean over the seeds "
        "with the bar. All recipes share the seeds, so two that differ only in the form of their "
        "labels give the same numbers.",
        table(reproductions),
    ]
    for reproduction in reproductions:
        documented = reproduction.recipe.documented
        name = f"`{reproduction.recipe.name}`"
        if documented.train_accuracy is not None:
            parts.append(
                f"Training accuracy of {name} in its last epoch: "
                f"documented {documented.train_accuracy:g}, mean {reproduction.train_accuracy:.4f}."
            )
        if documented.test_loss is not None:
            parts.append(
                f"Test loss of {name}: "
                f"documented {documented.test_loss:g}, mean {reproduction.test_loss:.4f}."
            )
        if (error := reproduction.calibration_error) is not None:
            parts.append(f"Expected calibration error of {name} in 15 bins: mean {error:.2%}.")
        if documented.losses:
            parts += [f"Training loss of {name} per epoch:", _losses(reproduction)]
    return "\n\n".join(parts) + "\n"


def _record(reproduction: Reproduction) -> dict[str, object]:
    return {
        "recipe": reproduction.recipe.name,
        "documented": list(reproduction.recipe.documented.test_accuracy),
        "mean": reproduction.mean,
        "standard_deviation": reproduction.deviation,
        "bar": reproduction.recipe.min_accuracy,
        "met": reproduction.met,
        "trials": [asdict(trial) for trial in reproduction.trials],
    }
