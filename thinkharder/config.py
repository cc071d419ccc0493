"""Settings from files and the environment; flags stand above them.

From weak to strong: the user's file (`thinkharder.toml` in the platform's configuration directory), the project's file
(`thinkharder.toml` in the current directory or the nearest one above it), `THINKHARDER_*` variables, flags. An unknown
key is an error that names the nearest. Keys for endpoints are never settings: they are read from the environment.

A project's file comes with what was cloned or unpacked, so it may not do what would harm its reader: it cannot name a
remote endpoint (which would receive the user's key) or Python code to run, and no file can turn the sandbox off.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from thinkharder.core.errors import ConfigError, UnknownOption
from thinkharder.readers import Read, number, text, whole

FILE_NAME = "thinkharder.toml"
PREFIX = "THINKHARDER_"
FILE_VARIABLE = "THINKHARDER_CONFIG"
MAX_BYTES = 1_000_000
OTHER_VARIABLES = (FILE_VARIABLE, "THINKHARDER_CACHE", "THINKHARDER_DEBUG", "THINKHARDER_API_KEY")
"""Variables of the same prefix that are not settings."""
OTHER_PREFIXES = ("THINKHARDER_API_KEY_", "THINKHARDER_TEST_", "THINKHARDER_SHARED")

SETTINGS: Mapping[str, Read] = {
    "model": text,
    "strategy": text,
    "verifier": text,
    "answer-type": text,
    "system": text,
    "sandbox": text,
    "tokens": whole(1),
    "output-tokens": whole(1),
    "calls": whole(1),
    "seconds": number(above=0),
    "usd": number(above=0),
    "seed": whole(0),
    "max-tokens": whole(1),
    "temperature": number(least=0),
}
ENGINE: Mapping[str, Read] = {
    "context": whole(64),
    "threads": whole(1),
    "memory": number(above=0),
    "gpu-layers": whole(0),
    "parallel": whole(1),
}
"""The keys of the table `[engine]`, for models that run in process. `memory` in GB."""
PRICE: Mapping[str, Read] = {name: number(least=0) for name in ("input", "output", "cached")}
"""The keys of `[prices."openai:MODEL"]`: US dollars per million tokens."""
TABLES = ("engine", "roles", "prices", "prompts")


@final
@dataclass(frozen=True, slots=True)
class Settings:
    """What files and environment say. `values` by flag name (`answer-type`), `engine` by its keys, `roles` role -> model
    spec, `prices` spec -> dollars per million tokens, `prompts` as `thinkharder.prompts.override` takes them.
    `origins` says where each value comes from; `files` are those that were read."""

    values: Mapping[str, Any] = field(default_factory=dict)
    engine: Mapping[str, Any] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    prices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    prompts: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()

    def over(self, weaker: "Settings") -> "Settings":
        """These settings above weaker ones."""
        return Settings(
            {**weaker.values, **self.values},
            {**weaker.engine, **self.engine},
            {**weaker.roles, **self.roles},
            {**weaker.prices, **self.prices},
            {**weaker.prompts, **self.prompts},
            {**weaker.origins, **self.origins},
            (*weaker.files, *self.files),
        )


def load(directory: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of the user, the project around `directory` (default: the current one) and the environment.

    Raises ConfigError for what cannot be read, UnknownOption for unknown keys and variables.
    """
    environ = os.environ if environ is None else environ
    found = Settings()
    own = user_file(environ)
    if own is not None:
        found = read_file(own)
    near = project_file(directory)
    if near is not None and not (own is not None and _same(near, own)):
        found = read_file(near, project=True).over(found)
    return from_environment(environ).over(found)


def user_file(environ: Mapping[str, str] | None = None) -> Path | None:
    """The user's file, where there is one: `THINKHARDER_CONFIG`, else in the platform's configuration directory.

    Raises ConfigError where THINKHARDER_CONFIG names a file that is not there.
    """
    named = (os.environ if environ is None else environ).get(FILE_VARIABLE, "").strip()
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise ConfigError(f"{FILE_VARIABLE}={named} is not a file; correct it, or unset it")
        return path
    path = default_user_file()
    return path if path.is_file() else None


def default_user_file() -> Path:
    """Where the user's file is looked for."""
    from platformdirs import user_config_path

    return user_config_path("thinkharder", appauthor=False) / FILE_NAME


def project_file(directory: Path | None = None) -> Path | None:
    """The nearest `thinkharder.toml` in `directory` or above it."""
    try:
        start = (directory or Path.cwd()).absolute()
    except FileNotFoundError:  # the current directory was removed
        return None
    for folder in (start, *start.parents):
        path = folder / FILE_NAME
        try:
            if path.is_file():
                return path
        except OSError:  # a directory above that may not be looked into
            continue
    return None


