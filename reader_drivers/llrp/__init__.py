"""LLRP 1.0.1 and 1.1: fixed readers on the network (Impinj, Zebra, Alien, CAEN and others)."""
