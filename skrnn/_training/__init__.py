"""The training loop, its state, and what it keeps."""
