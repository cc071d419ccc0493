"""Pictures of a report as a reader sees it, in an installed Chromium: light, dark, a problem open, and on a narrow screen.

python scripts/report_screenshots.py report.html FOLDER [PROBLEM]
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.reports.chromium import browser

VIEWS = {
    "light": (1180, 1100, False, ""),
    "dark": (1180, 1100, True, ""),
    "problem": (1300, 900, False, "problem={}"),
    "problem-dark": (1300, 900, True, "problem={}"),
    "narrow": (390, 844, False, ""),
    "narrow-problem": (390, 844, False, "problem={}"),
}
"""Width and height in pixels, whether the system is dark, and what the page is asked to show."""


def main(report: Path, folder: Path, problem: str) -> None:
    """Write NAME.png of each view."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile, browser(Path(profile)) as page:
        for name, (width, height, dark, fragment) in VIEWS.items():
            page.size(width, height, dark)
            page.open(report, fragment.format(problem))
            page.shot(folder / f"{name}.png")
            print(folder / f"{name}.png")
        for line in page.said:
            print(f"the page said: {line}", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "0")
