"""Simulated readers: each speaks one real protocol, with an encoder written from the protocol document."""
