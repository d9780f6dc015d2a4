"""Files of fitted models: writing, checking, reading and describing them."""
