"""Recorded samples in files: JSONL and Parquet."""

import gzip
import json
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, final

from thinkharder.core.errors import MissingExtra
from thinkharder.records.sample import BadRecord, Sample, shown
from thinkharder.records.source import Light

ANSWERED = "answered"
"""A Parquet column that says of a row without an answer whether it abstained (True) or has none recorded (False)."""


@final
@dataclass
class JsonLines:
    """A JSONL file, one sample a line; positions are bytes from its (uncompressed) beginning."""

    path: Path
    name: str
    _file: IO[bytes] | None = field(default=None, repr=False)

    def scan(self) -> Iterator[Light]:
        """All samples in the order of the lines; blank lines are passed over. Raises BadRecord with the line."""
        with _binary(self.path) as file:
            position = 0
            for number, line in enumerate(_lines(file, self.path), 1):
                if line.strip():
                    yield Light(self._parse(line, f"{self.path} line {number}"), position)
                position += len(line)

    def sample(self, position: int) -> Sample:
        """The sample whose line begins at `position`."""
        if self.path.suffix == ".gz":
            line = self._line(self._unpacked(), position)
        else:
            with self.path.open("rb") as file:
                line = self._line(file, position)
        return self._parse(line, f"{self.path} at byte {position}")

    @staticmethod
    def _line(file: IO[bytes], position: int) -> bytes:
        file.seek(position)
        return file.readline()

    def _unpacked(self) -> IO[bytes]:
        """A copy in which lines can be found fast; it goes with this object."""
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 (kept open, to be read from)
            weakref.finalize(self, self._file.close)
            with _binary(self.path) as packed:
                shutil.copyfileobj(packed, self._file)
        return self._file

    @staticmethod
    def _parse(line: bytes, where: str) -> Sample:
        try:
            row = json.loads(line)
        except UnicodeDecodeError as error:
            raise BadRecord(f"{where}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
        except (ValueError, RecursionError) as error:
            raise BadRecord(f"{where}: not JSON ({error}): {shown(line[:40])}") from None
        return Sample.of_row(row, where)


@final
@dataclass
class ParquetFile:
    """A Parquet file with the format's fields as columns; positions are row numbers. Needs the extra `bench`."""

    path: Path
    name: str
    _group: tuple[int, list[dict[str, Any]]] = field(default=(-1, []), repr=False)

    def scan(self) -> Iterator[Light]:
        """All samples in the order of the rows. Raises BadRecord with the row."""
        file, position = self._open(), 0
        for batch in file.iter_batches(batch_size=1024):
            for row in batch.to_pylist():
                yield Light(self._sample(row, position), position)
                position += 1

    def sample(self, position: int) -> Sample:
        """The sample of a row; the row group that it lies in is kept for the next."""
        first, rows = self._group
        if not first <= position < first + len(rows):
            file, first = self._open(), 0
            for group in range(file.num_row_groups):
                size = file.metadata.row_group(group).num_rows
                if position < first + size:
                    rows = file.read_row_group(group).to_pylist()
                    break
                first += size
            self._group = (first, rows)
        if not first <= position < first + len(rows):
            raise BadRecord(f"{self.path} has no row {position + 1} any more; read it again")
        return self._sample(rows[position - first], position)

    def _sample(self, row: dict[str, Any], position: int) -> Sample:
        if row.pop(ANSWERED, True) is False:
            row.pop("answer", None)
        return Sample.of_row(row, f"{self.path} row {position + 1}")

    def _open(self) -> Any:
        try:
            from pyarrow import ArrowException, parquet  # type: ignore[import-untyped]
        except ImportError as error:
            raise MissingExtra("reading Parquet", "bench") from error
        try:
            file = parquet.ParquetFile(self.path)
        except (ArrowException, OSError) as error:
            raise BadRecord(f"{self.path} is not a readable Parquet file: {error}") from None
        lacking = {"problem", "sample"} - set(file.schema_arrow.names)
        if lacking:
            raise BadRecord(
                f"{self.path} has no column {' and '.join(sorted(lacking))}; see docs/records.md for the format"
            )
        return file


def _binary(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _lines(file: IO[bytes], path: Path) -> Iterator[bytes]:
    try:
        yield from file
    except (OSError, EOFError) as error:
        raise BadRecord(f"{path} cannot be read to its end: {error}; bring it again") from None
