"""What all-MiniLM-L6-v2 makes of sentences in transformers, beside what `kappa` makes of them.

    python minilm_side.py MODEL_FOLDER EMBEDDINGS SENTENCES

EMBEDDINGS has the lists of numbers that `kappa sources embed` printed for the lines of SENTENCES. Prints one line of JSON.
"""

import json
import sys

import torch
import transformers
from transformers import AutoModel, AutoTokenizer


def mean_of_tokens(model, ids, mask):
    last = model(input_ids=ids, attention_mask=mask).last_hidden_state
    weight = mask.unsqueeze(-1).float()
    return (last * weight).sum(1) / weight.sum(1)


def embeddings(folder, ours, sentences):
    """The largest difference of a number of an embedding."""
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    lines = open(sentences, encoding="utf-8").read().splitlines()
    batch = tokenizer(lines, padding=True, truncation=True, max_length=128, return_tensors="pt")
    with torch.no_grad():
        theirs = mean_of_tokens(model, batch["input_ids"], batch["attention_mask"])
    ours = torch.tensor([json.loads(line) for line in open(ours, encoding="utf-8")])
    assert ours.shape == theirs.shape, f"{ours.shape} and {theirs.shape}"
    difference = (ours - theirs).abs().max().item()
    return {"transformers": transformers.__version__, "sentences": len(lines), "largest_difference": difference}


print(json.dumps(embeddings(*sys.argv[1:])))
