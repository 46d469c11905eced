"""PEFT's side of `cargo xtask interop`: reads what we export, and makes what we read.

    python peft_side.py FOLDER

FOLDER/ours/KIND holds an adapter as we export it, and layers.safetensors: a network by the names of its layers, and of every
layer that changes some inputs x and the outputs y that we compute. Each adapter is loaded into a PyTorch network of these
numbers, and the outputs are compared. Then an adapter of every kind is made here, with random numbers, and saved in
FOLDER/theirs/KIND beside a layers.safetensors with the outputs that PEFT computes. The last line is a JSON object of the
largest differences and the versions.
"""

import json
import sys
import warnings
from pathlib import Path

import peft
import torch
import transformers
from safetensors.torch import load_file, save_file

warnings.filterwarnings("ignore")

LINES = 4
ATTENTION = ["blocks.0.attention." + part for part in ("query", "key", "value")]
QUERY, KEY, VALUE = ATTENTION
UP, DOWN = "blocks.0.mlp.up", "blocks.0.mlp.down"
SIZES = {name: (6, 6) for name in ATTENTION} | {UP: (6, 10), DOWN: (10, 6), "head": (6, 3)}
HEAD = {"modules_to_save": ["head"]}

THEIRS = {
    "lora": peft.LoraConfig(r=2, lora_alpha=3, target_modules=[QUERY, UP], **HEAD),
    "rslora": peft.LoraConfig(r=4, lora_alpha=3, use_rslora=True, target_modules=ATTENTION + [UP, DOWN], **HEAD),
    "dora": peft.LoraConfig(r=2, lora_alpha=3, use_dora=True, target_modules=[QUERY, UP, DOWN], **HEAD),
    "vera": peft.VeraConfig(r=3, target_modules=[QUERY, VALUE], **HEAD),
    "vera-cut": peft.VeraConfig(r=3, target_modules=[QUERY, UP, DOWN]),
    "randlora": peft.RandLoraConfig(r=4, randlora_alpha=5, target_modules=[UP, DOWN], **HEAD),
    "randlora-cut": peft.RandLoraConfig(r=4, randlora_alpha=5, target_modules=[QUERY, UP, DOWN]),
}


def network(tensors):
    """Linear layers at the dotted paths that have a weight, or the BERT that has them there."""
    if any(key.startswith("bert.") for key in tensors):
        return bert(tensors)
    root = torch.nn.Module()
    for key, weight in tensors.items():
        if not key.endswith(".weight"):
            continue
        *path, name = key.removesuffix(".weight").split(".")
        place = root
        for piece in path:
            if not hasattr(place, piece):
                place.add_module(piece, torch.nn.Module())
            place = getattr(place, piece)
        layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
        layer.weight.data = weight.clone()
        layer.bias.data = tensors[".".join([*path, name, "bias"])].clone()
        place.add_module(name, layer)
    return root


def bert(tensors):
    """A BertForSequenceClassification of one layer with these numbers."""
    config = transformers.BertConfig(
        hidden_size=6, num_attention_heads=2, intermediate_size=10, num_hidden_layers=1, num_labels=3, vocab_size=8
    )
    model = transformers.BertForSequenceClassification(config)
    own = {key: value for key, value in tensors.items() if not key.endswith((".x", ".y"))}
    found = model.load_state_dict(own, strict=False)
    assert not found.unexpected_keys, f"BERT has no {found.unexpected_keys}"
    return model


def outputs(model, inputs):
    """What layers of the adapted network answer."""
    layers = dict(model.base_model.model.named_modules())
    with torch.no_grad():
        return {name: layers[name](x) for name, x in inputs.items()}


def read_ours(folder):
    """The largest difference of PEFT's outputs from ours."""
    tensors = load_file(folder / "layers.safetensors")
    inputs = {key.removesuffix(".x"): x for key, x in tensors.items() if key.endswith(".x")}
    model = peft.PeftModel.from_pretrained(network(tensors), str(folder)).eval()
    found = outputs(model, inputs)
    plain = network(tensors)
    layers = dict(plain.named_modules())
    moved = max(float((layers[name](x) - found[name]).abs().max()) for name, x in inputs.items())
    assert moved > 1e-2, f"{folder} changes nothing"
    return max(float((tensors[name + ".y"] - y).abs().max()) for name, y in found.items())


def make_theirs(kind, config, folder):
    """An adapter of PEFT's, all of whose trained numbers are random, and what its layers answer."""
    torch.manual_seed(sorted(THEIRS).index(kind))
    tensors = {}
    for name, (inputs, outs) in SIZES.items():
        tensors[name + ".weight"] = 0.5 * torch.randn(outs, inputs)
        tensors[name + ".bias"] = 0.1 * torch.randn(outs)
    model = peft.get_peft_model(network(tensors), config).eval()
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data += 0.3 * torch.randn_like(parameter)
    changed = sorted(config.target_modules) + (config.modules_to_save or [])
    inputs = {name: torch.randn(LINES, SIZES[name][0]) for name in changed}
    found = outputs(model, inputs)
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    tensors |= {name + ".x": x for name, x in inputs.items()} | {name + ".y": y for name, y in found.items()}
    save_file({key: value.contiguous() for key, value in tensors.items()}, folder / "layers.safetensors")


def main():
    root = Path(sys.argv[1])
    ours = {folder.name: read_ours(folder) for folder in sorted((root / "ours").iterdir())}
    for kind, config in THEIRS.items():
        make_theirs(kind, config, root / "theirs" / kind)
    versions = {"peft": peft.__version__, "torch": torch.__version__, "transformers": transformers.__version__}
    print(json.dumps({"versions": versions, "ours": ours}))


main()
