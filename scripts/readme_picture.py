"""Make the README's pictures from a real run: docs/images/live.svg (while it runs) and docs/images/demo.svg (its end).

    python scripts/readme_picture.py                          the built-in problem on the default model
    python scripts/readme_picture.py --seed 7 --model …       some of what `thinkharder demo` takes

Nothing is drawn by hand: the first is a frame of the live display at two thirds of the samples, the second what
`thinkharder demo` printed at the end of the same run.
"""

import argparse
import io
import re
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from thinkharder import config
from thinkharder.cli import picture
from thinkharder.cli.demo import problem
from thinkharder.cli.flags import RunFlags
from thinkharder.cli.job import Job, make
from thinkharder.cli.printing import report
from thinkharder.cli.running import run
from thinkharder.cli.tally import Tally, expected_samples
from thinkharder.events import Event

IMAGES = Path(__file__).parents[1] / "docs" / "images"
WIDTH = 92


class Frames:
    """A display that keeps a frame for every sample."""

    def __init__(self) -> None:
        self.frames: list[RenderableType] = []
        self._tally: Tally | None = None

    def loading(self, what: str, done: int = 0, total: int = 0) -> None:
        """Nothing to keep."""

    def begin(self, job: Job, model: str, spent: Any) -> None:
        """Begin to count."""
        self._job, self._model = job, model
        self._tally = Tally(job.budget, spent, expected_samples(job.strategy))

    def take(self, event: Event) -> None:
        """Keep a frame."""
        if self._tally is not None:
            self._tally.take(event)
            if event.kind == "candidate":
                self.frames.append(picture.render(self._tally, self._job, self._model, event.at, width=WIDTH))

    def interrupted(self, again: str) -> None:
        """Nothing to keep."""

    def close(self) -> None:
        """Nothing is open."""


def recorder() -> Console:
    """A terminal that is recorded and shown nowhere."""
    console = Console(
        record=True,
        width=WIDTH,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
    )
    console.print(Text.assemble(("$ ", "green bold"), ("thinkharder demo", "bold")))
    return console


def write(name: str, console: Console, out: Path) -> None:
    """Export without fonts from elsewhere, and with a name that does not change from run to run."""
    svg = console.export_svg(title="thinkharder", unique_id=name)
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL).replace(
        "Fira Code, monospace", "monospace"
    )
    svg = svg.replace("font-family: Fira Code", "font-family: ui-monospace, Menlo, Consolas, monospace")
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.svg").write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", "utf-8")


def main() -> None:
    """Run once, draw twice."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model")
    parser.add_argument("--strategy")
    parser.add_argument("--tokens", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=IMAGES)
    asked = vars(parser.parse_args())
    out = asked.pop("out")
    given = problem()
    job = make(RunFlags(**asked), given["text"].strip(), config.Settings(), given["settings"])
    frames = Frames()
    outcome = run(job, frames)
    if outcome.error is not None or outcome.result is None:
        raise SystemExit(f"no picture: {outcome.error}")
    live, end = recorder(), recorder()
    live.print(frames.frames[2 * len(frames.frames) // 3])
    end.print(Text(given["text"].strip(), style="italic"), "")
    report(outcome.result, job, end)
    end.print(f"\nThe right answer is {given['answer']}.")
    write("live", live, out)
    write("demo", end, out)
    print(f"{out / 'live.svg'} and {out / 'demo.svg'}: {outcome.result.answer}")


if __name__ == "__main__":
    main()
