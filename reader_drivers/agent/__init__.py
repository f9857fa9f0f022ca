"""The agent: the program beside the readers, and the only part of this package that does input and output."""
