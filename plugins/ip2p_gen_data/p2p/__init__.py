"""Stage 2 of the data factory: caption pairs -> image pairs, by Prompt-to-Prompt (section 3.1.2)."""