def read_file(path: Path, *, project: bool = False) -> Settings:
    """The settings of one file; those of a `project` may not do harm. Raises ConfigError, UnknownOption."""
    try:
        owner = path.stat()
        if project and hasattr(os, "getuid") and owner.st_uid not in (0, os.getuid()):
            raise ConfigError(
                f"{path} belongs to another user and is not read; take it over (chown), or run elsewhere"
            )
        if owner.st_size > MAX_BYTES:
            raise ConfigError(
                f"{path} has {owner.st_size:,} bytes; a configuration has at most {MAX_BYTES:,}"
            )
        body = path.read_bytes().decode("utf-8-sig")
        tables = tomllib.loads(body)
    except OSError as error:
        raise ConfigError(
            f"cannot read {path}: {error.strerror or error}; make it readable, or remove it"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    found = _settings(tables, str(path))
    _refuse_unsandboxed(found, str(path))
    if project:
        _refuse_harm(found, path)
    return Settings(
        found.values, found.engine, found.roles, found.prices, found.prompts, found.origins, (path,)
    )


def from_environment(environ: Mapping[str, str]) -> Settings:
    """The settings of `THINKHARDER_*` variables: `THINKHARDER_ANSWER_TYPE=math`, `THINKHARDER_ROLE_JUDGE=openai:…`.

    An empty variable says nothing. Raises UnknownOption for a variable that is no setting.
    """
    values: dict[str, Any] = {}
    engine: dict[str, Any] = {}
    roles: dict[str, str] = {}
    origins: dict[str, str] = {}
    for variable, value in environ.items():
        if not variable.startswith(PREFIX) or not value.strip():
            continue
        if variable in OTHER_VARIABLES or variable.startswith(OTHER_PREFIXES):
            continue
        key = variable.removeprefix(PREFIX).lower().replace("_", "-")
        if key.startswith("role-"):
            roles[key.removeprefix("role-")] = value
        elif key in SETTINGS:
            values[key] = _value(key, SETTINGS[key], value, variable)
        elif key in ENGINE:
            engine[key] = _value(key, ENGINE[key], value, variable)
        else:
            known = [_variable(name) for name in (*SETTINGS, *ENGINE)]
            raise UnknownOption("the environment", variable, [*known, "THINKHARDER_ROLE_…", *OTHER_VARIABLES])
        origins[key] = variable
    found = Settings(values, engine, roles, origins=origins)
    _refuse_unsandboxed(found, "THINKHARDER_SANDBOX")
    return found


def _variable(key: str) -> str:
    return PREFIX + key.upper().replace("-", "_")


# ---- inside ----------------------------------------------------------------------------------------------------------


def _settings(tables: Mapping[str, Any], where: str) -> Settings:
    values: dict[str, Any] = {}
    for raw, value in tables.items():
        key = raw.replace("_", "-")
        if key in TABLES:
            if not isinstance(value, Mapping):
                raise ConfigError(f"{where}: {key} must be a table: write [{key}] and its keys below it")
            continue
        if "key" in key.split("-") or key.endswith(("token", "secret")):
            raise ConfigError(
                f"{where}: {raw} looks like a secret; keys are read from the environment only (OPENAI_API_KEY)"
            )
        if key not in SETTINGS:
            raise UnknownOption(where, raw, [*SETTINGS, *TABLES])
        values[key] = _value(raw, SETTINGS[key], value, where)
    engine = {
        key: _value(f"engine.{key}", _known(key, ENGINE, f"{where} [engine]"), value, where)
        for key, value in ((k.replace("_", "-"), v) for k, v in tables.get("engine", {}).items())
    }
    roles = {
        name: _value(f"roles.{name}", text, spec, where) for name, spec in tables.get("roles", {}).items()
    }
    prices = {spec: _price(spec, given, where) for spec, given in tables.get("prices", {}).items()}
    origins = dict.fromkeys([*values, *engine], where)
    return Settings(values, engine, roles, prices, dict(tables.get("prompts", {})), origins)


def _price(spec: str, given: Any, where: str) -> Mapping[str, float]:
    owner = f'{where} [prices."{spec}"]'
    if not isinstance(given, Mapping):
        raise ConfigError(f"{owner}: write input = …, output = … in US dollars per million tokens")
    price = {key: _value(key, _known(key, PRICE, owner), value, owner) for key, value in given.items()}
    missing = [key for key in ("input", "output") if key not in price]
    if missing:
        raise ConfigError(f"{owner} needs {missing[0]} = …, in US dollars per million tokens")
    return price


def _known(key: str, known: Mapping[str, Read], owner: str) -> Read:
    if key not in known:
        raise UnknownOption(owner, key, list(known))
    return known[key]


def _value(key: str, read: Read, value: Any, where: str) -> Any:
    try:
        return read(value)
    except ValueError as error:
        raise ConfigError(f"{where}: {key} {error}") from error


def _refuse_unsandboxed(found: Settings, where: str) -> None:
    if found.values.get("sandbox", "").strip().lower() == "none":
        raise ConfigError(
            f"{where}: the sandbox cannot be turned off by a setting; say --sandbox none on the command line"
        )


def _refuse_harm(found: Settings, path: Path) -> None:
    own = "your own file or on the command line"
    models = {"model": found.values.get("model", ""), **{f"roles.{r}": s for r, s in found.roles.items()}}
    for key, spec in models.items():
        host = re.search(r"@\s*(?:\w+://)?(?:[^/@]*@)?(\[[^\]]*\]|[^/:\s]+)", spec)
        if host and host[1].lower() not in ("localhost", "127.0.0.1", "[::1]"):
            raise ConfigError(
                f"{path}: a project's file cannot send requests (and your key) to {host[1]}: {key} belongs in {own}"
            )
    for key in ("strategy", "verifier", "model"):
        if re.search(r"\bpython\s*[:(]", str(found.values.get(key, ""))):
            raise ConfigError(
                f"{path}: a project's file cannot name Python code to run: {key} belongs in {own}"
            )


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
