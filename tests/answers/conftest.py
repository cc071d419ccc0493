"""Where shared data lies, if it is there."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with recorded samples and data sets: $THINKHARDER_SHARED, else `shared` beside the repository."""
    path = Path(os.environ.get("THINKHARDER_SHARED") or Path(__file__).resolve().parents[3] / "shared")
    if not (path / "pools").is_dir():
        pytest.skip(
            f"no recorded samples at {path}; set THINKHARDER_SHARED to the folder that holds pools/ and data/"
        )
    return path
