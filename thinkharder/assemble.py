"""The composition root: from specs to objects, and the only place that names concrete classes."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from importlib import import_module
from typing import Any, final

from thinkharder.answers import AnswerType, Classes, answer_type
from thinkharder.context import GENERATOR, Context
from thinkharder.core import registry
from thinkharder.core.errors import CapabilityError, SpecError, UnknownName
from thinkharder.core.ledger import Ledger
from thinkharder.core.protocols import Comparator, Model, Strategy, Verifier
from thinkharder.core.spec import Spec, parse
from thinkharder.core.types import Capabilities, Problem
from thinkharder.core.usage import FREE, Price
from thinkharder.models.fetch import Progress
from thinkharder.models.loaded import Loaded, bind, price_of
from thinkharder.models.options import EngineOptions
from thinkharder.models.wrap.cache import CacheStore
from thinkharder.verifiers import build as build_verifier
from thinkharder.verifiers import build_comparator, default_for
from thinkharder.verifiers import check as check_verifier

BUILT_IN = ("thinkharder.strategies", "thinkharder.verifiers", "thinkharder.stopping", "thinkharder.select")
_HOST = re.compile(r"@(?:localhost|[\w-]+(?:\.[\w-]+)+|[\w.-]+:\d+)(?:[:/]|$)", re.ASCII)
SCHEMES = ("gguf", "hf", "openvino", "llamacpp", "openai", "toy")


def load_built_in() -> None:
    """Import what registers the built-in strategies, verifiers, rules and selections."""
    for module in BUILT_IN:
        import_module(module)


# ---- models ------------------------------------------------------------------------------------------------------


def load_model(
    spec: str,
    engine: EngineOptions | None = None,
    progress: Progress | None = None,
    *,
    prices: Mapping[str, Mapping[str, float]] | None = None,
    cache: CacheStore | None = None,
) -> Loaded:
    """The model of a spec: an alias such as `smollm2-135m`, `gguf:PATH`, `hf:REPO/FILE.gguf`, `openvino:PATH`,
    `llamacpp:PATH`, `openai:MODEL[@BASE_URL]`, `toy:…`, or a plugin's name.

    Brings and loads weights where needed (seconds to minutes; blocking). `prices` overrides the price table
    (`{"openai:MODEL": {"input": 1.0, "output": 4.0}}`, US dollars per million tokens); `cache` serves draws that were
    recorded before. Raises UnknownName, ModelLoadError, MissingExtra, ConfigError.
    """
    scheme, _, rest = spec.partition(":")
    if scheme == "toy":
        from thinkharder.models.toy import toy_model

        return _guarded(toy_model(rest), FREE, cache)
    if scheme == "openai":
        return _remote(rest, prices or {}, cache)
    if scheme in registry.names("model"):
        made = registry.factory("model", scheme)(rest)
        return made if isinstance(made, Loaded) else Loaded(made, price=price_of(made))
    return _local(spec, engine or EngineOptions(), progress)


def _local(spec: str, engine: EngineOptions, progress: Progress | None) -> Loaded:
    from thinkharder.models import catalog
    from thinkharder.models.engines import choose_engine

    scheme = spec.partition(":")[0]
    if ":" in spec and scheme not in SCHEMES:
        raise UnknownName("model scheme", scheme, [*SCHEMES, *registry.names("model")])
    file = catalog.resolve(spec, progress=progress)
    chosen = file.engine or choose_engine(file.path)
    if chosen == "openvino":
        from thinkharder.models.openvino import OpenVINOModel

        return Loaded(OpenVINOModel(file.path, engine, name=file.name, progress=_fraction(progress)))
    from thinkharder.models.llamacpp import LlamaCppModel

    return Loaded(LlamaCppModel(file.path, engine, name=file.name))


def _fraction(progress: Progress | None) -> Callable[[float, str], None] | None:
    """A download's progress (what, done, of how many) as an engine tells it (share in [0, 1], what)."""
    if progress is None:
        return None
    return lambda share, what: progress(what, round(1000 * share), 1000)


def _remote(rest: str, prices: Mapping[str, Mapping[str, float]], cache: CacheStore | None) -> Loaded:
    from thinkharder.models.openai_http import OpenAIModel
    from thinkharder.models.prices import price_of

    name, mark, url = rest.rpartition("@http")
    name, base = (name, "http" + url) if mark else (rest, None)
    if base is None and _HOST.search(rest):
        raise SpecError(f"in openai:{rest} the address has no scheme; write openai:MODEL@http://HOST:PORT/v1")
    backend = OpenAIModel(name, base)
    backend.look()
    return _guarded(backend, price_of(name, base, prices), cache)


def _guarded(backend: Model, price: Price | None, cache: CacheStore | None) -> Loaded:
    from thinkharder.models.wrap import standard_layers, timed
    from thinkharder.models.wrap.cache import Cached

    layers = standard_layers(backend)
    if cache is not None:
        layers = [*layers, lambda inner: Cached(inner, cache)]
    return Loaded(timed(backend), layers, price)


