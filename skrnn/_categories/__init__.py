"""Which columns hold categories, and a code for each of them."""
