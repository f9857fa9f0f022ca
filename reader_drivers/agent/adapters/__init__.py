"""Adapters: readers that are no line of bytes, each made into a port like any other."""
