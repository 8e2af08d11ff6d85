"""The suite `looks`: looks of the whole picture, asked for in held-out wordings and judged by plain statistics."""
