"""Local edits: a thing is added, removed, recoloured, resized or replaced, and all else stays to the byte."""
