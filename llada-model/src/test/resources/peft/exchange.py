"""Reads and writes adapters with PEFT itself, on a torch model with LLaDA's module names.

    exchange.py read  BASE ADAPTER OUT   PEFT loads an adapter that was written elsewhere
    exchange.py write BASE OUT NAME...   PEFT makes one on the named modules and saves it in OUT/adapter
    exchange.py prompt ADAPTER           PEFT reads a soft prompt's files; prints its shape

BASE is a folder with config.json and model.safetensors (float32). Both leave in OUT: logits.safetensors, what the model
with the adapter beside its weights says to the ids of `ids()`, and merged.safetensors, the weights with the adapter in them.
"""

import json
import math
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch import nn


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, head = c["d_model"], c["d_model"] // c["n_heads"]
        linear = lambda i, o: nn.Linear(i, o, bias=False)
        self.heads, self.kv, self.head = c["n_heads"], c["n_kv_heads"], head
        self.theta = c.get("rope_theta", 10000.0)
        self.attn_norm = nn.RMSNorm(width, eps=c.get("rms_norm_eps", 1e-5))
        self.ff_norm = nn.RMSNorm(width, eps=c.get("rms_norm_eps", 1e-5))
        self.q_proj = linear(width, width)
        self.k_proj = linear(width, self.kv * head)
        self.v_proj = linear(width, self.kv * head)
        self.attn_out = linear(width, width)
        self.ff_proj = linear(width, c["mlp_hidden_size"])
        self.up_proj = linear(width, c["mlp_hidden_size"])
        self.ff_out = linear(c["mlp_hidden_size"], width)

    def split(self, x, heads):
        return x.view(*x.shape[:-1], heads, self.head).transpose(-2, -3)

    def rotate(self, x):
        half = self.head // 2
        rates = self.theta ** (-torch.arange(half, dtype=torch.float32) / half)
        angles = torch.outer(torch.arange(x.shape[-2], dtype=torch.float32), rates)
        cos, sin = torch.cat([angles.cos()] * 2, -1), torch.cat([angles.sin()] * 2, -1)
        turned = torch.cat([-x[..., half:], x[..., :half]], -1)
        return x * cos + turned * sin

    def forward(self, x):
        y = self.attn_norm(x)
        q = self.rotate(self.split(self.q_proj(y), self.heads))
        k = self.rotate(self.split(self.k_proj(y), self.kv))
        v = self.split(self.v_proj(y), self.kv)
        k, v = (t.repeat_interleave(self.heads // self.kv, -3) for t in (k, v))
        mixed = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(self.head), -1) @ v
        x = x + self.attn_out(mixed.transpose(-2, -3).reshape(x.shape))
        y = self.ff_norm(x)
        return x + self.ff_out(nn.functional.silu(self.ff_proj(y)) * self.up_proj(y))


class Llada(nn.Module):
    """model.transformer.{wte, blocks.N, ln_f, ff_out}: the names of LLaDA's own checkpoints."""

    def __init__(self, c):
        super().__init__()
        self.model = nn.Module()
        self.model.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(c["embedding_size"], c["d_model"]),
                "blocks": nn.ModuleList(Block(c) for _ in range(c["n_layers"])),
                "ln_f": nn.RMSNorm(c["d_model"], eps=c.get("rms_norm_eps", 1e-5)),
                "ff_out": nn.Linear(c["d_model"], c["embedding_size"], bias=False),
            }
        )

    def forward(self, ids):
        parts = self.model.transformer
        x = parts["wte"](ids)
        for block in parts["blocks"]:
            x = block(x)
        return parts["ff_out"](parts["ln_f"](x))


def ids():
    return torch.tensor([(7 * i + 3) % 40 for i in range(24)])


def base(folder):
    model = Llada(json.loads((folder / "config.json").read_text())).eval()
    model.load_state_dict(load_file(folder / "model.safetensors"), strict=True)
    return model


def leave(model, out):
    out.mkdir(parents=True, exist_ok=True)
    model.eval()
    with torch.no_grad():
        save_file({"logits": model(ids()).contiguous()}, out / "logits.safetensors")
        merged = model.merge_and_unload()
    tensors = {name: value.contiguous() for name, value in merged.state_dict().items()}
    save_file(tensors, out / "merged.safetensors")


def main(what, *arguments):
    torch.manual_seed(3)
    if what == "read":
        folder, adapter, out = map(Path, arguments)
        leave(PeftModel.from_pretrained(base(folder), str(adapter)), out)
    elif what == "write":
        folder, out, names = Path(arguments[0]), Path(arguments[1]), list(arguments[2:])
        settings = LoraConfig(r=3, lora_alpha=7, lora_dropout=0.1, target_modules=names)
        model = get_peft_model(base(folder), settings)
        with torch.no_grad():
            for name, value in model.named_parameters():
                if "lora_B" in name:
                    value.normal_(0, 0.1)
        model.save_pretrained(str(out / "adapter"))
        leave(model, out)
    elif what == "prompt":
        settings = PeftConfig.from_pretrained(arguments[0])
        prompt = load_file(Path(arguments[0]) / "adapter_model.safetensors")["prompt_embeddings"]
        print(settings.peft_type.value, settings.num_virtual_tokens, *prompt.shape)


if __name__ == "__main__":
    main(*sys.argv[1:])