# ---- strategies, problems, runs ----------------------------------------------------------------------------------


def build_strategy(spec: str | Strategy, temperature: float | None = None) -> Strategy:
    """The strategy of a spec; `temperature` replaces its default (and those of the strategies in it) where the spec does
    not say one. Raises SpecError, UnknownName, UnknownOption, BadOption."""
    load_built_in()
    built: Strategy = registry.build("strategy", spec)
    if isinstance(spec, str) and temperature is not None:
        heated: Strategy = _heated(built, parse(spec).args, temperature)
        return heated
    return built


def _heated(built: Any, said: Mapping[str, Any], temperature: float) -> Any:
    """The strategy at a temperature, but where its spec says another."""
    if not is_dataclass(built) or isinstance(built, type):
        return built
    said = {name.replace("-", "_"): value for name, value in said.items()}
    if "" in said:
        said[fields(built)[0].name] = said.pop("")
    changes: dict[str, Any] = {}
    for option in fields(built):
        given, value = said.get(option.name), getattr(built, option.name)
        if option.name == "temperature" and option.name not in said:
            changes[option.name] = temperature
        elif isinstance(value, Strategy):
            changes[option.name] = _heated(value, given.args if isinstance(given, Spec) else {}, temperature)
    return replace(built, **changes)


def build_problem(problem: str | Problem, wanted: str | None = None, system: str | None = None) -> Problem:
    """A problem with its answer type resolved (`auto` becomes what it decides on).

    A Python problem without tests gets its docstring's examples as public tests.
    """
    made = Problem.of(problem, system=system)
    kind = answer_type(wanted or made.answer_type, made)
    named = wanted if wanted and "auto" not in wanted else kind.name
    if kind.name == "code" and not made.public_tests:
        from thinkharder.sandbox.examples import docstring_examples

        fenced = made.text.split("```")
        stub = fenced[-2].removeprefix("python") if len(fenced) > 2 else made.text
        made = replace(made, public_tests=tuple(docstring_examples(stub)))
    return replace(made, answer_type=named)


@final
@dataclass(frozen=True, slots=True)
class Setup:
    """All that a run is made of, checked against each other before anything is spent."""

    strategy: Strategy
    problem: Problem
    models: Mapping[str, Model]
    verifier: str | Verifier | None = None
    comparator: str | Comparator | None = None
    sandbox: str = "auto"

    def context(self, ledger: Ledger) -> Context:
        """A fresh context for one run. Raises CapabilityError or another UsageError where the parts do not fit,
        UnknownPrice for a limit in dollars on a model whose price is not known."""
        load_built_in()
        for model in self.models.values():
            bind(model, ledger)
        can = self.models[GENERATOR].capabilities
        verifiers = self._verifiers(can)
        self._check(can, verifiers)
        kind = self._answers()
        comparator = build_comparator(self.comparator) if self.comparator else None
        return Context(
            problem=self.problem,
            models=self.models,
            ledger=ledger,
            answer_type=kind,
            classes=Classes(kind),
            verifiers={v.name: v for v in verifiers},
            comparator=comparator,
        )

    def _answers(self) -> AnswerType:
        """The problem's answer type; programs are compared by behaviour where its tests give inputs."""
        behaves = None
        if self.problem.answer_type == "code":
            from thinkharder.behaviour import behaviour_of

            behaves = behaviour_of(self.problem, self.sandbox)
        if behaves is None:
            return answer_type(self.problem.answer_type, self.problem)
        return answer_type("code", self.problem, behaves=behaves, entry=behaves.entry)

    def _verifiers(self, can: Capabilities) -> Sequence[Verifier]:
        wanted = self.verifier
        if wanted is None and "verifier" in self.strategy.needs:
            wanted = default_for(self.problem, can, sandbox=self.sandbox)
        if wanted is None:
            return []
        if not isinstance(wanted, str):
            return [build_verifier(wanted)]
        spec = parse(wanted)
        takes = registry.options(registry.factory("verifier", spec.name))
        own = {"sandbox": self.sandbox} if "sandbox" in takes and "sandbox" not in spec.args else {}
        return [build_verifier(spec, **own)]

    def _check(self, can: Capabilities, verifiers: Sequence[Verifier]) -> None:
        name = self.models[GENERATOR].name
        for need in self.strategy.needs:
            if need != "verifier" and not getattr(can, need):
                raise CapabilityError(
                    f"strategy {registry.spec_of(self.strategy)} needs {need}, which the model {name} does not have"
                )
        for verifier in verifiers:
            if verifier.logprobs is not None and not can.logprobs:
                raise CapabilityError(
                    f"verifier {verifier.name} needs log-probabilities, which the model {name} does not give;"
                    " take another verifier such as judge"
                )
            check_verifier(verifier, can, self.models.get("judge", self.models[GENERATOR]).capabilities)
