"""A real language model server with no download: llama.cpp over a llama of random weights, half a megabyte.

`python tests/llm/tiny_model.py FILE PORT` writes the model to FILE and serves it on that port of 127.0.0.1.
With a json_schema response format llama.cpp enforces the grammar: the form is right, the content noise.
"""

import importlib
import string
import sys
import threading
from pathlib import Path
from typing import Any

import gguf
import numpy as np

WIDTH, LAYERS, HEADS, INNER, CONTEXT = 64, 2, 4, 128, 8192
NAME = "tiny-random"
_TEMPLATE = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}\n{% endfor %}<assistant>"


def vocabulary() -> list[tuple[str, gguf.TokenType]]:
    """Specials, the bytes of ASCII (others make noise that is no UTF-8, which the server refuses), pieces."""
    control = [
        ("<unk>", gguf.TokenType.UNKNOWN),
        ("<s>", gguf.TokenType.CONTROL),
        ("</s>", gguf.TokenType.CONTROL),
    ]
    every_byte = [(f"<0x{byte:02X}>", gguf.TokenType.BYTE) for byte in range(128)]
    printable = string.ascii_letters + string.digits + string.punctuation
    pieces = ["▁", *printable, "▁the", "▁of", "er", "an", "in", "on", '":', '",', '{"', '"}']
    return control + every_byte + [(piece, gguf.TokenType.NORMAL) for piece in pieces]


def write_model(path: Path, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    tokens = vocabulary()

    def noise(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape) * 0.05).astype(np.float32)

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(NAME)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([text for text, _ in tokens])
    writer.add_token_scores([-float(place) for place in range(len(tokens))])
    writer.add_token_types([kind for _, kind in tokens])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(_TEMPLATE)
    writer.add_tensor("token_embd.weight", noise(len(tokens), WIDTH))
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    writer.add_tensor("output.weight", noise(len(tokens), WIDTH))
    for layer in range(LAYERS):
        writer.add_tensor(f"blk.{layer}.attn_norm.weight", np.ones(WIDTH, np.float32))
        writer.add_tensor(f"blk.{layer}.ffn_norm.weight", np.ones(WIDTH, np.float32))
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"blk.{layer}.{part}.weight", noise(WIDTH, WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_gate.weight", noise(INNER, WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_up.weight", noise(INNER, WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_down.weight", noise(WIDTH, INNER))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def serve(path: Path, port: int) -> None:
    # It has no types.
    xllamacpp: Any = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {NAME}
    params.n_ctx = CONTEXT
    params.n_parallel = 2
    # Threads wait for each other by spinning: on a busy machine one alone is the fastest.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.warmup = False
    params.offline = True
    params.use_jinja = True
    server = xllamacpp.Server(params)
    print("listening on", server.listening_address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    model = Path(sys.argv[1])
    write_model(model)
    serve(model, int(sys.argv[2]))
