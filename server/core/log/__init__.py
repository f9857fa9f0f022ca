"""The tamper-evident log: canonical bytes, Merkle tree, signed checkpoints, and their verification."""
