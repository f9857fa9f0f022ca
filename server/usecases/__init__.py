"""One verb a file: load, decide in the core, store, announce after the commit."""
