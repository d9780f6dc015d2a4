"""Names of fifteen languages: characters in their order, and counts of n-grams.

Which language is the name of a country, a language or a currency in? The names are
those of Babel, which comes with Sphinx; a name that several of the languages have is
left out, and a quarter of the others, drawn at random, is for judging. What the names
of a language have in common, such as its word for a currency, is in both parts.

What an epoch costs is in embeddings.md.

usage: python docs/benchmarks/text.py
(writes text.md beside itself, in some minutes)
"""

import time

import numpy as np
from _timing import machine, write
from babel import Locale
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TokenSequence

LANGUAGES = "cs da de en es fi fr hu it nl pl pt ro sv tr".split()
CHARACTERS = {"analyzer": "char", "lowercase": False}
OPTIONS = {"bidirectional": True, "dropout": 0.3}


def names():
    """Names, and the one language that each is in."""
    languages_of = {}
    for language in LANGUAGES:
        locale = Locale(language)
        for several in (locale.territories, locale.languages, locale.currencies):
            for name in several.values():
                languages_of.setdefault(name, set()).add(language)
    pairs = [(name, *found) for name, found in languages_of.items() if len(found) == 1]
    texts, labels = zip(*sorted(pairs), strict=True)
    return texts, np.array(labels)


def models():
    """Pipelines by what they are called."""
    counts = {"analyzer": "char_wb", "ngram_range": (1, 4), "lowercase": False}
    found = {
        f"TfidfVectorizer, LogisticRegression(C={C})": make_pipeline(
            TfidfVectorizer(**counts), LogisticRegression(C=C, max_iter=1000)
        )
        for C in (1, 10, 100)
    }
    kinds = {"": {}, "bidirectional=True, dropout=0.3": OPTIONS}
    for told, options in kinds.items():
        for seed in range(2):
            found[f"TokenSequence, RNNClassifier({told}), seed {seed}"] = make_pipeline(
                TokenSequence(**CHARACTERS), RNNClassifier(**options, random_state=seed)
            )
    return found


def main():
    texts, labels = names()
    train, test, y, y_test = train_test_split(
        texts, labels, random_state=0, stratify=labels
    )
    rows = []
    for name, model in models().items():
        start = time.perf_counter()
        model.fit(train, y)
        seconds = time.perf_counter() - start
        rows.append(f"| {name} | {model.score(test, y_test):.1%} | {seconds:.0f} |")
        print(rows[-1], flush=True)
    table = "\n".join(rows)
    write(
        __file__,
        f"""# Text

Which of {len(LANGUAGES)} languages is a name in? {len(train):,} names to learn from,
{len(test):,} to judge by:

| model | right | fit, s |
| --- | ---: | ---: |
{table}

{machine("skrnn", "scikit-learn", "babel")}
""",
    )


if __name__ == "__main__":
    main()
