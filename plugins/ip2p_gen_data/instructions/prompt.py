"""The text form of a triplet, with the paper's delimiters: what a language model is tuned on and answers in.

    caption \\n##\\n instruction \\n%%\\n edited caption \\nEND

(section 3.1.1; the delimiters are those of the reference code's `generate_txt_dataset.py`)
"""

from __future__ import annotations

from ip2p_cli.api import EditAnswer

AFTER_CAPTION = "\n##\n"
AFTER_EDIT = "\n%%\n"
STOP = "\nEND"


def prompt(caption: str) -> str:
    """What the model is given."""
    return f"{caption}{AFTER_CAPTION}"


def completion(edit: str, output: str) -> str:
    """What the model is to answer."""
    return f"{edit}{AFTER_EDIT}{output}{STOP}"


def read_answer(text: str) -> EditAnswer:
    """The answer that a model has written, with or without its stop."""
    edit, found, output = text.split(STOP, 1)[0].partition(AFTER_EDIT)
    if not found:
        return EditAnswer(problem="not in the form INSTRUCTION %% CAPTION", raw=text)
    return EditAnswer(edit.strip(), output.strip(), raw=text)
