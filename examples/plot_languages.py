"""
Which language is this name in?
===============================

Names of countries, languages and currencies in eight languages, as Babel has them
(which comes with Sphinx), read character by character: what counts is the order. A
quarter of the names is set aside. The classical competitor counts n-grams of one to
four characters.
"""

import matplotlib.pyplot as plt
import numpy as np
from babel import Locale
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TokenSequence

LANGUAGES = "de en fi fr hu it nl pl".split()

languages_of = {}
for language in LANGUAGES:
    locale = Locale(language)
    for names in (locale.territories, locale.languages, locale.currencies):
        for name in names.values():
            languages_of.setdefault(name, set()).add(language)
# A name that several of the languages have is of none of them.
pairs = [(name, *found) for name, found in languages_of.items() if len(found) == 1]
texts, labels = zip(*sorted(pairs), strict=True)
train, test, y_train, y_test = train_test_split(
    texts, labels, random_state=0, stratify=labels
)
print(f"{len(train):,} names to learn from, {len(test):,} to judge by")

models = {
    "TfidfVectorizer and LogisticRegression": make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), lowercase=False),
        LogisticRegression(C=100, max_iter=1000),
    ),
    "TokenSequence and RNNClassifier": make_pipeline(
        TokenSequence(analyzer="char", lowercase=False),
        RNNClassifier(dropout=0.3, n_estimators=1, random_state=0),
    ),
}
for name, model in models.items():
    model.fit(train, y_train)
    print(f"{name}: {model.score(test, y_test):.1%} right")

# %%
# What does the network take for what?

figure, axes = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
ConfusionMatrixDisplay.from_predictions(
    y_test,
    model.predict(test),
    normalize="true",
    include_values=False,
    cmap="Blues",
    ax=axes,
)
axes.set_xlabel("language that is predicted")
axes.set_ylabel("language of the name")
plt.show()

# %%
# Of a name, all that is known is what stands before the network. It may be wrong, and
# be sure of it:

for text in ("Saarbrücken", "Hódmezővásárhely", "Reykjavik", "Ostrołęka"):
    found = models["TokenSequence and RNNClassifier"].predict_proba([text])[0]
    best = np.argsort(found)[::-1][:3]
    words = ", ".join(f"{model.classes_[i]} {found[i]:.0%}" for i in best)
    print(f"{text}: {words}")
