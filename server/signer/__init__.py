"""The signer: a small process of its own that signs checkpoints and refuses a history that was rewritten."""
