"""Opens whatever holds recorded samples: a JSONL or Parquet file, a store, a run's folder."""

from collections.abc import Iterator
from pathlib import Path

from thinkharder.core.errors import UsageError
from thinkharder.records.files import JsonLines, ParquetFile
from thinkharder.records.sample import Sample
from thinkharder.records.source import Source
from thinkharder.records.stored import STORE_ENDINGS, STORE_NAME, StoredSamples


def open_source(path: str | Path, *, task: str | None = None, model: str | None = None) -> Source:
    """Where the samples of `path` lie, by its kind. Raises UsageError where there is nothing that can be read."""
    file = Path(path)
    if file.is_dir() and (file / STORE_NAME).exists():
        file = file / STORE_NAME
    if file.is_dir():
        raise UsageError(f"{file} is a folder without {STORE_NAME}; give a run's folder or a file of samples")
    if not file.exists():
        raise UsageError(f"there is no file {file}; give a JSONL or Parquet file, a store or a run's folder")
    if file.suffix in STORE_ENDINGS:
        return StoredSamples.open(file, task, model)
    if task is not None or model is not None:
        raise UsageError(f"{file} is no store: a task and a model can be chosen in a store only")
    if file.suffix == ".parquet":
        return ParquetFile(file, file.stem)
    if file.suffix in (".jsonl", ".json", ".ndjson", ".gz"):
        return JsonLines(file, file.name.split(".json")[0].split(".ndjson")[0])
    raise UsageError(f"{file}: unknown ending {file.suffix!r}; known: .jsonl, .jsonl.gz, .parquet, .sqlite")


def read_samples(path: str | Path, *, task: str | None = None, model: str | None = None) -> Iterator[Sample]:
    """The samples of a JSONL or Parquet file, a store or a run's folder, in full, one by one, in the order given."""
    source = open_source(path, task=task, model=model)
    found = source.scan(full=True) if isinstance(source, StoredSamples) else source.scan()
    return (light.sample for light in found)
