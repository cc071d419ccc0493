"""The engines without this package around them, for comparison: one round for each line of standard input.

    python -m benchmarks.bare openvino|llamacpp MODEL.gguf SAMPLES TOKENS

Started by benchmarks/speed.py. The files and the sizes are those that the package chooses; the loop is the engine's own.
Each round prints one JSON object: tokens, seconds, cpu_seconds.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

PROBLEMS = (
    "Write a very long story about a lighthouse keeper who finds a map.",
    "Explain in much detail how a car engine works, part by part.",
)
TEMPERATURE, TOP_K = 0.7, 40


def openvino(model: Path, samples: int, tokens: int) -> Any:
    """A function that runs one round on ContinuousBatchingPipeline, all samples of a problem as one request."""
    import openvino as ov
    import openvino_genai as genai

    from thinkharder.models.engine_openvino import prepare
    from thinkharder.models.engine_openvino_worker import load
    from thinkharder.models.options import EngineOptions

    order = prepare(model, EngineOptions(), "bare", None).order
    pipeline = load(order)
    tokenizer = pipeline.get_tokenizer()
    prompts = []
    for text in PROBLEMS:
        rendered = tokenizer.apply_chat_template(
            [{"role": "user", "content": text}], add_generation_prompt=True
        )
        prompts.append(ov.Tensor(tokenizer.encode(rendered, add_special_tokens=False).input_ids.data.copy()))
    turn = 0

    def run() -> int:
        nonlocal turn
        handles = []
        for prompt in prompts:
            turn += 1
            config = genai.GenerationConfig()
            config.max_new_tokens, config.num_return_sequences = tokens, samples
            config.do_sample, config.temperature, config.top_k = True, TEMPERATURE, TOP_K
            config.apply_chat_template, config.rng_seed = False, turn
            config.stop_token_ids = set(order["stop_ids"])
            config.eos_token_id = order["stop_ids"][0]
            handles.append(pipeline.add_request(turn, prompt, config))
        while pipeline.has_non_finished_requests():
            pipeline.step()
        return sum(len(output.generated_ids) for handle in handles for output in handle.read_all())

    return run


def llamacpp(model: Path, samples: int, tokens: int) -> Any:
    """A function that runs one round on xllamacpp's server, all samples of a problem as one request."""
    from thinkharder.models.engine_gguf import read_gguf
    from thinkharder.models.engine_llama_worker import load
    from thinkharder.models.llamacpp import load_order
    from thinkharder.models.options import EngineOptions

    server = load(load_order(read_gguf(model), EngineOptions()), "bare")
    turn = 0

    def run() -> int:
        nonlocal turn
        counts: list[int] = []

        def one(text: str, seed: int) -> None:
            def receive(chunk: dict[str, Any]) -> None:
                if "usage" in chunk:
                    counts.append(chunk["usage"]["completion_tokens"])

            server.handle_chat_completions(
                {
                    **{"messages": [{"role": "user", "content": text}], "n": samples, "stream": True},
                    **{
                        "max_tokens": tokens,
                        "temperature": TEMPERATURE,
                        "top_k": TOP_K,
                        "top_p": 1.0,
                        "min_p": 0.0,
                    },
                    **{"seed": seed, "stream_options": {"include_usage": True}},
                },
                receive,
            )

        threads = []
        for text in PROBLEMS:
            turn += 1
            threads.append(threading.Thread(target=one, args=(text, turn)))
            threads[-1].start()
        for thread in threads:
            thread.join()
        return sum(counts)

    return run


def main() -> None:
    """Serve rounds until the input ends."""
    engine, model, samples, tokens = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the engines print must not mix with the results
    run = {"openvino": openvino, "llamacpp": llamacpp}[engine](model, samples, tokens)
    print("ready", file=out, flush=True)
    for _ in sys.stdin:
        began, cpu = time.perf_counter(), time.process_time()
        made = run()
        round_ = {
            "tokens": made,
            "seconds": time.perf_counter() - began,
            "cpu_seconds": time.process_time() - cpu,
        }
        print(json.dumps(round_), file=out, flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
