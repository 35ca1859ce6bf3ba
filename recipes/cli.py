"""Run one recipe: `kakugo-recipe COMMAND …`.

This module must not import anything heavy, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from recipes.core import config
from recipes.core.accelerator import check_accelerator
from recipes.core.errors import Unworkable, UserError
from recipes.core.interrupts import restore_keyboard_interrupt
from recipes.core.progress import printable
from recipes.validation.errors import SAME_AGAIN, reason_of
from recipes.validation.http_urls import url_problem

MODULES = {
    "check": "recipes.check.run",
    "generate": "recipes.generate.run",
    "bake-off": "recipes.bakeoff.run",
    "train": "recipes.train.run",
    "evaluate": "recipes.evaluate.run",
    "compare": "recipes.evaluate.compare",
    "promote": "recipes.promote.run",
    "improve": "recipes.improve.run",
    "export": "recipes.export.run",
    "review-report": "recipes.review.run",
    "schema": "recipes.schema",
    "practice-publish": "recipes.practice.publish",
    "practice-teacher": "recipes.practice.server",
}
# Where torch is installed, `datasets` imports it unasked: a second and 200 MB for each process.
WITHOUT_TORCH = ("check", "generate", "review-report")
WITH_ACCELERATOR = ("bake-off", "train", "evaluate", "improve", "export")
# The package's extra for a command, where it is not called like the command.
EXTRAS = {
    "promote": "improve",
    "compare": "evaluate",
    "review-report": "generate",
    "schema": "generate",
    "practice-publish": "dev",
    "practice-teacher": "dev",
}
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

ABOUT = """\
A request runs check, generate, train and evaluate, in this order; each can be run by hand.

  check     asks the teacher a few dozen questions, and says whether it knows the language: minutes
  generate  has the teacher write prompts and answers, filters them, pushes a dataset: hours
  train     trains an adapter (LoRA) of a small base model on the dataset: about an hour on a GPU
  evaluate  compares base and adapter on held-out tests, with intervals: under an hour on a GPU

After that, improve makes the next version from speakers' corrections, promote decides whether it
replaces the current one, export writes GGUF files, review-report writes what speakers said on the
cards. Before everything else, bake-off compares candidate bases.

A run that was stopped continues where it stopped; finished work is not repeated.
`kakugo-recipe COMMAND --help` lists the options of one command.
"""
TEACHER_HELP = "an OpenAI-compatible API; tgi+URL for TGI's own protocol"
REPO_HELP = {
    "dataset": "the dataset of the language",
    "base": "the base model",
    "adapter": "the adapter, or a whole model tuned from the base",
    "feedback": "the feedback dataset",
    "into": "the results dataset",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one recipe and return the exit status; errors are one sentence on stderr.

    0: done; 1: the Hub or the disk failed, or `check` advises against the language; 2: the input
    was wrong; 130: Ctrl-C. A last line says if another attempt would end the same way.
    """
    args = parser().parse_args(argv)
    restore_keyboard_interrupt()
    if args.command in WITHOUT_TORCH:
        os.environ.setdefault("USE_TORCH", "0")
    try:
        if hasattr(args, "config"):
            args.config = config.load(args.config, args.org, args.language)
            args.digest = args.digest or args.config.digest
        if args.command in WITH_ACCELERATOR:
            check_accelerator(os.environ)
        return importlib.import_module(MODULES[args.command]).main(args) or 0
    except UserError as error:
        _print_error(args.command, str(error))
        if isinstance(error, Unworkable):
            _print_error(args.command, SAME_AGAIN)
        return 2
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("recipes"):
            raise
        extra = EXTRAS.get(args.command, args.command)
        _print_error(args.command, f"{error.name} is missing: install `kakugo-bot[{extra}]`.")
        return 2
    except KeyboardInterrupt as interrupt:
        reason = f": {interrupt}" if str(interrupt) else ""
        _print_error(args.command, f"Stopped{reason}; run it again to continue.")
        return 130
    except _hub_errors() as error:
        _print_error(args.command, _hub_failure(error))
        return 1
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        message = error.strerror or "the disk is full"
        _print_error(args.command, f"{message}: free some space and run it again to continue.")
        return 1


