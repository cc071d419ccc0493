"""Rows from files and from Hugging Face datasets, and fields of a row by name or by template."""

import csv
import gzip
import io
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from thinkharder.core.errors import MissingExtra
from thinkharder.tasks.base import TaskError

FILES = (".jsonl", ".json", ".csv", ".parquet")
"""Endings of files that are read here, each with `.gz` behind it too (but Parquet)."""
_PLACE = re.compile(r"\{([^{}\n]+)\}")


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One row and where it stands, for messages."""

    values: Mapping[str, Any]
    where: str

    def get(self, *names: str) -> Any:
        """The first of these fields that is there and not null, else None. `a.b` is field b of the object a."""
        for name in names:
            value: Any = self.values
            for part in (name,) if name in self.values else name.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
            if value is not None:
                return value
        return None

    def need(self, *names: str) -> Any:
        """As `get`, but raises TaskError where none of the fields is there."""
        value = self.get(*names)
        if value is None:
            wanted = " or ".join(map(repr, names))
            raise TaskError(
                f"{self.where} has no field {wanted}; it has: {', '.join(map(str, self.values)) or 'none'}"
            )
        return value

    def text(self, how: str) -> str:
        """The text that a field's name or a template such as `{context}` and `{question}` in words gives."""
        if "{" not in how:
            return as_text(self.need(how))
        return _PLACE.sub(lambda match: as_text(self.need(match[1].strip())), how)


def as_text(value: Any) -> str:
    """A field as text: a whole number without its point, a list or object as JSON."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool | list | tuple | Mapping):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def read_rows(path: str, *, split: str = "", config: str = "", limit: int | None = None) -> list[Row]:
    """The rows of a file (JSONL, JSON, CSV, Parquet; `.gz` too), of a folder that `datasets` can read, or of `hf:OWNER/NAME`
    on Hugging Face; at most `limit` of them. `split` and `config` are for the last two.

    Raises TaskError for what cannot be read, with the place; MissingExtra where a package for it is missing.
    """
    found: list[Row] = []
    for row in _rows(path, split, config):
        if limit is not None and len(found) >= limit:
            break
        found.append(row)
    if not found:
        raise TaskError(f"{path} holds no rows; give a file with at least one problem")
    return found


def hub_config(path: str, config: str) -> str:
    """The configuration to ask for: a preset's own on the hub, none for a local file or folder."""
    return config if not path or path.startswith("hf:") else ""


def _rows(path: str, split: str, config: str) -> Iterator[Row]:
    if path.startswith("hf:"):
        return _dataset(path.removeprefix("hf:"), split, config)
    place = Path(path).expanduser()
    if place.is_dir():
        return _dataset(str(place), split, config)
    if not place.is_file():
        raise TaskError(f"no file {path!r}; give a JSONL, JSON, CSV or Parquet file, or hf:OWNER/NAME")
    ending = place.suffixes[-2] if place.suffix == ".gz" and len(place.suffixes) > 1 else place.suffix
    if ending.lower() not in FILES:
        raise TaskError(f"cannot tell what {path!r} is; its name should end in {', '.join(FILES)} (or .gz)")
    if ending.lower() == ".parquet":
        return _parquet(place)
    return {".csv": _csv, ".json": _json, ".jsonl": _jsonl}[ending.lower()](place)


def _text_of(place: Path) -> str:
    try:
        data = gzip.decompress(place.read_bytes()) if place.suffix == ".gz" else place.read_bytes()
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TaskError(f"{place} is not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except (OSError, EOFError) as error:
        raise TaskError(f"{place} cannot be read: {error}") from None


def _jsonl(place: Path) -> Iterator[Row]:
    for number, line in enumerate(_text_of(place).split("\n"), 1):
        if line.strip():
            yield _row(_parsed(line, f"{place} line {number}"), f"{place} line {number}")


def _json(place: Path) -> Iterator[Row]:
    whole = _parsed(_text_of(place), str(place))
    if isinstance(whole, Mapping) and isinstance(whole.get("data"), Sequence):
        whole = whole["data"]
    if not isinstance(whole, list):
        raise TaskError(f"{place} must hold a list of objects; one object a line is JSONL")
    for number, value in enumerate(whole, 1):
        yield _row(value, f"{place} entry {number}")


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TaskError(f"{where} is not JSON: {error}") from None


def _row(value: Any, where: str) -> Row:
    if not isinstance(value, dict):
        raise TaskError(f"{where} must be an object with fields, not {type(value).__name__}")
    return Row(value, where)


def _csv(place: Path) -> Iterator[Row]:
    csv.field_size_limit(sys.maxsize)
    reader = csv.DictReader(io.StringIO(_text_of(place), newline=""))
    try:
        for number, values in enumerate(reader, 1):
            if None in values:
                raise TaskError(
                    f"{place} row {number} has more fields than its header; quote commas in texts"
                )
            yield Row({key: value for key, value in values.items() if value != ""}, f"{place} row {number}")
    except csv.Error as error:
        raise TaskError(f"{place} is not CSV near line {reader.line_num}: {error}") from None


def _parquet(place: Path) -> Iterator[Row]:
    try:
        import pyarrow  # type: ignore[import-untyped, unused-ignore]
        import pyarrow.parquet as parquet  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise MissingExtra(f"reading {place.name}", "bench") from None
    try:
        with parquet.ParquetFile(place) as file:
            number = 0
            for batch in file.iter_batches():
                for values in batch.to_pylist():
                    number += 1
                    yield Row(values, f"{place} row {number}")
    except (OSError, pyarrow.ArrowException) as error:
        raise TaskError(f"{place} cannot be read as Parquet: {error}") from None


def _dataset(name: str, split: str, config: str) -> Iterator[Row]:
    """Rows of a dataset by the package `datasets`, from a local folder or from the hub."""
    try:
        import datasets  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise MissingExtra(f"the dataset {name}", "datasets") from None
    try:
        if os.path.isfile(os.path.join(name, "dataset_info.json")) or os.path.isfile(
            os.path.join(name, "dataset_dict.json")
        ):
            loaded = datasets.load_from_disk(name)
        else:
            loaded = datasets.load_dataset(name, config or None)
        table = _split_of(loaded, split, name)
    except TaskError:
        raise
    except Exception as error:  # the package raises what its many readers raise
        first = str(error).strip().partition("\n")[0][:300]
        raise TaskError(
            f"the dataset {name!r} cannot be loaded ({type(error).__name__}: {first}); "
            "give a local file or folder with path=…"
        ) from error
    for number, values in enumerate(table):
        yield Row(dict(values), f"{name} row {number}")


def _split_of(loaded: Any, split: str, name: str) -> Any:
    """One split: the named one, or the only one there is. Raises TaskError with those there are."""
    if not hasattr(loaded, "keys"):
        return loaded
    if split in loaded:
        return loaded[split]
    if not split and len(loaded) == 1:
        return next(iter(loaded.values()))
    wanted = f"no split {split!r}" if split else "several splits"
    raise TaskError(f"the dataset {name!r} has {wanted}; give split={' or '.join(map(str, loaded))}")
