"""
Who is speaking? Sequences of unequal length
============================================

Nine speakers say two vowels; an utterance is a sequence of 7 to 29 frames, each of 12
numbers (JapaneseVowels, which comes with sktime). A list of arrays is all that
:class:`~skrnn.RNNClassifier` asks for: no padding, no masks.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay
from sktime.datasets import load_japanese_vowels

from skrnn import RNNClassifier
from skrnn.plotting import PALETTE


def load(split):
    """Return utterances (list of arrays of shape (n_frames, 12)) and their speakers."""
    table, speakers = load_japanese_vowels(split, return_type="nested_univ")
    return [np.column_stack(row) for row in table.to_numpy()], speakers


X, y = load("train")
X_test, y_test = load("test")
print(f"{len(X)} utterances of {min(map(len, X))} to {max(map(len, X))} frames")

model = RNNClassifier(random_state=0).fit(X, y)
print(f"{model.score(X_test, y_test):.1%} of {len(X_test)} new ones are told rightly")

# %%
# How much of an utterance is needed?
# -----------------------------------
#
# A recurrent network reads beginnings as well as whole sequences. Of each new utterance
# it gets the first frames alone, and the same split into those of each speaker says who
# is recognised early. One network without convolutions reads it all from its final
# state.

network = RNNClassifier("gru", 64, parts="network", pooling="last", random_state=0)
network.fit(X, y)
frames = np.arange(1, 21)
shares = {
    name: [fitted.score([x[:n] for x in X_test], y_test) for n in frames]
    for name, fitted in {"RNNClassifier()": model, "one GRU": network}.items()
}

figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4), width_ratios=(1.25, 1), layout="constrained"
)
for (name, share), colour in zip(shares.items(), ("blue", "orange"), strict=True):
    left.plot(frames, share, "o-", ms=4, color=PALETTE[colour], label=name)
left.axhline(1 / 9, color="0.6", ls=":", label="chance")
left.yaxis.set_major_formatter("{x:.0%}")
left.set(title="Recognised by the first frames", xlabel="frames", ylim=(0, 1.02))
left.set_xticks(range(2, 21, 2))
left.legend(frameon=False, loc="lower right")
left.spines[["top", "right"]].set_visible(False)
ConfusionMatrixDisplay.from_predictions(
    y_test, model.predict(X_test), ax=right, colorbar=False, cmap="Blues"
)
right.set(title="Whole utterances: said and told", xlabel="told", ylabel="said")
plt.show()