def _print_error(command: str, message: str) -> None:
    line = " ".join(printable(message).split())  # so that a quoted line is none of ours
    print(f"kakugo-recipe {command}: {line}", file=sys.stderr)


def _hub_failure(error: Exception) -> str:
    """Return a sentence: what the Hub answered to which call, that no Hub is there, a bad name."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    reason = reason_of(error).rstrip(".")
    if isinstance(error, httpx2.TransportError):
        url = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
        return f"The Hub at {url} cannot be reached ({reason}): check the network and HF_ENDPOINT."
    if isinstance(error, HfHubHTTPError):
        request, status = error.response.request, error.response.status_code
        return f"The Hub answered {status} to {request.method} {request.url.path}: {reason}."
    return f"{reason}." if isinstance(error, ValueError) else f"The Hub failed: {reason}."


def _hub_errors() -> tuple[type[Exception], ...]:
    """Return what the Hub's client raises: for a wrong token or name, a private repo, no Hub."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    return (HfHubHTTPError, HFValidationError, httpx2.HTTPError)


def parser() -> argparse.ArgumentParser:
    """Return the parser; recipes get its namespace with `config` already loaded."""
    root = argparse.ArgumentParser(
        prog="kakugo-recipe",
        description="Run one recipe.",
        epilog=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")

    check = _recipe(commands, "check", "test what teacher and bases can do in a language")
    check.add_argument("--teacher", type=_teacher_url, required=True, metavar="URL",
                       help=TEACHER_HELP)  # fmt: skip
    check.add_argument("--base", metavar="REPO", help="the base model (default: the recipe's)")
    check.add_argument(
        "--model", metavar="NAME", help="the teacher's model (default: the recipe's)"
    )
    check.add_argument("--into", metavar="REPO", help="push to this results dataset")
    check.add_argument("--cap-usd", type=_usd, metavar="USD", help="never spend more")

    generate = _recipe(commands, "generate", "generate a dataset with the teacher and push it")
    generate.add_argument("--teacher", type=_teacher_url, required=True, metavar="URL",
                          help=TEACHER_HELP)  # fmt: skip
    generate.add_argument("--into", metavar="REPO", help="the dataset to push")
    generate.add_argument(
        "--limit", type=_positive, metavar="N", help="at most N prompts per source"
    )
    generate.add_argument("--cap-usd", type=_usd, metavar="USD", help="never spend more")
    generate.add_argument("--licence", default="", metavar="ID", help="of the dataset, as a Hub id")
    generate.add_argument("--variant", default="", metavar="NAME",
                          help="a variant in the community's profile")  # fmt: skip
    generate.add_argument("--check", metavar="REPO",
                          help="the results dataset with the check of the language, which has "
                          "counted the teacher's tokens in it")  # fmt: skip
    generate.add_argument("--out", type=Path, metavar="DIR", help="write here instead of pushing")

    bake_off = _recipe(commands, "bake-off", "train candidate bases briefly and recommend one")
    _require_repos(bake_off, "dataset", "into")

    train = _recipe(commands, "train", "train an adapter on the dataset and push it")
    _require_repos(train, "dataset", "base")
    train.add_argument("--into", required=True, metavar="REPO", help="the adapter to push")
    train.add_argument("--feedback", metavar="REPO",
                       help="train its next version on this feedback instead")  # fmt: skip

    evaluate = _recipe(commands, "evaluate", "compare base and adapter and push the results")
    for name in ("dataset", "base", "adapter"):
        evaluate.add_argument(f"--{name}", metavar="REPO[@REVISION]", help=REPO_HELP[name])
    evaluate.add_argument("--into", metavar="REPO", help=REPO_HELP["into"])
    evaluate.add_argument("--write-tasks", type=Path, metavar="DIR",
                          help="only write the tests as tasks of lm-eval; needs no repository, but "
                          "with --dataset leaves out what the training data has")  # fmt: skip
    evaluate.add_argument("--models", nargs="*", default=[], metavar="REPO",
                          help="other models to compare with")  # fmt: skip

    compare = commands.add_parser(
        "compare", help="say whether two evaluations differ",
        description="Say whether two evaluations of the same items differ, for each task.",
    )  # fmt: skip
    logs = "a samples_*.jsonl of lm-eval or a folder of them, or an outputs.jsonl"
    compare.add_argument("a", type=Path, metavar="A", help=logs)
    compare.add_argument("b", type=Path, metavar="B", help="the same of the other model")
    compare.add_argument("--models", nargs=2, metavar=("MODEL_A", "MODEL_B"),
                         help="whose outputs to take of each outputs.jsonl")  # fmt: skip
    compare.add_argument("--samples", type=_positive, default=10_000, metavar="N",
                         help="resamples of the bootstrap (default: 10000)")  # fmt: skip
    compare.add_argument("--seed", type=int, default=0, metavar="N", help="of the resamples (0)")
    compare.add_argument("--json", action="store_true", help="print JSON instead of a table")

    promote = _recipe(commands, "promote", "use an adapter's new version unless it is worse")
    _require_repos(promote, "dataset", "base", "adapter", "into")
    promote.add_argument("--version", metavar="vN", help="default: the newest")

    improve = _recipe(commands, "improve", "train, compare and report a version from feedback")
    _require_repos(improve, "dataset", "base", "adapter", "feedback", "into")

    export = _recipe(commands, "export", "merge an adapter into its base, push weights and GGUF")
    _require_repos(export, "dataset", "base", "adapter")
    export.add_argument("--into", metavar="REPO", help="default: ADAPTER-merged")

    review = _recipe(commands, "review-report", "write the speakers' reviews on the cards")
    _require_repos(review, "dataset", "feedback")
    review.add_argument("--adapter", metavar="REPO", help="write on its card, too")
    review.add_argument("--thank", action="append", default=[], metavar="NAME",
                        help="a requester who wants to be named (repeatable)")  # fmt: skip

    _command(commands, "schema", "print the JSON Schema of a recipe's YAML")
    publish = _command(commands, "practice-publish", "push the practice world")
    publish.add_argument("--org", required=True, help="the namespace on the Hub")
    _command(commands, "practice-teacher", "serve the practice teacher on $PORT (8080)")
    return root


def _teacher_url(text: str) -> str:
    """Return the URL of a teacher; raise ArgumentTypeError, which argparse shows, if it is none."""
    if problem := url_problem(text.removeprefix("tgi+")):
        raise argparse.ArgumentTypeError(f"the value {problem}")
    return text


def _usd(text: str) -> float:
    """Parse an amount of money; raise ValueError if it is negative or infinite."""
    usd = float(text)
    if not 0 <= usd < float("inf"):
        raise ValueError
    return usd


def _positive(text: str) -> int:
    """Parse a whole number above 0; raise ValueError for any other."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _request(text: str) -> str:
    """Return the id of a request, which may be a folder; raise ValueError for any other text."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}", text):
        raise ValueError
    return text


