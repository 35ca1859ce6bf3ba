"""What is told and noted while the trainer trains: progress lines, and the time of each entry."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments


def reporter(show: Callable[[int, int, dict[str, object]], None]) -> TrainerCallback:
    """A callback that calls `show(step, of steps, details)` and dates the trainer's log."""
    from transformers import TrainerCallback

    class Reporter(TrainerCallback):
        def on_train_begin(
            self,
            args: TrainingArguments,
            state: TrainerState,
            control: TrainerControl,
            **kwargs: object,
        ) -> None:
            self.began = time.monotonic()

        def on_step_end(
            self,
            args: TrainingArguments,
            state: TrainerState,
            control: TrainerControl,
            **kwargs: object,
        ) -> None:
            if state.global_step == state.max_steps:
                control.should_log = True  # a log always ends with the last step
            if state.is_world_process_zero:
                show(state.global_step, state.max_steps, _details(state.log_history))

        def on_log(
            self,
            args: TrainingArguments,
            state: TrainerState,
            control: TrainerControl,
            **kwargs: object,
        ) -> None:
            state.log_history[-1]["seconds"] = round(time.monotonic() - self.began, 3)

    return Reporter()


def _details(log: list[dict[str, float]]) -> dict[str, object]:
    """The loss that was logged last, and the held-out one."""
    last = {key: value for entry in log for key, value in entry.items()}
    names = {"loss": "loss", "held_out": "eval_loss"}
    return {name: f"{last[key]:.3f}" for name, key in names.items() if key in last}
