"""`kakugo-recipe …`: reads the arguments and calls one recipe.

Nothing heavy may be imported here, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from recipes.core import config
from recipes.core.errors import UserError

MODULES = {
    "check": "recipes.check.run",
    "generate": "recipes.generate.run",
    "bake-off": "recipes.bakeoff.run",
    "train": "recipes.train.run",
    "evaluate": "recipes.evaluate.run",
    "promote": "recipes.promote.run",
    "improve": "recipes.improve.run",
    "export": "recipes.export.run",
    "review-report": "recipes.review.run",
    "practice-publish": "recipes.practice.publish",
    "practice-teacher": "recipes.practice.server",
}
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

TEACHER = "OpenAI-compatible API, or tgi+URL for TGI's own"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one recipe; 0 when done, or a sentence on stderr: 2 refused, 1 the Hub failed."""
    args = parser().parse_args(argv)
    try:
        if hasattr(args, "config"):
            args.config = config.load(args.config, args.org, args.language)
            args.digest = args.digest or args.config.digest
        importlib.import_module(MODULES[args.command]).main(args)
    except UserError as refusal:
        print(f"kakugo-recipe {args.command}: {refusal}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        said = f"stopped: {stop}" if str(stop) else "stopped"
        print(f"kakugo-recipe {args.command}: {said}; run it again to go on", file=sys.stderr)
        return 130
    except _hub_errors() as error:
        said = next(iter(str(error).splitlines()), type(error).__name__)
        print(f"kakugo-recipe {args.command}: the Hub failed us: {said}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        print(
            f"kakugo-recipe {args.command}: {error.strerror or 'the disk is full'}: make room and "
            "run it again, it goes on from what it has",
            file=sys.stderr,
        )
        return 1
    return 0


def _hub_errors() -> tuple[type[Exception], ...]:
    """What the Hub's client raises for a wrong token, a closed repo, a Hub that is not there."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    return (HfHubHTTPError, httpx2.HTTPError)


def parser() -> argparse.ArgumentParser:
    """The command line; recipes get its namespace with `config` already loaded."""
    root = argparse.ArgumentParser(prog="kakugo-recipe", description=__doc__)
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")

    check = _recipe(commands, "check", "say what teacher and bases can do in a language")
    check.add_argument("--teacher", required=True, metavar="URL", help="OpenAI-compatible API")
    check.add_argument("--base", required=True, metavar="REPO", help="the base to be trained")
    check.add_argument("--into", metavar="REPO", help="the results dataset")
    check.add_argument("--cap-usd", type=float, metavar="USD", help="never spend more")

    generate = _recipe(commands, "generate", "ask the teacher, gate its answers, push a dataset")
    generate.add_argument("--teacher", required=True, metavar="URL", help=TEACHER)
    generate.add_argument("--into", metavar="REPO", help="the dataset to push")
    generate.add_argument("--limit", type=int, metavar="N", help="at most N prompts a source")
    generate.add_argument("--cap-usd", type=_usd, metavar="USD", help="never spend more than this")
    generate.add_argument("--licence", default="", metavar="ID", help="of the data, on the Hub")
    generate.add_argument("--variant", default="", metavar="NAME", help="in the profile")
    generate.add_argument("--out", type=Path, metavar="DIR", help="write here instead of pushing")

    bake_off = _recipe(commands, "bake-off", "train candidate bases briefly and say which learns")
    bake_off.add_argument("--dataset", required=True, metavar="REPO")
    bake_off.add_argument("--into", required=True, metavar="REPO", help="the results dataset")

    train = _recipe(commands, "train", "train a LoRA adapter on the dataset and push it")
    train.add_argument("--dataset", required=True, metavar="REPO")
    train.add_argument("--base", required=True, metavar="REPO")
    train.add_argument("--into", required=True, metavar="REPO", help="the adapter to push")
    train.add_argument("--feedback", metavar="REPO", help="make its next version from this instead")

    evaluate = _recipe(commands, "evaluate", "score base and adapter and push the results")
    evaluate.add_argument("--dataset", required=True, metavar="REPO")
    evaluate.add_argument("--base", required=True, metavar="REPO")
    evaluate.add_argument("--adapter", required=True, metavar="REPO")
    evaluate.add_argument("--into", required=True, metavar="REPO", help="the results dataset")
    evaluate.add_argument("--models", nargs="*", default=[], metavar="REPO", help="to set beside")

    promote = _recipe(commands, "promote", "compare an adapter's newest version, use it if it may")
    promote.add_argument("--dataset", required=True, metavar="REPO")
    promote.add_argument("--base", required=True, metavar="REPO")
    promote.add_argument("--adapter", required=True, metavar="REPO")
    promote.add_argument("--into", required=True, metavar="REPO", help="the results dataset")
    promote.add_argument("--version", metavar="vN", help="default: the newest")

    improve = _recipe(commands, "improve", "all of it: next version, comparison, review report")
    improve.add_argument("--dataset", required=True, metavar="REPO")
    improve.add_argument("--base", required=True, metavar="REPO")
    improve.add_argument("--adapter", required=True, metavar="REPO")
    improve.add_argument("--feedback", required=True, metavar="REPO", help="what speakers said")
    improve.add_argument("--into", required=True, metavar="REPO", help="the results dataset")

    export = _recipe(commands, "export", "merge an adapter into its base, push weights and GGUF")
    export.add_argument("--dataset", required=True, metavar="REPO")
    export.add_argument("--base", required=True, metavar="REPO")
    export.add_argument("--adapter", required=True, metavar="REPO")
    export.add_argument("--into", metavar="REPO", help="default: ADAPTER-merged")

    review = _recipe(commands, "review-report", "say on the cards what speakers found")
    review.add_argument("--dataset", required=True, metavar="REPO")
    review.add_argument("--feedback", required=True, metavar="REPO", help="what speakers said")
    review.add_argument("--adapter", metavar="REPO", help="its card, too")
    review.add_argument("--thank", action="append", default=[], metavar="NAME",
                        help="a requester who wants to be named (repeatable)")  # fmt: skip

    publish = commands.add_parser("practice-publish", help="push the practice world, once")
    publish.add_argument("--org", required=True)
    commands.add_parser("practice-teacher", help="serve the practice teacher on $PORT (8080)")
    return root


def _usd(text: str) -> float:
    """An amount of money."""
    usd = float(text)
    if not 0 <= usd < float("inf"):
        raise ValueError
    return usd


_usd.__name__ = "amount of US dollars"  # what argparse calls it when it is none


def _recipe(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=text)
    made.add_argument("--config", required=True, metavar="NAME", help="practice, kakugo or a path")
    here = "the namespace on the Hub" + (" (optional with --out)" if name == "generate" else "")
    made.add_argument("--org", required=name != "generate", help=here)
    made.add_argument("--language", required=True, help='like epo_Latn, or "Scottish Gaelic"')
    made.add_argument("--request", default="by-hand", metavar="ID")
    made.add_argument("--attempt", type=int, default=1, metavar="N")
    made.add_argument("--digest", metavar="HEX", help="names the run (default: config + language)")
    return made


if __name__ == "__main__":
    sys.exit(main())