_request.__name__ = "id of letters, digits and hyphens"
_positive.__name__ = "whole number above 0"
_usd.__name__ = "amount of US dollars"  # argparse's name for it in errors


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, summary: str
) -> argparse.ArgumentParser:
    description = f"{summary[0].upper()}{summary[1:]}."
    return commands.add_parser(name, help=summary, description=description)


def _recipe(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, summary: str
) -> argparse.ArgumentParser:
    recipe = _command(commands, name, summary)
    recipe.add_argument("--config", required=True, metavar="NAME",
                        help="a recipe: kakugo, economy, practice or a path")  # fmt: skip
    uses = {"generate": " (optional with --out)", "check": " (optional without --into)"}
    recipe.add_argument("--org", required=name not in uses,
                        help=f"the namespace on the Hub{uses.get(name, '')}")  # fmt: skip
    recipe.add_argument("--language", required=True, help='like epo_Latn, or "Scottish Gaelic"')
    recipe.add_argument("--request", type=_request, default="by-hand", metavar="ID",
                        help="for the manifest")  # fmt: skip
    recipe.add_argument(
        "--attempt", type=_positive, default=1, metavar="N", help="for the manifest"
    )
    recipe.add_argument("--digest", metavar="HEX",
                        help="name of the run (default: from recipe and language)")  # fmt: skip
    return recipe


def _require_repos(recipe: argparse.ArgumentParser, *names: str) -> None:
    for name in names:
        recipe.add_argument(f"--{name}", required=True, metavar="REPO", help=REPO_HELP[name])


if __name__ == "__main__":
    sys.exit(main())
