"""What the bits of a tag say: EPC memory to GS1 identity and back."""
