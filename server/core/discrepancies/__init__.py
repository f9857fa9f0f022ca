"""One module for each class of finding."""
