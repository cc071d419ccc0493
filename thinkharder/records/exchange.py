"""Export to JSONL and Parquet, and import of either into a store; one sample at a time, never all in memory."""

import gzip
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from thinkharder.core.errors import MissingExtra, UsageError
from thinkharder.records.files import ANSWERED
from thinkharder.records.reading import read_samples
from thinkharder.records.sample import FIELDS, MISSING, BadRecord, Sample
from thinkharder.records.schema import StoreError
from thinkharder.records.store import Store

BATCH: Final = 1024
"""Samples of one transaction, and of one row group of a Parquet file."""

Progress = Callable[[int], None]
"""Is told how many samples are done."""


def export(
    samples: Iterable[Sample],
    target: Path,
    *,
    without: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> int:
    """Write samples to a .jsonl, .jsonl.gz or .parquet file; how many. Fields in `without` are left out.

    The file appears when it is whole. Raises UsageError for another ending or an unknown field, StoreError where the
    disk refuses, MissingExtra without pyarrow.
    """
    unknown = [name for name in without if name not in FIELDS[2:]]
    if unknown:
        raise UsageError(f"no field {unknown[0]!r} can be left out; those that can: {', '.join(FIELDS[2:])}")
    write = _writer(target)
    count = 0

    def counted() -> Iterator[Sample]:
        nonlocal count
        for sample in samples:
            yield _slimmer(sample, without)
            count += 1
            if progress is not None and count % BATCH == 0:
                progress(count)

    with _whole(target) as part:
        write(counted(), part)
    return count


def import_samples(
    path: str | Path,
    store: Store,
    *,
    task: str,
    model: str,
    version: str = "",
    progress: Progress | None = None,
) -> tuple[int, int]:
    """Read samples from a file (or another store) into a store: how many were read, and how many of them were new.

    Each batch is in the store when the next begins; an import that was interrupted is simply made again. Raises BadRecord
    with the line of what is wrong; what came before it is stored.
    """
    samples, read, fresh = read_samples(path), 0, 0
    while True:
        batch, failure = [], None
        try:
            for sample in islice(samples, BATCH):
                batch.append(sample)
        except BadRecord as error:
            failure = error
        fresh += store.put_samples(batch, task=task, model=model, version=version)
        read += len(batch)
        if progress is not None:
            progress(read)
        if failure is not None:
            raise BadRecord(f"{failure} (samples before it that are imported: {read:,})") from failure
        if len(batch) < BATCH:
            return read, fresh


def _slimmer(sample: Sample, without: tuple[str, ...]) -> Sample:
    if not without:
        return sample
    nothing = {"answer": MISSING, "scores": {}, "score_cost": {}}
    left: dict[str, Any] = {name: nothing.get(name) for name in without}
    return replace(sample, **left)


def _writer(target: Path) -> Callable[[Iterator[Sample], Path], None]:
    if target.name.endswith((".jsonl", ".jsonl.gz")):
        return _jsonl
    if target.suffix == ".parquet":
        return _parquet
    raise UsageError(f"{target}: unknown ending; samples are written as .jsonl, .jsonl.gz or .parquet")


def _jsonl(samples: Iterator[Sample], part: Path) -> None:
    with _opened(part) as file:
        for sample in samples:
            file.write(sample.line().encode() + b"\n")


def _opened(part: Path) -> IO[bytes]:
    if part.name.endswith(".gz.part"):
        return gzip.open(part, "wb", compresslevel=6)  # type: ignore[return-value]
    return part.open("wb")


def _parquet(samples: Iterator[Sample], part: Path) -> None:
    try:
        import pyarrow as arrow  # type: ignore[import-untyped, unused-ignore]
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtra("writing Parquet", "bench") from error
    schema = _schema(arrow)
    with parquet.ParquetWriter(part, schema, compression="zstd") as writer:
        while batch := list(islice(samples, BATCH)):
            rows = [_parquet_row(sample) for sample in batch]
            writer.write_table(arrow.Table.from_pylist(rows, schema=schema), row_group_size=BATCH)


def _schema(arrow: Any) -> Any:
    text, whole, real = arrow.string(), arrow.int32(), arrow.float64()
    numbers = arrow.map_(text, real)
    pair = arrow.struct([("token", text), ("logprob", real)])
    kinds = {
        "sample": whole,
        "correct": real,
        "prompt_tokens": whole,
        "completion_tokens": whole,
        "reasoning_tokens": whole,
        "scores": numbers,
        "score_cost": numbers,
        "logprobs": arrow.list_(real),
        "tops": arrow.list_(arrow.list_(pair)),
        "seconds": real,
    }
    return arrow.schema(
        [arrow.field(name, kinds.get(name, text)) for name in FIELDS] + [(ANSWERED, arrow.bool_())]
    )


def _parquet_row(sample: Sample) -> dict[str, Any]:
    row = sample.row()
    for name in ("scores", "score_cost"):
        if name in row:
            row[name] = list(row[name].items())
    if sample.tops is not None:
        row["tops"] = [[{"token": t, "logprob": lp} for t, lp in tops] for tops in sample.tops]
    return {**row, ANSWERED: sample.answer is not MISSING}


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A path to write to, which becomes `target` when all is written, and goes where that fails."""
    part = target.with_name(target.name + ".part")
    try:
        yield part
        os.replace(part, target)
    except OSError as error:
        raise StoreError(
            f"{target} cannot be written: {error.strerror or error}; free space, or write elsewhere"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink()


def export_cells(store: Store, target: Path) -> int:
    """Write the finished cells of a run to a .jsonl file, one a line; how many. Raises UsageError for another ending."""
    if target.suffix != ".jsonl":
        raise UsageError(f"{target}: cells are written as .jsonl")
    count = 0
    with _whole(target) as part, part.open("w", encoding="utf-8") as file:
        for count, cell in enumerate(store.cells(), 1):  # noqa: B007 (the last one is the count)
            file.write(json.dumps({"key": cell.key, **cell.row()}, ensure_ascii=False) + "\n")
    return count
