"""Stage 1 of the data factory: captions -> (instruction, edited caption), by a language model (section 3.1.1)."""
