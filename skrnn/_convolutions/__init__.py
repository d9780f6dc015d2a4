"""Random convolutions and ridge classifiers on what they find."""
