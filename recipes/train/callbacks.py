"""The trainer's progress: a callback that reports each step and adds times to the log."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from recipes.core.progress import Progress

if TYPE_CHECKING:
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

OnStep = Callable[[int, int, dict[str, object]], None]  # step, number of steps, details


def print_progress() -> OnStep:
    """Return a function that prints a progress line for each step."""
    progress = Progress(0, "steps")

    def on_step(step: int, steps: int, details: dict[str, object]) -> None:
        progress.total = steps
        progress.show(step, **details)

    return on_step


def progress_callback(on_step: OnStep) -> TrainerCallback:
    """Return a callback that calls `on_step` after each step and times each log entry."""
    from transformers import TrainerCallback

    class ProgressCallback(TrainerCallback):
        def on_train_begin(
            self,
            args: TrainingArguments,
            state: TrainerState,
            control: TrainerControl,
            **kwargs: object,
        ) -> None:
            self.started_at = time.monotonic()

        def on_step_end(
            self,
            args: TrainingArguments,
            state: TrainerState,
            control: TrainerControl,
            **kwargs: object,
        ) -> None:
            if state.global_step == state.max_steps:
                control.should_log = True  # the log always ends with the last step
            if state.is_world_process_zero:
                on_step(state.global_step, state.max_steps, _details(state.log_history))

        def on_log(
            self,
            args: TrainingArguments,
            state: TrainerState,
            control: TrainerControl,
            **kwargs: object,
        ) -> None:
            state.log_history[-1]["seconds"] = round(time.monotonic() - self.started_at, 3)

    return ProgressCallback()


def _details(log: list[dict[str, float]]) -> dict[str, object]:
    """Return the losses logged last, on the training rows and on the held-out rows."""
    latest = {key: value for entry in log for key, value in entry.items()}
    names = {"loss": "loss", "held_out": "eval_loss"}
    return {name: f"{latest[key]:.3f}" for name, key in names.items() if key in latest}
